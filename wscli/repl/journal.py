"""The stages in front of the display: a journal that numbers and keeps messages, and a filter."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from wscli.errors import UsageError
from wscli.payload.matching import Matcher, PatternTimeout
from wscli.payload.message import Message, received
from wscli.session.events import Batch
from wscli.session.pipeline import MessageStage, select
from wscli.sinks.human.messages import Entry
from wscli.wire.events import Messages

_MAX_BYTES = 32 << 20
_MAX_MESSAGES = 100_000


class NumberedMessages(Messages):
    """Messages that the journal has numbered, each with its entry."""

    __slots__ = ("entries",)

    def __init__(self, opcode: int, entries: Sequence[Entry]) -> None:
        super().__init__(opcode, [entry.payload for entry in entries])
        self.entries = entries

    def select(self, indexes: Sequence[int]) -> NumberedMessages:
        """Return some of the messages, with their numbers and what has been decoded of them."""
        part = NumberedMessages(self.opcode, [self.entries[index] for index in indexes])
        part.decoded = super().select(indexes).decoded
        return part


class Journal(MessageStage):
    """Keeps the latest messages of both directions for ``/show`` and ``/save``.

    There is a limit of bytes and of number; the oldest go first. What is passed on is numbered.
    """

    def __init__(self, max_bytes: int = _MAX_BYTES, max_messages: int = _MAX_MESSAGES) -> None:
        self._max_bytes = max_bytes
        self._max_messages = max_messages
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque()
        self._size = 0
        self._last = 0

    def keep(self, batch: Batch, messages: Messages) -> NumberedMessages:
        """Number the messages, and keep them."""
        entries = [
            Entry(
                batch.incoming,
                batch.time,
                messages.opcode,
                payload,
                number,
                batch.elapsed,
                batch.subprotocol,
            )
            for number, payload in enumerate(messages.payloads, self._last + 1)
        ]
        with self._lock:
            self._last += len(entries)
            self._entries += entries
            self._size += sum(map(len, messages.payloads))
            while self._size > self._max_bytes or len(self._entries) > self._max_messages:
                self._size -= len(self._entries.popleft().payload)
        numbered = NumberedMessages(messages.opcode, entries)
        numbered.decoded = messages.decoded  # an answer may have looked for its pattern already
        return numbered

    def entries(self) -> list[Entry]:
        """Return all that is kept, the oldest first."""
        with self._lock:
            return list(self._entries)

    @property
    def last(self) -> int:
        """The number of the latest message; 0 where there is none."""
        return self._last

    def find(self, first: int, last: int) -> list[Entry]:
        """Return the messages with these numbers, and all between.

        Raises:
            UsageError: if they have not come yet, or are kept no longer.
        """
        entries = self.entries()
        found = [entry for entry in entries if first <= (entry.number or 0) <= last]
        if found:
            return found
        if first > last or first > self._last:
            raise UsageError(f"there is no message {first}", hint=self._range(entries))
        raise UsageError(
            f"message {first} is kept no longer",
            hint=f"{self._range(entries)}; /record FILE writes all that comes to a file",
        )

    def _range(self, entries: list[Entry]) -> str:
        if not entries:
            return "no message is kept"
        return f"messages {entries[0].number} to {entries[-1].number} are kept"


class MessageFilter(MessageStage):
    """Passes on the received messages that match a pattern, and everything that was sent.

    It stands behind the journal. ``matcher`` may be set in any thread; None passes on everything.
    """

    def __init__(self) -> None:
        self.matcher: Matcher | None = None

    def keep(self, batch: Batch, messages: Messages) -> Messages | None:
        """Drop the received messages that do not match."""
        if self.matcher is None or not batch.incoming or not isinstance(messages, NumberedMessages):
            return messages
        decoded = zip(messages.entries, received(messages, batch.subprotocol), strict=True)
        passes = [self._passes(entry, message) for entry, message in decoded]
        return select(messages, [index for index, passed in enumerate(passes) if passed])

    def _passes(self, entry: Entry, message: Message) -> bool:
        matcher = self.matcher  # which another thread may change
        try:
            return matcher is None or matcher.matches(message)
        except PatternTimeout as error:
            self.matcher = None  # each message would hold up the connection for as long
            what = f"{error}, number {entry.number}: the filter is off"
            self.context.complain(UsageError(what, hint="/filter with a simpler pattern"))
            return True
