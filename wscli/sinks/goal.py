"""The goal: what a command waits for, and where what it prints ends."""

from __future__ import annotations

from collections.abc import Callable

from wscli.errors import UsageError
from wscli.session.bus import Batch, Bus, Sink
from wscli.wire.events import Messages


class Goal(Bus):
    """Pass on messages until ``count`` have come; pings, pongs and the rest are always passed on.

    A subclass may search messages for patterns. It sets ``failure`` when a pattern had to be
    abandoned, and asks ``stopped``, which may be replaced, whether to search on: a pattern may be
    slow on each message of a batch without ever failing.
    """

    def __init__(self, sink: Sink, count: int | None = None) -> None:
        super().__init__([sink])
        self.seen = 0
        self.reached = count == 0
        self.failure: UsageError | None = None
        self.stopped: Callable[[], bool] = lambda: False
        self._count = count

    def batch(self, batch: Batch) -> None:
        """Pass on a batch, cut where the goal is reached."""
        super().batch(self._keep(batch) if batch.incoming else batch)

    def _keep(self, batch: Batch) -> Batch:
        items = [
            self._up_to_goal(item, batch.subprotocol) if isinstance(item, Messages) else item
            for item in batch.items
        ]
        return batch._replace(items=[item for item in items if item is not None])

    def _up_to_goal(self, messages: Messages, subprotocol: str | None) -> Messages | None:
        if self.reached:
            return None
        wanted = len(messages.payloads)
        if self._count is not None:
            wanted = min(wanted, self._count - self.seen)
        self.seen += wanted
        self.reached = self.seen == self._count
        if wanted == len(messages.payloads):
            return messages
        return messages.select(range(wanted))
