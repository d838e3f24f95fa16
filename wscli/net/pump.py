"""The pump: one thread at a time owns a connection's socket, for reading and for writing.

Two threads on one TLS socket kill connections, so no other thread uses it: the others put their
bytes in the outbox and wake the owner.

A *turn* is one pass of the owner: it sends, polls for the socket, the waker and the watched files,
calls the callbacks, and returns. So the caller decides how often, how long and in which thread the
connection runs, and the pump needs no thread of its own.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from wscli.net.clock import poll_timeout
from wscli.net.stream import Stream

OUTBOX_HIGH_WATER = 1 << 20
"""Bytes that wait to be sent, above which nothing more should be posted for now."""

# Bytes to read at once. recv() allocates all of them, which for the larger size takes longer than
# receiving a short message; the smaller size makes small batches, which cost more per byte. So the
# larger one is used while a stream fills the smaller one.
_SMALL_READ = 64 << 10
_LARGE_READ = 512 << 10


class Pump:
    """Move bytes between a stream and two callbacks.

    A turn passes ``received`` the bytes that it read, and ``sent`` those that the kernel took; it
    reads only while ``wants_more`` returns True, or at the end of the connection. Both callbacks
    run in the thread that runs ``turn``; any thread may run it, but one at a time. ``ended``
    becomes True when nothing more will arrive, and ``can_write`` False when nothing more can be
    sent; ``error`` is the reason, if it was an error. ``posted`` and ``bytes_out`` count bytes.
    """

    def __init__(
        self,
        stream: Stream,
        received: Callable[[bytes], None],
        sent: Callable[[bytes], None] | None = None,
        wants_more: Callable[[], bool] = lambda: True,
    ) -> None:
        self._stream = stream
        self._received = received
        self._sent = sent
        self._wants_more = wants_more
        self._lock = threading.Lock()
        self._queue: list[bytes] = []
        self._leaving = b""
        # Two counts, since TLS takes bytes and encrypts them before the socket takes the record.
        self._taken = 0  # bytes of _leaving that the stream took
        self._left = 0  # bytes of _leaving that have left
        self.can_write = True
        self._waiting = False
        # A socket and not a condition variable: the owner waits in poll, which only sees files.
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._woken, select.POLLIN)
        self._interest = 0
        self._read_size = _SMALL_READ
        self._watched: dict[int, Callable[[], None]] = {self._woken.fileno(): self._sleep_again}
        self.ended = False
        self.error: OSError | None = None
        self.posted = 0
        self.bytes_out = 0
        self._bytes_before = stream.bytes_out  # those of the upgrade

    def post(self, data: bytes) -> None:
        """Put bytes in the outbox, from any thread."""
        with self._lock:
            self._queue.append(data)
            self.posted += len(data)
            waiting = self._waiting
        # A system call, saved for every message that is posted while the owner is busy.
        if waiting:
            self.wake()

    @property
    def pending(self) -> int:
        """Bytes in the outbox."""
        return self.posted - self.bytes_out

    def outbox(self) -> tuple[bytes, int]:
        """Return the bytes posted last, from the start of a frame, and how many have been sent."""
        # What is joined in _leaving was posted in whole frames, so it begins with one.
        with self._lock:
            return b"".join([self._leaving, *self._queue]), self._left

    @property
    def readable(self) -> bool:
        """Whether bytes, or the end of the stream, wait to be read."""
        # A poll object of its own, since the other one may not be watching the stream.
        poll = select.poll()
        poll.register(self._stream, select.POLLIN)
        return bool(poll.poll(0))

    def wake(self) -> None:
        """End the wait of the thread that runs ``turn``; safe in a signal handler."""
        with suppress(OSError):  # full of bytes that will wake the owner already, or closed
            self._waker.send(b"\0")

    def watch(self, fd: int, events: int, ready: Callable[[], None]) -> None:
        """Call ``ready`` in a turn when a file has one of poll's events, an error included."""
        self._poll.register(fd, events)
        self._watched[fd] = ready

    def unwatch(self, fd: int) -> None:
        """Stop watching a file."""
        if self._watched.pop(fd, None):
            self._poll.unregister(fd)

    def turn(self, timeout: float | None) -> None:
        """Send as much as possible, or wait for something to do, at most ``timeout`` seconds."""
        # Sent at once, without asking poll first: the socket nearly always takes it.
        if self.can_write and self.posted != self.bytes_out and self._send():
            timeout = 0.0  # a thread that waits for this to be sent need not wait for more
        # ``_waiting`` before the outbox is checked: a thread that posts after the check then wakes
        # this one. In the other order its bytes could wait for the whole timeout.
        self._waiting = True
        self._register(self._can_send())
        try:
            ready = self._poll.poll(poll_timeout(timeout))
        finally:
            self._waiting = False
        for fd, events in ready:
            if callback := self._watched.get(fd):
                callback()
            # Not POLLIN alone: POLLHUP and POLLERR may come without it, and only reading reveals
            # the end or the error.
            elif not self.ended and events != select.POLLOUT:
                self._receive()
        # Replies of the callbacks leave in the same turn.
        if self._can_send():
            self._send()

    def close(self) -> None:
        """Close the socket, after TLS's close_notify."""
        self._stream.close()
        self._waker.close()
        self._woken.close()

    def _register(self, sending: bool) -> None:
        reading = not self.ended and self._wants_more()
        interest = (select.POLLIN if reading else 0) | (select.POLLOUT if sending else 0)
        if interest == self._interest:
            return
        if interest:
            self._poll.register(self._stream, interest)
        else:
            # Registered for nothing, poll would still report the end of the stream, at once and
            # in every turn, while a full inbox keeps it from being read.
            self._poll.unregister(self._stream)
        self._interest = interest

    def _sleep_again(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _receive(self) -> None:
        try:
            data = self._stream.recv(self._read_size)
        except BlockingIOError:
            return
        except OSError as error:
            self.error = error
            self.ended = True
            return
        self._read_size = _LARGE_READ if len(data) >= _SMALL_READ else _SMALL_READ
        if data:
            self._received(data)
        else:
            self.ended = True

    def _can_send(self) -> bool:
        waiting = self.posted != self.bytes_out or self._stream.unsent
        return waiting and self.can_write

    def _send(self) -> bool:
        """Send until the socket takes no more; return True if bytes have left or no more will."""
        before = self.bytes_out
        while self._send_once() and self._can_send():
            pass
        return self.bytes_out != before or not self.can_write

    def _send_once(self) -> bool:
        if self._left == len(self._leaving) and self._queue:
            with self._lock:
                self._leaving, self._queue = b"".join(self._queue), []
            self._taken = self._left = 0
        sent = False
        try:
            self._taken += self._stream.send(memoryview(self._leaving)[self._taken :])
            sent = True
        except BlockingIOError:
            pass
        except OSError as error:
            # ``ended`` stays False: what the peer sent before, such as a Close with a reason, may
            # still be read.
            self.error = error
            self.can_write = False
        self._count_sent()  # even after an error, some bytes may have left
        return sent

    def _count_sent(self) -> None:
        """Report the bytes that have left since the last call."""
        count = self._stream.bytes_out - self._bytes_before - self.bytes_out
        if not count:
            return
        self.bytes_out += count
        left, self._left = self._left, self._left + count
        if self._sent:
            self._sent(self._leaving[left : self._left])
