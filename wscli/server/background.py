"""Run the embedded server in a thread of its own, while a context lasts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wscli.server.access import Watcher
from wscli.server.options import ServeOptions
from wscli.server.server import Server


@contextmanager
def serving(
    options: ServeOptions | None = None, watcher: Watcher | None = None
) -> Iterator[Server]:
    """Serve on a free loopback port, unless the options say otherwise."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        server = Server(options or ServeOptions(port=0), watcher)
        runner.run(server.start())
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
