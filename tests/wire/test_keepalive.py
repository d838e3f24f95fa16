"""Keepalive and round-trip times, with times given by hand."""

from wscli.wire.events import Pong
from wscli.wire.keepalive import Keepalive, PingsInFlight


def test_a_ping_is_due_when_the_interval_has_passed():
    keepalive = Keepalive(10.0, 5.0, 100.0)
    assert (keepalive.ping_due(109.9), keepalive.deadline()) == (None, 110.0)
    assert len(keepalive.ping_due(110.0)) == 4
    assert keepalive.ping_due(110.0) is None
    assert keepalive.deadline() == 115.0


def test_each_ping_has_a_payload_of_its_own():
    keepalive = Keepalive(1.0, 5.0, 100.0)
    assert len({keepalive.ping_due(now) for now in (101.0, 102.0, 103.0)}) == 3


def test_any_byte_in_time_is_an_answer_to_all_pings_before_it():
    keepalive = Keepalive(1.0, 5.0, 100.0)
    for now in (101.0, 102.0):
        keepalive.ping_due(now)
    assert keepalive.unanswered(105.9) is None
    keepalive.heard()
    assert keepalive.unanswered(200.0) is None


def test_silence_is_counted_from_the_first_ping_after_the_last_byte():
    keepalive = Keepalive(1.0, 5.0, 100.0)
    keepalive.ping_due(101.0)
    keepalive.heard()
    for now in (102.0, 103.0):
        keepalive.ping_due(now)
    assert keepalive.unanswered(106.9) is None
    assert keepalive.unanswered(107.0) == 5.0


def test_without_an_interval_nothing_is_ever_due():
    for interval in (None, 0):
        keepalive = Keepalive(interval, 5.0, 100.0)
        assert keepalive.deadline() is None
        assert keepalive.ping_due(1100.0) is None


def test_without_a_timeout_no_pong_is_missed():
    keepalive = Keepalive(1.0, None, 100.0)
    keepalive.ping_due(101.0)
    assert keepalive.unanswered(1000.0) is None
    assert keepalive.deadline() == 102.0


def test_a_pong_has_the_round_trip_time_of_its_ping():
    pings = PingsInFlight()
    ping = pings.send(b"a", 100.0)
    assert pings.receive(Pong(b"a"), 100.5) == Pong(b"a", 0.5)
    assert ping.rtt == 0.5


def test_a_pong_answers_the_earlier_pings_too():
    pings = PingsInFlight()
    first, second, third = (pings.send(payload, 100.0) for payload in (b"a", b"b", b"c"))
    pings.receive(Pong(b"b"), 101.0)
    assert (first.rtt, second.rtt, third.rtt) == (1.0, 1.0, None)


def test_the_older_of_two_pings_with_the_same_payload_is_answered():
    pings = PingsInFlight()
    first, second = pings.send(b"x", 100.0), pings.send(b"x", 101.0)
    pings.receive(Pong(b"x"), 102.0)
    assert (first.rtt, second.rtt) == (2.0, None)


def test_an_unsolicited_pong_has_no_round_trip_time():
    pings = PingsInFlight()
    pings.send(b"a", 100.0)
    assert pings.receive(Pong(b"unsolicited"), 101.0).rtt is None


def test_old_pings_without_a_pong_are_forgotten():
    pings = PingsInFlight()
    oldest = pings.send(b"oldest", 100.0)
    for number in range(1000):
        pings.send(b"%d" % number, 101.0)
    assert pings.receive(Pong(b"oldest"), 102.0).rtt is None
    assert oldest.rtt is None
