"""Selecting a part of a recording: times, kinds of messages, and frames with their message."""

import time
from datetime import datetime

import pytest

from wscli.apps.selection import ItemFilter, MatchFilter, Selection, Window, parse_moment
from wscli.errors import UsageError
from wscli.payload.matching import parse_matcher
from wscli.session.events import Batch
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame

START = 1_769_860_800.0  # 2026-01-31T12:00:00Z


@pytest.fixture
def _utc(monkeypatch):
    """Let the local time be UTC, so that days begin at a known time."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_utc")
@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("+0", 0),
        ("+2.5", 2.5),
        ("+500ms", 0.5),
        ("+1h", 3600),
        ("12:00", 0),
        ("12:00:30", 30),
        ("12:00:30.25", 30.25),
        ("9:00", -3 * 3600),
        ("23:59", 11 * 3600 + 59 * 60),
        ("00:00", -12 * 3600),
        ("2026-01-31T12:01:00Z", 60),
        ("2026-01-31T13:00:00+01:00", 0),
        ("2026-01-31 12:00:01", 1),
        ("2026-01-31", -12 * 3600),
    ],
)
def test_a_time_is_read_in_several_forms(text, after):
    assert parse_moment(text)(START) == START + after


@pytest.mark.usefixtures("_utc")
def test_a_time_of_day_after_midnight_is_on_the_next_day():
    start = datetime(2026, 1, 31, 23, 50).timestamp()
    assert parse_moment("00:10")(start) == start + 20 * 60
    assert parse_moment("23:40")(start) == start - 10 * 60


@pytest.mark.parametrize("text", ["", "noon", "25:00", "12:60", "12:00:99", "+", "+soon", "-5s"])
def test_another_text_is_not_a_time(text):
    with pytest.raises(ValueError, match=r"is not a (time|duration); write "):
        parse_moment(text)


def batch(*items, incoming=True, at=START, elapsed=0.0):
    return Batch(incoming, at, elapsed, list(items))


def test_times_count_from_the_dial_of_the_first_connection():
    window = Window(Selection(since=parse_moment("+1"), until=parse_moment("+2")))
    times = [0.5, 1.4, 1.5, 2.4, 2.5]
    admitted = [window.admits(batch(at=START + t, elapsed=t - 0.5), 1) for t in times]
    assert admitted == [False, False, True, True, False]


def test_a_connection_is_selected():
    window = Window(Selection(connection=2))
    assert [window.admits(batch(), number) for number in (1, 2, 3)] == [False, True, False]


ITEMS = [
    Messages(Opcode.TEXT, [b"text"]),
    Messages(Opcode.BINARY, [b"binary"]),
    Ping(b"ping"),
    Pong(b"pong", 0.1),
    Frame(Opcode.TEXT, b"text"),
    Frame(Opcode.CLOSE, b"\x03\xe8"),
]


@pytest.mark.parametrize(
    ("opcodes", "kept"),
    [
        ([], [0, 1, 2, 3, 4, 5]),
        ([Opcode.TEXT], [0, 4]),
        ([Opcode.BINARY], [1]),
        ([Opcode.PING, Opcode.PONG], [2, 3]),
        ([Opcode.CLOSE], [5]),
    ],
)
def test_items_are_selected_by_opcode(opcodes, kept):
    stage = ItemFilter(None, frozenset(opcodes))
    (passed,) = stage.batch(batch(*ITEMS), 0.0)
    assert passed.items == [ITEMS[index] for index in kept]


def test_a_batch_without_selected_items_is_dropped():
    assert ItemFilter(None, frozenset({Opcode.PING})).batch(batch(ITEMS[0]), 0.0) == ()
    assert ItemFilter(False, frozenset()).batch(batch(*ITEMS), 0.0) == ()


def passed_by(pattern, *batches):
    stage = MatchFilter(parse_matcher(pattern))
    passed = [passed for each in batches for passed in stage.batch(each, 0.0)]
    return [item for each in passed for item in each.items]


def test_messages_that_match_are_passed_on():
    messages = Messages(Opcode.TEXT, [b"one", b"two", b"three"])
    assert passed_by("o", batch(messages)) == [Messages(Opcode.TEXT, [b"one", b"two"])]
    assert passed_by("x", batch(messages)) == []


FIRST, REST = Frame(Opcode.TEXT, b"o", fin=False), Frame(Opcode.CONTINUATION, b"ne")
ONE = Messages(Opcode.TEXT, [b"one"])
PING = Frame(Opcode.PING, b"?")


@pytest.mark.parametrize(
    "batches",
    [
        [batch(FIRST, PING, REST, ONE)],
        [batch(FIRST), batch(PING), batch(REST, ONE)],
        [batch(FIRST), batch(PING), batch(REST), batch(ONE)],
    ],
)
def test_frames_are_passed_on_with_their_message(batches):
    passed = passed_by("one", *batches)
    assert [item for item in passed if item is not PING] == [FIRST, REST, ONE]
    assert passed_by("two", *batches) == [PING]


def test_frames_of_both_directions_are_told_apart():
    sent = batch(Frame(Opcode.TEXT, b"two"), incoming=False)
    after = batch(Messages(Opcode.TEXT, [b"two"]), incoming=False)
    assert passed_by("one", batch(FIRST), sent, batch(REST, ONE), after) == [FIRST, REST, ONE]


def test_a_pattern_that_backtracks_for_too_long_is_an_error():
    with pytest.raises(UsageError, match="backtracks for too long"):
        passed_by("^(a|aa)+$", batch(Messages(Opcode.TEXT, [b"a" * 60 + b"b"])))
