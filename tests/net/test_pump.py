"""The pump over each kind of stream: sent bytes, received bytes, and the end."""

import contextlib
import select
import socket
import threading

import pytest

from tests.layers import KINDS, ends, running
from wscli.net.pump import Pump

SECONDS = 20.0


class Pumped:
    """A pump with its peer, and the bytes that were passed to the callbacks."""

    def __init__(self, stream, peer):
        self.peer = peer
        self.received = b""
        self.sent = b""
        self.wants_more = True
        self.stream = stream
        self.pump = Pump(stream, self._receive, self._send, lambda: self.wants_more)

    def _receive(self, data):
        assert data, "the end is not reported as bytes"
        self.received += data

    def _send(self, data):
        assert data
        self.sent += data

    def turn_until(self, condition):
        for _ in range(100_000):
            if condition():
                return
            self.pump.turn(SECONDS)
        pytest.fail("the condition was not met")

    def fill(self):
        """Post until the socket takes no more; return everything that was posted."""
        data = bytes(range(256)) * (4 << 10)
        posted = b""
        while not self.pump.pending:
            posted += data
            self.pump.post(data)
            self.pump.turn(0)
        return posted


@pytest.fixture(params=KINDS)
def pumped(request):
    with ends(request.param) as (stream, peer):
        pumped = Pumped(stream, peer)
        yield pumped
        pumped.pump.close()


def test_posted_bytes_leave_in_order(pumped):
    pumped.pump.post(b"one ")
    pumped.pump.post(b"two ")
    assert pumped.pump.pending == 8
    pumped.pump.turn(0)
    assert pumped.peer.read(8) == pumped.sent == b"one two "
    assert (pumped.pump.posted, pumped.pump.bytes_out, pumped.pump.pending) == (8, 8, 0)


def test_bytes_of_the_handshakes_are_not_counted(pumped):
    assert (pumped.pump.posted, pumped.pump.bytes_out) == (0, 0)
    pumped.pump.turn(0)
    assert pumped.sent == b""


def test_received_bytes_are_passed_on(pumped):
    pumped.peer.sendall(b"hello")
    pumped.turn_until(lambda: pumped.received == b"hello")


@pytest.mark.parametrize("size", [70_000, 3 << 20])
def test_large_amounts_pass_in_both_directions_at_once(pumped, size):
    data = bytes(range(256)) * (size // 256)
    at_peer = []
    with (
        running(pumped.peer.sock.sendall, pumped.peer.layers.send(data)),
        running(lambda: at_peer.append(pumped.peer.read(len(data)))),
    ):
        pumped.pump.post(data)
        pumped.turn_until(lambda: len(pumped.received) == len(data) and not pumped.pump.pending)
    assert pumped.received == pumped.sent == at_peer[0] == data


def test_the_bytes_that_left_are_those_that_the_peer_can_read(pumped):
    posted = pumped.fill()
    left = pumped.pump.bytes_out
    assert pumped.sent == posted[:left]
    assert pumped.pump.pending == len(posted) - left
    assert pumped.peer.read(left)[:left] == posted[:left]


def test_the_outbox_has_the_bytes_posted_last_and_how_many_left(pumped):
    posted = pumped.fill()
    pumped.pump.post(b"and this")
    data, left = pumped.pump.outbox()
    assert data[left:] == posted[pumped.pump.bytes_out :] + b"and this"


def test_an_empty_outbox_has_no_bytes(pumped):
    assert pumped.pump.outbox() == (b"", 0)


def test_a_peer_that_reads_again_is_sent_the_rest(pumped):
    posted = pumped.fill()
    read = []
    with running(lambda: read.append(pumped.peer.read(len(posted)))):
        pumped.turn_until(lambda: not pumped.pump.pending)
    assert read == [posted]
    assert pumped.sent == posted


def test_a_turn_in_which_bytes_left_does_not_wait(pumped):
    pumped.pump.post(b"hello")
    pumped.pump.turn(None)  # would wait for ever
    assert pumped.pump.bytes_out == 5


def test_a_turn_waits_no_longer_than_its_timeout(pumped):
    pumped.pump.turn(0.01)
    assert pumped.received == b""


def test_nothing_is_read_while_no_more_is_wanted(pumped):
    pumped.wants_more = False
    pumped.peer.sendall(b"hello")
    select.select([pumped.stream], [], [], SECONDS)
    pumped.pump.turn(0.01)
    assert pumped.received == b""
    assert pumped.pump.readable
    pumped.wants_more = True
    pumped.turn_until(lambda: pumped.received == b"hello")


def test_a_post_from_another_thread_ends_the_wait(pumped):
    def post():
        pumped.pump.post(b"hello")

    timer = threading.Timer(0.05, post)
    timer.start()
    pumped.turn_until(lambda: pumped.pump.bytes_out == 5)
    timer.join()
    assert pumped.peer.read(5) == b"hello"


def test_posts_from_many_threads_all_leave(pumped):
    def post(letter):
        for _ in range(200):
            pumped.pump.post(letter * 10)

    with contextlib.ExitStack() as stack:
        for letter in (b"a", b"b", b"c"):
            stack.enter_context(running(post, letter))
        pumped.turn_until(lambda: pumped.pump.bytes_out == 6000)
    data = pumped.peer.read(6000)
    assert {data[i : i + 10] for i in range(0, 6000, 10)} == {b"a" * 10, b"b" * 10, b"c" * 10}


def test_waking_ends_one_wait(pumped):
    pumped.pump.wake()
    pumped.pump.turn(None)
    pumped.pump.turn(0)
    assert pumped.received == b""


def test_a_watched_file_is_reported_until_it_is_unwatched(pumped):
    reader, writer = socket.socketpair()
    ready = []
    with reader, writer:
        pumped.pump.watch(reader.fileno(), select.POLLIN, lambda: ready.append(True))
        writer.send(b"x")
        pumped.pump.turn(SECONDS)
        pumped.pump.unwatch(reader.fileno())
        pumped.pump.unwatch(reader.fileno())
        pumped.pump.turn(0)
    assert ready == [True]


def test_the_end_of_the_stream_comes_after_the_last_bytes(pumped):
    pumped.peer.sendall(b"last words")
    pumped.peer.close_notify()
    pumped.peer.sock.shutdown(socket.SHUT_WR)
    pumped.turn_until(lambda: pumped.pump.ended)
    assert pumped.received == b"last words"
    assert pumped.pump.error is None


def test_bytes_may_leave_after_the_peer_has_ended_its_direction(pumped):
    pumped.peer.close_notify()
    pumped.peer.sock.shutdown(socket.SHUT_WR)
    pumped.turn_until(lambda: pumped.pump.ended)
    pumped.pump.post(b"still here")
    pumped.turn_until(lambda: not pumped.pump.pending)
    assert pumped.sent == b"still here"
    assert pumped.pump.can_write


def test_a_connection_that_breaks_while_sending_can_no_longer_be_written(pumped):
    pumped.wants_more = False
    pumped.peer.sock.close()

    def post():
        pumped.pump.post(b"x")
        return not pumped.pump.can_write

    pumped.turn_until(post)
    assert isinstance(pumped.pump.error, OSError)
    assert pumped.pump.pending


def test_an_error_in_a_callback_is_not_an_error_of_the_connection():
    """A sink that shows sent bytes may find that the reader of stdout has gone."""

    def reader_gone(data):
        raise BrokenPipeError

    with ends("tcp") as (stream, _):
        pump = Pump(stream, bytes, reader_gone)
        pump.post(b"hello")
        with pytest.raises(BrokenPipeError):
            pump.turn(0)
        assert pump.error is None
        assert pump.can_write
        assert pump.bytes_out == 5
        pump.close()
