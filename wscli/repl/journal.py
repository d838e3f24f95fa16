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

_MAX_BYTES = 32 << 20  # of payloads
_MAX_MESSAGES = 100_000  # short ones: an entry takes more memory than its payload then


class NumberedMessages(Messages):
    """Messages that the journal has numbered, each with its entry."""

    __slots__ = ("entries",)

    def __init__(self, opcode: int, entries: Sequence[Entry]) -> None:
        super().__init__(opcode, [entry.payload for entry in entries])
        self.entries = entries

    def select(self, indexes: Sequence[int]) -> NumberedMessages:
        """Return some of the messages, with their numbers and their decoded values."""
        part = NumberedMessages(self.opcode, [self.entries[index] for index in indexes])
        part.decoded = super().select(indexes).decoded
        return part


class Journal(MessageStage):
    """Numbers messages, passes them on, and keeps the latest for ``/show`` and ``/save``.

    Both directions are kept. When the limit of bytes or of messages is exceeded, the oldest are
    dropped. ``keep`` is called in the link's thread, everything else in the main thread.
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
        # A command may copy the deque at this moment, and must not find it changing.
        with self._lock:
            self._last += len(entries)
            self._entries += entries
            self._size += sum(map(len, messages.payloads))
            while self._size > self._max_bytes or len(self._entries) > self._max_messages:
                self._size -= len(self._entries.popleft().payload)
        numbered = NumberedMessages(messages.opcode, entries)
        # --answer, a stage before this one, may have decoded them to look for its pattern.
        numbered.decoded = messages.decoded
        return numbered

    def entries(self) -> list[Entry]:
        """Return all that is kept, the oldest first."""
        with self._lock:
            return list(self._entries)

    @property
    def last(self) -> int:
        """The number of the latest message; 0 if there is none."""
        return self._last

    def find(self, first: int, last: int) -> list[Entry]:
        """Return the messages with numbers from ``first`` to ``last``, as far as they are kept.

        Raises:
            UsageError: if none of them has arrived yet, or none is still kept.
        """
        entries = self.entries()
        found = [entry for entry in entries if first <= (entry.number or 0) <= last]
        if found:
            return found
        if first > last or first > self._last:
            raise UsageError(f"there is no message {first}", hint=self._range(entries))
        raise UsageError(
            f"message {first} is no longer kept",
            hint=f"{self._range(entries)}; /record FILE writes every message to a file",
        )

    def _range(self, entries: list[Entry]) -> str:
        if not entries:
            return "no message is kept"
        return f"messages {entries[0].number} to {entries[-1].number} are kept"


class MessageFilter(MessageStage):
    """Passes on the received messages that match a pattern, and all that were sent.

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
        matcher = self.matcher  # read once: /filter may set it to None in between
        try:
            return matcher is None or matcher.matches(message)
        except PatternTimeout as error:
            # Otherwise each further message would hold up the connection for a tenth of a second.
            self.matcher = None
            what = f"{error}, number {entry.number}: the filter is off"
            self.context.complain(UsageError(what, hint="/filter with a simpler pattern"))
            return True
