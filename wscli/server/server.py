"""The embedded server: listening, with or without TLS, and shutting down.

Shutting down has three steps: no more connections are accepted, open WebSockets are closed with
1001 and have ``_GRACE`` seconds to answer, and the rest is reset.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wscli.errors import ConnectError, UsageError
from wscli.net.url import host_and_port
from wscli.server.access import Watcher
from wscli.server.certificate import make_certificate
from wscli.server.connection import ServerConnection
from wscli.server.gate import HEAD_TIMEOUT
from wscli.server.options import ServeOptions
from wscli.server.state import ServerState

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104
"""Addresses that stand for all of a machine's."""

# Connections that the kernel keeps until they are accepted: a load test opens thousands at once.
_BACKLOG = 4096
# Connections that asyncio accepts in one turn of the loop. When no file is left, each of these
# attempts fails, and asyncio reports as many failures and makes as many timers.
_ACCEPTS = 1
# Seconds for asyncio to end TLS. It counts from the beginning, and would cut off a client that
# reads slowly; the timers of AsyncioStream count from the last byte that the client has read.
_SHUTDOWN_LIMIT = 3600.0
_GRACE = 1.5  # seconds that clients have to answer the last Close


class Server:
    """One server; call ``start`` and ``stop`` in the event loop that it runs in.

    ``certificate`` is the file of the certificate, if one was made for this server.

    Raises:
        UsageError: for a script that cannot be used.
    """

    def __init__(self, options: ServeOptions, watcher: Watcher | None = None) -> None:
        self.options = options
        self.certificate: Path | None = None
        self._state = ServerState(options, watcher or Watcher())
        self._cleanup = ExitStack()

    @property
    def url(self) -> str:
        """The URL to connect to, once it listens."""
        return str(self._state.url())

    @property
    def addresses(self) -> list[str]:
        """The IP addresses on which it listens."""
        if self.options.unix_socket is not None:
            return []
        return [sock.getsockname()[0] for sock in self._listener.sockets]

    async def start(self) -> None:
        """Listen.

        Raises:
            ConnectError: if the address cannot be listened on.
            UsageError: if the certificate cannot be used or made.
        """
        # A failure in a callback ends that connection, and is reported; the others go on.
        asyncio.get_running_loop().set_exception_handler(self._note_failure)
        try:
            await self._listen(self._settings())
        except BaseException:
            self._cleanup.close()
            raise

    async def stop(self) -> None:
        """Close all connections with 1001, and wait a little for the clients to answer."""
        self._listener.close()
        # A TLS handshake that is in progress becomes a connection only later.
        self._state.ending = True
        for connection in tuple(self._state.connections):  # a copy, since some leave at once
            connection.go_away()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._state.empty.wait(), _GRACE)
            self.abort()
            await self._state.empty.wait()
        finally:
            self._cleanup.close()

    def abort(self) -> None:
        """End all connections with a reset, so that ``stop`` need not wait."""
        for connection in tuple(self._state.connections):
            connection.reset()

    async def _listen(self, settings: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        host, port, path = self.options.host, self.options.port, self.options.unix_socket
        if path is not None:
            # asyncio removes a socket that is there, so that a server which crashed does not block
            # the next one. It does so even if a server still listens on it.
            if _is_served(path):
                raise _cannot_listen(path, OSError(errno.EADDRINUSE, "it is served"))
            await self._bind(loop.create_unix_server(self._make_connection, path, **settings), path)
            self._cleanup.callback(_remove, path)
            self._state.address = ("localhost", 443 if self._state.secure else 80)
            return
        listening = loop.create_server(self._make_connection, host, port, **settings)
        await self._bind(listening, host_and_port(host, port))
        self._state.address = (host, self._listener.sockets[0].getsockname()[1])

    async def _bind(self, listening: Coroutine[Any, Any, asyncio.Server], where: str) -> None:
        try:
            self._listener = await listening
            # asyncio has one argument for the kernel's backlog and for its own accepts. Its sockets
            # have no ``listen``, but their duplicates do.
            for each in self._listener.sockets:
                with each.dup() as sock:
                    sock.listen(_BACKLOG)
        except OSError as error:
            raise _cannot_listen(where, error) from None

    def _make_connection(self) -> ServerConnection:
        return ServerConnection(self._state)

    def _settings(self) -> dict[str, Any]:
        if not self._state.secure:
            return {"backlog": _ACCEPTS}
        return {
            "backlog": _ACCEPTS,
            "ssl": self._make_context(),
            "ssl_handshake_timeout": HEAD_TIMEOUT,
            "ssl_shutdown_timeout": _SHUTDOWN_LIMIT,
        }

    def _make_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # So that a client which also offers HTTP/2 learns the choice (RFC 7301 §3.2).
        context.set_alpn_protocols(["http/1.1"])
        cert, key = self.options.cert, self.options.key
        if cert is None:
            folder = Path(self._cleanup.enter_context(TemporaryDirectory(prefix="wscli-")))
            self.certificate, made_key = make_certificate(folder, self._names())
            context.load_cert_chain(self.certificate, made_key)
            made_key.unlink()  # it has been read, and a client needs only the certificate
            return context
        try:
            context.load_cert_chain(cert, key)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"cannot use the certificate in {cert}",
                str(error),
                "a PEM file; --key names the private key where it is in another file",
            ) from None
        return context

    def _names(self) -> list[str]:
        """Return the names and addresses by which clients may reach this server."""
        host = self.options.host
        own = socket.gethostname() if host in WILDCARDS else host
        return list(dict.fromkeys(["localhost", "127.0.0.1", "::1", own]))

    def _note_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._state.watcher.failed(context["message"], context.get("exception"))


def _cannot_listen(where: str, error: OSError) -> ConnectError:
    # asyncio's own sentence has the address in it, which would then be shown twice. Errors of name
    # resolution have negative numbers, and a sentence of their own.
    number = error.errno or 0
    said = os.strerror(number) if number > 0 else error.strerror or str(error)
    taken = "another program listens there: `wscli serve 0` picks a free port"
    hint = taken if number == errno.EADDRINUSE else ""
    return ConnectError(f"cannot listen on {where}: {said.lower()}", hint=hint)


def _is_served(path: str) -> bool:
    # An error, such as a path that is too long, is raised again when the path is bound.
    with socket.socket(socket.AF_UNIX) as sock, suppress(OSError):
        return sock.connect_ex(path) == 0
    return False


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
