"""The options of a server, as one value; light, since the command line imports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from wscli.records.connections import RecordedConnection

Mode = Literal["echo", "hub"]
"""The behaviour of every path, instead of the routes."""


Otherwise = Literal["silent", "echo"]
"""What to do with a message that a recording does not have."""


class ServeOptions(NamedTuple):
    """Where and how to serve; all durations are in seconds, all sizes in bytes.

    ``port`` 0 picks a free port. ``mode`` makes every path an echo or a hub, ``script`` names a
    file whose rules answer on every path, and ``replay`` are recorded connections that are played
    on every path; ``otherwise`` applies to a message that they do not have. ``tls`` makes a
    certificate if none is given. ``origins`` are accepted in addition to this machine's and the
    server's own; ``*`` accepts all. ``max_clients`` limits the open WebSockets. ``ping_interval``
    sends keepalive pings. ``queue`` is the most that may wait for a client that is pushed to,
    including the next message.
    """

    # Not reachable from other machines unless somebody asks for it: a test server has no login.
    host: str = "127.0.0.1"
    port: int = 8765
    unix_socket: str | None = None
    mode: Mode | None = None
    script: str | None = None
    replay: Sequence[RecordedConnection] = ()
    otherwise: Otherwise = "silent"
    tls: bool = False
    cert: str | None = None
    key: str | None = None
    origins: tuple[str, ...] = ()
    max_clients: int | None = None
    max_size: int = 16 << 20
    ping_interval: float | None = None
    queue: int = 1 << 20
