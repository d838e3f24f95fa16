"""The session: one live connection, with its answers, its closing handshake and its end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from wscli.errors import ConnectionClosed, TimedOut, UsageError, WscliError
from wscli.net.clock import Clock
from wscli.net.connect import Connected
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.net.pump import Pump
from wscli.session.bus import Batch, Bus
from wscli.session.driver import Driver
from wscli.session.end import End, describe_close, error_of
from wscli.session.inbox import Inbox
from wscli.session.policies import Keepalive, Policies
from wscli.wire.codes import NORMAL_CLOSE_CODES, CloseCode, Opcode, Role
from wscli.wire.connection import Connection, Item, Receiver
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.rules import Violation

OUTBOX_HIGH_WATER = 1 << 20
"""Bytes that wait to be sent, above which a sender waits."""

_FIN_GRACE = 1.0  # seconds for the server to end TCP first, as it should (RFC 6455 §7.1.1)
_MAX_PINGS = 1000  # pings without a pong that are remembered


class SentPing:
    """A ping of ours: when it was sent, by the monotonic clock, and its round trip in seconds."""

    __slots__ = ("rtt", "time")

    def __init__(self, time: float) -> None:
        self.time = time
        self.rtt: float | None = None


class Session:
    """A connection that is open; also a context manager that closes it.

    Text is str and binary is bytes, both ways. Any thread may call any method; whoever waits
    drives the connection, or waits for the thread that does. With an inbox, messages are kept
    for ``receive``; without one they go to the bus alone.
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
        policies: Policies | None = None,
    ) -> None:
        self.opening: Opening = connected.opening
        self.end: End | None = None
        self.last_message = float("-inf")
        self._options = options
        self._clock = clock
        self._started = started
        self._bus = bus or Bus()
        self._policies = policies or Policies()
        agreement = connected.opening.agreement
        self._deflate = agreement.deflate if agreement else None
        self._connection = Connection(
            Role.CLIENT,
            deflate=self._deflate,
            max_size=options.max_size,
            frames=self._bus.wants_frames,
        )
        sent = self._outgoing_watcher() if self._bus.wants_outgoing else None
        self._pump = Pump(connected.sock, self._received, sent)
        self._driver = Driver(self._turn, clock)
        self._keepalive = Keepalive(clock, options.ping_interval, options.ping_timeout)
        self._inbox = Inbox() if inbox else None
        self._sending = threading.Lock()
        self._pings: dict[bytes, SentPing] = {}
        self._violation: Violation | None = None
        self._peer_close: Close | None = None
        self._peer_began: bool | None = None
        self._reply_due = False
        self._unanswered: float | None = None
        self._give_up: float | None = None
        self._bus.opened(self.opening, clock.time(), clock.monotonic() - started)
        if connected.leftover:
            self._received(connected.leftover)

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
        return self._connection.close_sent

    # Sending

    def send(self, *messages: str | bytes) -> None:
        """Send messages: str as text, bytes as binary; return when they have left.

        Where another thread drives the connection, return when they are on their way.

        Raises:
            ConnectionClosed: if the connection is closing or has ended.
        """
        for message in messages:
            if isinstance(message, str):
                self.post(Opcode.TEXT, [message.encode()])
            else:
                self.post(Opcode.BINARY, [bytes(message)])
        self.flush()

    def post(self, opcode: int, payloads: Sequence[bytes]) -> None:
        """Put a batch of messages in the outbox, without waiting; text must be UTF-8.

        Raises:
            ConnectionClosed: if the connection is closing or has ended.
        """
        with self._sending:
            if self._connection.close_sent or self.end is not None:
                raise self._closed()
            self._pump.post(self._connection.messages(opcode, payloads))

    def post_frame(self, frame: Frame) -> None:
        """Put a frame in the outbox as it is, legal or not, also behind a Close frame.

        Raises:
            ConnectionClosed: if the connection has ended.
        """
        with self._sending:
            if self.end is not None:
                raise self._closed()
            if frame.opcode == Opcode.CLOSE:
                self._connection.close_sent = True
                self._peer_began = bool(self._peer_began)
            self._pump.post(frame.to_bytes())

    def flush(self) -> None:
        """Wait until the outbox is empty, or not too full where another thread empties it.

        Raises:
            ConnectionClosed: if the connection ends before.
        """
        self._driver.until(
            lambda: (
                self.end is not None
                or self._pump.pending <= (OUTBOX_HIGH_WATER if self._driver.elsewhere else 0)
            )
        )
        if self._pump.pending and self.end is not None:
            raise self._closed()

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent."""
        return self._pump.pending

    # Receiving

    def receive(self, timeout: float | None = None) -> str | bytes:
        """Return the next message, waiting at most so many seconds.

        Raises:
            TimedOut: if none came in time.
            ProtocolError: if the peer broke the protocol; what came before has been returned.
            ConnectionClosed: if the connection has ended; ConnectionLost is one of these.
        """
        if self._inbox is None:
            raise UsageError("this session keeps no messages", hint="connect without sinks")
        while True:
            if self._inbox:
                message = self._inbox.next()
                self._pump.reading = not self._inbox.full
                return message
            if self.end is not None:
                raise self._closed()
            # What came before a Close or a violation has been taken, so now it can be answered.
            self._reply()
            if not self._driver.until(self._has_news, timeout):
                raise TimedOut(f"no message came within {timeout:g} s")

    def _has_news(self) -> bool:
        return bool(self._inbox) or self._reply_due or self.end is not None

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
        """Send a ping; return the seconds until its pong came.

        Raises:
            UsageError: for a payload of more than 125 bytes.
            TimedOut: if no pong came in time.
            ConnectionClosed: if the connection ended before.
        """
        payload = os.urandom(4) if payload is None else payload
        ping = self.post_ping(payload)
        if not self._driver.until(lambda: ping.rtt is not None or self.end is not None, timeout):
            raise TimedOut(f"no pong came within {timeout:g} s")
        if ping.rtt is None:
            raise self._closed()
        return ping.rtt

    def post_ping(self, payload: bytes) -> SentPing:
        """Put a ping in the outbox, without waiting; its ``rtt`` is there when its pong is.

        Raises:
            UsageError: for a payload of more than 125 bytes (RFC 6455 §5.5).
            ConnectionClosed: if the connection is closing or has ended.
        """
        if len(payload) > 125:
            raise UsageError("a ping has at most 125 bytes", f"{len(payload)} bytes are given")
        with self._sending:
            if self._connection.close_sent or self.end is not None:
                raise self._closed()
            while len(self._pings) >= _MAX_PINGS:
                del self._pings[next(iter(self._pings))]
            ping = self._pings[payload] = SentPing(self._clock.monotonic())
            self._pump.post(self._connection.ping(payload))
            return ping

    def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Send Close, and wait for the peer's; what comes before it is received as ever.

        Waits at most the options' ``close_timeout``; a second call waits again for the first.
        """
        self.begin_close(code, reason)
        self._driver.until(lambda: self.end is not None)

    def begin_close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Send Close without waiting for what follows."""
        self._reply()
        self._send_close(code, reason, self._options.close_timeout)
        self.wake()  # who drives may have to wait for less long now

    def abort(self) -> None:
        """Drop the connection where it is still there, without a word to the peer."""
        if self.end is None:
            self._finish()

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

    # In the thread that drives

    def _turn(self, timeout: float | None) -> None:
        if self.end is not None:
            return
        now = self._clock.monotonic()
        times = [self._keepalive.next_event(), self._give_up]
        waits = [max(0.0, time - now) for time in times if time is not None]
        waits += [] if timeout is None else [timeout]
        self._pump.turn(min(waits, default=None))
        self._keep_alive()
        if self._pump.ended or self._is_over():
            self._finish()

    def _received(self, data: bytes) -> None:
        if not data:
            return
        items = self._connection.receive(data)
        for index, item in enumerate(items):
            if isinstance(item, Messages):
                self.last_message = self._clock.monotonic()
            elif isinstance(item, Ping):
                self._answer_ping(item)
            elif isinstance(item, Pong):
                items[index] = self._time_pong(item)
            elif isinstance(item, Close):
                self._peer_close, self._reply_due = item, True
                self._peer_began = not self._connection.close_sent
            elif isinstance(item, Violation):
                self._violation, self._reply_due = item, True
        self._publish(incoming=True, items=items)
        if self._inbox is not None:
            self._inbox.take(items)
            self._pump.reading = not self._inbox.full or self._connection.close_sent
        if not self._inbox:
            self._reply()

    def _outgoing_watcher(self) -> Callable[[bytes], None]:
        """Return what reads again what has left, for those who look at it."""
        receiver = Receiver(
            Role.SERVER,
            deflate=self._deflate,
            max_size=1 << 62,
            frames=self._bus.wants_frames,
            strict=False,
        )
        return lambda data: self._publish(incoming=False, items=receiver.receive(data))

    def _publish(self, *, incoming: bool, items: Sequence[Item]) -> None:
        if items:
            elapsed = self._clock.monotonic() - self._started
            self._bus.batch(Batch(incoming, self._clock.time(), elapsed, items))

    def _answer_ping(self, ping: Ping) -> None:
        if self._policies.answer_pings and not self._connection.close_sent:
            self._pump.post(self._connection.pong(ping.payload))

    def _time_pong(self, pong: Pong) -> Pong:
        self._keepalive.answered(pong.payload)
        ping = self._pings.pop(pong.payload, None)
        if ping is None:
            return pong
        ping.rtt = self._clock.monotonic() - ping.time
        return pong._replace(rtt=ping.rtt)

    def _keep_alive(self) -> None:
        if self._connection.close_sent:
            return
        payload = self._keepalive.due_ping()
        if payload is not None:
            with suppress(WscliError):
                self.post_ping(payload)
        self._unanswered = self._keepalive.unanswered()
        if self._unanswered is not None:
            self._send_close(CloseCode.INTERNAL_ERROR, "keepalive ping timeout", 0.0)

    def _reply(self) -> None:
        """Answer the peer's Close, or fail the connection it broke (RFC 6455 §5.5.1, §7.1.7)."""
        if not self._reply_due:
            return
        self._reply_due = False
        if self._violation is not None:
            rule = self._violation.rule
            self._send_close(rule.close_code, rule.id, _FIN_GRACE)
        elif self._peer_close is not None and self._policies.echo_close:
            self._send_close(self._peer_close.code, "", _FIN_GRACE)

    def _send_close(self, code: int, reason: str, patience: float) -> None:
        with self._sending:
            give_up = self._clock.monotonic() + patience
            self._give_up = give_up if self._give_up is None else min(self._give_up, give_up)
            if self._connection.close_sent:
                return
            if self._peer_began is None:
                self._peer_began = False
            self._pump.reading = True
            self._pump.post(self._connection.close(code, reason))

    def _is_over(self) -> bool:
        return self._give_up is not None and self._clock.monotonic() >= self._give_up

    def _finish(self) -> None:
        """Close the socket, and tell how the connection ended."""
        self._pump.close()
        code, reason, detail = CloseCode.ABNORMAL_CLOSURE.value, "", ""
        if self._violation is not None:
            code = self._violation.rule.close_code.value
        elif self._peer_close is not None:
            code, reason = self._peer_close
        else:
            detail = self._how_lost()
        self.end = End(
            code,
            reason,
            self._peer_began,
            self._peer_close is not None and self._connection.close_sent,
            self._clock.time(),
            self._clock.monotonic() - self._started,
            self._violation,
            self._unanswered,
            detail,
        )
        self._bus.ended(self.end)

    def _how_lost(self) -> str:
        where = " in the middle of a message" if self._connection.mid_message else ""
        if self._pump.error is not None:
            return f"{self._pump.error.strerror or self._pump.error}{where}"
        if self._pump.ended:
            return f"the peer ended the TCP connection{where}"
        return f"the peer did not answer Close within {self._options.close_timeout:g} s"

    def _closed(self) -> WscliError:
        """Return the error that says why nothing more can be sent or received."""
        if self.end is None:
            return ConnectionClosed("the connection is closing", CloseCode.NORMAL_CLOSURE)
        return error_of(self.end) or ConnectionClosed(
            f"the connection was closed with {describe_close(self.end)}",
            self.end.code,
            self.end.reason,
        )
