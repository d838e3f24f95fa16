"""What is still to be drawn: handed from the reader's thread to the terminal, and bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from wscli.sinks.human.messages import Entry

_MAX_RECORDS = 5000
_MAX_CHARACTERS = 16 << 20


class Gap(NamedTuple):
    """What was given up, since the terminal did not keep up: messages by number, and lines."""

    messages: int
    first: int
    last: int
    lines: int


class Feed:
    """A queue of messages and lines of text; where it is full, the oldest are given up."""

    def __init__(self, limit: int = _MAX_RECORDS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._records: deque[Entry | str] = deque()
        self._characters = 0
        self._gap = Gap(0, 0, 0, 0)

    def __bool__(self) -> bool:
        return bool(self._records)

    def put(self, records: Iterable[Entry | str]) -> None:
        """Add records, from any thread; a text consists of whole lines."""
        with self._lock:
            for record in records:
                self._records.append(record)
                self._characters += len(record) if isinstance(record, str) else 0
            while len(self._records) > self._limit or (
                self._characters > _MAX_CHARACTERS and len(self._records) > 1
            ):
                self._give_up(self._pop())

    def take(self, size: int) -> Entry | str | Gap | None:
        """Return what is to be drawn next, of a text at most so many characters and a line."""
        with self._lock:
            if self._gap.messages or self._gap.lines:
                gap, self._gap = self._gap, Gap(0, 0, 0, 0)
                return gap
            if not self._records:
                return None
            record = self._pop()
            if isinstance(record, str) and len(record) > size:
                end = record.find("\n", size) + 1 or len(record)
                record, rest = record[:end], record[end:]
                if rest:
                    self._records.appendleft(rest)
                    self._characters += len(rest)
            return record

    def _pop(self) -> Entry | str:
        record = self._records.popleft()
        self._characters -= len(record) if isinstance(record, str) else 0
        return record

    def _give_up(self, record: Entry | str) -> None:
        gap = self._gap
        if isinstance(record, str):
            self._gap = gap._replace(lines=gap.lines + record.count("\n"))
            return
        number = record.number or 0
        self._gap = gap._replace(messages=gap.messages + 1, first=gap.first or number, last=number)
