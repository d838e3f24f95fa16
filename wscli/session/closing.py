"""The closing handshake (RFC 6455 §7.1): who sent which Close, and how long to wait for what."""

from __future__ import annotations

from math import inf

from wscli.net.clock import Clock
from wscli.wire.events import Close
from wscli.wire.rules import Violation


class Closing:
    """What has been said about the end of a connection.

    ``sent`` is the code of our Close frame, None before there is one; ``received`` is the peer's;
    ``violation`` is what made us fail the connection. ``peer_began`` tells who was first.
    ``reply_due`` is true from the peer's Close, or its violation, until ours answers it.
    ``patience`` is how many seconds the peer has for its Close.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.sent: int | None = None
        self.received: Close | None = None
        self.violation: Violation | None = None
        self.peer_began: bool | None = None
        self.reply_due = False
        self._mark: int | None = None
        self._progress = 0
        self.patience = 0.0
        self._give_up: float | None = None
        self._limit = inf

    def receive(self, item: Close | Violation) -> None:
        """Take note of what ends the connection."""
        if isinstance(item, Close):
            self.received = item
            self.peer_began = self.sent is None
        else:
            self.violation = item
        self.reply_due = True

    def send(self, code: int, mark: int, patience: float) -> None:
        """Take note of our Close, which has left when so many bytes in all have.

        Giving up comes ``patience`` seconds after it has left. Until then it comes so long after
        the last byte that did: a slow peer is not an absent one.
        """
        self.sent, self._mark, self.patience = code, mark, patience
        self.peer_began = bool(self.peer_began)
        self._give_up = self._clock.monotonic() + patience

    def hurry(self, patience: float) -> None:
        """Give up so many seconds from now at the latest."""
        give_up = self._clock.monotonic() + patience
        self.patience = min(self.patience, patience)
        self._give_up = give_up if self._give_up is None else min(self._give_up, give_up)

    def limit(self, seconds: float) -> None:
        """Give up ``seconds`` from now at the latest, even if bytes are still being sent.

        It only sets an attribute, so a signal handler may call it, also before there is a Close.
        """
        self._limit = min(self._limit, self._clock.monotonic() + seconds)

    def progress(self, bytes_out: int) -> None:
        """Take note of how many bytes have left in all."""
        if self._mark is None or bytes_out == self._progress or self._progress >= self._mark:
            return
        self._progress = bytes_out
        self._give_up = self._clock.monotonic() + self.patience

    def next_event(self) -> float | None:
        """Return when to give up, by the monotonic clock."""
        return None if self._give_up is None else min(self._give_up, self._limit)

    def is_over(self) -> bool:
        """Return True if it is time to give up."""
        give_up = self.next_event()
        return give_up is not None and self._clock.monotonic() >= give_up
