"""Pings and pongs of a session: round trips of ours, answers to the peer's."""

from __future__ import annotations

from wscli.net.clock import Clock
from wscli.wire.events import Pong

_MAX_PINGS = 1000  # pings without a pong that are remembered


class SentPing:
    """A ping of ours: when it was sent, by the monotonic clock, and its round trip in seconds."""

    __slots__ = ("rtt", "time")

    def __init__(self, time: float) -> None:
        self.time = time
        self.rtt: float | None = None


class Pings:
    """Times our pings."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: dict[bytes, SentPing] = {}

    def send(self, payload: bytes) -> SentPing:
        """Take note of a ping; its ``rtt`` is there when its pong is."""
        while len(self._sent) >= _MAX_PINGS:
            del self._sent[next(iter(self._sent))]
        ping = self._sent[payload] = SentPing(self._clock.monotonic())
        return ping

    def receive(self, pong: Pong) -> Pong:
        """Return a pong with its ``rtt``, where it answers a ping of ours."""
        ping = self._sent.pop(pong.payload, None)
        if ping is None:
            return pong
        ping.rtt = self._clock.monotonic() - ping.time
        return pong._replace(rtt=ping.rtt)
