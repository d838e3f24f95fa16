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


def test_any_byte_in_time_is_an_answer_to_all_pings_before_it():
    clock = HandClock()
    keepalive = Keepalive(clock, 1.0, 5.0)
    for clock.now in (101.0, 102.0):
        keepalive.due_ping()
    clock.now = 105.9
    assert keepalive.unanswered() is None
    keepalive.heard()
    clock.now = 200.0
    assert keepalive.unanswered() is None


def test_silence_is_counted_from_the_first_ping_after_the_last_byte():
    clock = HandClock()
    keepalive = Keepalive(clock, 1.0, 5.0)
    clock.now = 101.0
    keepalive.due_ping()
    keepalive.heard()
    for clock.now in (102.0, 103.0):
        keepalive.due_ping()
    clock.now = 106.9
    assert keepalive.unanswered() is None
    clock.now = 107.0
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
