"""Keepalive: when to ping, when silence means that the peer is gone, and round-trip times.

All times are seconds of a monotonic clock, given by the caller.
"""

from __future__ import annotations

import os
from math import inf

from wscli.wire.events import Pong

# Pings that are remembered for their pongs. A peer may answer none, and `ping` may run for days.
_MAX_PINGS = 1000


class Keepalive:
    """Ping at an interval, and detect that no byte at all came after a ping.

    Any byte from the peer proves that it is alive, not only the pong, which may wait behind
    megabytes of messages that we are slow to read. ``interval`` and ``timeout`` are in seconds;
    with no interval, or one of 0, nothing is ever due.
    """

    def __init__(self, interval: float | None, timeout: float | None, now: float) -> None:
        self._interval = interval or inf
        self._timeout = inf if timeout is None else timeout
        self._next_ping = now + self._interval
        self._overdue = inf  # when the timeout of the first ping after the last byte passes

    def deadline(self) -> float | None:
        """Return when something is due next."""
        time = min(self._next_ping, self._overdue)
        return None if time == inf else time

    def ping_due(self, now: float) -> bytes | None:
        """Return the payload of the ping to send now, or None if none is due."""
        if now < self._next_ping:
            return None
        # From now and not from the last due time: after a suspended laptop wakes up, one ping is
        # sent, not one for each interval that it slept.
        self._next_ping = now + self._interval
        # ``min``: an interval shorter than the timeout must not postpone the end for ever.
        self._overdue = min(self._overdue, now + self._timeout)
        # Random, so that a pong cannot be taken for the answer to another ping.
        return os.urandom(4)

    def heard(self) -> None:
        """Record that bytes have arrived: they count as pongs for all pings so far."""
        self._overdue = inf

    def unanswered(self, now: float) -> float | None:
        """Return the timeout if it has passed since a ping without a byte from the peer."""
        return self._timeout if now >= self._overdue else None


class SentPing:
    """A ping of ours: when it was sent, and its round-trip time in seconds once it is answered."""

    __slots__ = ("payload", "rtt", "time")

    def __init__(self, payload: bytes, time: float) -> None:
        self.payload = payload
        self.time = time
        self.rtt: float | None = None


class PingsInFlight:
    """Match pongs with our pings.

    A pong answers the oldest ping in flight with the same payload. It also answers the pings before
    that one: a peer that has not answered them yet may send a pong for the most recent ping only
    (RFC 6455 §5.5.3). If two pings have the same payload and the peer sends one pong, the later
    ping stays unanswered, since the pong does not tell which of them it answers.
    """

    def __init__(self) -> None:
        self._pings: list[SentPing] = []

    def send(self, payload: bytes, now: float) -> SentPing:
        """Record a ping; its ``rtt`` is set when it is answered."""
        ping = SentPing(payload, now)
        self._pings.append(ping)
        del self._pings[:-_MAX_PINGS]
        return ping

    def receive(self, pong: Pong, now: float) -> Pong:
        """Return a pong with its ``rtt``, if it answers a ping of ours."""
        payloads = [ping.payload for ping in self._pings]
        if pong.payload not in payloads:
            # "A Pong frame MAY be sent unsolicited. This serves as a unidirectional heartbeat"
            # (§5.5.3), so it is no error.
            return pong
        count = payloads.index(pong.payload) + 1
        answered, self._pings = self._pings[:count], self._pings[count:]
        for ping in answered:
            ping.rtt = now - ping.time
        return pong._replace(rtt=answered[-1].rtt)
