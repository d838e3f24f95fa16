"""One suite for each kind of stream: TCP, a Unix socket, TLS, and TLS in TLS."""

import contextlib
import select
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from tests.layers import (
    CA,
    CLIENT,
    CONTEXTS,
    KINDS,
    LayeredSocket,
    deadline,
    ends,
    fill,
    running,
    socket_pair,
)
from tests.waiting import wait_until
from wscli.errors import TimedOut
from wscli.net.stream import Stream
from wscli.net.transport import TLSTransport

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def both(kind):
    with ends(kind) as both:
        yield both


@pytest.fixture(params=KINDS[2:])
def secure(request):
    with ends(request.param) as both:
        yield both


def recv(stream, size=1 << 16):
    return stream.read(size, deadline())


def queued(stream):
    """Return how many bytes wait in the kernel, once there are any."""
    deadline().wait(stream, select.POLLIN)
    return len(stream.sock.recv(1 << 16, socket.MSG_PEEK))


def read(stream, count):
    data = b""
    while len(data) < count:
        piece = recv(stream)
        assert piece, "the stream ended early"
        data += piece
    return data


# Reading and writing


@pytest.mark.parametrize("size", [1, 100, 16 << 10, (16 << 10) + 1, 1 << 20])
def test_bytes_of_any_size_arrive_in_both_directions(both, size):
    stream, peer = both
    data = bytes(range(256)) * (size // 256 + 1)
    with running(peer.sendall, data):
        assert read(stream, len(data)) == data
    received = []
    with running(lambda: received.append(peer.read(len(data)))):
        stream.write(data, deadline())
    assert received == [data]
    assert stream.bytes_out == len(data)


def test_a_stream_with_nothing_to_read_does_not_block(both):
    stream, _ = both
    with pytest.raises(BlockingIOError):
        stream.recv(100)


def test_sending_resumes_where_it_stopped_when_the_peer_reads_again(both):
    stream, peer = both
    taken = fill(stream)
    assert 0 < stream.bytes_out <= taken
    with pytest.raises(BlockingIOError):
        stream.send(b"x")
    with running(peer.read, taken):
        stream.write(b"", deadline())
    assert stream.bytes_out == taken


def test_bytes_that_were_put_back_are_received_first(both):
    stream, peer = both
    peer.sendall(b"later")
    stream.put_back(b"second ")
    stream.put_back(b"first ")
    assert recv(stream) == b"first second "
    assert recv(stream) == b"later"


def test_reading_with_a_deadline_sends_unsent_bytes_first(both):
    stream, peer = both
    taken = fill(stream)

    def answer():
        peer.read(taken)
        peer.sendall(b"thanks")

    with running(answer):
        assert recv(stream) == b"thanks"
    assert stream.bytes_out == taken


def test_writing_and_reading_end_at_the_deadline(both):
    stream, _ = both
    with pytest.raises(TimedOut):
        stream.read(100, deadline(0.05))
    with pytest.raises(TimedOut):
        stream.write(bytes(4 << 20), deadline(0.05))


def test_an_incomplete_record_returns_nothing(secure):
    stream, peer = secure
    ciphertext = peer.layers.send(b"hello")
    peer.sock.sendall(ciphertext[:-1])
    wait_until(lambda: queued(stream) >= len(ciphertext) - 1)
    with pytest.raises(BlockingIOError):
        stream.recv(1 << 16)
    peer.sock.sendall(ciphertext[-1:])
    assert recv(stream) == b"hello"


def test_no_decrypted_bytes_stay_where_poll_does_not_see_them(secure):
    stream, peer = secure
    peer.sendall(b"x" * (8 << 10))
    assert read(stream, 8 << 10)
    ciphertext = b"".join(peer.layers.send(b"%d" % digit) for digit in range(10))
    peer.sock.sendall(ciphertext)
    wait_until(lambda: queued(stream) == len(ciphertext))
    assert recv(stream) == b"0123456789"


# Ends


def test_the_end_of_the_stream_is_received_again_and_again(both):
    stream, peer = both
    peer.sendall(b"last words")
    peer.close_notify()
    peer.sock.shutdown(socket.SHUT_WR)
    assert recv(stream) == b"last words"
    assert recv(stream) == recv(stream) == b""
    assert not stream.transport.truncated


def test_an_end_without_close_notify_is_truncated(secure):
    stream, peer = secure
    peer.sendall(b"last words")
    peer.sock.shutdown(socket.SHUT_WR)
    assert recv(stream) == b"last words"
    assert recv(stream) == recv(stream) == b""
    assert stream.transport.truncated


def test_a_reset_is_an_error(kind):
    if kind == "unix":
        pytest.skip("only TCP has one")
    with ends(kind) as (stream, peer):
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.sock.close()
        with pytest.raises(ConnectionResetError):
            read(stream, 1)


def test_bytes_before_a_broken_connection_are_received(both):
    stream, peer = both
    peer.sendall(b"last words")
    peer.sock.shutdown(socket.SHUT_RD)
    peer.sock.shutdown(socket.SHUT_WR)
    select.select([stream], [], [], 20)
    assert recv(stream) == b"last words"
    assert recv(stream) == b""


def test_a_forged_record_is_an_error_after_the_data_before_it(secure):
    stream, peer = secure
    good, bad = peer.layers.send(b"good"), bytearray(peer.layers.send(b"bad"))
    bad[-1] ^= 1
    peer.sock.sendall(good + bad)
    assert recv(stream) == b"good"
    for _ in range(2):
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
            recv(stream)


def test_closing_ends_every_layer_and_the_socket(both):
    stream, peer = both
    with contextlib.suppress(BlockingIOError):
        stream.recv(1 << 16)  # session tickets; unread, they would turn the end into a reset
    stream.close()
    assert peer.recv(100) == b""
    assert all(layer.ended for layer in peer.layers.layers)
    assert peer.sock.recv(100) == b""
    assert stream.fileno() == -1


def test_closing_does_not_wait_for_a_peer_that_does_not_read(both):
    stream, _ = both
    fill(stream)
    stream.close()
    assert stream.fileno() == -1


def test_closing_after_the_peer_has_gone_is_no_error(both):
    stream, peer = both
    peer.sock.close()
    stream.close()
    assert stream.fileno() == -1


# The handshake


def handshake(stream, seconds=20.0):
    stream.secure(TLSTransport(CLIENT, "peer", stream.transport), deadline(seconds))


def test_the_deadline_covers_a_handshake_that_arrives_a_byte_at_a_time():
    ours, theirs = socket_pair("tcp")
    stop = threading.Event()

    def drip():
        peer = LayeredSocket(theirs, CONTEXTS["tls 1.3"])
        peer.layers.receive(theirs.recv(1 << 16))
        with contextlib.suppress(OSError):
            for byte in peer.layers.send():
                theirs.sendall(bytes([byte]))
                if stop.wait(0.01):
                    return

    with ours, theirs, running(drip):
        with pytest.raises(TimedOut, match=r"after 0\.3 s while testing"):
            handshake(Stream(ours), 0.3)
        stop.set()


def test_the_deadline_covers_a_silent_peer():
    ours, theirs = socket_pair("tcp")
    with ours, theirs, pytest.raises(TimedOut):
        handshake(Stream(ours), 0.2)


def test_a_peer_that_ends_during_the_handshake_is_an_error():
    ours, theirs = socket_pair("tcp")
    theirs.close()
    with ours, pytest.raises((ssl.SSLEOFError, ConnectionError)):
        handshake(Stream(ours))


def test_closing_after_a_failed_handshake_sends_the_alert():
    ours, theirs = socket_pair("tcp")
    peer = LayeredSocket(theirs, CONTEXTS["tls 1.3"])
    failures = []

    def shake_hands():
        try:
            peer.shake_hands()
        except ssl.SSLError as error:
            failures.append(error.reason)

    with ours, theirs, running(shake_hands):
        stream = Stream(ours)
        with pytest.raises(ssl.SSLCertVerificationError):
            stream.secure(TLSTransport(ssl.create_default_context(), "peer"), deadline())
        stream.close()
    assert failures == ["TLSV1_ALERT_UNKNOWN_CA"]


def test_bytes_that_a_server_sends_with_its_handshake_are_received():
    """With TLS 1.2 they may arrive in one segment with its Finished."""
    ours, theirs = socket_pair("tcp")
    peer = LayeredSocket(theirs, CONTEXTS["tls 1.2"])

    def serve():
        while not peer.layers.established:
            peer.layers.receive(theirs.recv(1 << 16))
            finished = peer.layers.established
            theirs.sendall(peer.layers.send(b"early" if finished else b""))

    with ours, theirs, running(serve):
        stream = Stream(ours)
        handshake(stream)
        assert recv(stream) == b"early"


@contextlib.contextmanager
def openssl(tmp_path, version):
    """Yield OpenSSL's server, which reads commands from stdin: process, output, and a stream."""
    cert = tmp_path / "cert.pem"
    CA.issue_cert("peer").private_key_and_cert_chain_pem.write_to_path(cert)
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", cert, version]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    ) as server:
        try:
            lines = iter(server.stdout.readline, b"")
            port = next(line for line in lines if line.startswith(b"ACCEPT")).rpartition(b":")[2]
            with socket.create_connection(("127.0.0.1", int(port))) as sock:
                sock.setblocking(False)
                stream = Stream(sock)
                handshake(stream)
                converse(server, lines, stream, b"first")  # it arrives after the session tickets
                yield server, lines, stream
        finally:
            server.kill()


def converse(server, lines, stream, word):
    """Let the server send a word, and answer it."""
    server.stdin.write(word + b"\n")
    assert recv(stream) == word + b"\n"
    stream.write(b"answer to %s\n" % word, deadline())
    assert any(b"answer to " + word in line for line in lines)


def command(server, stream, letter):
    """Type a command, and let the stream read the server's handshake message."""
    server.stdin.write(letter + b"\n")
    deadline().wait(stream, select.POLLIN)
    with pytest.raises(BlockingIOError):
        stream.recv(1 << 16)


@needs_openssl
def test_a_key_update_is_answered(tmp_path):
    """The command K makes the server request one (RFC 8446 §4.6.3)."""
    with openssl(tmp_path, "-tls1_3") as (server, lines, stream):
        for word in (b"hello", b"and", b"goodbye"):
            command(server, stream, b"K")
            converse(server, lines, stream, word)


@needs_openssl
def test_a_renegotiation_holds_back_data_that_is_sent_meanwhile(tmp_path):
    """The command r makes the server request one (RFC 5246 §7.4.1.1)."""
    with openssl(tmp_path, "-tls1_2") as (server, lines, stream):
        before = stream.bytes_out
        command(server, stream, b"r")
        assert stream.send(b"held back\n") == 10
        with pytest.raises(BlockingIOError):
            stream.send(b"")
        assert stream.bytes_out == before
        while not stream.unsent:
            deadline().wait(stream, select.POLLIN)
            with contextlib.suppress(BlockingIOError):
                stream.recv(1 << 16)
        assert any(b"held back" in line for line in flushed(stream, lines))
        assert stream.bytes_out == before + 10
        converse(server, lines, stream, b"hello")


def flushed(stream, lines):
    """Yield the server's output, once the stream has completed the handshake."""
    while stream.unsent:
        stream.write(b"", deadline())
        with contextlib.suppress(BlockingIOError, TimedOut):
            stream.read(1 << 16, deadline(0.5))
    yield from lines
