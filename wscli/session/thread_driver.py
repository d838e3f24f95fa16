"""The thread driver: runs one client connection on a socket, for whichever thread waits for it.

The protocol itself is ``wire.connection.Connection``. This module moves bytes between it and the
``Pump``, which owns the socket; passes the events to the bus; and calls the protocol's ``tick`` in
time. There is no thread of its own. Of the threads that wait for something, one at a time runs
``turn`` on behalf of the others (see ``Turns``), because two threads on one TLS socket kill the
connection.

``lock`` guards the protocol object and the inbox, which several threads change. (The pump's queue
has a lock of its own.) The sinks are called without it: a sink may block for as long as the reader
of stdout does, and other threads must be able to post meanwhile.

A turn sends a keepalive ping if one is due, sends the queue, waits for the socket, reads once,
decodes, and passes the batches on. It ends after ``_TURN`` seconds of decoding, so that signals,
and a user who wants to leave, are noticed while a small read inflates to gigabytes. The rest is
decoded in the next turns, and nothing is read before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from wscli.errors import WscliError
from wscli.net.clock import Clock
from wscli.net.connect import Connected
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.net.pump import Pump
from wscli.session.activity import Activity
from wscli.session.arguments import check_close, check_ping, policy_of
from wscli.session.end import End, closed_error, closing_error, describe_loss, make_end
from wscli.session.events import Batch, Opened
from wscli.session.inbox import Inbox
from wscli.session.pipeline import Bus
from wscli.session.turns import Turns
from wscli.wire.codes import CloseCode, Role
from wscli.wire.connection import Connection
from wscli.wire.events import Messages
from wscli.wire.frames import Frame
from wscli.wire.keepalive import SentPing
from wscli.wire.parser import count_messages
from wscli.wire.receiver import Item, Receiver

_TURN = 0.05  # seconds of decoding, after which a turn ends: the delay of a Ctrl-C at most


class ThreadDriver:
    """An open connection as the commands use it: calls only queue, and ``turn`` does the work.

    ``end`` is None until the connection has ended. ``last_message`` is when the latest message
    arrived, by the monotonic clock. With an inbox, messages are also kept there; while it is full
    nothing is read, and a Close is answered only when it is empty.
    """

    def __init__(
        self,
        connected: Connected,
        options: ConnectOptions,
        clock: Clock,
        started: float,
        *,
        bus: Bus | None = None,
        inbox: Inbox | None = None,
    ) -> None:
        self.opening: Opening = connected.opening
        self.end: End | None = None
        self.last_message = float("-inf")
        self._clock = clock
        self._started = started
        self._bus = bus or Bus()
        self._inbox = inbox
        agreement = connected.opening.agreement
        self._deflate = agreement.deflate if agreement else None
        self._subprotocol = agreement.subprotocol if agreement else None
        self._connection = Connection(
            Role.CLIENT,
            clock.monotonic(),
            policy_of(options),
            deflate=self._deflate,
            max_size=options.max_size,
            frames=self._bus.wants_frames,
            fragment=options.fragment,
        )
        sent = self._outgoing_watcher() if self._bus.wants_outgoing else None
        self._pump = Pump(connected.stream, self._received, sent, self._wants_more)
        self._turns = Turns(self._turn, clock)
        self.lock = self._turns.lock
        self.until = self._turns.until
        self._activity = Activity(clock)
        # The batches of the bytes that were read, decoded one by one as they are requested. A
        # single read may inflate to gigabytes, so there is never a list of all batches.
        self._incoming: Iterator[list[Item]] | None = None
        self._arrival = (0.0, 0.0)  # the time of the last read, and the seconds since the dial
        self._aborted = False
        self._leftover = connected.leftover

    def start(self) -> None:
        """Report the opening to the bus, and decode the bytes that came with the server's 101."""
        self._bus.opened(Opened(self.opening, self._clock.time(), self._elapsed()))
        if self._leftover:
            self._received(self._leftover)

    @property
    def closing(self) -> bool:
        """Whether a Close frame has been sent."""
        return self._connection.closing.sent is not None

    # Sending: from any thread

    def post(self, opcode: int, payloads: Sequence[bytes]) -> None:
        """Queue a batch of messages, without waiting; text must be UTF-8.

        Raises:
            ConnectionClosed: if the connection is closing or has ended.
        """
        # Checked and queued with the lock held: another thread may close in between.
        with self.lock:
            self.check_open()
            self._connection.send(opcode, payloads)
            self._flush()
            self._activity.posted(opcode, payloads, self._pump.posted)

    def post_frame(self, frame: Frame) -> None:
        """Queue a frame unchanged, legal or not, even after a Close frame.

        Raises:
            ConnectionClosed: if the connection has ended.
        """
        with self.lock:
            if self.end is not None:
                raise self.closed_error()
            self._connection.send_frame(frame, self._clock.monotonic())
            self._flush()

    def post_ping(self, payload: bytes) -> SentPing:
        """Queue a ping, without waiting; its ``rtt`` is set when it is answered.

        Raises:
            UsageError: for a payload of more than 125 bytes (RFC 6455 §5.5).
            ConnectionClosed: if the connection is closing or has ended.
        """
        check_ping(payload)
        with self.lock:
            self.check_open()
            ping = self._connection.ping(payload, self._clock.monotonic())
            self._flush()
            return ping

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent."""
        return self._pump.pending

    @property
    def posted(self) -> int:
        """Bytes that have been queued so far; compare with ``has_sent``."""
        return self._pump.posted

    def has_sent(self, mark: int) -> bool:
        """Return True if the first ``mark`` bytes that were queued have left."""
        return self._pump.bytes_out >= mark

    def unsent_messages(self) -> int:
        """Count the messages that were posted and have not been sent completely."""
        # From the frames in the outbox, which is done once, at the end: a count that is kept up to
        # date would cost something for each message.
        data, left = self._pump.outbox()
        return count_messages(data) - count_messages(data[:left])

    def check_open(self) -> None:
        """Check that messages can be sent.

        Raises:
            WscliError: if the connection is closing or has ended; it explains why.
        """
        if not self._connection.can_send or self.end is not None:
            raise self.closed_error()

    def closed_error(self) -> WscliError:
        """Return the error that explains why nothing more can be sent or received."""
        closing = self._connection.closing
        if self.end is None and not (closing.received or closing.violation or self._pump.error):
            return closing_error(closing)
        # Before ``end`` is set, the code and reason of the peer's Close are known already.
        return closed_error(self.end or self._make_end())

    def is_lost(self) -> bool:
        """Return True if the connection has ended, or will when the inbox has been emptied."""
        # While the inbox is full nothing is read, and only a failed write shows that the peer has
        # gone. ``end`` is not set then, since messages may still wait to be decoded.
        return self.end is not None or not (self._pump.can_write or self._has_room())

    # The end: from any thread; ``end_within`` and ``interrupt`` also in a signal handler, where
    # nothing may wait for the lock

    def close(
        self,
        code: int = CloseCode.NORMAL_CLOSURE,
        reason: str = "",
        timeout: float | None = None,
    ) -> None:
        """Send Close and wait for the peer's; raises as ``begin_close`` does."""
        self.begin_close(code, reason, timeout)
        self.until(lambda: self.end is not None)

    def begin_close(
        self,
        code: int = CloseCode.NORMAL_CLOSURE,
        reason: str = "",
        timeout: float | None = None,
    ) -> None:
        """Send Close without waiting for the peer's.

        Raises:
            ValueError: for a code that may not be sent (RFC 6455 §7.4), or a reason of more than
                123 bytes of UTF-8; then nothing has been sent.
        """
        check_close(code, reason)
        with self.lock:
            self._connection.close(self._clock.monotonic(), code, reason, timeout)
            self._flush()
        self.interrupt()  # the thread that drives may have a closer deadline now

    def end_within(self, seconds: float) -> None:
        """Limit the duration of the closing handshake; sends no Close; safe in a signal handler."""
        # Without a limit the timer restarts with every byte that leaves, so that a slow peer is
        # not mistaken for a dead one. A user who has pressed Ctrl-C does not want to wait for it.
        self._connection.closing.limit(self._clock.monotonic() + seconds)
        self.interrupt()

    def abort(self) -> None:
        """Drop the connection if it is still open, without a Close frame."""
        # The thread that drives closes the socket: it may be in the middle of using it.
        self._aborted = True
        self.interrupt()
        self.until(lambda: self.end is not None)

    def interrupt(self) -> None:
        """Make a waiting ``turn`` return; safe in a signal handler."""
        self._pump.wake()

    # Turning

    def turn(self, timeout: float | None = None) -> None:
        """Run the connection once: wait for something to do, at most ``timeout`` seconds."""
        if self.end is None:
            self._turns.turn(timeout)

    def drive_in_background(self, stopped: threading.Event) -> None:
        """Run the connection whenever no other thread does, until it ends or ``stopped`` is set."""
        self._turns.drive_when_idle(stopped, lambda: self.end is not None, self.interrupt)

    def watch(self, fd: int, events: int, ready: Callable[[], None]) -> None:
        """Call ``ready`` in a turn when a file has one of poll's events.

        So ``pipe`` waits for stdin and the socket in one poll, without a thread for either.
        """
        self._pump.watch(fd, events, ready)

    def unwatch(self, fd: int) -> None:
        """Stop watching a file."""
        self._pump.unwatch(fd)

    def answer(self) -> None:
        """Answer a Close or a violation; call it once all messages before it have been taken."""
        with self.lock:
            self._connection.answer(self._clock.monotonic())
            self._flush()

    # In the thread that drives

    def _turn(self, timeout: float | None) -> None:
        if self.end is not None:
            return
        if not self._aborted:
            self._tick()  # first, so that a ping that is due leaves in this turn
            # While bytes wait to be decoded, the pump sends but does not wait.
            decoding = self._incoming is not None and self._has_room()
            self._pump.turn(0.0 if decoding else self._longest_wait(timeout))
            if decoding:
                self._decode()
            if self._pump.bytes_out != self._connection.bytes_out:
                self._report_sent()
        # Checked here rather than inside, since most turns end with an open connection.
        if self._aborted or self._pump.ended or self._connection.closing.sent is not None:
            self._finish_if_over()

    def _finish_if_over(self) -> None:
        # The end of TCP is the end of the connection only when all bytes before it are decoded,
        # which a full inbox may hold up.
        read_to_end = self._pump.ended and self._incoming is None
        if self._aborted or read_to_end or self._connection.is_over(self._clock.monotonic()):
            self._finish()

    def _longest_wait(self, timeout: float | None) -> float | None:
        """Return the seconds until something is due, at most ``timeout``."""
        deadline = self._connection.next_deadline()
        if deadline is None:
            return timeout
        wait = max(0.0, deadline - self._clock.monotonic())
        return wait if timeout is None else min(wait, timeout)

    def _tick(self) -> None:
        """Send a keepalive ping, or end the connection, if that is due."""
        connection = self._connection
        due = connection.next_deadline()
        if due is None or (now := self._clock.monotonic()) < due:
            return
        with self.lock:
            # Bytes that have arrived but have not been read or decoded prove that the peer is
            # alive: its pong may be among them, and the delay is our own. A slow reader of stdout
            # or a caller who was busy between two calls would look like a dead peer otherwise.
            if connection.is_silent(now) and (self._incoming is not None or self._pump.readable):
                connection.heard()
            connection.tick(now)
            self._flush()

    def _report_sent(self) -> None:
        """Record how many bytes have left, and send a pong that was held back until then."""
        with self.lock:
            self._activity.sent(self._pump.bytes_out)
            self._connection.bytes_left(self._pump.bytes_out, self._clock.monotonic())
            self._flush()

    def _flush(self) -> None:
        """Hand the protocol's bytes to the pump; called with the lock held."""
        # Without the lock, the bytes of two threads could be posted in the wrong order: a message
        # behind the Close, or a compressed one before the message whose context it needs.
        if data := self._connection.data_to_send():
            self._pump.post(data)

    def _has_room(self) -> bool:
        # Once we have sent Close, the peer's Close must be reached, whatever is before it.
        return self._inbox is None or not self._inbox.full or self.closing

    def _wants_more(self) -> bool:
        return self._incoming is None and self._has_room()

    def _received(self, data: bytes) -> None:
        # All batches of one read have the time of the read, however long decoding them takes.
        now = self._clock.monotonic()
        self._arrival = (self._clock.time(), now - self._started)
        # Bytes that left earlier in this turn are reported first, or a loss would be explained by
        # the wrong order of events.
        if self._pump.bytes_out != self._connection.bytes_out:
            self._report_sent()
        with self.lock:
            self._activity.received()
            batches = self._connection.receive(data, now)
        # After a reset, everything is read, even if the last read is not decoded yet.
        self._incoming = chain(self._incoming, batches) if self._incoming else batches
        self._decode()

    def _decode(self) -> None:
        """Decode the bytes that were read, and pass on batch by batch, while there is time."""
        end = self._clock.monotonic() + _TURN
        while self._incoming is not None:
            self._pass_on_batch(self._incoming)
            if not self._has_room() or self._clock.monotonic() >= end:
                return

    def _pass_on_batch(self, batches: Iterator[list[Item]]) -> None:
        # With the lock: decoding a batch also answers its pings and changes the closing handshake.
        with self.lock:
            items = next(batches, None)
            if items is None:
                self._incoming = None
                return
            self._keep_messages(items)
            self._flush()
        self._bus.batch(Batch(True, *self._arrival, items, self._subprotocol))
        # Last: a stage may have posted a reply to a message that came before the Close, and after
        # our own Close nothing more can be sent (RFC 6455 §5.5.1).
        if self._connection.closing.answer_due and not self._inbox:
            self.answer()

    def _keep_messages(self, items: list[Item]) -> None:
        for item in items:
            if isinstance(item, Messages):
                self.last_message = self._clock.monotonic()
                break
        # Once we have sent Close, the peer's Close is awaited even if nobody takes the messages.
        # Messages for a full inbox are dropped then, or a peer that goes on sending could fill the
        # memory of a caller that is leaving.
        if self._inbox is not None and not (self._inbox.full and self.closing):
            self._inbox.take(items)

    def _outgoing_watcher(self) -> Callable[[bytes], None]:
        """Return a callback that decodes outgoing bytes for the sinks."""
        # Decoded from the bytes, instead of shown when a message is posted: so the output has the
        # frames that were on the wire, forged ones and pongs included, at the time when they left.
        receiver = Receiver.of_sent(Role.SERVER, self._deflate, frames=self._bus.wants_frames)
        waiting: Iterator[list[Item]] = iter(())

        def show(data: bytes) -> None:
            nonlocal waiting
            time, elapsed = self._clock.time(), self._elapsed()
            # If a sink fails, the other sinks get the rest together with the next bytes sent.
            waiting = chain(waiting, receiver.receive(data))
            for items in waiting:
                self._bus.batch(Batch(False, time, elapsed, items, self._subprotocol))

        return show

    def _finish(self) -> None:
        """Close the socket, and report the end."""
        self._incoming = self._connection.receive_eof(self._clock.monotonic())
        while self._incoming is not None:
            self._pass_on_batch(self._incoming)
        self._pump.close()
        # With the lock, so that no other thread posts between a check of ``end`` and its send.
        with self.lock:
            self.end = self._make_end()
        self._bus.ended(self.end)

    def _make_end(self) -> End:
        return make_end(
            self._connection.closing,
            describe_loss(
                self._connection,
                aborted=self._aborted,
                ended=self._pump.ended,
                error=self._pump.error,
            ),
            self._clock.time(),
            self._elapsed(),
            self._connection.unanswered,
            hung_up=self._pump.ended and not self._aborted and not self._connection.mid_message,
            still=self._activity.stillness(),
        )

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._started
