"""Keepalive: pings that a session sends by itself, and what it expects of them."""

from __future__ import annotations

import os

from wscli.net.clock import Clock


class Keepalive:
    """Pings when an interval has passed, and notices when no pong came in time.

    ``interval`` and ``timeout`` are in seconds; without an interval nothing is ever due.
    """

    def __init__(self, clock: Clock, interval: float | None, timeout: float | None) -> None:
        self._clock = clock
        self._interval = interval
        self._timeout = timeout
        self._next_ping = None if interval is None else clock.monotonic() + interval
        self._payload = b""
        self._answer_by: float | None = None

    def next_event(self) -> float | None:
        """Return when to look again, by the monotonic clock."""
        times = [time for time in (self._next_ping, self._answer_by) if time is not None]
        return min(times, default=None)

    def due_ping(self) -> bytes | None:
        """Return the payload of a ping that is to be sent now."""
        now = self._clock.monotonic()
        if self._next_ping is None or self._interval is None or now < self._next_ping:
            return None
        self._next_ping = now + self._interval
        if self._answer_by is None and self._timeout is not None:
            self._payload = os.urandom(4)
            self._answer_by = now + self._timeout
        return self._payload

    def answered(self, payload: bytes) -> None:
        """Take note of a pong."""
        if payload == self._payload:
            self._answer_by = None

    def unanswered(self) -> float | None:
        """Return the timeout that has passed without a pong, if it has."""
        overdue = self._answer_by is not None and self._clock.monotonic() >= self._answer_by
        return self._timeout if overdue else None
