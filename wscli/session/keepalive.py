"""Keepalive: pings that a session sends by itself, and what it expects of them."""

from __future__ import annotations

import os
from collections import deque

from wscli.net.clock import Clock


class Keepalive:
    """Pings when an interval has passed, and notices when no pong came in time.

    ``interval`` and ``timeout`` are in seconds; with no interval, or one of 0, nothing is ever due.
    """

    def __init__(self, clock: Clock, interval: float | None, timeout: float | None) -> None:
        self._clock = clock
        self._interval = interval
        self._timeout = timeout
        self._next_ping = clock.monotonic() + interval if interval else None
        self._awaited: deque[tuple[bytes, float]] = deque()  # payload, and when a pong is overdue

    def next_event(self) -> float | None:
        """Return when to look again, by the monotonic clock."""
        times = [self._awaited[0][1]] if self._awaited else []
        times += [] if self._next_ping is None else [self._next_ping]
        return min(times, default=None)

    def due_ping(self) -> bytes | None:
        """Return the payload of a ping that is to be sent now."""
        now = self._clock.monotonic()
        if self._next_ping is None or not self._interval or now < self._next_ping:
            return None
        self._next_ping = now + self._interval
        payload = os.urandom(4)
        if self._timeout is not None:
            self._awaited.append((payload, now + self._timeout))
        return payload

    def answered(self, payload: bytes) -> None:
        """Take note of a pong: it also stands for the pings before its own (RFC 6455 §5.5.3)."""
        if any(awaited == payload for awaited, _ in self._awaited):
            while self._awaited.popleft()[0] != payload:
                pass

    def unanswered(self) -> float | None:
        """Return the timeout that has passed without a pong, if it has."""
        overdue = self._awaited and self._clock.monotonic() >= self._awaited[0][1]
        return self._timeout if overdue else None
