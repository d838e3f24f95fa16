"""Signals and time limits end wscli, whatever the peer and the reader of stdout do."""

import contextlib
import fcntl
import os
import re
import signal
import socket
import sys
import termios
import threading
import time
from subprocess import DEVNULL, STDOUT

import pytest

from tests.program import start, wscli
from tests.terminal import PTY_BUFFER
from tests.waiting import wait_until

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
SIGNALS = pytest.mark.parametrize("number", STATUS, ids=lambda number: number.name)
SOON = 15  # seconds: far more than --close-timeout, and far less than for ever


def flood(serve):
    """Return the URL of a feed that does not end."""
    return f"{serve().url}/push?n=100000000&size=64"


def wait_until_still(figure):
    """Wait until a growing number stops growing."""
    seen = [0]

    def is_still():
        seen.append(figure())
        return seen[-1] > 0 and len(set(seen[-20:])) == 1

    wait_until(is_still)


def wait_until_stalled(pipe):
    """Wait until wscli blocks, since nobody reads from its pipe."""

    def unread():
        return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)

    wait_until_still(unread)


@SIGNALS
def test_a_signal_ends_a_command_whose_stdout_is_not_read(serve, number):
    with start("listen", "--close-timeout", "1s", flood(serve)) as process:
        wait_until_stalled(process.stdout)
        process.send_signal(number)
        assert process.wait(SOON) == STATUS[number]
        assert (
            "gave up writing to the output: its reader has stopped or is too slow"
            in process.stderr.read().decode()
        )


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["listen", "--for", "300ms"], 0),
        (["send", "-n", "100000000", "--timeout", "300ms"], 6),
        (["send", "-n", "100000000", "--timeout", "300ms", "--json", "-vv"], 6),
    ],
    ids=["listen --for", "send --timeout", "send --timeout --json -vv"],
)
def test_a_time_limit_ends_a_command_whose_stdout_is_not_read(serve, command, status):
    with start(*command, "--close-timeout", "1s", flood(serve)) as process:
        assert process.wait(SOON) == status
        assert b"gave up writing to the output" in process.stderr.read()


def test_a_time_limit_ends_a_command_whose_stdout_is_a_full_pipe(scripted):
    def script(peer):
        peer.accept(then=b"\x81\x05hello")
        peer.expect_close()
        peer.close()

    reader, writer = os.pipe()
    os.write(writer, bytes(65536))
    url = scripted(script).url
    with start("listen", "--for", "100ms", "--close-timeout", "1s", url, stdout=writer) as process:
        assert process.wait(SOON) == 0
    os.close(reader)
    os.close(writer)


def test_the_peer_gets_1001_when_stdout_is_not_read(scripted):
    closes = []

    def script(peer):
        peer.accept()
        peer.text(*["x" * 1000] * 200)
        closes.append(peer.expect_close())
        peer.close(1001)

    server = scripted(script)
    with start("listen", "--close-timeout", "1s", server.url) as process:
        wait_until_stalled(process.stdout)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 143
    server.finish()
    assert closes[0].code == 1001


def test_a_reader_that_continues_gets_whole_lines(serve):
    with start("listen", "--close-timeout", "20s", flood(serve)) as process:
        wait_until_stalled(process.stdout)
        process.send_signal(signal.SIGTERM)
        output = process.stdout.read()
        assert process.wait(SOON) == 143
    lengths = {len(line) for line in output.split(b"\n")[:-1]}
    assert lengths == {64}
    assert output.endswith(b"\n")


def test_a_signal_ends_a_command_whose_stderr_is_not_read(serve):
    with start("listen", "-vvv", "--close-timeout", "1s", flood(serve), stdout=DEVNULL) as process:
        wait_until_stalled(process.stderr)
        process.send_signal(signal.SIGINT)
        assert process.wait(SOON) == 130


def test_a_signal_ends_a_command_whose_stdout_and_stderr_are_not_read(serve):
    options = ["-vv", "--close-timeout", "1s"]
    with start("listen", *options, flood(serve), stderr=STDOUT) as process:
        wait_until_stalled(process.stdout)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 143


def test_a_signal_ends_a_command_at_a_stopped_terminal(terminal, serve):
    listening = terminal("listen", "--close-timeout", "1s", flood(serve))
    wait_until(lambda: listening.unread >= PTY_BUFFER)
    listening.signal(signal.SIGHUP)
    wait_until(lambda: listening.has_exited)
    assert listening.ended() == 129


@pytest.fixture
def slow_reader(scripted):
    """A server that reads ``chunk`` bytes 50 times a second until the test ends.

    ``peers`` has its connection, ``size`` is what it has read.
    """
    done = threading.Event()

    def script(peer):
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        peer.accept()
        server.peers.append(peer)
        while not done.wait(0.02):
            server.size += len(peer.sock.recv(server.chunk))

    server = scripted(script)
    server.peers, server.size, server.chunk = [], 0, 1500
    yield server
    done.set()


@pytest.fixture
def lines(tmp_path):
    """A file of lines that is larger than the buffers of the kernel and wscli."""
    path = tmp_path / "lines"
    path.write_bytes((b"x" * 1000 + b"\n") * 30_000)
    with path.open("rb") as file:
        yield file


def wait_until_not_read_on(file):
    """Wait until wscli reads no more of its stdin, since too much waits to be sent."""
    wait_until_still(lambda: os.lseek(file.fileno(), 0, os.SEEK_CUR))


PIPE = ["pipe", "--no-compress", "--close-timeout", "2s"]


def test_a_signal_ends_a_closing_handshake_that_the_peer_prolongs(slow_reader, lines):
    with start(*PIPE, "-n", "1", slow_reader.url, stdin=lines) as process:
        wait_until_not_read_on(lines)
        slow_reader.peers[0].text("the one message that is waited for")
        assert process.stdout.readline()
        time.sleep(3)  # longer than --close-timeout: the peer reads, so it is not given up
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(SOON) == 130


@pytest.fixture
def large(tmp_path):
    """The argument for a message of 60 MiB, which takes half a minute at 2 MB a second."""
    path = tmp_path / "large"
    path.write_bytes(bytes(60 << 20))
    return f"@{path}"


SEND = ["send", "--no-compress", "--close-timeout", "2s", "-b"]


@SIGNALS
def test_a_signal_ends_a_command_whose_peer_reads_slowly(slow_reader, large, number):
    slow_reader.chunk = 40_000
    with start(*SEND, "--timeout", "1h", slow_reader.url, large) as process:
        wait_until(lambda: slow_reader.size > 1 << 20)
        process.send_signal(number)
        assert process.wait(SOON) == STATUS[number]


def test_a_timeout_ends_a_command_whose_peer_reads_slowly(slow_reader, large):
    slow_reader.chunk = 40_000
    assert wscli(*SEND, "--timeout", "500ms", slow_reader.url, large, timeout=SOON).status == 6


def never_answer(peer):
    peer.accept()
    peer.wait_for_end()


def test_a_second_signal_ends_a_command_at_once(scripted):
    with start("listen", "-v", "--close-timeout", "1h", scripted(never_answer).url) as process:
        while b"open after" not in process.stderr.readline():
            pass

        def has_ended_after_another():
            process.send_signal(signal.SIGINT)
            return process.poll() is not None

        wait_until(has_ended_after_another)
        assert process.returncode == 130


def test_a_signal_that_comes_twice_at_the_same_time_counts_once(scripted):
    # timeout(1) sends it to the process, and then to the process group that the process is in.
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())
        peer.close()

    server = scripted(script)
    with start("listen", "-v", server.url) as process:
        while b"open after" not in process.stderr.readline():
            pass
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.001)
        assert process.wait(SOON) == 143
    server.finish()
    assert closes[0].code == 1000


@pytest.mark.parametrize("log", [["--json"], []], ids=["--json", "stderr"])
def test_a_signal_ends_a_server_whose_log_is_not_read(log):
    with start("serve", *log, "0") as process:
        stream = process.stdout if log else process.stderr
        port = int(re.search(rb"ws://127\.0\.0\.1:(\d+)", stream.readline())[1])
        request = b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % (
            b"x" * 8000
        )
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                client.sendall(request)
            wait_until_stalled(stream)
            process.send_signal(signal.SIGTERM)
            assert process.wait(SOON) == 143
