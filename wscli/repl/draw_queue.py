"""What is still to be drawn: handed from the reader's thread to the terminal, and bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from wscli.sinks.human.messages import Entry

_MAX_RECORDS = 5000
_MAX_BYTES = 16 << 20

Record = Entry | str
"""A message, or whole lines of text."""


class Asked(NamedTuple):
    """What the user asked for or must know: it is never given up; a message is shown whole."""

    record: Record


class Gap(NamedTuple):
    """What was given up, since the terminal did not keep up: messages by number, and lines."""

    messages: int = 0
    first: int = 0
    last: int = 0
    lines: int = 0

    def and_also(self, record: Record) -> Gap:
        """Return a gap with one record more."""
        if isinstance(record, str):
            return self._replace(lines=self.lines + record.count("\n"))
        number = record.number or 0
        return Gap(self.messages + 1, self.first or number, number, self.lines)


class DrawQueue:
    """A queue of records; where it is full, the oldest that nobody asked for are given up."""

    def __init__(self, limit: int = _MAX_RECORDS, max_bytes: int = _MAX_BYTES) -> None:
        self._limit = limit
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._ahead: deque[Asked | Gap] = deque()  # what became of the oldest
        self._records: deque[Record | Asked] = deque()
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._ahead or self._records)

    def put(self, records: Iterable[Record | Asked]) -> None:
        """Add records, from any thread."""
        with self._lock:
            for record in records:
                self._records.append(record)
                self._bytes += _size(record)
            while len(self._records) > self._limit or (
                self._bytes > self._max_bytes and len(self._records) > 1
            ):
                self._give_up(self._pop())

    def take(self) -> Record | Asked | Gap | None:
        """Return what is to be drawn next."""
        with self._lock:
            if self._ahead:
                return self._ahead.popleft()
            return self._pop() if self._records else None

    def _pop(self) -> Record | Asked:
        record = self._records.popleft()
        self._bytes -= _size(record)
        return record

    def _give_up(self, record: Record | Asked) -> None:
        if isinstance(record, Asked):
            self._ahead.append(record)
            return
        gap = self._ahead[-1] if self._ahead else None
        if isinstance(gap, Gap):
            self._ahead[-1] = gap.and_also(record)
        else:
            self._ahead.append(Gap().and_also(record))


def _size(record: Record | Asked) -> int:
    if isinstance(record, Asked):
        return 0
    return len(record if isinstance(record, str) else record.payload)
