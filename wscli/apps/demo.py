"""``demo:`` URLs: the embedded server, on a free loopback port, while a command runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

SCHEME = "demo:"


@contextmanager
def resolve(url: str) -> Iterator[str]:
    """Yield the URL to connect to; for ``demo:PATH`` a server runs until the context ends."""
    if not url.startswith(SCHEME):
        yield url
        return
    from wscli.server.background import serving  # imports asyncio, which other URLs do not need

    path = url.removeprefix(SCHEME)
    # A port that the system chooses, so that several commands can run at once. The connection goes
    # through TCP and HTTP as to any other server, so a demo shows nothing that is not real.
    with serving() as server:
        yield server.url + path.lstrip("/")
