"""The embedded server as what a process does, until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
from collections.abc import Callable
from contextlib import suppress

from wscli.errors import ExitStatus
from wscli.server.options import ServeOptions
from wscli.server.server import Server
from wscli.server.visit import Watcher

End = Callable[[ExitStatus], None]
"""Ends a server with an exit status."""

_COLLECT_AFTER = 5000  # objects; asyncio leaves some that hold each other for each connection
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
    gc.set_threshold(_COLLECT_AFTER)
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
        for number in signals:
            loop.remove_signal_handler(number)

    server = Server(options, watcher)
    await server.start()
    for number in signals:
        loop.add_signal_handler(number, end, ExitStatus.of_signal(number))
    try:
        started(server, end)
        return await ended
    finally:
        await server.stop()


def _allow_many_files() -> None:
    """Let this process have as many connections as the system lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems name a limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
