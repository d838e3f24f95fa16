"""What the benchmarks share: servers in processes of their own, and a client that costs little."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

from wscli.wire.codes import Opcode
from wscli.wire.encoder import encode_masked

UPGRADE = (
    "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@contextlib.contextmanager
def serving(name):
    """Run a server in a process of its own; give its port and the process."""
    commands = {
        "wscli": [sys.executable, "-m", "wscli", "serve", "0", "--json"],
        "websockets": [sys.executable, str(Path(__file__).with_name("websockets_server.py"))],
    }
    with subprocess.Popen(commands[name], stdout=subprocess.PIPE) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            _drain(process.stdout)
            yield int(url.rstrip("/").rpartition(":")[2]), process
        finally:
            process.terminate()


def _drain(stream):
    """Let the access log go nowhere, so that the server never waits for a reader."""
    subprocess.Popen(["cat"], stdin=stream, stdout=subprocess.DEVNULL)


def connect(port, path):
    """Return a socket that has been upgraded."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(UPGRADE.format(path).encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += sock.recv(1)
    return sock


def text_frames(payloads):
    """Encode text messages as a client does."""
    return encode_masked(Opcode.TEXT, payloads)


def exchange(sock, data, expected):
    """Send all of ``data`` while reading, until so many bytes have come."""
    sock.setblocking(False)
    poll = select.poll()
    rest = memoryview(data)
    while expected > 0:
        poll.register(sock, select.POLLIN | (select.POLLOUT if rest else 0))
        events = poll.poll(10_000)[0][1]
        if events & select.POLLIN:
            expected -= len(sock.recv(1 << 18))
        if rest and events & select.POLLOUT:
            rest = rest[sock.send(rest) :]
    sock.setblocking(True)


def resident(process):
    """Return the bytes of memory that a process holds."""
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def open_files(process):
    """Return how many file descriptors a process has open."""
    return len(os.listdir(f"/proc/{process.pid}/fd"))
