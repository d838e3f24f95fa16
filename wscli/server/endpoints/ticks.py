"""The feed: a tick each interval, pushed over WebSocket, and the same ticks for who polls.

The ticks are a function of time, alike for all who ask: nothing is kept, whoever comes or goes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wscli.net.clock import Clock
from wscli.server.endpoints.endpoint import Endpoint
from wscli.server.http import compact_json
from wscli.text import iso_time
from wscli.wire.codes import CloseCode, Opcode
from wscli.wire.runs import encode_unmasked

if TYPE_CHECKING:
    from wscli.server.channel import Channel

KEPT = 100
"""How many ticks back one can poll."""

PATIENCE = 25.0
"""Seconds after which a long poll is answered with nothing: proxies end what is silent longer."""


class Epoch:
    """When time began for a server: by the wall, and by the clock that never goes back."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.wall = clock.time()
        self.start = clock.monotonic()


class TickSchedule:
    """The ticks of one interval: tick 1 is due one interval after the server's start."""

    def __init__(self, epoch: Epoch, interval: float) -> None:
        self._epoch = epoch
        self.interval = interval

    def latest(self) -> int:
        """Return the number of the last tick that was due, 0 before the first."""
        elapsed = self._epoch.clock.monotonic() - self._epoch.start
        return math.floor(elapsed / self.interval)

    def seconds_until(self, number: int) -> float:
        """Return how long it is until a tick is due; not above zero where it was."""
        due = self._epoch.start + number * self.interval
        return due - self._epoch.clock.monotonic()

    def tick(self, number: int) -> dict[str, object]:
        """Return a tick; its time is when it was due."""
        return {"tick": number, "time": iso_time(self._epoch.wall + number * self.interval)}

    def since(self, number: int) -> list[dict[str, object]]:
        """Return the ticks after this one, as far back as one can poll."""
        latest = self.latest()
        first = max(number + 1, latest - KEPT + 1, 1)
        return [self.tick(each) for each in range(first, latest + 1)]


class Ticks(Endpoint):
    """Pushes the ticks as they become due, and closes after ``count`` of them."""

    compresses = False

    def __init__(self, feed: TickSchedule, count: int) -> None:
        self._feed = feed
        self._left = count

    def opened(self, channel: Channel) -> None:
        """Wait for the next tick."""
        super().opened(channel)
        self._await(self._feed.latest() + 1)

    def _await(self, number: int) -> None:
        self.later(max(0.0, self._feed.seconds_until(number)), lambda: self._push(number))

    def _push(self, number: int) -> None:
        payload = compact_json(self._feed.tick(number))
        self.channel.push(encode_unmasked(Opcode.TEXT, [payload]), 1)
        self._left -= 1
        if self._left == 0:
            self.channel.close(CloseCode.NORMAL_CLOSURE)
        elif not self.channel.closing:
            self._await(number + 1)
