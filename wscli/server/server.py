"""The embedded server: where it listens, with or without TLS, and how it ends."""

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

_BACKLOG = 4096  # connections that the kernel keeps until they are accepted
_ACCEPTS = 1  # in one turn of the loop; asyncio reports as many failures when there is no file left
_SHUTDOWN_LIMIT = (
    3600.0  # seconds for asyncio to end TLS, which each ServerConnection ends in its own time
)
_GRACE = 1.5  # seconds that clients have to answer the last Close


class Server:
    """One server: begins with ``start``, ends with ``stop``, both in the loop that it runs in.

    ``certificate`` is the file of a certificate that was made on the spot.

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
        """Where to connect to, once it listens."""
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
            ConnectError: if that cannot be done there.
            UsageError: for a certificate that cannot be used or made.
        """
        asyncio.get_running_loop().set_exception_handler(self._note_failure)
        try:
            await self._listen(self._settings())
        except BaseException:
            self._cleanup.close()
            raise

    async def stop(self) -> None:
        """Close all connections with 1001, and wait a little for the clients to answer."""
        self._listener.close()
        self._state.ending = True
        for connection in tuple(self._state.connections):
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
            if _is_served(path):  # asyncio would take it over
                raise _cannot_listen(path, OSError(errno.EADDRINUSE, "it is served"))
            await self._bind(loop.create_unix_server(self._meet, path, **settings), path)
            self._cleanup.callback(_remove, path)
            self._state.address = ("localhost", 443 if self._state.secure else 80)
            return
        listening = loop.create_server(self._meet, host, port, **settings)
        await self._bind(listening, host_and_port(host, port))
        self._state.address = (host, self._listener.sockets[0].getsockname()[1])

    async def _bind(self, listening: Coroutine[Any, Any, asyncio.Server], where: str) -> None:
        try:
            self._listener = await listening
            for each in self._listener.sockets:
                with each.dup() as sock:
                    sock.listen(_BACKLOG)  # asyncio has one number for this and for _ACCEPTS
        except OSError as error:
            raise _cannot_listen(where, error) from None

    def _meet(self) -> ServerConnection:
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
        context.set_alpn_protocols(["http/1.1"])
        cert, key = self.options.cert, self.options.key
        if cert is None:
            folder = Path(self._cleanup.enter_context(TemporaryDirectory(prefix="wscli-")))
            self.certificate, made_key = make_certificate(folder, self._names())
            context.load_cert_chain(self.certificate, made_key)
            made_key.unlink()
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
    # asyncio puts the address into its own sentence, where it would be there twice.
    number = error.errno or 0
    said = os.strerror(number) if number > 0 else error.strerror or str(error)
    taken = "another server is there: `wscli serve 0` takes a port that is free"
    hint = taken if number == errno.EADDRINUSE else ""
    return ConnectError(f"cannot listen on {where}: {said.lower()}", hint=hint)


def _is_served(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as sock, suppress(OSError):  # binding raises it again
        return sock.connect_ex(path) == 0
    return False


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
