"""Ticks at a fixed interval, pushed over WebSocket; over plain HTTP the same ticks can be polled.

A tick is a function of its number and the server's start: all clients get the same ones, and the
server stores none. ``wscli compare`` uses them to compare polling, long polling and WebSocket.
"""

from __future__ import annotations

import math

from wscli.net.clock import Clock
from wscli.server.channel import Channel, Endpoint
from wscli.server.http import compact_json
from wscli.text import iso_time
from wscli.wire.codes import CloseCode, Opcode
from wscli.wire.encoder import encode_unmasked

KEPT = 100
"""The number of past ticks that can be polled."""

LONG_POLL_LIMIT = 25.0
"""Seconds after which a long poll gets an empty list, since many proxies end a request at 30 s."""


class Epoch:
    """The start of a server: seconds since 1970, and the same instant by the monotonic clock.

    The latter keeps ticks regular when the time of day is set.
    """

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
        """Return the number of the latest tick, 0 before the first."""
        elapsed = self._epoch.clock.monotonic() - self._epoch.start
        return math.floor(elapsed / self.interval)

    def seconds_until(self, number: int) -> float:
        """Return the seconds until a tick is due; zero or less if it was due already."""
        # From the start, not from the last tick: delays of single ticks must not add up.
        due = self._epoch.start + number * self.interval
        return due - self._epoch.clock.monotonic()

    def tick(self, number: int) -> dict[str, object]:
        """Return a tick, for JSON; its time is when it was due, not when it is sent."""
        return {"tick": number, "time": iso_time(self._epoch.wall + number * self.interval)}

    def since(self, number: int) -> list[dict[str, object]]:
        """Return the ticks after this one, at most the last ``KEPT``."""
        latest = self.latest()
        first = max(number + 1, latest - KEPT + 1, 1)
        return [self.tick(each) for each in range(first, latest + 1)]


class Ticks(Endpoint):
    """Pushes the ticks as they become due, and closes after ``count`` of them; None for never."""

    compresses = False  # ``channel.push`` sends encoded bytes

    def __init__(self, schedule: TickSchedule, count: int | None) -> None:
        self._schedule = schedule
        self._left = math.inf if count is None else count

    def opened(self, channel: Channel) -> None:
        """Wait for the next tick."""
        super().opened(channel)
        self._await(self._schedule.latest() + 1)

    def _await(self, number: int) -> None:
        self.later(max(0.0, self._schedule.seconds_until(number)), lambda: self._push(number))

    def _push(self, number: int) -> None:
        payload = compact_json(self._schedule.tick(number))
        self.channel.push(encode_unmasked(Opcode.TEXT, [payload]), 1)
        self._left -= 1
        if self._left == 0:
            self.channel.close(CloseCode.NORMAL_CLOSURE)
        elif not self.channel.closing:
            self._await(number + 1)
