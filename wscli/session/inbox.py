"""The inbox: messages that have been received and not yet taken.

It belongs to a session, and its driver puts messages in. A full inbox is the start of
back-pressure: the driver stops reading, the kernel's buffers fill, and TCP makes the peer wait.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from typing import Self

from wscli.wire.codes import Opcode
from wscli.wire.events import Messages
from wscli.wire.receiver import Item

_LIMIT = 4 << 20  # bytes
# Bytes for a message besides its payload: a tuple, a bytes object and two references. They count,
# since a peer could fill the memory with empty messages: each is 2 bytes on the wire, 100 here.
_OVERHEAD = sys.getsizeof((0, b"")) + sys.getsizeof(b"") + 16


class Inbox:
    """A queue of messages; it is full when they occupy ``limit`` bytes of memory."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: deque[tuple[int, bytes]] = deque()
        self._size = 0

    @classmethod
    def for_messages(cls, max_size: int) -> Self:
        """Make the inbox of an API session: room for 4 MiB, or one message of the largest size."""
        # With less room than one message may have, the inbox would be full for no good reason.
        return cls(max(_LIMIT, max_size))

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        """Whether no more should be read from the network for now."""
        return self._size >= self._limit

    def take(self, items: Iterable[Item]) -> None:
        """Add the messages among received items."""
        for item in items:
            if isinstance(item, Messages):
                self._messages.extend((item.opcode, payload) for payload in item.payloads)
                self._size += sum(map(len, item.payloads)) + _OVERHEAD * len(item.payloads)

    def next(self) -> str | bytes:
        """Remove and return the oldest message, text as str; IndexError if there is none."""
        opcode, payload = self._messages.popleft()
        self._size -= len(payload) + _OVERHEAD
        # Text is kept as UTF-8, since a str can take four times as much memory. Decoding cannot
        # fail: the receiver has checked the text already (RFC 6455 §8.1).
        return payload.decode() if opcode == Opcode.TEXT else payload
