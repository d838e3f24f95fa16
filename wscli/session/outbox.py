"""The send queue of one connection, and the count of the bytes that have left it.

asyncio's transport copies bytes that the kernel does not take at once (on Python 3.11 always, into
a buffer of each connection), and does not report how much of its buffer had left when the
connection was lost. So the bytes wait here, as references to the caller's object, and the transport
gets one slice at a time: a message of 15 MiB for 200 members is kept once, and bytes are counted
and recorded as sent only after the kernel has taken them. (Under asyncio's own TLS up to about
64 KiB more cannot be seen, and are counted as sent.)

Bytes pass through three places: the queue here, then at most one slice in the buffer of asyncio's
transport, then the kernel. Limits of 0 bytes make the transport call ``pause_writing`` whenever it
keeps any, so its buffer is empty while the outbox is not paused. Everything runs in the thread of
the event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from wscli.wire.parser import count_messages

_SLICE = 64 << 10  # bytes that are handed to the transport at a time
_SLICES_A_TURN = 4  # then the other connections of the loop have a turn
# Bytes; smaller data is copied behind the last entry, since an entry of its own would take more
# memory than the copy. Larger data is never copied, so that many connections can share it.
_SMALL = 4 << 10

Bytes = bytes | bytearray | memoryview


class _QueuedData:
    """Data that completes ``messages`` messages; ``size`` bytes of it are queued, ``sent`` left.

    ``pieces`` is None until sending it begins. A message that is encoded while it is sent has
    pieces but no data.
    """

    __slots__ = ("data", "messages", "pieces", "sent", "size")

    def __init__(
        self, data: bytes | bytearray, size: int, messages: int, pieces: Iterator[Bytes] | None
    ) -> None:
        self.data = data
        self.size = size
        self.messages = messages
        self.pieces = pieces
        self.sent = 0

    def next_piece(self) -> Bytes | None:
        if self.pieces is None:
            self.pieces = _slices(self.data)
        return next(self.pieces, None)


class OutboxOwner(Protocol):
    """The connection that an outbox sends for."""

    def data_sent(self, size: int, messages: int, data: Bytes) -> None:
        """Count ``size`` bytes that the kernel has taken, and record ``data``.

        ``data`` has left completely, and was counted earlier if it is longer than ``size``. Large
        data is recorded only when the last of it has left: otherwise an observer that decodes it
        would have to keep a copy of the earlier part for each connection.
        """

    def size_changed(self) -> None:
        """React to a smaller size of the outbox; called after each attempt to send."""


class Outbox:
    """The outgoing side of one connection; ``size`` is the number of queued bytes.

    The owner calls ``start`` once, ``pause`` and ``resume`` when asyncio calls its
    ``pause_writing`` and ``resume_writing``, and ``detach`` when the connection is lost.
    """

    __slots__ = ("_handed", "_last_action", "_owner", "_paused", "_queue", "_transport", "size")

    def __init__(self, transport: asyncio.WriteTransport, owner: OutboxOwner) -> None:
        self._transport = transport
        self._owner = owner
        self._queue: deque[_QueuedData] | None = None  # an empty deque takes 0.7 KiB
        self._handed: Bytes = b""  # the part of the last slice that the transport still holds
        self._paused = False
        self._last_action: Callable[[], None] | None = None
        self.size = 0

    def start(self) -> None:
        """Make asyncio report when its buffer holds bytes, and when it is empty."""
        # asyncio's TLS transport, which cannot write EOF, would report with 0 that it holds bytes
        # even while it is empty.
        self._transport.set_write_buffer_limits(0 if self._transport.can_write_eof() else 1, 0)

    def write(self, data: bytes, messages: int) -> None:
        """Send bytes that complete ``messages`` messages, after all queued bytes."""
        if self._queue or len(data) > _SLICE:
            self._append(data, messages)
            return
        # Usually the kernel takes a short message at once, and nothing is queued. If it does not,
        # asyncio has called ``pause`` during the write, and the queue gets an entry with no pieces
        # left: the transport has all of its bytes, and they wait to be counted.
        self._transport.write(data)
        if self._paused:
            self._enqueue(_QueuedData(data, len(data), messages, iter(())))
            self._count_sent(data)
        elif not self._transport.is_closing():  # the write may have failed
            self._owner.data_sent(len(data), messages, data)

    def stream(self, pieces: Iterator[Bytes], size: int, messages: int) -> None:
        """Send messages that are encoded while they are sent, and count as ``size`` bytes."""
        slices = (each for piece in pieces for each in _slices(piece))
        self._enqueue(_QueuedData(b"", size, messages, slices))

    def finish(self, action: Callable[[], None]) -> None:
        """Call ``action`` when all queued bytes are handed over; replaces an earlier action."""
        if self._queue:
            self._last_action = action
        else:
            action()

    def pause(self) -> None:
        """Hand over nothing more, since the transport still holds bytes."""
        self._paused = True

    def resume(self) -> None:
        """Continue, since the transport has sent all its bytes."""
        self._paused = False
        self._count_sent(self._handed)
        # Not at once: if a transport of asyncio is written to or closed while it calls
        # ``resume_writing``, and that ends the connection, it calls ``connection_lost`` twice.
        asyncio.get_running_loop().call_soon(self._hand_over)

    def clear(self) -> None:
        """Drop the bytes that have not left, after counting those that have."""
        self._count_sent(self._handed)
        # Of a batch of which only a part has left, the messages in that part were sent.
        if self._queue:
            first = self._queue[0]
            gone = first.data[: first.sent]
            self._owner.data_sent(0, count_messages(bytes(gone)), gone)
        self._queue, self._handed, self._last_action, self.size = None, b"", None, 0

    def detach(self) -> None:
        """Forget the owner; nothing can be sent any more."""
        # The two refer to each other, and would stay until the next garbage collection.
        del self._owner

    def _append(self, data: bytes, messages: int) -> None:
        tail = self._queue[-1] if self._queue else None
        if len(data) < _SMALL and tail is not None and _can_append_to(tail):
            tail.data += data
            tail.size += len(data)
            tail.messages += messages
            self.size += len(data)
        else:
            # Small data gets a buffer of its own, to which more can be appended.
            own = bytearray(data) if len(data) < _SMALL else data
            self._enqueue(_QueuedData(own, len(data), messages, None))

    def _enqueue(self, waiting: _QueuedData) -> None:
        self.size += waiting.size
        if self._queue is not None:
            self._queue.append(waiting)
            return
        self._queue = deque([waiting])
        self._hand_over()

    def _hand_over(self) -> None:
        """Hand over as much as the transport takes, and a bounded amount per turn of the loop."""
        queue = self._queue
        if queue is None:
            return
        # While the kernel takes all, as on a fast network, nothing would interrupt this loop.
        slices = 0
        while queue and not self._paused and not self._transport.is_closing():
            if slices == _SLICES_A_TURN:
                asyncio.get_running_loop().call_soon(self._hand_over)
                break
            slices += 1
            self._send_slice(queue)
        if not queue:
            self._queue = None
            action, self._last_action = self._last_action, None
            if action is not None:
                action()
        self._owner.size_changed()

    def _send_slice(self, queue: deque[_QueuedData]) -> None:
        first = queue[0]
        piece = first.next_piece()
        if piece is not None:
            self._transport.write(piece)
            self._count_sent(piece)
        else:  # the transport is not paused, so the last piece has left, and so have all
            queue.popleft()
            self.size -= first.size
            self._owner.data_sent(0, first.messages, first.data)

    def _count_sent(self, handed: Bytes) -> None:
        """Report how much of the last slice has left."""
        # A transport that has failed empties its buffer, so that its size says nothing. Then the
        # bytes that it had are counted as not sent.
        closing = self._transport.is_closing()
        held = len(handed) if closing else self._transport.get_write_buffer_size()
        gone = max(0, len(handed) - held)
        self._handed = handed[gone:]
        if gone and self._queue:
            first = self._queue[0]
            first.sent += gone
            # A streamed message counts as its payload, which is less than all of its frames.
            counted = min(gone, first.size)
            first.size -= counted
            self.size -= counted
            self._owner.data_sent(gone, 0, b"" if first.data else handed[:gone])


def _can_append_to(tail: _QueuedData) -> bool:
    # Not once sending it has begun: its slices are views, and a bytearray with views cannot grow.
    return tail.pieces is None and isinstance(tail.data, bytearray) and len(tail.data) < _SLICE


def _slices(data: Bytes) -> Iterator[memoryview]:
    view = memoryview(data)
    for start in range(0, len(view), _SLICE):
        yield view[start : start + _SLICE]
