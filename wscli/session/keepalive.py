"""Keepalive: when a session pings by itself, and when silence means that the peer is gone."""

from __future__ import annotations

import os

from wscli.net.clock import Clock


class Keepalive:
    """Ping at an interval, and detect that no byte at all came after a ping.

    Any byte from the peer proves that it is alive, not only the pong: that may wait behind
    megabytes of messages which we are slow to read. ``interval`` and ``timeout`` are in seconds;
    with no interval, or one of 0, nothing is ever due.
    """

    def __init__(self, clock: Clock, interval: float | None, timeout: float | None) -> None:
        self._clock = clock
        self._interval = interval
        self._timeout = timeout
        self._next_ping = clock.monotonic() + interval if interval else None
        self._overdue: float | None = None  # when the oldest ping since the last byte is

    def next_event(self) -> float | None:
        """Return when to look again, by the monotonic clock."""
        times = [time for time in (self._next_ping, self._overdue) if time is not None]
        return min(times, default=None)

    def due_ping(self) -> bytes | None:
        """Return the payload of a ping that is to be sent now."""
        now = self._clock.monotonic()
        if self._next_ping is None or not self._interval or now < self._next_ping:
            return None
        self._next_ping = now + self._interval
        if self._timeout is not None and self._overdue is None:
            self._overdue = now + self._timeout
        return os.urandom(4)

    def heard(self) -> None:
        """Record that bytes have come: they stand for the pongs of all pings so far."""
        self._overdue = None

    def unanswered(self) -> float | None:
        """Return the timeout if it has passed since a ping and nothing has come."""
        overdue = self._overdue is not None and self._clock.monotonic() >= self._overdue
        return self._timeout if overdue else None
