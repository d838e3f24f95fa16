"""Two protocol objects on a network that delays bytes: properties that hold for any order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.streams import cuts
from tests.wire.link import End, Link
from wscli.wire.closing import Side, State
from wscli.wire.codes import Opcode, Role
from wscli.wire.connection import Connection, Policy
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.events import Close, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.rules import Violation

POLICY = Policy(close_timeout=3.0, end_timeout=1.0, ping_interval=10.0, ping_timeout=5.0)
CODES = st.sampled_from([1000, 1001, 1005, 1011, 3000, 4999])


class Wire:
    """A client and a server, and the bytes that are in transit between them."""

    def __init__(self, **options):
        self.now = 100.0
        self.ends = {role: End(role, self.now, POLICY, **options) for role in Role}
        self.in_transit = dict.fromkeys(Role, b"")
        self.sent = {role: [] for role in Role}
        self.began = []

    def perform(self, role, action, value):
        connection = self.ends[role].connection
        if action == "deliver":
            self.deliver(role, value)
        elif action == "answer":
            connection.answer(self.now)
        elif action == "close":
            if connection.closing.state is State.OPEN:
                self.began.append(role)
            connection.close(self.now, value)
        elif connection.can_send:
            self.sent[role].append((action, value))
            if action == "ping":
                connection.ping(value, self.now)
            else:
                connection.send(action, [value])

    def deliver(self, sender, size):
        """Carry at most ``size`` bytes from one end to the other."""
        connection = self.ends[sender].connection
        data = self.in_transit[sender] + connection.data_to_send()
        self.in_transit[sender] = data[size:]
        connection.bytes_left(connection.bytes_out + len(data[:size]), self.now)
        self.ends[sender.peer].receive(data[:size], self.now)

    def deliver_all(self):
        for _ in range(6):
            for role in Role:
                self.ends[role].connection.answer(self.now)
                self.deliver(role, 1 << 30)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(Role),
        st.one_of(
            st.tuples(st.just(Opcode.TEXT), st.text(max_size=200).map(str.encode)),
            st.tuples(st.just(Opcode.BINARY), st.binary(max_size=200)),
            st.tuples(st.just("ping"), st.binary(max_size=10)),
            st.tuples(st.just("close"), CODES),
            st.tuples(st.just("answer"), st.none()),
            st.tuples(st.just("deliver"), st.integers(1, 400)),
        ),
    ),
    max_size=20,
)


@settings(max_examples=80)
@given(ACTIONS, st.booleans(), st.sampled_from([None, 50]))
def test_in_any_order_both_ends_agree_on_the_messages_and_on_the_close(actions, deflate, fragment):
    wire = Wire(deflate=PerMessageDeflate() if deflate else None, fragment=fragment)
    for role, (action, value) in actions:
        wire.perform(role, action, value)
    wire.deliver_all()
    states = {end.closing.state for end in wire.ends.values()}
    assert states == ({State.CLOSED} if wire.began else {State.OPEN})
    for role, end in wire.ends.items():
        peer = wire.ends[role.peer]
        received = [
            ("ping", event.payload) if isinstance(event, Ping) else event
            for event in peer.events
            if isinstance(event, Ping | tuple) and not isinstance(event, Pong | Close)
        ]
        assert received == wire.sent[role]
        assert end.connection.pending == 0
        if wire.began:
            assert peer.closing.received.code == end.closing.sent
            assert peer.events[-1] == peer.closing.received
            assert (end.closing.began is Side.LOCAL) == (role in wire.began)


@settings(max_examples=60)
@given(ACTIONS)
def test_every_ping_before_a_close_is_answered_in_order_if_the_peer_reads(actions):
    wire = Wire()
    for role, (action, value) in actions:
        if action != "close":
            wire.perform(role, action, value)
    wire.deliver_all()
    for role, end in wire.ends.items():
        pings = [value for action, value in wire.sent[role] if action == "ping"]
        pongs = [event for event in end.events if isinstance(event, Pong)]
        assert [pong.payload for pong in pongs] == pings
        assert all(pong.rtt is None or pong.rtt == 0.0 for pong in pongs)


@settings(max_examples=60)
@given(st.sampled_from(Role), st.data())
def test_any_cut_of_the_bytes_gives_the_same_events_and_the_same_answers(role, data):
    mask = None if role is Role.CLIENT else b"\x01\x02\x03\x04"
    opcodes = st.sampled_from([*Opcode, 0x3])
    frames = data.draw(
        st.lists(st.builds(Frame, opcodes, st.binary(max_size=8), fin=st.booleans()), max_size=6)
    )
    for frame in frames:
        frame.mask_key = mask
    stream = b"".join(frame.to_bytes() for frame in frames)

    def outcome(chunks):
        end = End(role, 0.0)
        for chunk in chunks:
            end.receive(chunk, 0.0)
        end.connection.answer(0.0)
        closing = end.closing
        answers = Connection(role.peer, 0.0)
        sent = [
            item
            for batch in answers.receive(end.connection.data_to_send(), 0.0)
            for item in batch
            if isinstance(item, Pong | Close)
        ]
        # Not the evidence: that of invalid UTF-8 also has the next octet, if it has arrived.
        events = [event.rule.id if isinstance(event, Violation) else event for event in end.events]
        return events, closing.state, closing.sent, sent

    whole = outcome([stream])
    assert outcome(data.draw(cuts(stream))) == whole
    assert outcome([stream[i : i + 1] for i in range(len(stream))]) == whole


@settings(max_examples=60)
@given(ACTIONS)
def test_each_deadline_ends_the_wait_or_is_followed_by_a_later_one(actions):
    """A driver that calls ``tick`` at each deadline never loops without waiting, and ends."""
    wire = Wire()
    for role, (action, value) in actions:
        wire.perform(role, action, value)
    for role in Role:
        wire.ends[role].connection.close(wire.now)
    for end in wire.ends.values():
        connection, now = end.connection, wire.now
        for _ in range(4):
            due = connection.next_deadline()
            assert due is not None
            if connection.is_over(due):
                break
            assert due > now
            connection.tick(due)
            now = due
        assert connection.is_over(now + 3.0)


@pytest.mark.parametrize("role", Role)
@settings(max_examples=40)
@given(st.lists(st.floats(0.1, 12.0), min_size=1, max_size=12))
def test_a_peer_is_given_up_exactly_when_a_ping_goes_unanswered(role, silences):
    """A ping leaves each 10 s; the peer sends a byte after each silence, and then nothing."""
    end = End(role, 0.0, POLICY)
    connection, now, asked = end.connection, 0.0, None

    def advance(until):
        nonlocal asked
        while connection.can_send and (due := connection.next_deadline()) <= until:
            pings = connection.posted
            connection.tick(due)
            if connection.can_send and connection.posted > pings and asked is None:
                asked = due

    for silence in silences:
        now += silence
        advance(now)
        if asked is not None and now >= asked + 5.0:
            break
        assert connection.can_send
        end.receive(b"", now)
        asked = None
    else:
        advance(now + 20.0)
    assert connection.unanswered == 5.0
    assert end.closing.sent == 1011


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("waiting", [(64 << 10) - 1, 64 << 10])
def test_a_ping_is_answered_at_once_while_less_than_64_kib_wait(role, waiting):
    end = End(role, 0.0)
    end.connection.send_encoded(bytes(waiting))
    end.connection.data_to_send()
    mask = bytes(4) if role is Role.SERVER else None
    end.receive(Frame(Opcode.PING, b"x", mask_key=mask).to_bytes(), 0.0)
    assert bool(end.connection.data_to_send()) == (waiting < 64 << 10)


@pytest.mark.parametrize("role", Role)
def test_with_pongs_turned_off_no_late_pong_is_sent_either(role):
    end = End(role, 0.0, Policy(answer_pings=False))
    end.connection.send_encoded(bytes(70_000))
    end.connection.data_to_send()
    mask = bytes(4) if role is Role.SERVER else None
    end.receive(Frame(Opcode.PING, b"x", mask_key=mask).to_bytes(), 0.0)
    end.connection.bytes_left(70_000, 0.0)
    assert end.connection.data_to_send() == b""


@pytest.mark.parametrize("rule", ["violation", "close"])
def test_after_our_answer_the_peer_has_only_the_time_to_end_tcp(rule):
    end = End(Role.SERVER, 0.0, Policy(close_timeout=30.0, end_timeout=1.0))
    opcode = 0x3 if rule == "violation" else Opcode.CLOSE
    end.receive(Frame(opcode, mask_key=bytes(4)).to_bytes(), 5.0)
    assert end.connection.next_deadline() is None
    end.connection.answer(7.0)
    assert end.connection.next_deadline() == 8.0


def test_a_close_that_is_not_echoed_can_still_be_answered_by_hand():
    end = End(Role.CLIENT, 0.0, Policy(echo_close=False))
    end.receive(Frame(Opcode.CLOSE, b"\x03\xe8").to_bytes(), 0.0)
    end.connection.answer(0.0)
    assert end.closing.sent is None
    end.connection.close(0.0, 4000)
    assert (end.closing.sent, end.closing.state) == (4000, State.CLOSED)


def test_a_violation_is_answered_even_if_a_close_is_not_echoed():
    end = End(Role.CLIENT, 0.0, Policy(echo_close=False))
    end.receive(b"\x83\x00", 0.0)
    end.connection.answer(0.0)
    assert end.closing.sent == 1002


def test_the_answer_to_a_close_has_its_code_and_not_its_reason():
    link = Link()
    link.client.connection.close(link.now, 4000, "my reason")
    link.run()
    assert link.client.events == [Close(4000, "")]
    assert (link.server.closing.sent, link.server.closing.sent_reason) == (4000, "")
    assert link.client.closing.sent_reason == "my reason"


def test_a_forged_data_frame_leaves_the_connection_open():
    connection = Connection(Role.SERVER, 0.0)
    connection.send_frame(Frame(Opcode.TEXT, b"x", rsv=7), 0.0)
    assert connection.closing.state is State.OPEN
    assert connection.data_to_send() == b"\xf1\x01x"


def test_a_forged_second_close_does_not_replace_the_code_of_the_first():
    connection = Connection(Role.SERVER, 0.0)
    connection.close(0.0, 1000)
    connection.send_frame(Frame(Opcode.CLOSE, b"\x03\xe9"), 0.0)
    assert connection.closing.sent == 1000
    assert connection.data_to_send().endswith(b"\x88\x02\x03\xe9")


def test_a_forged_close_has_the_timeout_of_the_policy():
    connection = Connection(Role.SERVER, 0.0, Policy(close_timeout=7.0))
    connection.send_frame(Frame(Opcode.CLOSE), 2.0)
    assert connection.next_deadline() == 9.0


def test_a_close_with_a_timeout_of_zero_is_over_at_once():
    connection = Connection(Role.CLIENT, 0.0)
    connection.close(1.0, timeout=0.0)
    assert connection.is_over(1.0)


def test_an_open_connection_is_never_over():
    connection = Connection(Role.CLIENT, 0.0, POLICY)
    assert not connection.is_over(1e9)


@pytest.mark.parametrize("state", ["closed", "violation"])
def test_a_client_never_ends_tcp_and_a_server_only_when_nothing_is_left_to_do(state):
    for role in Role:
        end = End(role, 0.0)
        mask = bytes(4) if role is Role.SERVER else None
        opcode = Opcode.CLOSE if state == "closed" else 0x3
        end.receive(Frame(opcode, mask_key=mask).to_bytes(), 0.0)
        assert not end.connection.ends_tcp
        end.connection.answer(0.0)
        assert end.connection.ends_tcp == (role is Role.SERVER)


def test_an_http_response_after_our_close_is_still_named():
    end = End(Role.CLIENT, 0.0)
    end.connection.close(0.0)
    end.receive(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0.0)
    assert end.closing.violation.rule.id == "http-response"
    assert end.closing.state is State.FAILED
    assert end.closing.sent == 1000


def test_bytes_after_a_complete_http_response_are_ignored():
    end = End(Role.CLIENT, 0.0)
    end.receive(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0.0)
    (violation,) = end.events
    end.receive(b"\x81\x02hi", 0.0)
    assert end.events == [violation]
    assert list(end.connection.receive_eof(0.0)) == []


@settings(max_examples=40)
@given(st.data())
def test_a_response_in_place_of_frames_has_the_same_evidence_however_it_arrives(data):
    response = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nsorry"
    end = End(Role.CLIENT, 0.0)
    for chunk in data.draw(cuts(response)):
        end.receive(chunk, 0.0)
    (violation,) = end.events
    assert isinstance(violation, Violation)
    assert violation.evidence.endswith("Content-Length: 5\n\nsorry")
    assert end.closing.sent == 1002


@pytest.mark.parametrize(("kept", "limit"), [(16 << 10, True), ((16 << 10) - 1, False)])
def test_an_endless_response_is_reported_after_16_kib(kept, limit):
    end = End(Role.CLIENT, 0.0)
    end.receive((b"HTTP/1.1 400 Bad Request\r\nX: " + b"x" * kept)[:kept], 0.0)
    assert bool(end.events) == limit


def test_a_response_with_a_malformed_head_is_reported_at_once():
    end = End(Role.CLIENT, 0.0)
    end.receive(b"HTTP/1.1 what\r\n\r\n", 0.0)
    (violation,) = end.events
    assert violation.evidence == "HTTP/1.1 what"
