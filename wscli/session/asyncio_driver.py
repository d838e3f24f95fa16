"""The asyncio driver: runs one connection, of either role, on a byte stream of an event loop.

The counterpart of ``thread_driver``, over the same protocol object. Everything happens in the
loop's thread, so nothing is locked. It stands between two others: the stream below it, which calls
``receive`` and ``bytes_left``, and the handler above it, which is called with each batch.

* Messages that the handler sends in response to one batch are corked, and leave as one write.
* Decoding stops after ``_TURN`` seconds, so that the other connections of the loop get their turn
  even if small reads inflate to gigabytes. Until the rest is decoded, nothing more is read.
* The handler stops decoding and reading with ``hold``, when it has no room for more.
* One timer serves all deadlines of the protocol: keepalive, the answer to Close, the end of TCP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Protocol

from wscli.wire.connection import Connection
from wscli.wire.keepalive import SentPing
from wscli.wire.receiver import Item

_CORK = 64 << 10  # bytes, above which corked data is written without waiting for the batch's end
_TURN = 0.02  # seconds of decoding, after which the other connections of the loop have a turn


class ByteStream(Protocol):
    """The stream under a connection: TCP, or a wrapper of it."""

    @property
    def full(self) -> bool:
        """Whether so much waits to be sent that the sender should pause."""

    @property
    def over(self) -> bool:
        """Whether TCP has ended, or is about to."""

    @property
    def held(self) -> bool:
        """Whether this end does not read at present, through no fault of the peer."""

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent."""

    @property
    def peer_progress(self) -> int:
        """A number that grows whenever the peer has read more of the bytes sent."""

    def write(self, data: bytes, messages: int = 0) -> None:
        """Send bytes that complete ``messages`` messages, after all queued bytes."""

    def stream(self, pieces: Iterator[bytes], size: int) -> None:
        """Send one message that is encoded as the peer reads it, and counts as ``size`` bytes."""

    def hold(self, held: bool) -> None:
        """Stop reading, or resume."""

    def pause(self, paused: bool) -> None:
        """Stop reading until the bytes already read are decoded, or resume."""

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule ``action``, replacing any pending timer."""

    def finish(self) -> None:
        """End TCP when everything has been sent, and ignore further input."""

    def reset(self) -> None:
        """End TCP at once, and drop the bytes that wait to be sent."""


class Handler(Protocol):
    """The user of a connection: the server's ``Channel``, or ``AsyncioClient``."""

    def received(self, items: Sequence[Item]) -> None:
        """Take a batch of frames and events; pings are answered already."""

    def before_close(self) -> bool:
        """Send the last messages: the peer has sent Close, or has broken a rule.

        Return True if the driver is to answer now, or False to call ``answer`` later.
        """

    def closed(self) -> None:
        """Stop sending, since a Close has been sent; called once."""


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
        # The batches of the bytes that were read, decoded one by one as they are requested. A
        # single read may inflate to gigabytes, so there is never a list of all batches.
        self._incoming: Iterator[list[Item]] | None = None
        self._held = False
        self._read_to_end: Callable[[], None] | None = None
        self._corked = False
        self._messages = 0  # that the queued bytes complete
        self._due: float | None = None  # when the timer calls ``_tick``
        self._progress = 0  # ``peer_progress`` when the timer was set
        self._reported_closed = False

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
        # Frames of other messages must not come between its fragments (RFC 6455 §5.4), so the
        # queued ones leave before it.
        self.flush()
        self.stream.stream(self.connection.stream(opcode, payload), len(payload))

    def close(self, code: int, reason: str = "", timeout: float | None = None) -> None:
        """Send Close; reset TCP if the peer does not answer within ``timeout`` seconds.

        Without a timeout, that of the connection's policy applies. A further call sends nothing,
        and can only shorten the timeout.
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
        # Beyond that size another write costs little, and the peer can read while we go on.
        if not self._corked or self.connection.queued > _CORK:
            self.flush()

    def hold(self, held: bool) -> None:
        """Stop passing on events, and reading, until it is called with False."""
        if held == self._held:
            return
        self._held = held
        self.stream.hold(held)
        # Not at once: the handler may call this while ``_decode`` is running.
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
        # A pong that was held back until the peer had read more. Not at once: the outbox reports
        # these bytes in the middle of a write.
        if self.connection.queued and not self._corked:
            self._loop.call_soon(self.flush)

    def receive_eof(self, done: Callable[[], None]) -> None:
        """Pass on the last events, since nothing more will come; then call ``done``."""
        now = self._loop.time()
        self._read_to_end = done
        self._add(self.connection.receive_eof(now), now)

    def _add(self, batches: Iterator[list[Item]], now: float) -> None:
        if self._incoming is None:
            self._incoming = batches
            self._decode(now)
        else:
            # Reading is paused by then, but more may come: after a failed write the client reads
            # the bytes that the kernel still has.
            self._incoming = chain(self._incoming, batches)

    def lost(self) -> None:
        """Clean up after the end of TCP."""
        self._incoming = None
        self._after_close()

    def _decode(self, now: float | None = None) -> None:
        # ``_incoming`` is an iterator: after a return in the loop, the next call continues with
        # the next batch.
        end = (now or self._loop.time()) + _TURN
        for items in self._incoming or ():
            self._handle(items)
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

    def _handle(self, items: Sequence[Item]) -> None:
        # In this order: the handler's replies, its last messages, our Close, and then the end of
        # TCP. Nothing may follow a Close (RFC 6455 §5.5.1).
        connection = self.connection
        self._corked = True
        self._handler.received(items)
        if connection.closing.answer_due and self._handler.before_close():
            connection.answer(self._loop.time())
        if self.closing:
            self._after_close()
        self._corked = False
        self.flush()
        if connection.ends_tcp:
            self.stream.finish()

    def _after_close(self) -> None:
        if not self._reported_closed:
            self._reported_closed = True
            self._handler.closed()

    # Time

    def _schedule(self) -> None:
        """Call ``_tick`` at the next deadline, or earlier."""
        due = self.connection.next_deadline()
        # A timer that is set already stays, although most deadlines move with every message. That
        # it fires too early and is set again costs less than a new timer for each message.
        if due is None or (self._due is not None and self._due <= due):
            return
        # The stream limits the time for the end of TCP itself, with the same timer.
        if self.connection.ends_tcp or self.stream.over:
            return
        if self.closing:
            self._progress = self.stream.peer_progress
        self._due = due
        self.stream.after(max(0.0, due - self._loop.time()), self._tick)

    def _tick(self) -> None:
        self._due = None
        now = self._loop.time()
        connection = self.connection
        # A peer that reads slowly may not have come to our Close yet: the time to answer it starts
        # again as long as the peer reads.
        if self.closing and self.stream.peer_progress > self._progress:
            connection.peer_read(now)
        if connection.is_over(now):
            self.stream.reset()
            return
        # While this end does not read, silence proves nothing: the pong may be waiting.
        if self.stream.held:
            connection.heard()
        connection.tick(now)
        if self.closing:
            self._after_close()
        self.flush()
