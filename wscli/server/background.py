"""The embedded server in a thread of its own, for as long as somebody needs it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wscli.server.peer import Peer


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[int]:
    """Serve on a free port, which is what the context gives."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(Peer, host, 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
