"""The journal: the latest messages, numbered, for ``/show`` and ``/save``."""

from __future__ import annotations

import threading
from collections import deque

from wscli.errors import UsageError
from wscli.session.bus import Batch
from wscli.sinks.human.messages import Entry

_MAX_BYTES = 32 << 20
_MAX_MESSAGES = 100_000


class Journal:
    """Keeps messages up to a limit of bytes and of number; the oldest go first."""

    def __init__(self, max_bytes: int = _MAX_BYTES, max_messages: int = _MAX_MESSAGES) -> None:
        self._max_bytes = max_bytes
        self._max_messages = max_messages
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque()
        self._size = 0
        self._last = 0

    def keep(self, batch: Batch, opcode: int, payload: bytes) -> Entry:
        """Number a message of a batch, and keep it."""
        with self._lock:
            self._last += 1
            entry = Entry(
                batch.incoming,
                batch.time,
                opcode,
                payload,
                self._last,
                batch.elapsed,
                batch.subprotocol,
            )
            self._entries.append(entry)
            self._size += len(payload)
            while self._size > self._max_bytes or len(self._entries) > self._max_messages:
                self._size -= len(self._entries.popleft().payload)
        return entry

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
