"""What waits to be sent on one connection, in order, and the count of what has left.

asyncio's transport copies what the kernel does not take at once (on Python 3.11 always, into a
buffer of each connection), and does not say how much of its buffer had left when the connection was
lost. So the bytes wait here, as references to the caller's object, and the transport is handed one
slice at a time: a message of 15 MiB for 200 members is kept once, and what is counted and recorded
as sent has been taken by the kernel. (Under TLS asyncio keeps up to about 64 KiB more that cannot
be seen, which are counted as sent.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from wscli.wire.frames import Frame, FrameParser, Run

_SLICE = 64 << 10  # bytes that the transport is handed at a time
_SLICES_A_TURN = 4  # then other connections have a turn of the loop
_SMALL = 4 << 10  # bytes below which data is copied behind what waits: an object costs more

Bytes = bytes | bytearray | memoryview


class _Waiting:
    """Data that waits, or is being sent: ``messages`` end in it; ``size`` is what is left of it.

    ``pieces`` is None until the first of it is sent.
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

    def left(self, data: Bytes, messages: int) -> None:
        """Record bytes that the kernel has taken, and messages that have left with their end."""

    def moved(self) -> None:
        """Look at the outbox's size: it may have become smaller."""


class Outbox:
    """The outgoing side of one connection; ``size`` is how many bytes wait.

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
        """Have asyncio report when it holds anything back, and when it holds nothing."""
        # With 0 a TLS transport would report so while it is empty.
        self._transport.set_write_buffer_limits(0 if self._transport.can_write_eof() else 1, 0)

    def write(self, data: bytes, messages: int) -> None:
        """Send bytes in which ``messages`` messages end, after all that wait."""
        if self._queue or len(data) > _SLICE:
            self._append(data, messages)
            return
        self._transport.write(data)
        if self._paused:
            self._enqueue(_Waiting(data, len(data), messages, iter(())))
            self._confirm(data)
        elif not self._transport.is_closing():  # the write may have failed
            self._owner.left(data, messages)

    def stream(self, pieces: Iterator[bytes], size: int) -> None:
        """Send one message that is encoded while it is sent, and takes ``size`` bytes meanwhile."""
        slices = (each for piece in pieces for each in _slices(piece))
        self._enqueue(_Waiting(b"", size, 1, slices))

    def finish(self, action: Callable[[], None]) -> None:
        """Call ``action`` when all that waits has been handed over; replaces an earlier action."""
        if self._queue:
            self._end = action
        else:
            action()

    def pause(self) -> None:
        """Hand over nothing more: the transport has not sent what it was handed."""
        self._paused = True

    def resume(self) -> None:
        """Continue: the transport has sent what it was handed."""
        self._paused = False
        self._confirm(self._handed)
        self._feed()

    def clear(self) -> None:
        """Drop what has not left, after counting what has."""
        self._confirm(self._handed)
        if self._queue:
            first = self._queue[0]
            if first.left:
                self._owner.left(b"", _count_messages(first.data[: first.left]))
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
        """Hand over what the transport takes, and a bounded amount in one turn of the loop."""
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
            self._owner.left(b"", first.messages)

    def _confirm(self, handed: Bytes) -> None:
        """Report how much has left of what was handed over last.

        A transport that fails empties its buffer, so that this cannot be known any more.
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
            self._owner.left(handed[:gone], 0)


def _takes_more(tail: _Waiting) -> bool:
    return tail.pieces is None and isinstance(tail.data, bytearray) and len(tail.data) < _SLICE


def _slices(data: bytes | bytearray) -> Iterator[memoryview]:
    view = memoryview(data)
    for start in range(0, len(view), _SLICE):
        yield view[start : start + _SLICE]


def _count_messages(data: bytes | bytearray) -> int:
    """Return how many data messages end in frames that the server has sent."""
    return sum(_ends(item) for item in FrameParser().feed(bytes(data)))


def _ends(item: Frame | Run) -> int:
    if isinstance(item, Run):
        return len(item.payloads)
    return item.fin and item.opcode < 0x8
