"""Keepalive, by a clock that is moved by hand."""

from tests.clock import HandClock
from wscli.session.keepalive import Keepalive


def test_a_ping_is_due_when_the_interval_has_passed():
    clock = HandClock()
    keepalive = Keepalive(clock, 10.0, 5.0)
    assert (keepalive.due_ping(), keepalive.next_event()) == (None, 110.0)
    clock.now = 110.0
    assert len(keepalive.due_ping()) == 4
    assert keepalive.due_ping() is None
    assert keepalive.next_event() == 115.0


def test_each_ping_has_a_payload_of_its_own():
    clock = HandClock()
    keepalive = Keepalive(clock, 1.0, 5.0)
    payloads = set()
    for clock.now in (101.0, 102.0, 103.0):
        payloads.add(keepalive.due_ping())
    assert len(payloads) == 3


def test_a_pong_in_time_is_an_answer_also_to_the_pings_before():
    clock = HandClock()
    keepalive = Keepalive(clock, 1.0, 5.0)
    clock.now = 101.0
    keepalive.due_ping()
    clock.now = 102.0
    second = keepalive.due_ping()
    keepalive.answered(b"of somebody else")
    clock.now = 105.9
    assert keepalive.unanswered() is None
    keepalive.answered(second)
    clock.now = 200.0
    assert keepalive.unanswered() is None


def test_without_a_pong_the_timeout_passes():
    clock = HandClock()
    keepalive = Keepalive(clock, 1.0, 5.0)
    clock.now = 101.0
    keepalive.due_ping()
    clock.now = 106.0
    assert keepalive.unanswered() == 5.0


def test_without_an_interval_nothing_is_ever_due():
    clock = HandClock()
    for interval in (None, 0):
        keepalive = Keepalive(clock, interval, 5.0)
        clock.now += 1000
        assert keepalive.next_event() is None
        assert keepalive.due_ping() is None


def test_without_a_timeout_no_pong_is_missed():
    clock = HandClock()
    keepalive = Keepalive(clock, 1.0, None)
    clock.now = 101.0
    keepalive.due_ping()
    clock.now = 1000.0
    assert keepalive.unanswered() is None
