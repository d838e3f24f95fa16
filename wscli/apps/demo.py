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
    from wscli.server.background import serving

    path = url.removeprefix(SCHEME)
    with serving() as server:
        yield server.url + path.lstrip("/")
