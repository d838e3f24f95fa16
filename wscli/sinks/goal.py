"""The goal: what a command waits for, and where what it prints ends."""

from __future__ import annotations

import re

from wscli.session.bus import Batch, Bus, Sink
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages


class Goal(Bus):
    """Passes on what it sees until ``count`` messages have come, or one that ``until`` finds.

    The message that reaches the goal is the last that is passed on; everything that is no
    message goes on being passed.
    """

    def __init__(
        self, sink: Sink, count: int | None = None, until: re.Pattern[str] | None = None
    ) -> None:
        super().__init__([sink])
        self.seen = 0
        self.reached = count == 0
        self._count = count
        self._until = until

    def batch(self, batch: Batch) -> None:
        """Pass on a batch, cut where the goal is reached."""
        if not batch.incoming or (self._count is None and self._until is None):
            self.seen += _count(batch) if batch.incoming else 0
            super().batch(batch)
            return
        items = [self._cut(item) if isinstance(item, Messages) else item for item in batch.items]
        super().batch(batch._replace(items=[item for item in items if item is not None]))

    def _cut(self, messages: Messages) -> Messages | None:
        if self.reached:
            return None
        wanted = len(messages.payloads)
        if self._count is not None:
            wanted = min(wanted, self._count - self.seen)
        if self._until is not None:
            found = self._find(messages, self._until)
            self.reached = found is not None and found <= wanted
            wanted = min(wanted, found or wanted)
        self.seen += wanted
        self.reached = self.reached or self.seen == self._count
        if wanted == len(messages.payloads):
            return messages
        return Messages(messages.opcode, messages.payloads[:wanted])

    @staticmethod
    def _find(messages: Messages, pattern: re.Pattern[str]) -> int | None:
        encoding = "utf-8" if messages.opcode == Opcode.TEXT else "latin-1"
        for index, payload in enumerate(messages.payloads):
            if pattern.search(payload.decode(encoding)):
                return index + 1
        return None


def _count(batch: Batch) -> int:
    return sum(len(item.payloads) for item in batch.items if isinstance(item, Messages))
