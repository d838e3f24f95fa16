"""Text for a terminal: safe, laid out, and with every token unchanged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.sinks.hexdump import hexdump
from wscli.sinks.human.jsontext import pretty_json
from wscli.sinks.human.palette import Palette
from wscli.text import iso_time, show_duration, show_size, visible, visible_bytes

PLAIN = Palette(colour=False)


# DerivedCoreProperties.txt of Unicode 15: Default_Ignorable_Code_Point.
IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
ELSE = (0x2028, 0x2029, 0x2800, 0xFFF9, 0xFFFA, 0xFFFB, 0x1D159, *range(0x13430, 0x13440))
INVISIBLE = {*ELSE, *(code for first, last in IGNORABLE for code in range(first, last + 1))}
JOINERS = {0x200C, 0x200D}
SELECTORS = {0xFE0E, 0xFE0F}


@pytest.mark.parametrize("around", ["{}", "a{}b", " {} ", "漢{}字", "1{}2"])
def test_an_invisible_character_is_shown_as_a_symbol(around):
    controls = {*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)}
    for code in INVISIBLE | controls:
        if code not in JOINERS or "漢" not in around:
            assert chr(code) not in visible(around.format(chr(code))), hex(code)


@given(
    st.text(st.sampled_from([*map(chr, INVISIBLE), "a", "1", "é", "م", "क", "👩", "❤", "\u20e3"]))
)
def test_no_invisible_character_reaches_a_terminal(text):
    """Joiners and selectors are kept only beside characters that they change."""
    shown = visible(text)
    for index, character in enumerate(shown):
        before, after = shown[index - 1 : index], shown[index + 1 : index + 2]
        if ord(character) in JOINERS:
            assert before > "\u05ff" < after
        elif ord(character) in SELECTORS:
            assert before in set("👩❤") or (before == "1" and after == "\u20e3")
        else:
            assert ord(character) not in INVISIBLE


@given(st.text())
def test_no_control_character_reaches_a_terminal(text):
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in visible(text))


@given(
    st.text(
        alphabet=st.characters(
            categories=["L", "N", "P", "S", "Zs"], exclude_characters=[*map(chr, INVISIBLE)]
        )
    )
)
def test_ordinary_text_is_not_changed(text):
    assert visible(text) == text


def test_emoji_are_not_changed():
    """Flags of regions are an exception, since they are spelled in invisible tags."""
    from rich._emoji_codes import EMOJI

    changed = {name for name, emoji in EMOJI.items() if visible(emoji) != emoji}
    assert len(EMOJI) > 3000
    assert {name for name in changed if "\U000e007f" not in EMOJI[name]} == set()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x00\x07\x7f", "␀␇␡"),
        ("\x9b31m", "<U+009B>31m"),
        ("a\u202eb", "a<U+202E>b"),
        ("tab\tline\n", "tab␉line␊"),
        ("pay\u200bpal\u2060\U000e0041", "pay<U+200B>pal<U+2060><U+E0041>"),
        ("\u200dx é\u200d \u200cé", "<U+200D>x é<U+200D> <U+200C>é"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍👩‍👧 é ü", "👩‍👩‍👧 é ü"),
        ("क्‍ष ශ්‍රී", "क्‍ष ශ්‍රී"),
        ("❤️‍🔥 ☎︎ 1️⃣ ©️", "❤️‍🔥 ☎︎ 1️⃣ ©️"),
        ("pay\u00adpal\u3164\u2800", "pay<U+00AD>pal<U+3164><U+2800>"),
        ("pay\u200dpal", "pay<U+200D>pal"),
        ("5\ufe0f a\ufe0f ❤\ufe0f\ufe0f", "5<U+FE0F> a<U+FE0F> ❤\ufe0f<U+FE0F>"),
        ("漢\U000e0100 ᠠ\u180b", "漢<U+E0100> ᠠ<U+180B>"),
    ],
)
def test_unsafe_characters_are_shown_as_symbols(text, shown):
    assert visible(text) == shown


def test_some_characters_can_be_kept():
    assert visible("a\tb\nc\x1b", keep="\t\n") == "a\tb\nc␛"


def test_bytes_that_are_not_utf8_are_shown_in_hex():
    assert visible_bytes(b"ok \xff\xfe") == "ok \\xff\\xfe"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ('{"a":1}', 80, '{"a": 1}'),
        ("[]", 80, "[]"),
        (" { } ", 80, "{}"),
        ('{"a":1,"a":2}', 80, '{"a": 1, "a": 2}'),
        ("[1.0e5,-0,1E+2,12345678901234567890]", 80, "[1.0e5, -0, 1E+2, 12345678901234567890]"),
        ('["\\u00fc","ü\\n"]', 80, '["\\u00fc", "ü\\n"]'),
        ('{"a":[1,2],"b":{}}', 12, '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}'),
        ("[100,200,300,400]", 12, "[\n  100, 200,\n  300, 400\n]"),
        ('["漢漢"]', 7, '[\n  "漢漢"\n]'),
        ('{"a":[1,2],"b":3}', 16, '{\n  "a": [1, 2],\n  "b": 3\n}'),
    ],
)
def test_json_is_laid_out_with_its_tokens_unchanged(text, width, shown):
    assert pretty_json(text, width, PLAIN) == shown.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "1",
        '"a"',
        "{",
        "[1,]",
        '{"a"}',
        '{"a":}',
        "[1 2]",
        "{1:2}",
        "[tru]",
        "[1]x",
        "[01a]",
        "[" * 100,
        "hello {}",
    ],
)
def test_text_that_is_not_json_is_not_laid_out(text):
    assert pretty_json(text, 80, PLAIN) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    ),
    st.integers(1, 60),
)
def test_laid_out_json_has_the_same_value(value, width):
    text = json.dumps([value], ensure_ascii=True)
    assert json.loads("\n".join(pretty_json(text, width, PLAIN))) == [value]


def test_colours_do_not_change_the_text_of_json():
    import re

    text = '{"a":[1,true,"x"],"b":null}'
    coloured = pretty_json(text, 10, Palette(colour=True))
    coloured = "\n".join(coloured)
    plain = "\n".join(pretty_json(text, 10, PLAIN))
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain
    assert coloured.count("\x1b[") == 12


@given(st.binary(max_size=100))
def test_a_hex_dump_has_every_byte(data):
    digits = "".join(line[10:59] for line in hexdump(data))
    assert bytes.fromhex(digits) == data


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1 << 20, "1.0 MiB"),
        (5 << 40, "5120 GiB"),
    ],
)
def test_a_size_has_a_unit(size, shown):
    assert show_size(size) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0042, "4.2 ms"), (1.25, "1.2 s"), (61, "1 min 1 s"), (3725, "1 h 2 min")],
)
def test_a_duration_has_a_unit(seconds, shown):
    assert show_duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_769_860_800.123456, "2026-01-31T12:00:00.123456Z"),
        (1.9999999, "1970-01-01T00:00:02.000000Z"),
    ],
)
def test_a_time_is_written_as_in_rfc_3339(seconds, shown):
    assert iso_time(seconds) == shown
