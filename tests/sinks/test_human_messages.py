"""The layout of a message at a terminal."""

import json
import re

import pytest

from wscli.sinks.human.jsontext import Abridgement, pretty_json
from wscli.sinks.human.messages import Entry, MessageView
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.wrapping import cell_width, plain_width, wrap, wrap_words
from wscli.text import show_size

PLAIN = Palette(colour=False)


def lines(payload, *, opcode=1, number=None, width=80, rows=None, whole=False, **settings):
    view = MessageView(PLAIN, width)
    view.rows = rows or view.rows
    for name, value in settings.items():
        setattr(view, name, value)
    shown = view.lines(Entry(True, 0.0, opcode, payload, number), whole=whole)
    return [re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "TIME", line) for line in shown]


def test_a_short_text_is_beside_its_metadata():
    assert lines(b"hello") == ["← TIME text        5 B  hello"]
    assert lines(b"hello", number=17) == ["←    17 TIME text        5 B  hello"]


def test_a_text_that_does_not_fit_is_below_its_metadata():
    assert lines(b"x" * 60) == ["← TIME text       60 B", "  " + "x" * 60]


def test_wide_characters_take_two_columns():
    fitting, too_wide = "日" * 24, "日" * 25
    assert len(lines(fitting.encode())) == 1
    assert len(lines(too_wide.encode())) == 2


@pytest.mark.parametrize("character", ["\u3164", "\u2800", "\u115f", "\ufe0f"])
def test_invisible_characters_that_python_calls_printable_are_symbols(character):
    assert character.isprintable()
    (line,) = lines(f"pay{character}pal".encode())
    assert line.endswith(f"pay<U+{ord(character):04X}>pal")


def test_an_empty_message_has_only_metadata():
    assert [line.rstrip() for line in lines(b"")] == ["← TIME text        0 B"]
    assert lines(b"", opcode=2) == ["← TIME binary      0 B"]


def test_several_lines_are_beside_the_metadata_only_if_there_is_room():
    assert lines(b"one\ntwo") == ["← TIME text        7 B", "  one", "  two"]
    assert lines(b"one\ntwo", width=120) == ["← TIME text        7 B  one", " " * 32 + "two"]


def test_json_is_laid_out_to_its_columns():
    text = json.dumps({"a": "x" * 30, "b": "y" * 30}).encode()
    assert max(map(len, lines(text, width=60))) <= 60
    assert len(lines(text, width=60)) == 5
    assert len(lines(text, width=140)) == 1


def test_json_can_be_shown_unchanged():
    assert lines(b'{"a":1}', pretty=False) == ['← TIME text        7 B  {"a":1}']


def test_text_can_be_shown_as_a_hex_dump():
    assert "68 69" in lines(b"hi", as_hex=True)[1]


def test_a_bare_payload_is_still_safe():
    assert lines(b"a\x1b[2Jb\nc", bare=True) == ["a␛[2Jb", "c"]
    assert lines(b"a\x00\xff", opcode=2, bare=True) == ["a␀\\xff"]


def test_a_message_with_a_number_is_cut_and_says_how_to_see_all():
    cut = lines("\n".join(map(str, range(100))).encode(), number=7, rows=10)
    assert cut[1:] == [*(f"  {number}" for number in range(10)), "  … /show 7 shows all 289 B"]


def test_a_single_long_line_is_cut_too():
    cut = lines(b"x" * 100_000, number=7, rows=10)
    assert cut[1:] == ["  " + "x" * 78] * 10 + ["  … /show 7 shows all 97.7 KiB"]


def test_a_message_too_large_for_a_terminal_can_be_saved():
    cut = lines(b"x" * (2 << 20), number=7, rows=10)
    assert cut[11] == "  … /save FILE 7 writes all 2.0 MiB"


def test_a_hex_dump_is_cut():
    assert len(lines(bytes(1000), opcode=2, number=7, rows=10)) == 12


def test_large_json_is_cut_and_still_laid_out():
    text = json.dumps([{"id": number, "name": "x" * 20} for number in range(100_000)])
    cut = lines(text.encode(), number=7, rows=10)
    assert cut[1:3] == ["  [", '    {"id": 0, "name": "xxxxxxxxxxxxxxxxxxxx"},']
    assert len(cut) == 12


def test_a_message_without_a_number_or_shown_whole_is_not_cut():
    text = "\n".join(map(str, range(100))).encode()
    assert len(lines(text, rows=10)) == 101
    assert len(lines(text, rows=10, number=7, whole=True)) == 101


@pytest.mark.parametrize("end", range(1, 60))
def test_json_cut_anywhere_is_laid_out_up_to_the_cut(end):
    text = '{"key": [1, 2.5, true, {"inner": "value"}], "last": null} '
    shown = pretty_json(text[:end], 20, PLAIN, cut=True)
    assert shown is not None
    tokens = re.sub(r"\s", "", "".join(shown))
    assert re.sub(r"\s", "", text).startswith(tokens)


@pytest.mark.parametrize("text", ["{no json, however long it may be}", "[1, 2", "[01x]", "{}x"])
def test_broken_json_is_not_laid_out(text):
    assert pretty_json(text, 80, PLAIN) is None


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (102_348, "99.9 KiB"),
        (1_047_552, "1023 KiB"),
        (1 << 20, "1.0 MiB"),
        (64 << 20, "64.0 MiB"),
        (5 << 40, "5120 GiB"),
    ],
)
def test_sizes_take_at_most_eight_characters(size, shown):
    assert show_size(size) == shown
    assert len(shown) <= 8


def test_the_width_of_a_text_is_in_columns_of_the_terminal():
    assert cell_width("abc") == 3
    assert cell_width("日本") == 4
    assert cell_width("e\u0301") == 1


def test_rows_of_a_long_line_keep_the_indent_of_the_payload():
    shown = lines(b"word " * 40)
    assert shown[1:] == ["  " + row for row in wrap("word " * 40, 78)]
    assert max(map(len, shown)) == 80
    wide = lines(b"word " * 40, width=120)
    assert [row[:32].isspace() for row in wide] == [False, True, True]


def test_rows_of_a_long_string_in_json_keep_the_indent_of_their_member():
    shown = lines(json.dumps({"text": "x" * 200, "more": [1]}).encode())
    assert [row[:4] for row in shown[1:]] == ["  {", *["    "] * 4, "  }"]
    assert max(map(len, shown)) == 80


@pytest.mark.parametrize("width", [1, 2, 3, 5, 7, 20, 80])
@pytest.mark.parametrize(
    "text",
    [
        "plain text in some words",
        "日本語",
        "a日" * 20,
        "e\u0301" * 50,
        "👍🏽👩\u200d👧" * 9,
        "\ta\tb",
        "",
    ],
)
def test_a_line_is_broken_at_the_width_and_nothing_is_lost(text, width):
    coloured = f"\x1b[31m{text}\x1b[0m"
    for line in (text, coloured):
        rows = wrap(line, width, "  ")
        indent = "  " if width >= 4 else ""
        assert all(row.startswith(indent) for row in rows[1:])
        assert all(plain_width(row) <= max(width, 2 + len(indent)) for row in rows)
        joined = "".join([rows[0], *(row[len(indent) :] for row in rows[1:])])
        assert re.sub(r"\x1b\[[0-9;]*m|[ \t]", "", joined) == re.sub("[ \t]", "", text)


def test_colours_end_with_each_row_and_continue_in_the_next():
    assert wrap("\x1b[31mabcdef\x1b[0mgh", 4, "  ") == [
        "\x1b[31mabcd\x1b[0m",
        "  \x1b[31mef\x1b[0m",
        "  gh",
    ]


def test_words_are_kept_whole_and_stay_in_their_column():
    row = "/frame [OPTION]... DATA   Send any frame, also one that breaks the protocol."
    assert wrap_words(row, 60) == [
        "/frame [OPTION]... DATA   Send any frame, also one that",
        " " * 26 + "breaks the protocol.",
    ]
    assert wrap_words("  --rsv BITS  reserved bits to set: 1, 2, 3", 30) == [
        "  --rsv BITS  reserved bits to",
        " " * 14 + "set: 1, 2, 3",
    ]
    assert wrap_words("short", 30) == ["short"]
    assert wrap_words("", 30) == [""]


def test_a_long_string_in_json_is_abridged_and_has_its_size():
    text = json.dumps({"id": 1, "data": "QUJD" * 10_000, "last": "here"}).encode()
    shown = lines(text, number=7, rows=12)
    assert shown[1:] == [
        "  {",
        '    "id": 1,',
        f'    "data": "{"QUJD" * 9}Q…" (39.1 KiB),',
        '    "last": "here"',
        "  }",
        "  … /show 7 shows all 39.1 KiB",
    ]
    whole = lines(text, number=7, rows=12, whole=True)
    assert "".join(row.strip() for row in whole).count("QUJD") == 10_000
    unnumbered = lines(text, rows=12)
    assert "".join(row.strip() for row in unnumbered).count("QUJD") == 10_000


def test_a_string_of_three_rows_is_shown_whole():
    text = json.dumps({"text": "x" * 200}).encode()
    assert "…" not in "".join(lines(text, number=7, rows=12))


def test_the_last_string_of_a_very_large_message_is_abridged_too():
    text = json.dumps({"id": 1, "data": "A" * (3 << 20)}).encode()
    shown = lines(text, number=7, rows=12)
    assert shown[1:3] == ["  {", '    "id": 1,']
    assert shown[3].startswith('    "data": "AAAA')
    assert shown[-1] == "  … /save FILE 7 writes all 3.0 MiB"


@pytest.mark.parametrize("end", range(1, 60))
def test_json_cut_anywhere_can_be_abridged(end):
    text = '{"key": "' + "x" * 30 + '", "other": ["\\\\\\u00e9", 1]}'
    abridgement = Abridgement(rows=2, width=8)
    shown = pretty_json(text[:end], 8, PLAIN, cut=True, abridgement=abridgement)
    assert shown is not None


@pytest.mark.parametrize("width", [0, 1, 2, 3, 10])
@pytest.mark.parametrize(
    "payload", [b"", b"text\n" * 9, b"x" * 99, b'{"a": [1, {"b": "%s"}]}' % (b"y" * 99)]
)
def test_a_terminal_of_useless_width_is_not_an_error(payload, width):
    for opcode in (1, 2):
        assert lines(payload, opcode=opcode, number=1, rows=8, width=width)
