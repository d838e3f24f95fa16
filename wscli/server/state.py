"""What the connections of one server share: options, rooms, time, and the list of who is there."""

from __future__ import annotations

import asyncio
from typing import Protocol

from wscli.net.clock import Clock
from wscli.net.url import Url
from wscli.server.access import AccessRecord, Watcher
from wscli.server.admission import Admission
from wscli.server.endpoints.hub import Rooms
from wscli.server.endpoints.ticks import Epoch
from wscli.server.options import ServeOptions
from wscli.server.script import Script, SlowRule, load_script


class ServedConnection(Protocol):
    """A connection, as the server knows it."""

    access: AccessRecord

    def go_away(self) -> None:
        """Close because the server ends."""

    def reset(self) -> None:
        """End TCP at once."""


class ServerState:
    """The state of a server; ``address`` is the host and port where it listens, once it does.

    Raises:
        UsageError: for a script that cannot be used.
    """

    def __init__(self, options: ServeOptions, watcher: Watcher) -> None:
        self.options = options
        self.admission = Admission(options)
        self.watcher = watcher
        self.clock = Clock()
        self.epoch = Epoch(self.clock)
        self.rooms = Rooms()
        self.script: Script | None = load_script(options.script) if options.script else None
        self.secure = options.tls or options.cert is not None
        self.address = (options.host, options.port)
        self.clients = 0
        self.ending = False
        self.connections: dict[ServedConnection, None] = {}  # in the order in which they came
        self.empty = asyncio.Event()
        self.empty.set()
        self._accesses = 0

    def url(self, target: str = "/") -> Url:
        """Return where to connect to."""
        return Url(self.secure, *self.address, target)

    def begin_access(self, address: str) -> AccessRecord:
        """Return the record of a new connection."""
        self._accesses += 1
        return AccessRecord(self._accesses, address, self.clock.time(), self.clock.monotonic())

    def report_slow_rule(self, slow: SlowRule) -> None:
        """Warn of a script's rule whose search blocks the server for all clients."""
        self.watcher.warned(
            f"{slow.rule} of the script takes too long, and a client was closed with 1011",
            "a pattern without a repetition inside a repetition, such as (a|aa)+",
        )

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
        self.watcher.ended(access)
