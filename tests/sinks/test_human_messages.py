"""How a message is laid out."""

import json
import re

import pytest

from wscli.sinks.human.jsontext import pretty_json
from wscli.sinks.human.messages import Entry, MessageView, show_size
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.safe import cell_width

PLAIN = Palette(colour=False)


def lines(payload, *, opcode=1, number=None, width=80, rows=None, whole=False, **settings):
    view = MessageView(PLAIN, width)
    view.rows = rows or view.rows
    for name, value in settings.items():
        setattr(view, name, value)
    shown = view.lines(Entry(True, 0.0, opcode, payload, number), whole=whole)
    return [re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "TIME", line) for line in shown]


def test_a_short_text_stands_beside_its_meta_data():
    assert lines(b"hello") == ["← TIME text        5 B  hello"]
    assert lines(b"hello", number=17) == ["←    17 TIME text        5 B  hello"]


def test_a_text_that_does_not_fit_stands_below():
    assert lines(b"x" * 60) == ["← TIME text       60 B", "  " + "x" * 60]


def test_wide_characters_take_two_columns():
    fitting, too_wide = "日" * 24, "日" * 25
    assert len(lines(fitting.encode())) == 1
    assert len(lines(too_wide.encode())) == 2


def test_an_empty_message_is_its_meta_data():
    assert [line.rstrip() for line in lines(b"")] == ["← TIME text        0 B"]
    assert lines(b"", opcode=2) == ["← TIME binary      0 B"]


def test_several_lines_stand_below_or_beside_where_there_is_room():
    assert lines(b"one\ntwo") == ["← TIME text        7 B", "  one", "  two"]
    assert lines(b"one\ntwo", width=120) == ["← TIME text        7 B  one", " " * 32 + "two"]


def test_json_is_folded_to_the_columns_that_it_has():
    text = json.dumps({"a": "x" * 30, "b": "y" * 30}).encode()
    assert max(map(len, lines(text, width=60))) <= 60
    assert len(lines(text, width=60)) == 5
    assert len(lines(text, width=140)) == 1


def test_json_may_be_shown_as_it_came():
    assert lines(b'{"a":1}', pretty=False) == ['← TIME text        7 B  {"a":1}']


def test_text_may_be_shown_as_a_dump():
    assert "68 69" in lines(b"hi", as_hex=True)[1]


def test_bare_is_the_payload_and_still_safe():
    assert lines(b"a\x1b[2Jb\nc", bare=True) == ["a␛[2Jb", "c"]
    assert lines(b"a\x00\xff", opcode=2, bare=True) == ["a␀\\xff"]


def test_a_message_with_a_number_is_cut_to_the_rows_and_says_how_to_see_it():
    cut = lines("\n".join(map(str, range(100))).encode(), number=7, rows=10)
    assert cut[1:] == [*(f"  {number}" for number in range(10)), "  … /show 7 shows all 289 B"]


def test_one_long_line_is_cut_as_well():
    cut = lines(b"x" * 100_000, number=7, rows=10)
    assert len(cut[1]) == 2 + 10 * 78
    assert cut[2] == "  … /show 7 shows all 97.7 KiB"


def test_what_is_too_large_for_a_terminal_is_for_a_file():
    cut = lines(b"x" * (2 << 20), number=7, rows=10)
    assert cut[2] == "  … /save FILE 7 writes all 2.0 MiB"


def test_a_dump_is_cut():
    assert len(lines(bytes(1000), opcode=2, number=7, rows=10)) == 12


def test_large_json_is_cut_and_still_laid_out():
    text = json.dumps([{"id": number, "name": "x" * 20} for number in range(100_000)])
    cut = lines(text.encode(), number=7, rows=10)
    assert cut[1:3] == ["  [", '    {"id": 0, "name": "xxxxxxxxxxxxxxxxxxxx"},']
    assert len(cut) == 12


def test_nothing_is_cut_where_it_could_not_be_asked_for_or_all_is_wanted():
    text = "\n".join(map(str, range(100))).encode()
    assert len(lines(text, rows=10)) == 101
    assert len(lines(text, rows=10, number=7, whole=True)) == 101


@pytest.mark.parametrize("end", range(1, 60))
def test_json_that_is_cut_anywhere_is_laid_out_as_far_as_it_goes(end):
    text = '{"key": [1, 2.5, true, {"inner": "value"}], "last": null} '
    shown = pretty_json(text[:end], 20, PLAIN, cut=True)
    assert shown is not None
    tokens = re.sub(r"\s", "", "".join(shown))
    assert re.sub(r"\s", "", text).startswith(tokens)


@pytest.mark.parametrize("text", ["{no json, however long it may be}", "[1, 2", "[01x]", "{}x"])
def test_what_is_no_json_is_not_laid_out(text):
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


def test_the_width_of_a_text_is_that_of_its_cells():
    assert cell_width("abc") == 3
    assert cell_width("日本") == 4
    assert cell_width("e\u0301") == 1
