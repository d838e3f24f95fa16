"""A clean environment, and servers for the tests."""

import contextlib
import threading

import pytest
from websockets.sync.server import serve as serve_websockets

from tests.scripted import ScriptedServer


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    """Let no proxy, TLS or terminal settings of the machine leak into a test."""
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
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


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


def _echo(connection):
    for message in connection:
        connection.send(message)


@pytest.fixture
def echo_url(websockets_server):
    """The URL of an echo server made with the websockets package."""
    return websockets_server(_echo, max_size=None)
