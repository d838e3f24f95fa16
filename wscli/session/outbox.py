"""The send queue of one connection, and the count of the bytes that have left it.

asyncio's transport copies bytes that the kernel does not take at once (on Python 3.11 always, into
a buffer of each connection), and does not report how much of its buffer had left when the
connection was lost. So the bytes wait here, as references to the caller's object, and the transport
is handed one slice at a time: a message of 15 MiB for 200 members is kept once, and bytes are
counted and recorded as sent only after the kernel has taken them. (Under asyncio's own TLS up to
about 64 KiB more cannot be seen, and are counted as sent.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from wscli.wire.parser import count_messages

_SLICE = 64 << 10  # bytes that the transport is handed at a time
_SLICES_A_TURN = 4  # then other connections have a turn of the loop
_SMALL = 4 << 10  # bytes; smaller data is appended to the last entry, as another entry costs more

Bytes = bytes | bytearray | memoryview


class _Waiting:
    """Data that completes ``messages`` messages; ``size`` bytes of it are still queued.

    ``pieces`` is None until its first byte is sent. A message that is encoded while it is sent has
    pieces, and no data.
    """

    __slots__ = ("data", "left", "messages", "pieces", "size")

    def __init__(
        self, data: bytes | bytearray, size: int, messages: int, pieces: Iterator[Bytes] | None
    ) -> None:
        self.data = data
        self.size = size
        self.messages = messages
        self.pieces = pieces
        self.left = 0

    def next_piece(self) -> Bytes | None:
        if self.pieces is None:
            self.pieces = _slices(self.data)
        return next(self.pieces, None)


class Owner(Protocol):
    """The connection that an outbox sends for."""

    def left(self, size: int, messages: int, data: Bytes) -> None:
        """Count bytes that the kernel has taken, and record ``data``, which has left completely.

        Large data is passed as ``data`` when the last of it has left: otherwise an observer would
        have to keep a copy of the earlier part for each connection.
        """

    def moved(self) -> None:
        """React to the outbox's size, which may have decreased."""


class Outbox:
    """The outgoing side of one connection; ``size`` is the number of queued bytes.

    The owner calls ``start`` once, ``pause`` and ``resume`` when asyncio calls its
    ``pause_writing`` and ``resume_writing``, and ``detach`` when the connection is lost.
    """

    __slots__ = ("_end", "_handed", "_owner", "_paused", "_queue", "_transport", "size")

    def __init__(self, transport: asyncio.WriteTransport, owner: Owner) -> None:
        self._transport = transport
        self._owner = owner
        self._queue: deque[_Waiting] | None = None  # an empty deque takes 0.7 KiB
        self._handed: Bytes = b""  # the part of the last slice that the transport still holds
        self._paused = False
        self._end: Callable[[], None] | None = None
        self.size = 0

    def start(self) -> None:
        """Make asyncio report when its buffer holds bytes, and when it is empty."""
        # With 0 a TLS transport would report so while it is empty.
        self._transport.set_write_buffer_limits(0 if self._transport.can_write_eof() else 1, 0)

    def write(self, data: bytes, messages: int) -> None:
        """Send bytes that complete ``messages`` messages, after all queued bytes."""
        if self._queue or len(data) > _SLICE:
            self._append(data, messages)
            return
        self._transport.write(data)
        if self._paused:
            self._enqueue(_Waiting(data, len(data), messages, iter(())))
            self._confirm(data)
        elif not self._transport.is_closing():  # the write may have failed
            self._owner.left(len(data), messages, data)

    def stream(self, pieces: Iterator[Bytes], size: int, messages: int) -> None:
        """Send messages that are encoded while they are sent, and count as ``size`` bytes."""
        slices = (each for piece in pieces for each in _slices(piece))
        self._enqueue(_Waiting(b"", size, messages, slices))

    def finish(self, action: Callable[[], None]) -> None:
        """Call ``action`` when all queued bytes are handed over; replaces an earlier action."""
        if self._queue:
            self._end = action
        else:
            action()

    def pause(self) -> None:
        """Hand over nothing more: the transport still holds bytes."""
        self._paused = True

    def resume(self) -> None:
        """Continue: the transport has sent all its bytes.

        Not at once: when a transport of asyncio is written to or closed while it calls
        ``resume_writing``, and that ends the connection, it calls ``connection_lost`` twice.
        """
        self._paused = False
        self._confirm(self._handed)
        asyncio.get_running_loop().call_soon(self._feed)

    def clear(self) -> None:
        """Drop the bytes that have not left, after counting those that have."""
        self._confirm(self._handed)
        if self._queue:
            first = self._queue[0]
            gone = first.data[: first.left]
            self._owner.left(0, count_messages(bytes(gone)), gone)
        self._queue, self._handed, self._end, self.size = None, b"", None, 0

    def detach(self) -> None:
        """Forget the owner, since the two refer to each other; nothing can be sent any more."""
        del self._owner

    def _append(self, data: bytes, messages: int) -> None:
        tail = self._queue[-1] if self._queue else None
        if len(data) < _SMALL and tail is not None and _takes_more(tail):
            tail.data += data
            tail.size += len(data)
            tail.messages += messages
            self.size += len(data)
        else:
            own = bytearray(data) if len(data) < _SMALL else data
            self._enqueue(_Waiting(own, len(data), messages, None))

    def _enqueue(self, waiting: _Waiting) -> None:
        self.size += waiting.size
        if self._queue is not None:
            self._queue.append(waiting)
            return
        self._queue = deque([waiting])
        self._feed()

    def _feed(self) -> None:
        """Hand over as much as the transport takes, and a bounded amount per turn of the loop."""
        queue = self._queue
        if queue is None:
            return
        slices = 0
        while queue and not self._paused and not self._transport.is_closing():
            if slices == _SLICES_A_TURN:
                asyncio.get_running_loop().call_soon(self._feed)
                break
            slices += 1
            self._send_slice(queue)
        if not queue:
            self._queue = None
            action, self._end = self._end, None
            if action is not None:
                action()
        self._owner.moved()

    def _send_slice(self, queue: deque[_Waiting]) -> None:
        first = queue[0]
        piece = first.next_piece()
        if piece is not None:
            self._transport.write(piece)
            self._confirm(piece)
        else:  # the transport is not paused, so it has sent all of it
            queue.popleft()
            self.size -= first.size
            self._owner.left(0, first.messages, first.data)

    def _confirm(self, handed: Bytes) -> None:
        """Report how much of the last slice has left.

        This cannot be determined after a transport has failed, since it empties its buffer.
        """
        closing = self._transport.is_closing()
        held = len(handed) if closing else self._transport.get_write_buffer_size()
        gone = max(0, len(handed) - held)
        self._handed = handed[gone:]
        if gone and self._queue:
            first = self._queue[0]
            first.left += gone
            counted = min(gone, first.size)
            first.size -= counted
            self.size -= counted
            self._owner.left(gone, 0, b"" if first.data else handed[:gone])


def _takes_more(tail: _Waiting) -> bool:
    return tail.pieces is None and isinstance(tail.data, bytearray) and len(tail.data) < _SLICE


def _slices(data: Bytes) -> Iterator[memoryview]:
    view = memoryview(data)
    for start in range(0, len(view), _SLICE):
        yield view[start : start + _SLICE]
