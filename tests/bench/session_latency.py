"""Measures the interactive session: how fast it starts, and how soon a key shows under load.

Run it with ``python -m tests.bench.session_latency [RATE]``. A terminal that only reads stands in
for the user's: what is measured is the time from a key to the first byte of its echo, while a
server in another process pushes RATE messages a second (5,000 unless given).
"""

import contextlib
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from tests.terminal import Terminal

KEYS = 200
PAUSE = 0.05  # seconds between keys, and a random part of it more
STARTS = 11
IMPORTS = "import prompt_toolkit, click, websocket"


def push(connection):
    """Push as many messages a second as the path says, half of them JSON."""
    rate = int(connection.request.path.strip("/"))
    began, count = time.monotonic(), 0
    with contextlib.suppress(ConnectionClosed):
        while rate:
            while count < (time.monotonic() - began) * rate:
                count += 1
                quote = {"seq": count, "symbol": "ABC", "price": 12.5}
                connection.send(json.dumps(quote) if count % 2 else f"tick {count}, plain text")
            time.sleep(0.002)
        connection.recv()


def run_server(port):
    with serve(push, "127.0.0.1", 0, compression=None) as server:
        port.send(server.socket.getsockname()[1])
        server.serve_forever()


@contextlib.contextmanager
def pushing():
    """Give the address of a server in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=run_server, args=(theirs,), daemon=True)
    process.start()
    yield f"ws://127.0.0.1:{ours.recv()}"
    process.terminate()
    process.join()


class Reader(Terminal):
    """Reads what the program writes in a thread, and looks for one mark in it."""

    def __init__(self, *args):
        program = os.path.join(os.path.dirname(sys.executable), "wscli")
        super().__init__(command=[program, *args], rows=50, columns=120)
        self.bytes = 0
        self._mark, self._seen = b"", threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        tail = b""
        with contextlib.suppress(OSError):
            while data := os.read(self._child.child_fd, 65536):
                self.bytes += len(data)
                window = tail + data
                tail = window[-64:]
                if self._mark and self._mark in window:
                    self.moment, self._mark = time.perf_counter(), b""
                    self._seen.set()

    def time_to(self, mark, do):
        """Return the seconds from what is done until a mark is written."""
        self._seen.clear()
        self._mark = mark
        began = time.perf_counter()
        do()
        assert self._seen.wait(20), f"{mark!r} was never written"
        return self.moment - began


def key_latencies(url):
    """Return the seconds that each of many keys took to show."""
    terminal = Reader("connect", "--no-history", url)
    terminal.time_to(b"open", lambda: None)
    time.sleep(2)
    began, before = time.monotonic(), terminal.bytes
    latencies = []
    for _ in range(KEYS):
        # A character that no push contains, drawn in the prompt.
        latencies.append(terminal.time_to(b"@", lambda: terminal.type("@")))
        terminal.press("backspace")
        time.sleep(PAUSE * (1 + random.random()))  # noqa: S311
    rate = (terminal.bytes - before) / (time.monotonic() - began)
    terminal.press("ctrl-c", "ctrl-d")
    return latencies, rate


def start_ratios(url):
    """Return how many times as long as its imports a start takes, to a prompt that is open."""
    ratios = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", IMPORTS], check=True)
        imports = time.perf_counter() - began
        began = time.perf_counter()
        terminal = Reader("connect", "--no-history", url)
        terminal.time_to("● open".encode(), lambda: None)
        ratios.append((time.perf_counter() - began) / imports)
        terminal.press("ctrl-d")
    return ratios


def main():
    rate = sys.argv[1] if len(sys.argv) > 1 else "5000"
    os.environ |= {"TERM": "xterm-256color", "XDG_STATE_HOME": tempfile.mkdtemp()}
    with pushing() as url:
        ratios = start_ratios(f"{url}/0")
        print(f"start to open prompt: {statistics.median(ratios):.2f} times `{IMPORTS}`")
        for pushes in ("0", rate):
            latencies, written = key_latencies(f"{url}/{pushes}")
            ordered = sorted(1000 * latency for latency in latencies)
            p95 = ordered[int(0.95 * len(ordered))]
            print(
                f"key to echo at {pushes} pushes/s: median {statistics.median(ordered):.1f} ms, "
                f"95% {p95:.1f} ms, worst {ordered[-1]:.1f} ms; {written / 1000:.0f} kB/s drawn"
            )


if __name__ == "__main__":
    main()
