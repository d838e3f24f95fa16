"""The session: one live connection, with its answers, its closing handshake and its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from types import TracebackType
from typing import Self

from wscli.errors import ConnectionClosed, TimedOut, UsageError, WscliError
from wscli.net.clock import Clock
from wscli.net.connect import Connected
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.net.pump import Pump
from wscli.session.activity import Activity
from wscli.session.bus import Batch, Bus
from wscli.session.closing import Closing
from wscli.session.driver import Driver
from wscli.session.end import End, closed_error, make_end
from wscli.session.events import Opened
from wscli.session.inbox import Inbox
from wscli.session.keepalive import Keepalive
from wscli.session.pings import Pings, SentPing
from wscli.wire.codes import NORMAL_CLOSE_CODES, CloseCode, Opcode, Role, may_be_sent
from wscli.wire.connection import Connection, Item, Receiver
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.frames import Frame, count_messages
from wscli.wire.rules import HTTP_RESPONSE, Violation
from wscli.wire.stray import StrayResponse

OUTBOX_HIGH_WATER = 1 << 20
"""Bytes that wait to be sent, above which nothing more should be posted for now."""

_INBOX_LIMIT = 4 << 20  # bytes, or one message of the largest size
_PONG_LIMIT = 64 << 10  # bytes that wait to be sent, above which only the newest pong is kept
_FIN_GRACE = 1.0  # seconds for the server to end TCP first, as it should (RFC 6455 §7.1.1)
_TURN = 0.05  # seconds of decoding, after which a turn ends: signals are handled between turns


class Session:
    """An open connection; also a context manager that closes it.

    Text is str and binary is bytes, both ways. Any thread may call any method; a thread that waits
    drives the connection, or waits for the thread that does. With an inbox, messages are kept
    for ``receive``: a session that nobody receives from stops reading when it is full, and then
    the peer may stop reading too. Without an inbox they go to the bus alone.
    """

    def __init__(
        self,
        connected: Connected,
        options: ConnectOptions,
        clock: Clock,
        started: float,
        *,
        bus: Bus | None = None,
        inbox: bool = True,
    ) -> None:
        self.opening: Opening = connected.opening
        self.end: End | None = None
        self.last_message = float("-inf")
        self._options = options
        self._clock = clock
        self._started = started
        self._bus = bus or Bus()
        agreement = connected.opening.agreement
        self._deflate = agreement.deflate if agreement else None
        self._connection = Connection(
            Role.CLIENT,
            deflate=self._deflate,
            max_size=options.max_size,
            frames=self._bus.wants_frames,
            fragment=options.fragment,
        )
        sent = self._outgoing_watcher() if self._bus.wants_outgoing else None
        self._pump = Pump(connected.sock, self._read, sent, self._wants_more)
        self._driver = Driver(self._turn, clock)
        self._closing = Closing(clock)
        self._activity = Activity(clock)
        self._stray = StrayResponse()
        self._keepalive = Keepalive(clock, options.ping_interval, options.ping_timeout)
        self._pings = Pings(clock)
        self._inbox = Inbox(max(_INBOX_LIMIT, options.max_size)) if inbox else None
        self._incoming: Iterator[list[Item]] | None = None  # bytes that were read, to be decoded
        self._arrival = (0.0, 0.0)  # the time of the last read and how long after the dial it was
        self._late_pong: bytes | None = None
        self._unanswered: float | None = None
        self._aborted = False
        self._leftover = connected.leftover

    def start(self) -> None:
        """Tell the bus that the connection is open, and take what came with the server's 101."""
        elapsed = self._clock.monotonic() - self._started
        self._bus.opened(Opened(self.opening, self._clock.time(), elapsed))
        self._read(self._leftover)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(CloseCode.NORMAL_CLOSURE if error is None else CloseCode.GOING_AWAY)

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on."""
        return self.opening.agreement.subprotocol if self.opening.agreement else None

    @property
    def closing(self) -> bool:
        """Whether a Close frame has been sent."""
        return self._closing.sent is not None

    # Sending

    def send(self, *messages: str | bytes) -> None:
        """Send messages, str as text and bytes as binary; return when they have left.

        Raises:
            TypeError: for a message of another type; then none has been sent.
            ConnectionClosed: if the connection is closing or has ended.
        """
        for opcode, payload in [_encode(message) for message in messages]:
            self.post(opcode, [payload])
        self._flush()

    def post(self, opcode: int, payloads: Sequence[bytes]) -> None:
        """Put a batch of messages in the outbox, without waiting; text must be UTF-8.

        Raises:
            ConnectionClosed: if the connection is closing or has ended.
        """
        with self._driver.lock:
            self._check_open()
            self._pump.post(self._connection.messages(opcode, payloads))
            self._activity.posted(opcode, payloads, self._pump.posted)

    def post_frame(self, frame: Frame) -> None:
        """Put a frame in the outbox as it is, legal or not, also behind a Close frame.

        Raises:
            ConnectionClosed: if the connection has ended.
        """
        with self._driver.lock:
            if self.end is not None:
                raise self._closed()
            self._pump.post(frame.to_bytes())
            if frame.opcode == Opcode.CLOSE and self._closing.sent is None:
                code = int.from_bytes(frame.payload[:2], "big") or CloseCode.NO_STATUS_RECEIVED
                self._closing.send(code, self._pump.posted, self._options.close_timeout)

    def _flush(self) -> None:
        mark = self._pump.posted
        self._driver.until(lambda: self._is_lost() or self._pump.bytes_out >= mark)
        if self._pump.bytes_out < mark:
            raise self._closed()

    def _is_lost(self) -> bool:
        """Return True if the connection has ended, or will when the inbox has been emptied.

        With a full inbox nothing is read, so that only a write can notice a reset.
        """
        return self.end is not None or not (self._pump.can_write or self._has_room())

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent."""
        return self._pump.pending

    def unsent_messages(self) -> int:
        """Count the messages that were posted and have not been sent completely."""
        data, left = self._pump.outbox()
        return count_messages(data) - count_messages(data[:left])

    # Receiving

    def receive(self, timeout: float | None = None) -> str | bytes:
        """Return the next message, waiting at most ``timeout`` seconds; 0 polls.

        A poll reads from the network once, without waiting, and returns a message if one is
        complete then.

        Raises:
            TimedOut: if none came in time.
            ProtocolError: if the peer broke the protocol; earlier messages have been returned.
            ConnectionClosed: if the connection has ended; ConnectionLost is one of these.
        """
        inbox = self._inbox
        if inbox is None:
            raise UsageError("this session keeps no messages", hint="connect without sinks")
        taken: list[str | bytes] = []

        def take() -> bool:
            if not inbox:
                # What came before a Close or a violation has been taken: now it is answered.
                self._reply()
                return self.end is not None
            was_full = inbox.full
            taken.append(inbox.next())
            if was_full and not inbox.full:
                self._pump.wake()
            return True

        if not self._driver.until(take, timeout):
            raise TimedOut(f"no message came within {timeout:g} s")
        if not taken:
            raise self._closed()
        return taken[0]

    def __iter__(self) -> Iterator[str | bytes]:
        """Yield messages until the peer closes normally.

        Raises:
            WscliError: as ``receive`` does, if the connection ends in any other way.
        """
        while True:
            try:
                message = self.receive()
            except ConnectionClosed as closed:
                if closed.code in NORMAL_CLOSE_CODES:
                    return
                raise
            yield message

    # Pings, and the end

    def ping(self, payload: bytes | None = None, timeout: float | None = 10.0) -> float:
        """Send a ping; return the seconds until it was answered.

        A pong answers the oldest ping with its payload, and the pings before that one too: a peer
        may answer only the latest of several (RFC 6455 §5.5.3).

        Raises:
            UsageError: for a payload of more than 125 bytes.
            TimedOut: if no pong came in time.
            ConnectionClosed: if the connection ended before.
        """
        ping = self.post_ping(os.urandom(4) if payload is None else payload)
        if not self._driver.until(lambda: ping.rtt is not None or self._is_lost(), timeout):
            raise TimedOut(f"no pong came within {timeout:g} s")
        if ping.rtt is None:
            raise self._closed()
        return ping.rtt

    def post_ping(self, payload: bytes) -> SentPing:
        """Put a ping in the outbox, without waiting; its ``rtt`` is set when it is answered.

        Raises:
            UsageError: for a payload of more than 125 bytes (RFC 6455 §5.5).
            ConnectionClosed: if the connection is closing or has ended.
        """
        if len(payload) > 125:
            raise UsageError("a ping has at most 125 bytes", f"{len(payload)} bytes are given")
        with self._driver.lock:
            self._check_open()
            self._pump.post(self._connection.ping(payload))
            return self._pings.send(payload)

    def close(
        self,
        code: int = CloseCode.NORMAL_CLOSURE,
        reason: str = "",
        timeout: float | None = None,
    ) -> None:
        """Send Close, and wait for the peer's; messages that arrive before it are received.

        Waits at most ``timeout`` seconds, or as long as the options' ``close_timeout`` says. A
        second call waits again for the first. The code 1005 sends a Close without a code.

        Raises:
            ValueError: for a code that may not be sent (RFC 6455 §7.4), or a reason of more than
                123 bytes of UTF-8; then nothing has been sent. ``post_frame`` sends any frame.
        """
        self.begin_close(code, reason, timeout)
        self._driver.until(lambda: self.end is not None)

    def begin_close(
        self,
        code: int = CloseCode.NORMAL_CLOSURE,
        reason: str = "",
        timeout: float | None = None,
    ) -> None:
        """Send Close without waiting for the peer's; raises as ``close`` does."""
        _check_close(code, reason)
        with self._driver.lock:
            self._reply()
            patience = self._options.close_timeout if timeout is None else timeout
            self._send_close(code, reason, patience)
        self.wake()  # who drives may have to wait for less long now

    def end_within(self, seconds: float) -> None:
        """Limit the duration of the closing handshake, even if the peer reads slowly.

        Without this limit the timer restarts with every byte sent. Sends no Close; safe in a signal
        handler.
        """
        self._closing.limit(seconds)
        self.wake()

    def abort(self) -> None:
        """Drop the connection where it is still there, without a word to the peer."""
        self._aborted = True
        self.wake()
        self._driver.until(lambda: self.end is not None)

    def wake(self) -> None:
        """Make a waiting ``turn`` return; safe in a signal handler."""
        self._pump.wake()

    def turn(self, timeout: float | None = None) -> None:
        """Let the connection go on once: wait for something, at most so many seconds, and do it."""
        if self.end is None:
            self._driver.turn(timeout)

    def watch(self, fd: int, events: int, ready: Callable[[], None]) -> None:
        """Have ``ready`` called in a turn when a file has one of poll's events."""
        self._pump.watch(fd, events, ready)

    def unwatch(self, fd: int) -> None:
        """Look at a file no more."""
        self._pump.unwatch(fd)

    def _check_open(self) -> None:
        if self._closing.sent is not None or self.end is not None:
            raise self._closed()

    def _closed(self) -> WscliError:
        """Return the error that says why nothing more can be sent or received."""
        closing = self._closing
        ending = closing.received or closing.violation or self._pump.error
        if self.end is None and not ending:
            code = closing.sent or CloseCode.NORMAL_CLOSURE
            return ConnectionClosed("the connection is closing", code)
        return closed_error(self.end or self._make_end())

    # In the thread that drives

    def _turn(self, timeout: float | None) -> None:
        if self.end is not None:
            return
        if not self._aborted:
            self._send_due_ping()
            decoding = self._incoming is not None and self._has_room()
            self._pump.turn(0.0 if decoding else self._longest_wait(timeout))
            if decoding:
                self._decode()
            with self._driver.lock:
                self._activity.sent(self._pump.bytes_out)
                self._closing.progress(self._pump.bytes_out)
                self._end_silence()
                self._send_late_pong()
        read_to_end = self._pump.ended and self._incoming is None
        if self._aborted or read_to_end or self._closing.is_over():
            self._finish()

    def _longest_wait(self, timeout: float | None) -> float | None:
        """Return the seconds until something is due, at most ``timeout``."""
        now = self._clock.monotonic()
        times = [self._keepalive.next_event(), self._closing.next_event()]
        waits = [max(0.0, time - now) for time in times if time is not None]
        waits += [] if timeout is None else [timeout]
        return min(waits, default=None)

    def _has_room(self) -> bool:
        return self._inbox is None or not self._inbox.full or self._closing.sent is not None

    def _read(self, data: bytes) -> None:
        """Read frames, or the HTTP response that some servers send in place of the first one."""
        if data:
            with self._driver.lock:
                self._activity.sent(self._pump.bytes_out)  # before it, in the same turn
                self._activity.received()
        frames = self._stray.feed(data)
        if frames:
            self._received(frames)
        elif self._stray.recognised:
            with self._driver.lock:  # it ends within _FIN_GRACE, also if the response does not
                self._send_close(HTTP_RESPONSE.close_code, HTTP_RESPONSE.id, _FIN_GRACE)
            if self._stray.complete:
                self._refused_late()

    def _refused_late(self) -> None:
        violation = self._stray.violation
        if violation is not None and self._closing.violation is None:
            with self._driver.lock:
                self._closing.receive(violation)
                self._reply()
            elapsed = self._clock.monotonic() - self._started
            self._bus.batch(Batch(True, self._clock.time(), elapsed, [violation]))

    def _wants_more(self) -> bool:
        return self._incoming is None and self._has_room()

    def _received(self, data: bytes) -> None:
        self._keepalive.heard()
        self._arrival = (self._clock.time(), self._clock.monotonic() - self._started)
        batches = self._connection.receive(data)
        # After a reset, everything is read, even if the last read is not decoded yet.
        self._incoming = chain(self._incoming, batches) if self._incoming else batches
        self._decode()

    def _decode(self) -> None:
        """Pass on the bytes that were read, batch by batch, while there is room and time."""
        end = self._clock.monotonic() + _TURN
        for items in self._incoming or ():
            self._take(items)
            del items  # or it would be kept while the next batch is inflated
            if not self._has_room() or self._clock.monotonic() >= end:
                return
        self._incoming = None

    def _take(self, items: list[Item]) -> None:
        with self._driver.lock:
            for index, item in enumerate(items):
                if isinstance(item, Messages):
                    self.last_message = self._clock.monotonic()
                elif isinstance(item, Ping):
                    self._answer_ping(item)
                elif isinstance(item, Pong):
                    items[index] = self._pings.receive(item)
                elif isinstance(item, Close | Violation):
                    self._closing.receive(item)
            if self._inbox is not None and not (self._inbox.full and self._closing.sent):
                self._inbox.take(items)
            if not self._inbox:
                self._reply()
        self._bus.batch(Batch(True, *self._arrival, items))

    def _outgoing_watcher(self) -> Callable[[bytes], None]:
        """Return a callback that decodes outgoing bytes for the sinks."""
        receiver = Receiver.of_sent(Role.SERVER, self._deflate, frames=self._bus.wants_frames)
        waiting: Iterator[list[Item]] = iter(())

        def show(data: bytes) -> None:
            nonlocal waiting
            time, elapsed = self._clock.time(), self._clock.monotonic() - self._started
            # If a sink fails, the others are given the rest together with the next bytes sent.
            waiting = chain(waiting, receiver.receive(data))
            for items in waiting:
                self._bus.batch(Batch(False, time, elapsed, items))

        return show

    def _answer_ping(self, ping: Ping) -> None:
        """Answer, and where the peer reads too slowly only the newest ping (RFC 6455 §5.5.3)."""
        if self._options.answer_pings and self._closing.sent is None:
            self._late_pong = ping.payload
            self._send_late_pong()

    def _send_late_pong(self) -> None:
        if self._late_pong is not None and self._pump.pending < _PONG_LIMIT:
            if self._closing.sent is None:
                self._pump.post(self._connection.pong(self._late_pong))
            self._late_pong = None

    def _send_due_ping(self) -> None:
        if self._closing.sent is None and (payload := self._keepalive.due_ping()) is not None:
            with suppress(WscliError):
                self.post_ping(payload)

    def _end_silence(self) -> None:
        """Close if nothing was received since a keepalive ping; unread bytes count as received."""
        unanswered = self._keepalive.unanswered()
        if unanswered is None or self._closing.sent is not None:
            return
        if self._incoming is not None or self._pump.readable:
            self._keepalive.heard()
            return
        self._unanswered = unanswered
        self._send_close(CloseCode.INTERNAL_ERROR, "keepalive ping timeout", _FIN_GRACE)

    def _reply(self) -> None:
        """Answer the peer's Close, or fail the connection it broke (RFC 6455 §5.5.1, §7.1.7)."""
        closing = self._closing
        if not closing.reply_due:
            return
        closing.reply_due = False
        if closing.violation is not None:
            rule = closing.violation.rule
            self._send_close(rule.close_code, rule.id, _FIN_GRACE)
        elif closing.received is not None and self._options.echo_close:
            self._send_close(closing.received.code, "", _FIN_GRACE)

    def _send_close(self, code: int, reason: str, patience: float) -> None:
        if self._closing.sent is None:
            self._pump.post(self._connection.close(code, reason))
            self._closing.send(code, self._pump.posted, patience)
        else:
            self._closing.hurry(patience)

    def _finish(self) -> None:
        """Close the socket, and tell how the connection ended."""
        if beginning := self._stray.release():
            self._received(beginning)
        self._refused_late()  # also where its response is cut short
        self._pump.close()
        with self._driver.lock:
            self.end = self._make_end()
        self._bus.ended(self.end)

    def _make_end(self) -> End:
        return make_end(
            self._closing,
            self._how_lost(),
            self._clock.time(),
            self._clock.monotonic() - self._started,
            self._unanswered,
            hung_up=self._pump.ended and not self._aborted and not self._connection.mid_message,
            still=self._activity.stillness(),
        )

    def _how_lost(self) -> str:
        where = " in the middle of a message" if self._connection.mid_message else ""
        if self._aborted:
            return "it was dropped by wscli"
        if self._pump.error is not None:
            return f"{self._pump.error.strerror or self._pump.error}{where}"
        if self._pump.ended:
            return f"the peer ended the TCP connection{where}"
        return f"the peer did not answer Close within {self._closing.patience:g} s"


def _encode(message: str | bytes) -> tuple[Opcode, bytes]:
    if isinstance(message, str):
        return Opcode.TEXT, message.encode()
    if isinstance(message, bytes | bytearray | memoryview):
        return Opcode.BINARY, bytes(message)
    raise TypeError(f"a message must be str or bytes, not {type(message).__name__}")


def _check_close(code: int, reason: str) -> None:
    if code == CloseCode.NO_STATUS_RECEIVED:
        if reason:
            raise ValueError("a Close without a code (1005) cannot have a reason")
    elif not may_be_sent(code):
        raise ValueError(
            f"the close code {code} may not be sent; RFC 6455 §7.4 allows 1000 to 1003, "
            "1007 to 1014 and 3000 to 4999"
        )
    if (size := len(reason.encode())) > 123:
        raise ValueError(f"a close reason has at most 123 bytes of UTF-8, and this has {size}")
