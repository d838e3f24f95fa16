"""How differences are written: for people, at a terminal and elsewhere, and as JSON."""

import io
import json

import pytest

from tests import golden
from wscli.payload.alignment import Finding
from wscli.payload.comparison import MISSING, Difference
from wscli.sinks.differences import DifferenceJson, DifferenceText, FoundAt
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output

MOMENT = FoundAt(1769860800.25, 1.5)
FINDINGS = [
    Finding(
        "changed", 1, 1, [Difference("$.price", 41, 42.5), Difference("$.tags[1]", "a", MISSING)]
    ),
    Finding("changed", 2, 3, [Difference(None, "hello", "hallo\nthere")]),
    Finding("changed", 3, 4, [Difference(None, b"\x00\xff", "text")]),
    Finding("missing", 4, None, [Difference(None, '{"op": "done"}', MISSING)]),
    Finding("extra", None, 5, [Difference(None, MISSING, b"\x01")]),
    Finding("moved", 7, 6, []),
]
CLOSE = [Difference("$.by", None, "server"), Difference("$.code", 1006, 4001)]


def write(make, *args, **options):
    stream = io.BytesIO()
    output = make(Output(stream), *args, **options)
    output.messages(FINDINGS, MOMENT)
    output.connection("close", CLOSE, MOMENT)
    output.connection("subprotocol", [Difference("$", "v1", None)], MOMENT)
    return stream.getvalue().decode()


def test_the_differences_in_a_pipe():
    golden.check("differences.txt", write(DifferenceText, Palette(colour=False), None))


def test_the_differences_in_colour():
    golden.check("differences-colour.txt", write(DifferenceText, Palette(colour=True), 80))


def test_the_differences_as_json():
    text = write(DifferenceJson, escape=False)
    golden.check("differences.json", text)
    assert all(json.loads(line)["event"] == "difference" for line in text.splitlines())


def test_at_a_terminal_a_long_value_is_cut_to_the_width():
    stream = io.BytesIO()
    output = DifferenceText(Output(stream), Palette(colour=False), 20)
    output.messages([Finding("missing", 1, None, [Difference(None, "x" * 100, MISSING)])], MOMENT)
    assert stream.getvalue().decode().splitlines() == ["received message 1 …", f"  - {'x' * 15}…"]


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\u202eevil", "a\u200bb"])
def test_at_a_terminal_nothing_that_a_peer_sent_is_obeyed(text):
    stream = io.BytesIO()
    output = DifferenceText(Output(stream), Palette(colour=False), 80)
    places = [Difference(f"$.{text}", text, {text: text}), Difference(None, text, MISSING)]
    output.messages([Finding("changed", 1, 1, places)], MOMENT)
    shown = stream.getvalue().decode()
    assert not set("\x1b\x07\u202e\u200b") & set(shown)


def test_at_a_terminal_json_is_escaped():
    stream = io.BytesIO()
    DifferenceJson(Output(stream), escape=True).connection(
        "close", [Difference("$.reason", "\u202e", "ü")], MOMENT
    )
    assert stream.getvalue().isascii()


def deep_value():
    value = []
    for _ in range(20_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "shown"),
    [(deep_value(), b"(nested too deeply to be shown)"), ("\ud800", b'"\\ud800"')],
    ids=["deep", "surrogate"],
)
def test_a_value_that_cannot_be_written_is_described(value, shown):
    findings = [Finding("changed", 1, 1, [Difference("$.a", MISSING, value)])]
    streams = io.BytesIO(), io.BytesIO()
    DifferenceText(Output(streams[0]), Palette(colour=False), None).messages(findings, MOMENT)
    DifferenceJson(Output(streams[1]), escape=False).messages(findings, MOMENT)
    assert all(shown in stream.getvalue() for stream in streams)
