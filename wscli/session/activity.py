"""Track when bytes last moved on a connection, in either direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wscli.net.clock import Clock


class SentMessage(NamedTuple):
    """A message that we sent: its number on this connection, opcode, and size in bytes."""

    number: int
    opcode: int
    size: int


class Stillness(NamedTuple):
    """How many seconds nothing had moved, and our message if that was the last to move."""

    seconds: float
    message: SentMessage | None


class Activity:
    """Records traffic; called by the thread that drives, and by threads that post."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moved = clock.monotonic()
        self._bytes_out = 0
        self._last: SentMessage | None = None
        self._mark = 0  # bytes sent in all when the last message has left
        self._last_moved = False  # whether the last message was the last thing that moved

    def posted(self, opcode: int, payloads: Sequence[bytes], mark: int) -> None:
        """Record messages that have left once ``mark`` bytes in all have been sent."""
        if payloads:
            number = (self._last.number if self._last else 0) + len(payloads)
            self._last = SentMessage(number, opcode, len(payloads[-1]))
            self._mark, self._last_moved = mark, False

    def sent(self, bytes_out: int) -> None:
        """Record how many bytes have left in all."""
        if bytes_out == self._bytes_out:
            return
        # Otherwise a ping or a Close has left after the message.
        self._last_moved = self._last is not None and self._bytes_out < self._mark <= bytes_out
        self._moved, self._bytes_out = self._clock.monotonic(), bytes_out

    def received(self) -> None:
        """Record that bytes have come."""
        self._moved, self._last_moved = self._clock.monotonic(), False

    def stillness(self) -> Stillness:
        """Return for how long nothing has moved."""
        seconds = self._clock.monotonic() - self._moved
        return Stillness(seconds, self._last if self._last_moved else None)
