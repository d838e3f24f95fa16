"""The protocol objects of both roles, joined in memory: no socket, no sleep, no clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.link import End, Link
from wscli.wire.closing import Side, State
from wscli.wire.codes import Opcode, Role
from wscli.wire.connection import Connection, Policy
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.events import Close, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.rules import Violation

MESSAGES = st.lists(
    st.tuples(st.just(Opcode.TEXT), st.text(max_size=300).map(str.encode))
    | st.tuples(st.just(Opcode.BINARY), st.binary(max_size=300)),
    max_size=8,
)
RESPONSE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nsorry"[:-1]


def names(events):
    return [type(event).__name__ for event in events]


# Messages


@given(MESSAGES, MESSAGES, st.sampled_from([None, 1, 2, 7]), st.booleans(), st.booleans())
def test_each_end_receives_the_messages_that_the_other_sends(
    to_server, to_client, chunk, deflate, frames
):
    agreed = PerMessageDeflate() if deflate else None
    link = Link(chunk=chunk, deflate=agreed, frames=frames)
    for opcode, payload in to_server:
        link.client.connection.send(opcode, [payload])
    for opcode, payload in to_client:
        link.server.connection.send(opcode, [payload])
    link.run()
    assert link.server.events == to_server
    assert link.client.events == to_client


def test_bytes_are_counted_when_posted_and_when_they_have_left():
    end = Connection(Role.SERVER, 0.0)
    end.send(Opcode.TEXT, [b"one", b"two"])
    assert (end.posted, end.queued, end.pending) == (10, 10, 10)
    assert end.data_to_send() == b"\x81\x03one\x81\x03two"
    assert (end.posted, end.queued, end.pending) == (10, 0, 10)
    assert end.data_to_send() == b""
    end.bytes_left(4, 0.0)
    assert end.pending == 6


def test_bytes_leave_in_the_order_in_which_they_were_queued():
    end = Connection(Role.SERVER, 0.0)
    end.send(Opcode.TEXT, [b"a"])
    end.ping(b"p", 0.0)
    end.send_encoded(b"as it is")
    end.send(Opcode.BINARY, [b"b"])
    assert end.data_to_send() == b"\x81\x01a\x89\x01pas it is\x82\x01b"


def test_one_piece_of_data_is_passed_on_without_a_copy():
    end = Connection(Role.SERVER, 0.0)
    shared = bytes(1 << 20)
    end.send_encoded(shared)
    assert end.data_to_send() is shared


def test_a_streamed_message_is_encoded_as_it_is_read_and_counts_as_posted():
    end = Connection(Role.SERVER, 0.0, fragment=3)
    pieces = end.stream(Opcode.TEXT, b"abcdefgh")
    assert end.posted == 0
    data = b"".join(pieces)
    assert data == b"\x01\x03abc\x00\x03def\x80\x02gh"
    assert end.posted == len(data)
    assert end.data_to_send() == b""


# Pings


@pytest.mark.parametrize("role", Role)
def test_a_ping_is_answered_with_its_payload(role):
    link = Link()
    pinging = link.client if role is Role.CLIENT else link.server
    sent = pinging.connection.ping(b"are you there", link.now)
    link.now += 0.25
    link.run()
    assert pinging.events == [Pong(b"are you there", 0.25)]
    assert sent.rtt == 0.25


def test_pings_are_not_answered_if_the_policy_says_so():
    link = Link(server=Policy(answer_pings=False))
    link.client.connection.ping(b"x", link.now)
    link.run()
    assert (link.server.events, link.client.events) == ([Ping(b"x")], [])


def test_no_pong_follows_our_close():
    link = Link()
    link.server.connection.close(link.now)
    link.server.receive(Frame(Opcode.PING, b"late", mask_key=bytes(4)).to_bytes(), link.now)
    assert link.server.connection.data_to_send() == b"\x88\x02\x03\xe8"


def test_while_the_peer_does_not_read_only_the_newest_ping_is_answered():
    """RFC 6455 §5.5.3: an endpoint may answer only the most recently processed ping."""
    end = End(Role.SERVER, 0.0)
    end.connection.send(Opcode.BINARY, [bytes(64 << 10)])
    backlog = end.connection.data_to_send()
    for number in range(3):
        end.receive(Frame(Opcode.PING, b"%d" % number, mask_key=bytes(4)).to_bytes(), 0.0)
    assert end.connection.data_to_send() == b""
    end.connection.bytes_left(1, 0.0)
    assert end.connection.data_to_send() == b""
    end.connection.bytes_left(len(backlog), 0.0)
    assert end.connection.data_to_send() == b"\x8a\x012"
    end.connection.bytes_left(len(backlog) + 3, 0.0)
    assert end.connection.data_to_send() == b""


def test_a_pong_that_was_held_back_is_dropped_if_close_was_sent_meanwhile():
    end = End(Role.SERVER, 0.0)
    end.connection.send(Opcode.BINARY, [bytes(64 << 10)])
    end.receive(Frame(Opcode.PING, b"x", mask_key=bytes(4)).to_bytes(), 0.0)
    end.connection.close(0.0)
    data = end.connection.data_to_send()
    end.connection.bytes_left(len(data), 0.0)
    assert data.endswith(b"\x88\x02\x03\xe8")
    assert end.connection.data_to_send() == b""


# Close, in every order


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "bye"), (4999, "own"), (1005, "")])
def test_one_end_closes_and_the_other_answers_with_its_code(role, code, reason):
    link = Link()
    first = link.client if role is Role.CLIENT else link.server
    second = link.server if first is link.client else link.client
    first.connection.close(link.now, code, reason)
    assert first.closing.state is State.CLOSE_SENT
    link.run()
    assert second.events == [Close(code, reason)]
    assert first.events == [Close(code, "")]
    assert (first.closing.state, second.closing.state) == (State.CLOSED, State.CLOSED)
    assert (first.closing.began, second.closing.began) == (Side.LOCAL, Side.REMOTE)


def test_both_ends_close_at_once():
    link = Link()
    link.client.connection.close(link.now, 4001)
    link.server.connection.close(link.now, 4002)
    link.run()
    assert (link.client.events, link.server.events) == ([Close(4002, "")], [Close(4001, "")])
    for end in link.ends:
        assert (end.closing.state, end.closing.began) == (State.CLOSED, Side.LOCAL)


@pytest.mark.parametrize("role", Role)
def test_only_the_server_ends_tcp_when_both_have_closed(role):
    link = Link()
    first = link.client if role is Role.CLIENT else link.server
    first.connection.close(link.now)
    assert not any(end.connection.ends_tcp for end in link.ends)
    link.run()
    assert link.server.connection.ends_tcp
    assert not link.client.connection.ends_tcp


def test_messages_can_be_sent_between_the_peers_close_and_our_answer():
    link = Link()
    link.client.connection.send(Opcode.TEXT, [b"last question"])
    link.client.connection.close(link.now)
    link.run(answer=False)
    assert link.server.events == [(1, b"last question"), Close(1000, "")]
    assert link.server.closing.state is State.CLOSE_RECEIVED
    assert link.server.connection.can_send
    link.server.connection.send(Opcode.TEXT, [b"last answer"])
    link.run()
    assert link.client.events == [(1, b"last answer"), Close(1000, "")]
    assert not link.server.connection.can_send


def test_a_close_is_answered_once():
    link = Link()
    link.client.connection.close(link.now)
    link.run(answer=False)
    link.server.connection.answer(link.now)
    assert link.server.connection.data_to_send() == b"\x88\x02\x03\xe8"
    link.server.connection.answer(link.now)
    link.server.connection.close(link.now, 4000)
    assert link.server.connection.data_to_send() == b""


def test_close_answers_a_close_of_the_peer_that_is_still_unanswered():
    link = Link()
    link.client.connection.close(link.now, 4321)
    link.run(answer=False)
    link.server.connection.close(link.now, 1000)
    assert link.server.connection.data_to_send() == b"\x88\x02\x10\xe1"
    assert link.server.closing.began is Side.REMOTE


def test_close_is_not_answered_if_the_policy_says_so():
    link = Link(client=Policy(echo_close=False))
    link.server.connection.close(link.now)
    link.run()
    assert link.client.closing.state is State.CLOSE_RECEIVED
    assert link.server.closing.state is State.CLOSE_SENT


def test_bytes_after_a_close_are_ignored():
    end = End(Role.CLIENT, 0.0)
    end.receive(b"\x88\x00\x81\x02hi", 0.0)
    assert end.events == [Close(1005, "")]


def test_a_forged_close_frame_counts_as_our_close():
    end = End(Role.SERVER, 0.0)
    end.connection.send_frame(Frame(Opcode.CLOSE, b"\x03\xee"), 0.0)
    assert (end.closing.sent, end.closing.state) == (1006, State.CLOSE_SENT)
    end.connection.send_frame(Frame(Opcode.TEXT, b"behind it"), 0.0)
    assert end.connection.data_to_send() == b"\x88\x02\x03\xee\x81\x09behind it"


def test_a_forged_close_frame_without_a_code_counts_as_1005():
    end = Connection(Role.SERVER, 0.0)
    end.send_frame(Frame(Opcode.CLOSE), 0.0)
    assert end.closing.sent == 1005


# Violations


@pytest.mark.parametrize("role", Role)
def test_a_peer_that_breaks_a_rule_is_told_which_one(role):
    end = End(role, 0.0)
    mask = None if role is Role.CLIENT else bytes(4)
    good = Frame(Opcode.TEXT, b"good", mask_key=mask).to_bytes()
    bad = Frame(0x3, b"", mask_key=mask).to_bytes()
    end.receive(good + bad + good, 0.0)
    assert names(end.events) == ["tuple", "Violation"]
    assert (end.closing.state, end.connection.can_send) == (State.BROKEN, True)
    end.connection.answer(0.0)
    sent = End(role.peer, 0.0)
    sent.receive(end.connection.data_to_send(), 0.0)
    assert sent.events == [Close(1002, "reserved-opcode")]
    assert end.closing.state is State.FAILED
    assert end.connection.ends_tcp == (role is Role.SERVER)


def test_a_violation_after_our_close_is_not_answered():
    end = End(Role.CLIENT, 0.0)
    end.connection.close(0.0)
    end.connection.data_to_send()
    end.receive(b"\x83\x00", 0.0)
    end.connection.answer(0.0)
    assert end.connection.data_to_send() == b""
    assert end.closing.state is State.FAILED


def test_a_message_beyond_the_limit_is_answered_with_1009():
    end = End(Role.CLIENT, 0.0, max_size=100)
    end.receive(b"\x82\x7e\x00\xff", 0.0)
    end.connection.answer(0.0)
    assert end.closing.sent == 1009


def test_an_http_response_in_place_of_the_first_frame_is_a_violation():
    end = End(Role.CLIENT, 0.0)
    for index in range(len(RESPONSE)):
        end.receive(RESPONSE[index : index + 1], 0.0)
    (violation,) = end.events
    assert violation.rule.id == "http-response"
    assert "400 Bad Request" in violation.evidence
    assert end.closing.state is State.FAILED


def test_an_http_response_that_does_not_end_is_reported_at_the_end_of_tcp():
    end = End(Role.CLIENT, 0.0)
    end.receive(b"HTTP/1.1 500 Oops\r\n", 0.0)
    assert end.closing.state is State.CLOSE_SENT
    assert end.connection.next_deadline() == 1.0
    (batch,) = end.connection.receive_eof(0.5)
    assert [item.rule.id for item in batch] == ["http-response"]
    assert list(end.connection.receive_eof(0.5)) == []


def test_a_few_bytes_that_might_begin_a_response_are_frames_at_the_end_of_tcp():
    end = End(Role.CLIENT, 0.0)
    end.receive(b"H", 0.0)
    assert list(end.connection.receive_eof(0.0)) == []
    assert end.connection.mid_message


@pytest.mark.parametrize("before", [b"\x81\x02hi", b"\x81"])
def test_http_is_not_recognised_after_the_first_frame_has_begun(before):
    end = End(Role.CLIENT, 0.0)
    end.receive(before, 0.0)
    end.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 4, 0.0)
    assert end.events[-1].rule.id != "http-response"


def test_a_server_does_not_look_for_http():
    end = End(Role.SERVER, 0.0)
    end.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n", 0.0)
    assert [type(event) for event in end.events] == [Violation]
    assert end.events[0].rule.id != "http-response"
    assert list(end.connection.receive_eof(0.0)) == []


# Time


def test_there_is_no_deadline_without_anything_to_wait_for():
    assert Connection(Role.CLIENT, 0.0).next_deadline() is None


def test_keepalive_pings_are_sent_at_their_interval():
    link = Link(client=Policy(ping_interval=10.0, ping_timeout=5.0))
    assert link.next_deadline() == 110.0
    link.wait(35.0)
    assert names(link.server.events) == ["Ping"] * 3
    assert names(link.client.events) == ["Pong"] * 3
    assert link.client.closing.state is State.OPEN


def test_a_silent_peer_is_closed_with_1011():
    link = Link(
        client=Policy(ping_interval=10.0, ping_timeout=5.0), server=Policy(answer_pings=False)
    )
    link.wait(14.9)
    assert link.client.closing.state is State.OPEN
    link.wait(0.1)
    assert link.client.connection.unanswered == 5.0
    assert link.server.events[-1] == Close(1011, "keepalive ping timeout")


def test_any_byte_proves_that_the_peer_is_alive():
    end = End(Role.CLIENT, 0.0, Policy(ping_interval=10.0, ping_timeout=5.0))
    end.connection.tick(10.0)
    end.receive(b"\x81", 14.9)
    assert not end.connection.is_silent(15.0)
    end.connection.tick(15.0)
    assert end.closing.state is State.OPEN


def test_a_driver_can_report_unread_bytes_as_a_sign_of_life():
    connection = Connection(Role.CLIENT, 0.0, Policy(ping_interval=10.0, ping_timeout=5.0))
    connection.tick(10.0)
    assert connection.is_silent(15.0)
    connection.heard()
    assert not connection.is_silent(15.0)


def test_no_keepalive_ping_follows_our_close():
    connection = Connection(Role.SERVER, 0.0, Policy(ping_interval=1.0, close_timeout=30.0))
    connection.close(0.5)
    connection.data_to_send()
    assert connection.next_deadline() == 30.5
    connection.tick(2.0)
    assert connection.data_to_send() == b""


@pytest.mark.parametrize("role", Role)
def test_a_peer_that_does_not_answer_close_is_given_up_after_a_time(role):
    connection = Connection(role, 0.0, Policy(close_timeout=3.0))
    connection.close(0.0)
    connection.bytes_left(len(connection.data_to_send()), 0.0)
    assert connection.next_deadline() == 3.0
    assert not connection.is_over(2.9)
    assert connection.is_over(3.0)


def test_a_close_may_have_a_timeout_of_its_own():
    connection = Connection(Role.CLIENT, 0.0, Policy(close_timeout=3.0))
    connection.close(0.0, timeout=0.5)
    assert connection.next_deadline() == 0.5


def test_a_second_close_may_only_shorten_the_wait():
    connection = Connection(Role.CLIENT, 0.0, Policy(close_timeout=3.0))
    connection.close(0.0)
    connection.close(1.0, timeout=10.0)
    assert connection.next_deadline() == 3.0
    connection.close(1.0, timeout=0.5)
    assert connection.next_deadline() == 1.5


def test_the_timer_restarts_while_our_close_is_leaving():
    connection = Connection(Role.SERVER, 0.0, Policy(close_timeout=3.0))
    connection.send(Opcode.BINARY, [bytes(1000)])
    connection.close(0.0)
    for now, left in ((2.0, 10), (4.0, 500), (6.0, 900)):
        connection.bytes_left(left, now)
        assert connection.next_deadline() == now + 3.0


def test_a_client_waits_a_moment_for_the_server_to_end_tcp():
    link = Link(client=Policy(close_timeout=30.0, end_timeout=1.0))
    link.client.connection.close(link.now)
    link.run()
    assert link.client.connection.next_deadline() == 101.0
    assert link.client.connection.is_over(101.0)


def test_a_peer_that_reads_after_our_close_gets_more_time():
    connection = Connection(Role.SERVER, 0.0, Policy(close_timeout=5.0))
    connection.close(0.0)
    connection.bytes_left(4, 0.0)
    connection.peer_read(4.0)
    assert connection.next_deadline() == 9.0


def test_a_limit_from_outside_ends_a_slow_closing_handshake():
    connection = Connection(Role.CLIENT, 0.0, Policy(close_timeout=3.0))
    connection.closing.limit(2.0)
    assert connection.next_deadline() is None
    connection.close(1.0)
    assert connection.next_deadline() == 2.0
