"""The peers that nobody here wrote, as programs: how each is made ready, and how it is run.

``serve`` prints its port, then ``[code, reason]`` for each connection that has ended, as it saw it;
it ends at the end of stdin. Its paths: /echo; /fragment, which echoes in fragments; /ping, which
pings "are you there" and says when the pong came; /close?code=&reason=.

``client`` reads a line [URL, script, options] for each connection that it is to make, one after the
other. The steps of a script are echo and fragments with [kind, size], ping, close with
[code, reason], and wait for the other side's Close. For each it prints the [code, reason] that it
saw or, if anything was not as it should be, a string that says what; it ends at the end of stdin. A
script has one of echo and fragments, since a program may do either for all its messages. The
options are deflate, no_context_takeover and window_bits.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PEERS = Path(__file__).parent / "peers"
NAMES = ("websockets", "aiohttp", "ws", "gorilla")

CANNOT_FRAGMENT = {"aiohttp"}
"""Peers that send each message in one frame."""


OFFERS = {
    "plain": {"deflate": False, "no_context_takeover": False, "window_bits": None},
    "default": {"deflate": True, "no_context_takeover": False, "window_bits": None},
    "no takeover": {"deflate": True, "no_context_takeover": True, "window_bits": None},
    "small windows": {"deflate": True, "no_context_takeover": False, "window_bits": 9},
}
"""What a client may offer, as its options."""

CANNOT_OFFER = {"aiohttp": {"no takeover"}, "gorilla": {"default", "small windows"}}
"""Clients that have no way to offer this; gorilla/websocket always offers no takeover."""


SMALLER = (0, 1, 125, 126, 65535, 65536)
"""Sizes of messages, with the limits of each form of the length."""

LARGEST = {
    "plain": 10 << 20,
    "default": 10 << 20,
    "no takeover": 1 << 20,
    "small windows": 1 << 20,  # in which zlib takes ten times as long
}
"""The size of the largest message that goes with an offer."""


def make_ready(name, folder):
    """Return the command of a peer, or skip with the reason."""
    if name in ("websockets", "aiohttp"):
        pytest.importorskip(name)
        return [sys.executable, str(PEERS / f"{name}_peer.py")]
    if name == "ws":
        return _make_node_ready(folder)
    return _make_go_ready(folder)


def _make_node_ready(folder):
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    script = folder / "ws_peer.js"
    script.write_bytes((PEERS / "ws_peer.js").read_bytes())
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "ws"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"npm install ws: {done.stderr.decode()[-200:]}")
    return ["node", str(script)]


def _make_go_ready(folder):
    if not shutil.which("go"):
        pytest.skip("go is not installed")
    binary = folder / "gorilla_peer"
    env = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(folder / "cache"),
    }
    command = ["go", "build", "-o", str(binary), str(PEERS / "gorilla_peer.go")]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, env=env)
    if done.returncode:
        pytest.skip(f"gorilla/websocket is not installed: {done.stderr.decode()[-200:]}")
    return [str(binary)]


class Program:
    """A peer that runs until the end of the context."""

    def __init__(self, command, role):
        self._process = subprocess.Popen(
            [*command, role], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self._process.stdout.close()
            self._process.wait()


class Server(Program):
    """A peer that serves."""

    def __init__(self, command):
        super().__init__(command, "serve")
        self.url = f"ws://127.0.0.1:{int(self._process.stdout.readline())}"

    def ended(self):
        """Return [code, reason] of the next connection to have ended, as the peer saw it."""
        return json.loads(self._process.stdout.readline())


class Client(Program):
    """A peer that connects, as often as it is asked to."""

    def __init__(self, command):
        super().__init__(command, "client")

    def run(self, url, script, options):
        """Let it go through a script; return [code, reason] as it saw them."""
        self._process.stdin.write(f"{json.dumps([url, script, options])}\n")
        self._process.stdin.flush()
        seen = json.loads(self._process.stdout.readline())
        assert isinstance(seen, list), seen
        return seen
