"""The hub among members that behave badly: whatever they do, the rest never notice."""

import contextlib
import threading

import pytest

from tests.raw import Client, upgrade
from wscli.server import connection
from wscli.wire.events import Close, Messages

BIG = "x" * 60_000


def talk(talker, listener, count=10):
    """Let a member speak, and see that another one hears all of it."""
    for number in range(count):
        talker.text(f"message {number}")
        assert listener.message() == talker.message() == f"message {number}".encode()


@pytest.fixture
def members(serve):
    """Return a function that adds members to one hub."""
    server = serve(queue=256 << 10)
    with contextlib.ExitStack() as stack:

        def join(**options):
            client = stack.enter_context(Client(server, **options))
            client.open("/hub")
            return client

        join.server = server
        yield join


def test_a_member_that_never_reads_is_dropped_and_nobody_waits_for_it(members, monkeypatch):
    monkeypatch.setattr(connection, "_CLOSE_TIMEOUT", 0.2)
    deaf, talker, listener = members(receive_buffer=4096), members(), members()
    visit = None
    while visit is None:
        talker.text(BIG)
        assert len(talker.message()) == len(listener.message()) == len(BIG)
        visit = None if members.server.visits.empty() else members.server.visit()
    assert (visit.code, visit.by, visit.clean) == (1008, "server", False)
    assert "reads too slowly" in visit.reason
    talk(talker, listener)
    with contextlib.suppress(ConnectionResetError):
        assert deaf.read_to_end()


def test_a_member_that_wakes_up_finds_what_waited_and_why_it_was_dropped(members):
    slow, talker = members(receive_buffer=4096), members()
    sent = 0
    for _ in range(200):
        talker.text(BIG)
        talker.message()
        sent += 1
    received = 0
    while not isinstance(item := slow.next(Messages, Close), Close):
        received += len(item.payloads)
    assert 0 < received < sent
    assert (item.code, item.reason.partition(":")[0]) == (1008, "reads too slowly")
    slow.send(slow.encoder.close(item.code))
    assert slow.read_to_end() == b""
    slow.sock.close()
    assert members.server.visit().clean


def test_a_talker_that_does_not_read_stops_itself_alone(members):
    """It is not read from until it reads, so that what it says is not lost, nor held for it."""
    talker, listener = members(receive_buffer=4096), members()
    count = 300
    sending = threading.Thread(target=lambda: [talker.text(BIG) for _ in range(count)])
    sending.start()
    for _ in range(count):
        assert len(talker.message()) == len(listener.message()) == len(BIG)
    sending.join()


def test_a_member_that_resets_in_mid_frame_is_gone(members):
    rude, talker, listener = members(), members(), members()
    rude.send(rude.encoder.messages(1, [b"half of this"])[:9])
    rude.reset()
    assert members.server.visit().code == 1006
    talk(talker, listener)


def test_a_member_that_sends_half_a_frame_and_stops_hears_the_rest(members):
    halting, talker = members(), members()
    halting.send(halting.encoder.messages(1, [b"half of this"])[:9])
    talk(talker, halting)


def test_a_member_that_breaks_the_protocol_is_dropped_alone(members):
    bad, talker, listener = members(), members(), members()
    bad.text("the last good one")
    assert all(each.message() == b"the last good one" for each in (bad, talker, listener))
    bad.send(b"\x83\x80\x00\x00\x00\x00")
    assert bad.closed().reason == "reserved-opcode"
    talk(talker, listener)


def test_500_that_connect_and_leave_at_once_leave_nothing(members):
    talker, listener = members(), members()
    for number in range(500):
        with Client(members.server) as guest:
            if number % 2:
                guest.send(upgrade("/hub"))
            if number % 4 == 1:
                guest.response()
            if number % 8 == 7:
                guest.reset()
    for _ in range(500):
        members.server.visit()
    talk(talker, listener)


def test_what_many_say_reaches_each_in_one_order(members):
    everyone = [members() for _ in range(20)]
    for number, member in enumerate(everyone):
        member.text(f"{number} says one", f"{number} says two")
    heard = [[member.message() for _ in range(40)] for member in everyone]
    assert all(each == heard[0] for each in heard)
    assert sorted(heard[0]) == sorted(
        f"{number} says {what}".encode() for number in range(20) for what in ("one", "two")
    )
    for number in range(20):
        assert heard[0].index(f"{number} says one".encode()) < heard[0].index(
            f"{number} says two".encode()
        )


def test_a_member_that_leaves_at_once_has_been_heard_by_all_and_itself(members):
    hasty, listener = members(), members()
    hasty.send(hasty.encoder.messages(1, [b"bye"]) + hasty.encoder.close(1000))
    assert hasty.read_to_end() == b"\x81\x03bye\x88\x02\x03\xe8"
    assert listener.message() == b"bye"
