"""The goal: what a command waits for, and where what it prints ends."""

from __future__ import annotations

from collections.abc import Callable

from wscli.errors import UsageError
from wscli.payload.matching import Matcher, PatternTimeout
from wscli.session.bus import Batch, Bus, Sink
from wscli.wire.events import Messages


class Goal(Bus):
    """Counts messages until ``count`` have come, or one that ``until`` finds, and passes them on.

    With ``cut`` the message that reaches the goal is the last that is passed on; pings, pongs and
    the rest still are.

    ``failure`` is set when the pattern had to be abandoned; then all messages are passed on, and
    the goal is not reached. ``stopped`` may be replaced by a function that says when to stop
    searching a batch: a pattern may be slow on each message without ever failing.
    """

    def __init__(
        self,
        sink: Sink,
        count: int | None = None,
        until: Matcher | None = None,
        *,
        cut: bool = True,
    ) -> None:
        super().__init__([sink])
        self.seen = 0
        self.reached = count == 0
        self.failure: UsageError | None = None
        self.stopped: Callable[[], bool] = lambda: False
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
            found = self._find(messages)
            self.reached = found is not None and found <= wanted
            wanted = min(wanted, found or wanted)
        self.seen += wanted
        self.reached = self.reached or self.seen == self._count
        if wanted == len(messages.payloads):
            return messages
        return Messages(messages.opcode, messages.payloads[:wanted])

    def _find(self, messages: Messages) -> int | None:
        """Return how many messages there are up to the first that matches, if one does."""
        for index, payload in enumerate(messages.payloads):
            if self.failure is not None or self.stopped():
                return None
            if self._matches(messages.opcode, payload):
                return index + 1
        return None

    def _matches(self, opcode: int, payload: bytes) -> bool:
        try:
            return self._until is not None and self._until.matches(opcode, payload)
        except PatternTimeout as error:
            self.failure = UsageError(str(error), hint="a pattern with fewer nested repetitions")
            return False
