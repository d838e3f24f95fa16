"""Round trips of a session's pings."""

from __future__ import annotations

from wscli.net.clock import Clock
from wscli.wire.events import Pong

_MAX_PINGS = 1000  # pings without a pong that are remembered


class SentPing:
    """A ping of ours: when it was sent, by the monotonic clock, and its round trip in seconds."""

    __slots__ = ("payload", "rtt", "time")

    def __init__(self, payload: bytes, time: float) -> None:
        self.payload = payload
        self.time = time
        self.rtt: float | None = None


class Pings:
    """Match pongs with our pings.

    A pong answers the oldest ping in flight that has its payload. It also answers the pings before
    that one: a peer that has not answered them yet may send a pong for the most recent ping only
    (RFC 6455 §5.5.3). Where two pings have one payload and the peer sends one pong, the later ping
    stays unanswered, since nothing tells the two apart.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._in_flight: list[SentPing] = []

    def send(self, payload: bytes) -> SentPing:
        """Record a ping; its ``rtt`` is set when it is answered."""
        ping = SentPing(payload, self._clock.monotonic())
        self._in_flight.append(ping)
        del self._in_flight[:-_MAX_PINGS]
        return ping

    def receive(self, pong: Pong) -> Pong:
        """Return a pong with its ``rtt``, if it answers a ping of ours."""
        payloads = [ping.payload for ping in self._in_flight]
        if pong.payload not in payloads:
            return pong
        count = payloads.index(pong.payload) + 1
        answered, self._in_flight = self._in_flight[:count], self._in_flight[count:]
        now = self._clock.monotonic()
        for ping in answered:
            ping.rtt = now - ping.time
        return pong._replace(rtt=answered[-1].rtt)
