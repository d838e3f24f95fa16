"""Both drivers play the same scripts, over a pair of sockets and with time moved by hand.

Whatever the two ends do, in any order, every wait ends, and the connection has one end, which is
the same in a thread and in an event loop.
"""

import asyncio
import contextlib
import socket

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.clock import HandClock
from tests.session.hand_loop import HandLoop
from wscli.errors import TimedOut, WscliError
from wscli.net.connect import Connected
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.net.stream import Stream
from wscli.net.url import parse_url
from wscli.session.asyncio_client import AsyncioClient
from wscli.session.asyncio_session import AsyncSession
from wscli.session.inbox import Inbox
from wscli.session.pipeline import Bus, Sink
from wscli.session.session import Session
from wscli.session.thread_driver import ThreadDriver
from wscli.wire.closing import Side
from wscli.wire.codes import Opcode, Role
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.receiver import Receiver

OPTIONS = ConnectOptions(close_timeout=3.0)
HALF = Frame(Opcode.TEXT, b"half of it").to_bytes()[:6]


class Ends(Sink):
    """Keeps the ends that are reported."""

    def __init__(self):
        self.ends = []

    def ended(self, end):
        self.ends.append(end)


class Peer:
    """The server's end of the sockets; follows a script, and keeps what it receives."""

    def __init__(self, sock):
        sock.setblocking(False)
        self.sock = sock
        self.received = []
        self._receiver = Receiver(Role.SERVER)

    def send(self, *frames):
        with contextlib.suppress(OSError):
            self.sock.sendall(b"".join(frame.to_bytes() for frame in frames))

    def message(self, payload):
        self.send(Frame(Opcode.TEXT, payload))

    def ping(self, payload):
        self.send(Frame(Opcode.PING, payload))

    def close(self, code):
        self.send(Frame(Opcode.CLOSE, code.to_bytes(2, "big")))

    def violate(self):
        self.send(Frame(0x3))

    def half(self):
        with contextlib.suppress(OSError):
            self.sock.sendall(HALF)

    def end(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def drop(self):
        self.read()
        self.sock.close()

    def read(self):
        with contextlib.suppress(OSError):
            while data := self.sock.recv(1 << 16):
                for batch in self._receiver.receive(data):
                    for item in batch:
                        if isinstance(item, Messages):
                            self.received += item.payloads
                        elif isinstance(item, Ping | Pong | Close):
                            self.received.append(item)


class ThreadSide:
    """Our end, run by calls of ``turn`` in this thread."""

    def __init__(self, sock, options=OPTIONS):
        self.clock, self.seen = HandClock(), Ends()
        self.inbox = inbox = Inbox.for_messages(options.max_size)
        connected = Connected(Stream(sock), Opening(parse_url("ws://peer")), b"")
        self.driver = ThreadDriver(
            connected, options, self.clock, self.clock.now, bus=Bus([self.seen]), inbox=inbox
        )
        self.session = Session(self.driver, inbox)
        self.driver.start()

    def settle(self):
        for _ in range(4):
            self.driver.turn(0)

    def send(self, payload):
        self.driver.post(Opcode.TEXT, [payload])

    def ping(self, payload):
        self.driver.post_ping(payload)

    def receive(self):
        return self.session.receive(timeout=0)

    def close(self, code):
        self.driver.begin_close(code, "", 1.0)

    def abort(self):
        self.driver.abort()

    def wait(self, seconds):
        self.clock.now += seconds
        self.settle()

    def finish(self):
        """Close, let the time limits pass, and return how the connection ended."""
        self.close(1000)
        for _ in range(3):
            self.wait(2.0)
        return self.driver.end


class LoopSide:
    """Our end in an event loop that runs only during the calls."""

    def __init__(self, sock, runner, options=OPTIONS):
        self.runner, self.seen = runner, Ends()
        connected = Connected(Stream(sock), Opening(parse_url("ws://peer")), b"")
        clock = HandClock()

        async def begin():
            _, client = await asyncio.get_running_loop().create_connection(
                lambda: AsyncioClient(connected, options, clock, clock.now, Bus([self.seen])),
                sock=sock,
            )
            return client

        self.client = runner.run(begin())
        self.session = AsyncSession(self.client)
        self.inbox = self.client.inbox

    def call(self, function, *args):
        async def do():
            return function(*args)

        return self.runner.run(do())

    def settle(self):
        async def turns():
            for _ in range(8):
                await asyncio.sleep(0)

        self.runner.run(turns())

    def send(self, payload):
        self.call(self.client.post, Opcode.TEXT, payload)

    def ping(self, payload):
        self.call(self.client.post_ping, payload)

    def receive(self):
        return self.runner.run(self.session.receive(timeout=0))

    def close(self, code):
        self.call(self.client.begin_close, code, "", 1.0)

    def abort(self):
        self.runner.run(self.session.abort())

    def wait(self, seconds):
        self.runner.run(asyncio.sleep(seconds))

    def finish(self):
        self.close(1000)
        self.wait(6.0)
        return self.client.end


@contextlib.contextmanager
def joined(kind, options=OPTIONS):
    """Our end and its peer."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with contextlib.ExitStack() as stack:
        stack.enter_context(ours)
        stack.enter_context(theirs)
        if kind == "threads":
            side = ThreadSide(ours, options)
        else:
            side = LoopSide(
                ours, stack.enter_context(asyncio.Runner(loop_factory=HandLoop)), options
            )
        yield side, Peer(theirs)
        if side.finish() is None:  # the runner would wait for it without end
            pytest.fail("the connection has no end")


@pytest.fixture(params=["threads", "asyncio"])
def pair(request):
    """Both ends of a connection; ours has either driver."""
    with joined(request.param) as ends:
        yield ends


PAYLOADS = st.binary(max_size=3).map(bytes.hex).map(str.encode)
ACTS = st.lists(
    st.tuples(st.sampled_from(["send", "ping", "they message", "they ping"]), PAYLOADS)
    | st.tuples(st.sampled_from(["close", "they close"]), st.sampled_from([1000, 1001, 4000, 1011]))
    | st.tuples(
        st.sampled_from(["receive", "they violate", "they half", "they end", "they drop"]),
        st.none(),
    )
    | st.tuples(st.just("wait"), st.sampled_from([0.5, 2.5])),
    max_size=8,
)


def play(kind, acts):
    """Play a script; return the end, the messages that each side received, and the errors."""
    taken, errors = [], []
    with joined(kind) as (side, peer):
        for name, value in acts:
            actor, _, act = name.rpartition(" ")
            arguments = () if value is None else (value,)
            try:
                result = getattr(peer if actor else side, act)(*arguments)
            except WscliError as error:
                errors.append((name, type(error), getattr(error, "code", None), str(error)))
            else:
                taken += [result] if act == "receive" else []
            side.settle()
            peer.read()
        end = side.finish()
        assert side.seen.ends == [end]
        peer.read()
        rest = []
        with contextlib.suppress(WscliError):
            while True:
                rest.append(side.receive())
        with pytest.raises(WscliError) as refused:
            side.send(b"too late")
        assert not isinstance(refused.value, TimedOut)
    assert end is not None
    return (
        (end.code, end.reason, end.began, end.clean, end.violation, end.detail, end.sent),
        end.hung_up,
        taken + rest,
        errors,
        peer.received,
    )


@settings(max_examples=60)
@given(ACTS)
@example([("they message", b"a"), ("they end", None)])
@example([("they message", b"a"), ("they close", 1000), ("send", b"b"), ("receive", None)])
@example([("they half", None), ("they drop", None), ("send", b"a"), ("send", b"b")])
def test_any_order_of_calls_and_losses_has_the_same_end_with_both_drivers(acts):
    assert play("threads", acts) == play("asyncio", acts)


def test_a_close_is_answered_only_when_the_messages_before_it_have_been_taken(pair):
    side, peer = pair
    peer.message(b"one")
    peer.close(4001)
    side.settle()
    peer.read()
    assert peer.received == []
    assert side.receive() == "one"
    with pytest.raises(WscliError):
        side.receive()
    side.settle()
    peer.read()
    assert peer.received == [Close(4001, "")]


def test_messages_can_be_sent_until_the_peers_close_is_answered(pair):
    side, peer = pair
    peer.message(b"question")
    peer.close(1000)
    side.settle()
    side.send(b"answer")
    assert side.receive() == "question"
    with pytest.raises(WscliError):
        side.receive()
    side.settle()
    peer.read()
    assert peer.received == [b"answer", Close(1000, "")]


def test_after_our_close_the_peers_close_ends_the_connection_despite_unread_messages(pair):
    side, peer = pair
    side.close(1000)
    peer.message(b"late")
    peer.close(1000)
    peer.end()
    side.settle()
    assert side.seen.ends[0].clean
    assert side.receive() == "late"


def test_after_our_close_messages_for_a_full_inbox_are_dropped(pair):
    """A peer that goes on sending must not fill the memory of a caller that is leaving."""
    side, peer = pair
    while not side.inbox.full:
        peer.send(*[Frame(Opcode.TEXT)] * 8192)  # an empty message costs memory, too
        side.settle()
    kept = len(side.inbox)
    side.close(1000)
    side.settle()
    peer.message(b"no room")
    peer.close(1000)
    peer.end()
    side.settle()
    assert side.seen.ends[0].clean
    assert len(side.inbox) == kept


def test_a_peer_that_does_not_answer_close_is_dropped_after_the_timeout_of_that_close(pair):
    side, _ = pair
    side.close(1000)
    side.settle()
    side.wait(0.9)
    assert side.seen.ends == []
    side.wait(0.2)
    (end,) = side.seen.ends
    assert (end.code, end.sent, end.clean, end.hung_up) == (1006, 1000, False, False)
    assert end.detail == "the peer did not answer Close within 1 s"


def test_a_peer_that_ends_tcp_instead_of_answering_close_has_hung_up(pair):
    side, peer = pair
    side.close(1000)
    peer.end()
    side.settle()
    (end,) = side.seen.ends
    assert (end.hung_up, end.began) == (True, Side.LOCAL)


def test_a_peer_that_ends_tcp_within_a_message_has_not_hung_up(pair):
    side, peer = pair
    side.close(1000)
    peer.half()
    peer.end()
    side.settle()
    (end,) = side.seen.ends
    assert not end.hung_up
    assert end.detail == "the peer ended the TCP connection in the middle of a message"


def test_an_abort_is_not_blamed_on_the_peer(pair):
    side, peer = pair
    side.abort()
    peer.drop()
    (end,) = side.seen.ends
    assert (end.detail, end.began) == ("it was dropped by wscli", None)


def test_an_http_response_that_is_cut_off_is_reported(pair):
    side, peer = pair
    peer.sock.sendall(b"HTTP/1.1 500 Oops\r\n")
    peer.end()
    side.settle()
    (end,) = side.seen.ends
    assert end.violation.rule.id == "http-response"
    assert end.violation.evidence == "HTTP/1.1 500 Oops"


def test_a_second_abort_does_nothing(pair):
    side, _ = pair
    side.abort()
    side.abort()
    assert len(side.seen.ends) == 1


def test_a_violation_is_answered_with_close_and_the_peer_has_a_second_to_end_tcp(pair):
    side, peer = pair
    peer.violate()
    side.settle()
    peer.read()
    assert peer.received == [Close(1002, "reserved-opcode")]
    side.wait(0.9)
    assert side.seen.ends == []
    side.wait(0.2)
    assert side.seen.ends[0].violation.rule.id == "reserved-opcode"


def test_after_both_closes_the_peer_has_a_second_to_end_tcp(pair):
    side, peer = pair
    peer.close(1000)
    with pytest.raises(WscliError):
        side.receive()
    side.settle()
    with contextlib.suppress(WscliError):
        side.receive()
    side.wait(0.9)
    assert side.seen.ends == []
    side.wait(0.2)
    assert side.seen.ends[0].clean


KEEPALIVE = OPTIONS._replace(ping_interval=10.0, ping_timeout=5.0)


@pytest.fixture(params=["threads", "asyncio"])
def pinging(request):
    """Both ends of a connection on which we send keepalive pings."""
    with joined(request.param, KEEPALIVE) as ends:
        yield ends


def test_a_keepalive_ping_leaves_at_its_time_and_not_before(pinging):
    side, peer = pinging
    side.wait(9.9)
    peer.read()
    assert peer.received == []
    side.wait(0.2)
    peer.read()
    assert [type(item) for item in peer.received] == [Ping]


def test_a_connection_is_closed_when_no_pong_comes_in_time(pinging):
    side, peer = pinging
    side.wait(10.0)
    side.wait(4.9)
    peer.read()
    assert len(peer.received) == 1
    side.wait(0.2)
    peer.read()
    assert peer.received[-1] == Close(1011, "keepalive ping timeout")
    side.wait(1.1)
    assert side.seen.ends[0].unanswered == 5.0


def test_any_frame_counts_as_the_answer_to_a_keepalive_ping(pinging):
    side, peer = pinging
    for _ in range(10):
        side.wait(4.0)
        peer.message(b"alive")
        side.settle()
    assert side.seen.ends == []
    assert [side.receive() for _ in range(10)] == ["alive"] * 10


@pytest.mark.parametrize("size", [125, 126])
def test_a_ping_has_at_most_125_bytes(pair, size):
    side, peer = pair
    if size == 126:
        with pytest.raises(ValueError, match="at most 125 bytes"):
            side.ping(bytes(size))
    else:
        side.ping(bytes(size))
    side.settle()
    peer.read()
    assert peer.received == ([Ping(bytes(size))] if size == 125 else [])
