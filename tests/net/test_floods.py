"""Peers that never stop sending: every wait ends at the deadline, and memory is bounded."""

import contextlib
import signal
import socket
import threading
import time

import pytest

from tests.program import call, start
from wscli.errors import TimedOut
from wscli.net.clock import Clock, Deadline
from wscli.net.stream import Stream
from wscli.net.tap import EndlessInterim, Tap
from wscli.wire.head import MAX_FRAMING, MAX_HEAD, Body, parse_response

EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED = b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"


def flood(piece, first=b""):
    """Return a script that sends ``first``, and then ``piece`` until the client leaves."""

    def script(peer):
        peer.read_request()
        peer.send(first)
        while True:
            peer.send(piece * (1 + 65536 // len(piece)))

    return script


@contextlib.contextmanager
def flooded(piece):
    """Yield a stream that always has ``piece`` to read once more."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)

    def pour():
        with contextlib.suppress(OSError):
            while True:
                theirs.sendall(piece * 1000)

    thread = threading.Thread(target=pour)
    thread.start()
    with ours, theirs:
        yield Stream(ours)
        ours.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize("head", [EARLY_HINTS, CONTINUE])
def test_endless_interim_responses_are_given_up(scripted, head):
    result = call("listen", scripted(flood(head)).url)
    assert (result.status, result.out) == (5, b"")
    assert "sends only interim responses (1xx) and no final one" in result.err
    assert "longer than 65,536 bytes" in result.err


def test_all_interim_responses_share_one_limit():
    with flooded(EARLY_HINTS) as stream:
        tap = Tap(stream, Deadline(Clock(), 10, "testing"))
        with pytest.raises(EndlessInterim):
            tap.read_head()
        assert len(tap.received) < 2 * MAX_HEAD


def test_interim_responses_up_to_the_limit_are_accepted(scripted):
    def script(peer):
        peer.read_request()
        peer.send(EARLY_HINTS * (MAX_HEAD // len(EARLY_HINTS)) + peer.response_101())
        peer.text("then this")
        peer.close()
        peer.expect_close()

    result = call("listen", scripted(script).url)
    assert (result.status, result.out) == (0, b"then this\n")


def slow_hints(peer):
    peer.read_request()
    while True:
        peer.send(EARLY_HINTS)
        time.sleep(0.02)


def test_slow_interim_responses_end_at_the_deadline(scripted):
    result = call("listen", "--connect-timeout", "500ms", scripted(slow_hints).url)
    assert result.status == 6
    assert "timed out after 0.5 s while waiting for" in result.err


def test_a_signal_ends_the_wait_for_a_final_response(scripted):
    server = scripted(slow_hints)
    process = start("listen", server.url)
    while not server.connections:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM


def test_the_deadline_holds_for_a_peer_that_always_has_more_to_send():
    response = parse_response(CHUNKED)
    with flooded(b"1\r\nx\r\n") as stream, pytest.raises(TimedOut, match="while testing"):
        Tap(stream, Deadline(Clock(), 0.3, "testing")).read_rest(Body(response, 1 << 40))


@pytest.mark.parametrize(
    ("start_of_body", "piece"),
    [(b"5\r\nhello\r\n5;", b"x"), (b"5\r\nhello\r\n0\r\n", b"Name: value\r\n")],
    ids=["chunk line", "trailer section"],
)
def test_endless_framing_ends_the_body_of_a_refusal(scripted, start_of_body, piece):
    result = call("listen", scripted(flood(piece, CHUNKED + start_of_body)).url)
    assert result.status == 5
    assert "answered 403 Forbidden" in result.err
    assert "\n  hello\n" in result.err


def test_endless_framing_is_read_in_bounded_memory():
    with flooded(b"x") as stream:
        tap = Tap(stream, Deadline(Clock(), 10, "testing"))
        tap.read_rest(Body(parse_response(CHUNKED), 100))
        assert len(tap.received) < 4 * MAX_FRAMING


def test_endless_interim_responses_of_a_proxy_are_an_error(scripted):
    proxy = scripted(flood(CONTINUE))
    result = call("listen", "--proxy", f"http://{proxy.address}", "ws://192.0.2.1/")
    assert result.status == 3
    assert "did not answer CONNECT as an HTTP proxy does" in result.err
    assert "its interim responses are longer than 65,536 bytes" in result.err


def test_slow_interim_responses_of_a_proxy_end_at_the_deadline(scripted):
    proxy = scripted(slow_hints)
    options = ["--connect-timeout", "500ms", "--proxy", f"http://{proxy.address}"]
    result = call("listen", *options, "ws://192.0.2.1/")
    assert result.status == 6
    assert "waiting for the proxy" in result.err
