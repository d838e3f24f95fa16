"""A hub with members that misbehave: the other members never notice."""

import contextlib
import threading

import pytest

from tests.raw import Client, upgrade
from wscli.server import connection
from wscli.wire.events import Close, Messages

BIG = "x" * 60_000


def talk(talker, listener, count=10):
    """Send messages from one member, and check that another one gets all of them."""
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


def test_a_member_that_never_reads_is_dropped_and_delays_nobody(members, monkeypatch):
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


def test_a_dropped_member_gets_the_queued_messages_and_the_reason(members):
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


def test_a_sender_that_does_not_read_slows_down_only_itself(members):
    """The server stops reading from it, so that its messages are neither lost nor queued."""
    talker, listener = members(receive_buffer=4096), members()
    count = 300
    sending = threading.Thread(target=lambda: [talker.text(BIG) for _ in range(count)])
    sending.start()
    for _ in range(count):
        assert len(talker.message()) == len(listener.message()) == len(BIG)
    sending.join()


def test_a_member_may_reset_in_the_middle_of_a_frame(members):
    rude, talker, listener = members(), members(), members()
    rude.send(rude.encoder.messages(1, [b"half of this"])[:9])
    rude.reset()
    assert members.server.visit().code == 1006
    talk(talker, listener)


def test_a_member_that_sends_half_a_frame_still_gets_messages(members):
    halting, talker = members(), members()
    halting.send(halting.encoder.messages(1, [b"half of this"])[:9])
    talk(talker, halting)


def test_only_the_member_that_breaks_the_protocol_is_dropped(members):
    bad, talker, listener = members(), members(), members()
    bad.text("the last good one")
    assert all(each.message() == b"the last good one" for each in (bad, talker, listener))
    bad.send(b"\x83\x80\x00\x00\x00\x00")
    assert bad.closed().reason == "reserved-opcode"
    talk(talker, listener)


def test_500_clients_that_leave_at_once_leave_nothing_behind(members):
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


def test_all_members_get_messages_in_the_same_order(members):
    everyone = [members() for _ in range(20)]
    for number, member in enumerate(everyone):
        member.text(f"{number} says one", f"{number} says two")
    heard = [[member.message() for _ in range(40)] for member in everyone]
    assert all(each == heard[0] for each in heard)
    assert sorted(heard[0]) == sorted(
        f"{number} says {word}".encode() for number in range(20) for word in ("one", "two")
    )
    for number in range(20):
        assert heard[0].index(f"{number} says one".encode()) < heard[0].index(
            f"{number} says two".encode()
        )


def test_a_message_followed_by_close_reaches_all_members_and_its_sender(members):
    hasty, listener = members(), members()
    hasty.send(hasty.encoder.messages(1, [b"bye"]) + hasty.encoder.close(1000))
    assert hasty.read_to_end() == b"\x81\x03bye\x88\x02\x03\xe8"
    assert listener.message() == b"bye"
