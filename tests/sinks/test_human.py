"""Text for a terminal: safe, laid out, and with every token as it came."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.net.clock import iso_time
from wscli.sinks.hexdump import hexdump
from wscli.sinks.human.jsontext import pretty_json
from wscli.sinks.human.messages import show_size
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.safe import visible, visible_bytes
from wscli.sinks.human.talk import show_duration

PLAIN = Palette(colour=False)


@given(st.text())
def test_no_control_and_no_bidi_mark_reaches_a_terminal(text):
    shown = visible(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in shown)
    assert not set(shown) & set(
        "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\ufeff"
    )


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_is_not_changed(text):
    assert visible(text) == text


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
    ],
)
def test_each_is_shown_as_something_to_be_seen(text, shown):
    assert visible(text) == shown


def test_some_characters_may_be_kept():
    assert visible("a\tb\nc\x1b", keep="\t\n") == "a\tb\nc␛"


def test_bytes_that_are_no_text_are_shown_in_hex():
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
def test_json_is_laid_out_with_its_tokens_as_they_came(text, width, shown):
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
def test_what_is_no_json_is_left_alone(text):
    assert pretty_json(text, 80, PLAIN) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    ),
    st.integers(1, 60),
)
def test_json_means_the_same_before_and_after(value, width):
    text = json.dumps([value], ensure_ascii=True)
    assert json.loads("\n".join(pretty_json(text, width, PLAIN))) == [value]


def test_json_in_colour_is_the_same_text():
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
def test_sizes(size, shown):
    assert show_size(size) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0042, "4.2 ms"), (1.25, "1.2 s"), (61, "1 min 1 s"), (3725, "1 h 2 min")],
)
def test_durations(seconds, shown):
    assert show_duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_769_860_800.123456, "2026-01-31T12:00:00.123456Z"),
        (1.9999999, "1970-01-01T00:00:02.000000Z"),
    ],
)
def test_times(seconds, shown):
    assert iso_time(seconds) == shown
