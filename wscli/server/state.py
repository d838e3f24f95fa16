"""The state that the connections of one server share: options, rooms, clock, open connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from wscli.net.clock import Clock
from wscli.net.url import Url
from wscli.payload.message import Message
from wscli.server.access import AccessRecord, Watcher
from wscli.server.admission import Admission
from wscli.server.endpoints.hub import Rooms
from wscli.server.endpoints.ticks import Epoch
from wscli.server.options import ServeOptions
from wscli.server.script import Script, SlowRule, load_script
from wscli.wire.codes import Opcode

if TYPE_CHECKING:
    from wscli.server.replay import ReplayedServer

_SHOWN = 200  # characters of a message in a warning


class ServedConnection(Protocol):
    """A connection, as the server uses it."""

    access: AccessRecord

    def go_away(self) -> None:
        """Close with 1001, because the server is shutting down."""

    def reset(self) -> None:
        """End TCP at once, with a reset."""


class ServerState:
    """The state of a server, used in its thread only.

    ``address`` is the host and port to connect to: those of the options, with the actual port once
    the server listens. ``clients`` is the number of open WebSockets, and ``connections`` has all
    connections, plain HTTP included.

    Raises:
        UsageError: for a script or a recording that cannot be used.
    """

    def __init__(self, options: ServeOptions, watcher: Watcher) -> None:
        self.options = options
        self.admission = Admission(options)
        self.watcher = watcher
        self.clock = Clock()
        self.epoch = Epoch(self.clock)
        self.rooms = Rooms()
        self.script: Script | None = load_script(options.script) if options.script else None
        self.replay = _load_replay(options)
        self.secure = options.tls or options.cert is not None
        self.address = (options.host, options.port)
        self.clients = 0
        self.ending = False
        # A dict as an ordered set: at the end, connections are closed in the order of their start.
        self.connections: dict[ServedConnection, None] = {}
        self.empty = asyncio.Event()
        self.empty.set()
        self._accepted = 0

    def url(self, target: str = "/") -> Url:
        """Return the URL of a target on this server."""
        return Url(self.secure, *self.address, target)

    def new_record(self, address: str) -> AccessRecord:
        """Return the record of a new connection, numbered from 1."""
        self._accepted += 1
        return AccessRecord(self._accepted, address, self.clock.time(), self.clock.monotonic())

    def report_slow_rule(self, slow: SlowRule) -> None:
        """Warn about a rule whose pattern has blocked the server for all clients."""
        self.watcher.warned(
            f"{slow.rule} of the script takes too long; a client was closed with 1011",
            "avoid a repetition inside a repetition, such as (a|aa)+",
        )

    def report_unmatched(self, address: str, message: Message) -> None:
        """Warn about a message of a client that the recording does not have."""
        shown = message.text if message.opcode == Opcode.TEXT else f"0x{message.payload.hex()}"
        if len(shown) > _SHOWN:
            shown = f"{shown[:_SHOWN]}…"
        what = f"{address} sent a message that the recording does not have: {shown}"
        self.watcher.warned(what, "")

    def join(self, connection: ServedConnection) -> None:
        """Add a connection."""
        self.connections[connection] = None
        self.empty.clear()

    def leave(self, connection: ServedConnection) -> None:
        """Remove a connection that has ended."""
        del self.connections[connection]
        access = connection.access
        self.clients -= access.upgraded
        access.elapsed = self.clock.monotonic() - access.started
        if not self.connections:
            self.empty.set()
        # Last, since the watcher writes, and may fail.
        self.watcher.ended(access)


def _load_replay(options: ServeOptions) -> ReplayedServer | None:
    if not options.replay:
        return None
    from wscli.server.replay import ReplayedServer  # few servers play a recording

    return ReplayedServer(options.replay)
