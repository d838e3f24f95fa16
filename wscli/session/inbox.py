"""The inbox: messages that have come and that nobody has taken yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from wscli.wire.codes import Opcode
from wscli.wire.connection import Item
from wscli.wire.events import Messages


class Inbox:
    """A queue of messages, text as str and binary as bytes; full from ``limit`` bytes on."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: deque[tuple[int, bytes]] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        """Whether no more should be read from the network for now."""
        return self._size >= self._limit

    def take(self, items: Iterable[Item]) -> None:
        """Add the messages among what was received."""
        for item in items:
            if isinstance(item, Messages):
                self._messages.extend((item.opcode, payload) for payload in item.payloads)
                self._size += sum(map(len, item.payloads))

    def next(self) -> str | bytes:
        """Remove and return the oldest message; IndexError where there is none."""
        opcode, payload = self._messages.popleft()
        self._size -= len(payload)
        return payload.decode() if opcode == Opcode.TEXT else payload
