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
    # Without a factory the runner would make its loop the current one of this thread, which the
    # caller may use for something else.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        server = Server(options or ServeOptions(port=0), watcher)
        # Started in this thread, so that the server listens, or has raised, before the context
        # begins. From then on the loop belongs to the other thread.
        runner.run(server.start())
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Back to this thread: the runner cleans up the loop when nothing else runs it.
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
