"""Run the embedded server in the foreground, until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from wscli.server.access import Watcher
from wscli.server.options import ServeOptions
from wscli.server.server import Server
from wscli.status import ExitStatus

End = Callable[[ExitStatus], None]
"""Ends a server with an exit status."""

_THRESHOLDS = (5000, 2, 2)
"""Thresholds of Python's garbage collector, by generation.

asyncio leaves reference cycles of about 1.1 KiB for each connection. If the connection was open
during a collection, they are in an older generation. With the default thresholds of 10 and 10 that
generation is collected only after tens of thousands of connections, and memory grows until then.
"""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(
    options: ServeOptions, watcher: Watcher, started: Callable[[Server, End], None]
) -> ExitStatus:
    """Serve until Ctrl-C, SIGTERM or SIGHUP; a second one ends it at once. Return the status.

    A signal that is ignored when wscli starts stays ignored: nohup and ``&`` in a script rely on
    that. ``started`` is called when the server listens, with a function that ends it.

    Raises:
        WscliError: if it cannot be started.
    """
    _allow_many_files()
    tune_collector()
    # Ctrl-C while the server starts, before ``_serve`` has its own handlers.
    with suppress(KeyboardInterrupt):
        return asyncio.run(_serve(options, watcher, started))
    return ExitStatus.INTERRUPTED


async def _serve(
    options: ServeOptions, watcher: Watcher, started: Callable[[Server, End], None]
) -> ExitStatus:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[ExitStatus] = loop.create_future()
    signals = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]

    def end(status: ExitStatus) -> None:
        if not ended.done():
            ended.set_result(status)

    def on_signal(number: int) -> None:
        # The second signal: the clients have had their chance to answer Close.
        if ended.done():
            server.abort()
        end(ExitStatus.of_signal(number))

    def note(number: int, _: FrameType | None) -> None:
        # A handler of Python's instead of ``loop.add_signal_handler``: the loop may be blocked in
        # a write of the watcher's, to a log that nobody reads, and would not run its own.
        watcher.interrupted(ExitStatus.of_signal(number))
        loop.call_soon_threadsafe(on_signal, number)

    server = Server(options, watcher)
    await server.start()
    before = {number: signal.signal(number, note) for number in signals}
    try:
        started(server, end)
        return await ended
    finally:
        # The handlers stay until all connections have ended, for a second signal.
        await server.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def tune_collector() -> None:
    """Make Python collect the remains of connections soon, at little cost."""
    gc.set_threshold(*_THRESHOLDS)
    gc.freeze()  # existing objects stay, and need not be scanned


def _allow_many_files() -> None:
    """Raise the limit of open files to the maximum that the system permits."""
    # Each connection is an open file, and many systems start a process with a limit of 1024.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems name a limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
