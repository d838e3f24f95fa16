"""Open a session of the asyncio API.

Dialling and upgrading block: websocket-client does the upgrade, and both drivers share the code. So
a thread does them, and then the event loop takes over the socket.

Each attempt has a thread of its own, instead of one from the loop's executor. That has few threads,
which a thousand connections would share, and ``asyncio.run`` waits for all of them at its end, even
for one whose host does not answer.

The thread reports to the coroutine through a future. If the coroutine has been cancelled, or its
loop has ended, the new connection has no owner, and is closed as soon as that is found out.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from types import TracebackType
from typing import Any

from wscli.net.clock import Clock
from wscli.net.connect import Connected
from wscli.net.options import ConnectOptions
from wscli.session.asyncio_client import AsyncioClient
from wscli.session.asyncio_session import AsyncSession
from wscli.session.connect import check_options, dial
from wscli.session.log import LogSink
from wscli.session.pipeline import Bus


class Connecting:
    """A connection to be opened: await it, or use it with ``async with``."""

    def __init__(self, url: str, options: ConnectOptions) -> None:
        # Here rather than in the thread: a wrong argument is an error of the call itself, even if
        # its result is never awaited.
        check_options(options)
        self._url = url
        self._options = options

    def __await__(self) -> Generator[Any, None, AsyncSession]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncSession:
        self._session = await self
        return self._session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.__aexit__(kind, error, trace)

    async def _open(self) -> AsyncSession:
        clock, bus = Clock(), Bus([LogSink()])
        started = clock.monotonic()
        connected = await _run(lambda: dial(self._url, self._options, clock, started, bus=bus))
        try:
            _, client = await asyncio.get_running_loop().create_connection(
                lambda: AsyncioClient(connected, self._options, clock, started, bus),
                sock=connected.stream.sock,
            )
        except BaseException:  # a cancellation too: until asyncio has the socket, it is ours
            connected.stream.close()
            raise
        return AsyncSession(client)


async def _run(work: Callable[[], Connected]) -> Connected:
    """Run ``work`` in a thread; if the call is cancelled, the new connection is closed."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Connected] = loop.create_future()

    def run() -> None:
        try:
            connected = work()
        except BaseException as error:  # whatever it is, it belongs to the coroutine that waits
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_fail, result, error)
            return
        try:
            loop.call_soon_threadsafe(_succeed, result, connected)
        except RuntimeError:  # the loop has ended
            connected.stream.close()

    # A daemon thread cannot be stopped while it dials, and must not keep the program from exiting.
    threading.Thread(target=run, name="wscli-connect", daemon=True).start()
    try:
        return await result
    except asyncio.CancelledError:
        # The connection and the cancellation came in the same turn of the loop.
        if not result.cancelled() and result.exception() is None:
            result.result().stream.close()
        raise


# A future is not thread-safe, so these two run in the loop's thread. There it may be done already,
# since a coroutine that is cancelled cancels the future that it awaits.


def _fail(result: asyncio.Future[Connected], error: BaseException) -> None:
    if not result.done():
        result.set_exception(error)


def _succeed(result: asyncio.Future[Connected], connected: Connected) -> None:
    if result.done():
        connected.stream.close()
    else:
        result.set_result(connected)
