"""The goal: what a command waits for, and where what it prints ends."""

from __future__ import annotations

import re

from wscli.session.bus import Batch, Bus, Sink
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages


class Goal(Bus):
    """Counts messages until ``count`` have come, or one that ``until`` finds, and passes them on.

    With ``cut`` the message that reaches the goal is the last that is passed on; everything that
    is no message goes on being passed.
    """

    def __init__(
        self,
        sink: Sink,
        count: int | None = None,
        until: re.Pattern[str] | None = None,
        *,
        cut: bool = True,
    ) -> None:
        super().__init__([sink])
        self.seen = 0
        self.reached = count == 0
        self._count = count
        self._until = until
        self._cut = cut

    def batch(self, batch: Batch) -> None:
        """Pass on a batch, cut where the goal is reached."""
        kept = self._keep(batch) if batch.incoming else batch
        super().batch(kept if self._cut else batch)

    def _keep(self, batch: Batch) -> Batch:
        items = [
            self._up_to_goal(item) if isinstance(item, Messages) else item for item in batch.items
        ]
        return batch._replace(items=[item for item in items if item is not None])

    def _up_to_goal(self, messages: Messages) -> Messages | None:
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
