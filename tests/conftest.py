"""A clean environment, and servers for the tests."""

import asyncio
import contextlib
import os
import queue
import signal
import threading

import pytest
from coverage import Coverage
from hypothesis import settings
from websockets.sync.server import serve as serve_websockets

from tests.scripted import ScriptedServer
from tests.terminal import Terminal
from wscli.server.access import Watcher
from wscli.server.background import serving
from wscli.server.options import ServeOptions

# An example has no time limit, since any takes long on a busy machine.
settings.register_profile("checks", deadline=None)
settings.register_profile("coverage", max_examples=20, deadline=None)
# With coverage a few examples reach every line, and each takes twice as long.
settings.load_profile("coverage" if Coverage.current() else "checks")


def pytest_configure():
    """Have no signal ignored, as ``nohup`` and a script's ``&`` have it: programs inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    """Let no proxy, TLS or terminal settings leak into a test, and nothing out of it."""
    for name in (
        "http_proxy",
        "https_proxy",
        "ws_proxy",
        "wss_proxy",
        "all_proxy",
        "no_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "SSLKEYLOGFILE",
        "SSL_CERT_FILE",
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "WSCLI_DEBUG",
        "VISUAL",
        "EDITOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("INPUTRC", os.devnull)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def scripted():
    """Return a function that starts a server which follows a script, and gives its URL."""
    with contextlib.ExitStack() as stack:
        yield lambda *scripts, **options: stack.enter_context(ScriptedServer(*scripts, **options))


@pytest.fixture
def websockets_server():
    """Return a function that serves a handler of the websockets package, and gives the URL."""
    with contextlib.ExitStack() as stack:

        def start(handler, **options):
            server = stack.enter_context(serve_websockets(handler, "127.0.0.1", 0, **options))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            scheme = "wss" if options.get("ssl") else "ws"
            return f"{scheme}://127.0.0.1:{server.socket.getsockname()[1]}"

        yield start


@pytest.fixture
def serve():
    """Return a function that starts the embedded server in a thread, and gives it."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(Embedded(**options))


class Embedded:
    """The embedded server while a test runs; its access records and failures are kept.

    ``loop`` is the one that it runs in, from the first WebSocket on.
    """

    def __init__(self, **options):
        self._options = ServeOptions(port=0)._replace(**options)
        self.visits = queue.Queue()
        self.failures = []
        self.warnings = []
        self.sinks = {}

    def __enter__(self):
        watcher = Watcher()
        watcher.ended = self.visits.put
        watcher.sink = self._sink
        watcher.failed = lambda message, error: self.failures.append((message, error))
        watcher.warned = lambda message, hint: self.warnings.append(message)
        self._context = serving(self._options, watcher)
        self._server = self._context.__enter__()
        self.url = self._server.url.rstrip("/")
        self.page = self.url.replace("ws", "http", 1)
        self.certificate = self._server.certificate
        port = self.url.rpartition(":")[2]
        self.address = ("127.0.0.1", int(port)) if port.isdecimal() else None
        return self

    def __exit__(self, *exc):
        self._context.__exit__(*exc)
        assert not self.failures

    def _sink(self, visit):
        self.loop = asyncio.get_running_loop()
        return self.sinks.get(visit.number)

    def stop(self):
        """End it before the test does."""
        self.__exit__(None, None, None)
        self._context = contextlib.nullcontext()

    def visit(self):
        """Wait for the end of a connection, and return its record."""
        return self.visits.get(timeout=20)


def _echo(connection):
    for message in connection:
        connection.send(message)


@pytest.fixture
def echo_url(websockets_server):
    """The URL of an echo server made with the websockets package."""
    return websockets_server(_echo, max_size=None)


@pytest.fixture
def terminal(scripted, websockets_server):
    """Return a function that runs ``wscli`` in a terminal, which ends before the servers do."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(Terminal(*args, **options))


@pytest.fixture
def session(terminal, echo_url):
    """Return a function that starts a session with an echo server, and waits for it to be open."""

    def start(*options, url=echo_url, until="● open", **more):
        opened = terminal("connect", *options, url, **more)
        opened.until(until)
        return opened

    return start


@pytest.fixture
def collecting(session, websockets_server):
    """Return a function that starts a session; it gives that, and a list of what is received.

    The server answers each message with how many it has got.
    """

    def start(*options, **more):
        messages = []

        def collect(connection):
            for message in connection:
                messages.append(message)
                connection.send(f"got {len(messages)}")

        return session(*options, url=websockets_server(collect, max_size=None), **more), messages

    return start
