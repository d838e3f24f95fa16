"""One client connection in an event loop: the counterpart of ``thread_driver``.

``AsyncioClient`` is the stream that an ``AsyncioDriver`` writes to, and the handler that the driver
calls. Coroutines wait in ``until`` for a condition; every event of the connection wakes them, and
each checks its condition again. A message is removed from the inbox in the same step in which its
coroutine returns, so a coroutine that is cancelled loses none.

The end has the same order as with the thread driver: first all received bytes are decoded, as far
as there is room for the messages, and then ``end`` is set. In between TCP has ended already, which
``over`` shows.

There are two clocks. The deadlines of the protocol are in the time of the event loop, as its timers
are. Events and ``End`` have the time of ``clock``, so that they look alike with both drivers.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from wscli.errors import WscliError
from wscli.net.clock import Clock
from wscli.net.connect import Connected
from wscli.net.options import ConnectOptions
from wscli.session.activity import Activity
from wscli.session.arguments import check_close, check_ping, policy_of
from wscli.session.asyncio_driver import AsyncioDriver
from wscli.session.asyncio_stream import AsyncioStream
from wscli.session.end import End, closed_error, closing_error, describe_loss, make_end
from wscli.session.events import Opened
from wscli.session.inbox import Inbox
from wscli.session.outbox import Bytes
from wscli.session.pipeline import Bus
from wscli.wire.codes import Role
from wscli.wire.connection import Connection
from wscli.wire.keepalive import SentPing
from wscli.wire.receiver import Item

_READ = 64 << 10  # bytes


class AsyncioClient(AsyncioStream):
    """Drive an open connection in the running event loop.

    ``end`` is None until the connection has ended. ``inbox`` holds the received messages.
    """

    def __init__(
        self, connected: Connected, options: ConnectOptions, clock: Clock, started: float, bus: Bus
    ) -> None:
        super().__init__(connected.stream.transport)
        self.opening = connected.opening
        self.inbox = Inbox.for_messages(options.max_size)
        self.end: End | None = None
        self._clock = clock
        self._started = started
        self._bus = bus
        self._connected = connected
        agreement = connected.opening.agreement
        self._connection = Connection(
            Role.CLIENT,
            asyncio.get_running_loop().time(),
            policy_of(options),
            deflate=agreement.deflate if agreement else None,
            max_size=options.max_size,
            fragment=options.fragment,
        )
        self._driver = AsyncioDriver(self._connection, self, self)
        self._activity = Activity(clock)
        # A future for each waiting coroutine: an asyncio.Condition is notified with its lock held,
        # and the callbacks of a protocol cannot wait for a lock.
        self._waiting: set[asyncio.Future[None]] = set()
        # Keep reading from a peer that does not read, since it may be waiting for us to read first.
        # The server does the opposite: it has many clients, and limits the memory for each.
        self._high_water = sys.maxsize
        self._bytes_out = 0
        self._aborted = False
        self._peer_ended = False
        self._lost = False
        self._error: OSError | None = None

    # For coroutines

    async def until(self, done: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until ``done`` returns True; return False after ``timeout`` seconds.

        ``done`` is called after every event of the connection, and once more at the end.
        """
        if done():
            return True
        try:
            async with asyncio.timeout(timeout):
                while not done():
                    await self._next_change()
        except TimeoutError:
            # The event may have come in the same turn of the loop as the timeout, which would
            # otherwise win: a message that is in the inbox by now must not be reported as late.
            return done()
        return True

    async def _next_change(self) -> None:
        change = asyncio.get_running_loop().create_future()
        self._waiting.add(change)
        try:
            await change
        finally:
            self._waiting.discard(change)

    def _changed(self) -> None:
        for change in self._waiting:
            # A future stays in the set until its coroutine runs, and more events may come before.
            if not change.done():
                change.set_result(None)

    # Sending

    @property
    def closing(self) -> bool:
        """Whether a Close frame has been sent."""
        return self._connection.closing.sent is not None

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent."""
        return self._connection.pending

    @property
    def posted(self) -> int:
        """Bytes that have been queued so far; compare with ``has_sent``."""
        return self._connection.posted

    def has_sent(self, mark: int) -> bool:
        """Return True if the first ``mark`` bytes that were queued have left."""
        return self._connection.bytes_out >= mark

    def post(self, opcode: int, payload: bytes) -> None:
        """Queue a message; text must be UTF-8.

        Raises:
            ConnectionClosed: if the connection is closing or has ended.
        """
        self._check_open()
        self._driver.send(opcode, [payload])
        self._activity.posted(opcode, [payload], self._connection.posted)

    def post_ping(self, payload: bytes) -> SentPing:
        """Queue a ping; its ``rtt`` is set when it is answered.

        Raises:
            UsageError: for a payload of more than 125 bytes (RFC 6455 §5.5).
            ConnectionClosed: if the connection is closing or has ended.
        """
        check_ping(payload)
        self._check_open()
        return self._driver.ping(payload)

    def _check_open(self) -> None:
        if self.over or not self._connection.can_send:
            raise self.closed_error()

    def closed_error(self) -> WscliError:
        """Return the error that explains why nothing more can be sent or received."""
        closing = self._connection.closing
        if self.end is None and not (closing.received or closing.violation or self.over):
            return closing_error(closing)
        # Before ``end`` is set, the code and reason of the peer's Close are known already.
        return closed_error(self.end or self._make_end())

    # Receiving

    def next_message(self) -> str | bytes:
        """Remove and return the oldest message; IndexError if there is none."""
        was_full = self.inbox.full
        message = self.inbox.next()
        # Only at this edge: for any other message there is nothing to resume.
        if was_full and not self.inbox.full:
            self._driver.hold(False)
        return message

    def answer(self) -> None:
        """Answer a Close or a violation, once all messages before it have been taken."""
        self._driver.answer()

    def received(self, items: Sequence[Item]) -> None:
        """Keep the messages; stop reading when the inbox is full."""
        # Once we have sent Close, the peer's Close is awaited even if nobody takes the messages.
        # Messages for a full inbox are dropped then, or a peer that goes on sending could fill the
        # memory of a caller that is leaving.
        if not (self.inbox.full and self.closing):
            self.inbox.take(items)
            self._driver.hold(self.inbox.full and not self.closing)
        self._changed()

    def before_close(self) -> bool:
        """Delay the answer to the peer's Close while the inbox has messages."""
        # The caller may want to reply to them, and "the application MUST NOT send any more data
        # frames after sending a Close frame" (RFC 6455 §5.5.1).
        return not self.inbox

    # The end

    def begin_close(self, code: int, reason: str, timeout: float | None) -> None:
        """Send Close without waiting for the peer's.

        Raises:
            ValueError: for a code that may not be sent (RFC 6455 §7.4), or a reason of more than
                123 bytes of UTF-8; then nothing has been sent.
        """
        check_close(code, reason)
        self._driver.close(code, reason, timeout)
        self._driver.hold(False)

    def abort(self) -> None:
        """Drop the connection if it is still open, without a Close frame."""
        self._aborted = True
        self._driver.lost()
        # If TCP has ended but a full inbox holds up the last bytes, asyncio calls nothing more.
        if self._lost:
            self._finish()
        else:
            self.reset()

    def reset(self) -> None:
        """Close the socket, without waiting for the bytes that have not left."""
        self._ignores_input = True
        self._out.clear()
        # TLS's close_notify leaves if the socket takes it at once; ``abort`` drops it otherwise.
        self._transport.write(self._layer.close())
        self._transport.abort()

    def closed(self) -> None:
        """Wake the coroutines that wait to send, since nothing more can be sent."""
        self._changed()

    # Called by the stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Continue after the upgrade, with the bytes that came behind the response."""
        super().connection_made(transport)
        stream, _, leftover = self._connected
        # The thread may have encrypted bytes that the socket did not take. They must leave before
        # any others, since TLS numbers its records.
        if unsent := stream.hand_over():
            self._out.write(bytes(unsent), 0)
        self._bus.opened(Opened(self.opening, self._clock.time(), self._elapsed()))
        # A server may send frames right behind its 101, in the same segment.
        if leftover:
            self.receive(leftover)
        self._driver.flush()  # which also schedules the first keepalive ping

    def receive(self, data: bytes) -> None:
        """Decode bytes of the protocol."""
        self._activity.received()
        self._driver.receive(data)

    def data_sent(self, size: int, messages: int, data: Bytes) -> None:
        """Count the bytes of the protocol that the kernel has taken, without those of TLS."""
        # Over TLS, ``size`` is in bytes of ciphertext, and a record counts when all of it has left.
        if taken := self._layer.taken(size):
            self._bytes_out += taken
            self._activity.sent(self._bytes_out)
            self._driver.bytes_left(self._bytes_out)
            self._changed()

    def peer_ended(self) -> None:
        """Close the socket: a peer that has ended TCP will answer nothing more."""
        # It cannot send a Close either, so that waiting would not make the end any cleaner
        # (RFC 6455 §7.1.4).
        self._peer_ended = True
        self.reset()

    def lost(self, error: Exception | None) -> None:
        """Read the bytes that have arrived; the connection has ended when they are passed on."""
        self._lost = True
        # An error of TLS is the cause of asyncio's: the stream ended because of it.
        self._error = self._layer.error or (error if isinstance(error, OSError) else None)
        if not (self._aborted or self._peer_ended):
            self._read_rest()
        # Not ``_finish`` at once: a full inbox may hold up bytes that were read before.
        self._driver.receive_eof(self._finish)
        self._changed()

    def _finish(self) -> None:
        if self.end is None:
            self._driver.lost()
            self.end = self._make_end()
            self._bus.ended(self.end)
            self._changed()

    def _read_rest(self) -> None:
        """Read the data that the peer sent before a write failed."""
        # asyncio gives up a connection when a write fails, without reading any more. But a server
        # that sends an error and its Close, and then closes its socket, resets TCP when our next
        # write arrives; its Close is in the kernel's buffer, and says why.
        with suppress(OSError):
            while data := self._connected.stream.sock.recv(_READ):
                if plain := self._layer.receive(data):
                    self.receive(plain)

    def _make_end(self) -> End:
        return make_end(
            self._connection.closing,
            describe_loss(
                self._connection,
                aborted=self._aborted,
                ended=self._peer_ended,
                error=self._error,
            ),
            self._clock.time(),
            self._elapsed(),
            self._connection.unanswered,
            hung_up=self._peer_ended and not self._aborted and not self._connection.mid_message,
            still=self._activity.stillness(),
        )

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._started
