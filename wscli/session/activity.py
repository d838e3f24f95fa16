"""Track when bytes last moved on a connection, in either direction.

``end.describe_stillness`` explains a loss with it: a loss milliseconds after one of our messages
points to that message, and one after exactly 60 idle seconds points to a proxy's time limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wscli.net.clock import Clock


class SentMessage(NamedTuple):
    """A message that we sent; ``number`` counts from 1 on each connection, ``size`` is in bytes."""

    number: int
    opcode: int
    size: int


class Stillness(NamedTuple):
    """The seconds without traffic, and our message if nothing was sent or received after it."""

    seconds: float
    message: SentMessage | None


class Activity:
    """Records traffic; called by the thread that drives, and by threads that post."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moved = clock.monotonic()
        self._bytes_out = 0
        self._last: SentMessage | None = None
        self._mark = 0  # the total of bytes sent at which the last message has left completely
        self._last_moved = False  # whether nothing was sent or received after the last message

    def posted(self, opcode: int, payloads: Sequence[bytes], mark: int) -> None:
        """Record messages that have left once ``mark`` bytes in all have been sent."""
        # Of a batch only the last message is kept. It counts once its last byte has left: the peer
        # cannot have reacted to a message that is still queued.
        if payloads:
            number = (self._last.number if self._last else 0) + len(payloads)
            self._last = SentMessage(number, opcode, len(payloads[-1]))
            self._mark, self._last_moved = mark, False

    def sent(self, bytes_out: int) -> None:
        """Record how many bytes have left in all."""
        if bytes_out == self._bytes_out:
            return
        # A message that left earlier has been followed by a ping or a Close. One that leaves
        # together with a ping behind it still counts, since the two cannot be told apart.
        self._last_moved = self._last is not None and self._bytes_out < self._mark <= bytes_out
        self._moved, self._bytes_out = self._clock.monotonic(), bytes_out

    def received(self) -> None:
        """Record that bytes have arrived."""
        self._moved, self._last_moved = self._clock.monotonic(), False

    def stillness(self) -> Stillness:
        """Return how long there has been no traffic until now."""
        seconds = self._clock.monotonic() - self._moved
        return Stillness(seconds, self._last if self._last_moved else None)
