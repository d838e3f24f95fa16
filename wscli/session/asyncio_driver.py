"""The asyncio driver: runs one connection, of either role, on a byte stream of an event loop.

The counterpart of ``thread_driver``, over the same protocol object. Everything happens in the
loop's thread. Messages that the handler sends in response to one batch leave as one write. Decoding
stops after ``_TURN`` seconds, so that a connection whose small reads inflate to gigabytes leaves
the others their turn; until it is done, nothing more is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Protocol

from wscli.wire.connection import Connection
from wscli.wire.keepalive import SentPing
from wscli.wire.receiver import Item

_CORK = 64 << 10  # bytes that are kept to be one write
_TURN = 0.02  # seconds of decoding, after which the other connections have a turn


class ByteStream(Protocol):
    """The stream under a connection: TCP, or a wrapper of it."""

    @property
    def full(self) -> bool:
        """Whether the peer does not keep up."""

    @property
    def over(self) -> bool:
        """Whether TCP has ended, or is about to."""

    @property
    def held(self) -> bool:
        """Whether this end does not read for a reason of its own."""

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent."""

    @property
    def taken(self) -> int:
        """A number that grows while the peer reads."""

    def write(self, data: bytes, messages: int = 0) -> None:
        """Send bytes that complete ``messages`` messages, after all queued bytes."""

    def stream(self, pieces: Iterator[bytes], size: int) -> None:
        """Send one message that is encoded as the peer reads it, and counts as ``size`` bytes."""

    def hold(self, held: bool) -> None:
        """Stop reading, or continue."""

    def pause(self, paused: bool) -> None:
        """Stop reading until the bytes already read are decoded, or resume."""

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule ``action``, replacing any pending timer."""

    def finish(self) -> None:
        """End TCP when everything has been sent, and ignore further input."""

    def reset(self) -> None:
        """End TCP at once, with a reset."""


class Handler(Protocol):
    """The user of a connection: called with received items, and at its end."""

    def received(self, items: Sequence[Item]) -> None:
        """Take a batch of frames and events; pings are answered already."""

    def leaving(self) -> bool:
        """Send the last messages: the peer has closed, or broken a rule.

        Return True if the driver is to answer now, or False to call ``answer`` later.
        """

    def closed(self) -> None:
        """Stop sending: a Close has been sent; called once."""


class AsyncioDriver:
    """One connection in an event loop.

    Its stream calls ``receive`` with the bytes read, ``bytes_left`` when bytes have left, and
    ``lost`` at the end of TCP.
    """

    def __init__(self, connection: Connection, stream: ByteStream, handler: Handler) -> None:
        self.connection = connection
        self.stream = stream
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._incoming: Iterator[list[Item]] | None = None  # bytes that were read, to be decoded
        self._held = False
        self._read_to_end: Callable[[], None] | None = None
        self._corked = False
        self._messages = 0  # that the queued bytes complete
        self._due: float | None = None  # when the timer calls ``_tick``
        self._taken = 0
        self._told_closed = False

    # For the handler

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return not self.connection.closing.can_send

    def send(self, opcode: int, payloads: Sequence[bytes]) -> None:
        """Send messages, as one write with everything else that this batch leads to."""
        self.connection.send(opcode, payloads)
        self._queued(len(payloads))

    def send_encoded(self, data: bytes, messages: int = 0) -> None:
        """Send bytes unchanged; they complete ``messages`` messages."""
        self.connection.send_encoded(data)
        self._queued(messages)

    def stream_message(self, opcode: int, payload: bytes) -> None:
        """Send one message whose frames are encoded as the peer reads them."""
        self.flush()
        self.stream.stream(self.connection.stream(opcode, payload), len(payload))

    def close(self, code: int, reason: str = "", timeout: float | None = None) -> None:
        """Send Close; reset TCP if the peer does not answer in time.

        The time is that of the connection's policy, or ``timeout`` seconds. A further call sends
        nothing, and can only shorten it.
        """
        self.connection.close(self._loop.time(), code, reason, timeout)
        self._after_close()
        self._queued(0)

    def answer(self) -> None:
        """Answer the peer's Close or violation, if that is due."""
        if self.connection.closing.answer_due:
            self.connection.answer(self._loop.time())
            self._after_close()
            self._queued(0)

    def ping(self, payload: bytes) -> SentPing:
        """Send a ping of at most 125 bytes."""
        ping = self.connection.ping(payload, self._loop.time())
        self._queued(0)
        return ping

    def _queued(self, messages: int) -> None:
        self._messages += messages
        if not self._corked or self.connection.queued > _CORK:
            self.flush()

    def hold(self, held: bool) -> None:
        """Stop passing on events, and reading, until it is called with False."""
        if held == self._held:
            return
        self._held = held
        self.stream.hold(held)
        if not held and self._incoming is not None:
            self._loop.call_soon(self._decode)

    def flush(self) -> None:
        """Write the queued bytes now, and schedule the next deadline."""
        if data := self.connection.data_to_send():
            messages, self._messages = self._messages, 0
            self.stream.write(data, messages)
        self._schedule()

    # For the stream

    def receive(self, data: bytes) -> None:
        """Decode bytes and pass on the events."""
        now = self._loop.time()
        self._add(self.connection.receive(data, now), now)

    def bytes_left(self, bytes_out: int) -> None:
        """Record how many bytes have left since the connection opened."""
        self.connection.bytes_left(bytes_out, self._loop.time())
        if self.connection.queued and not self._corked:  # a pong that had been held back
            self._loop.call_soon(self.flush)

    def receive_eof(self, done: Callable[[], None]) -> None:
        """Pass on the last events, nothing more will come; call ``done`` after all of them."""
        now = self._loop.time()
        self._read_to_end = done
        self._add(self.connection.receive_eof(now), now)

    def _add(self, batches: Iterator[list[Item]], now: float) -> None:
        if self._incoming is None:
            self._incoming = batches
            self._decode(now)
        else:
            self._incoming = chain(self._incoming, batches)

    def lost(self) -> None:
        """Clean up after the end of TCP."""
        self._incoming = None
        self._after_close()

    def _decode(self, now: float | None = None) -> None:
        end = (now or self._loop.time()) + _TURN
        for items in self._incoming or ():
            self._take(items)
            del items  # or it would be kept while the next batch is inflated
            if self._held:
                return
            if self._loop.time() >= end:
                self.stream.pause(True)
                self._loop.call_soon(self._decode)
                return
        self._incoming = None
        self.stream.pause(False)
        if self._read_to_end is not None:
            done, self._read_to_end = self._read_to_end, None
            done()

    def _take(self, items: Sequence[Item]) -> None:
        connection = self.connection
        self._corked = True
        self._handler.received(items)
        if connection.closing.answer_due and self._handler.leaving():
            connection.answer(self._loop.time())
        if self.closing:
            self._after_close()
        self._corked = False
        self.flush()
        if connection.ends_tcp:
            self.stream.finish()

    def _after_close(self) -> None:
        if not self._told_closed:
            self._told_closed = True
            self._handler.closed()

    # Time

    def _schedule(self) -> None:
        """Call ``_tick`` at the next deadline; if the timer fires early, it is set again."""
        due = self.connection.next_deadline()
        if due is None or (self._due is not None and self._due <= due):
            return
        if self.connection.ends_tcp or self.stream.over:  # the stream has time limits of its own
            return
        if self.closing:
            self._taken = self.stream.taken
        self._due = due
        self.stream.after(max(0.0, due - self._loop.time()), self._tick)

    def _tick(self) -> None:
        self._due = None
        now = self._loop.time()
        connection = self.connection
        if self.closing and self.stream.taken > self._taken:
            connection.peer_read(now)
        if connection.is_over(now):
            self.stream.reset()
            return
        if self.stream.held:
            connection.heard()  # what the peer has sent may wait to be read
        connection.tick(now)
        if self.closing:
            self._after_close()
        self.flush()
