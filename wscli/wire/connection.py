"""One open connection as a protocol object, for both roles: bytes in, events and bytes out.

It does no input or output and has no clock. A driver (one for a thread, one for asyncio) owns the
socket. For each connection it does the following, in any order:

* it passes received bytes to ``receive``, and the batches of events to its user;
* it writes the bytes of ``data_to_send``, and reports with ``bytes_left`` how many have left;
* it calls ``tick`` at the time of ``next_deadline``;
* it ends TCP when ``ends_tcp`` or ``is_over``.

Everything that RFC 6455 requires of an endpoint once the connection is open happens here and
nowhere else: pings are answered (§5.5.2), Close is answered (§5.5.1), a peer that breaks a rule is
told which (§7.1.7), and a silent peer is detected. The methods may be called from several threads
if the caller holds a lock, also while it advances the iterator that ``receive`` returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wscli.wire.closing import ClosingHandshake
from wscli.wire.codes import DEFAULT_MAX_SIZE, CloseCode, Opcode, Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.encoder import Encoder
from wscli.wire.events import Close, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.keepalive import Keepalive, PingsInFlight, SentPing
from wscli.wire.receiver import Item, Receiver
from wscli.wire.rules import HTTP_RESPONSE, Violation
from wscli.wire.stray import StrayResponse

# Bytes that wait to be sent, from which on only the newest pong is kept. A peer that sends pings
# and reads nothing would otherwise make the queue of pongs grow for ever.
_PONG_LIMIT = 64 << 10


class Policy(NamedTuple):
    """The automatic behaviour of a connection, and its time limits in seconds.

    ``answer_pings`` and ``echo_close`` are required by RFC 6455 §5.5, and may be turned off to see
    how a peer reacts. The peer has ``close_timeout`` to answer our Close, and ``end_timeout`` to
    end TCP once both Close frames have been sent. ``ping_interval`` sends keepalive pings; if no
    byte arrives within ``ping_timeout`` of one, the connection is closed with 1011.
    """

    answer_pings: bool = True
    echo_close: bool = True
    close_timeout: float = 3.0
    end_timeout: float = 1.0
    ping_interval: float | None = None
    ping_timeout: float | None = None


class Connection:
    """One end of an open connection; ``now`` is always a time of the driver's monotonic clock.

    ``closing`` has the state of the closing handshake. ``unanswered`` is the ping timeout in
    seconds if the connection was closed because it passed, else None. ``posted`` counts the bytes
    queued so far, ``queued`` those that ``data_to_send`` would return, and ``bytes_out`` those
    that have left.
    """

    def __init__(
        self,
        role: Role,
        now: float,
        policy: Policy | None = None,
        *,
        deflate: PerMessageDeflate | None = None,
        max_size: int = DEFAULT_MAX_SIZE,
        frames: bool = False,
        fragment: int | None = None,
    ) -> None:
        self.closing = ClosingHandshake()
        self.unanswered: float | None = None
        self.posted = 0
        self.bytes_out = 0
        self._role = role
        self._policy = policy or Policy()
        self._receiver = Receiver(role, deflate=deflate, max_size=max_size, frames=frames)
        self._encoder = Encoder(role, deflate=deflate, fragment=fragment)
        self._keepalive = Keepalive(self._policy.ping_interval, self._policy.ping_timeout, now)
        self._pings = PingsInFlight()
        # Only a server can send an HTTP response where the first frame should be.
        self._stray = StrayResponse() if role is Role.CLIENT else None
        self._late_pong: bytes | None = None
        self._queue: list[bytes] = []
        self.queued = 0

    # Receiving

    def receive(self, data: bytes, now: float) -> Iterator[list[Item]]:
        """Return an iterator over the events of ``data``, in batches; see ``Receiver.receive``.

        Each batch is decoded, and its pings answered, when it is requested. Take all batches before
        those of the next call. A Close and a violation are answered by ``answer``.
        """
        # Here and not in ``_decode``, which runs only when a batch is requested: bytes that wait to
        # be decoded prove already that the peer is alive.
        self._keepalive.heard()
        if self._stray is None:
            return self._decode(data, now)
        frames = self._stray.feed(data)
        if self._stray.recognised:
            return self._receive_stray(now)
        if frames:  # the first frame has begun, so nothing later can be a response
            self._stray = None
        return self._decode(frames, now)

    def receive_eof(self, now: float) -> Iterator[list[Item]]:
        """Yield the last events when the peer has ended TCP; may be called more than once."""
        # Only a possible HTTP response is held back; the receiver has yielded everything else.
        if self._stray is None:
            return
        if held := self._stray.release():
            yield from self._decode(held, now)
        yield from self._violation_of_stray(now)

    def answer(self, now: float) -> None:
        """Answer the peer's Close, or fail the connection after a violation, if that is due.

        The driver calls it when all earlier messages have been handled, so that replies to them can
        still be sent.
        """
        closing = self.closing
        if not closing.answer_due:
            return
        # Both take ``end_timeout``: the peer needs to send nothing more, only to end TCP.
        if closing.violation is not None:
            # "The endpoint SHOULD send a Close frame with an appropriate status code" (§7.1.7). It
            # is sent whatever ``echo_close`` says, which is only about a Close of the peer.
            rule = closing.violation.rule
            self._send_close(rule.close_code, rule.id, now, self._policy.end_timeout)
        elif closing.received is not None and self._policy.echo_close:
            # "When sending a Close frame in response, the endpoint typically echos the status
            # code it received" (§5.5.1).
            self._send_close(closing.received.code, "", now, self._policy.end_timeout)

    @property
    def mid_message(self) -> bool:
        """Whether the bytes so far end inside a frame or inside a fragmented message."""
        return self._receiver.mid_message

    def _decode(self, data: bytes, now: float) -> Iterator[list[Item]]:
        for items in self._receiver.receive(data):
            # Before the batch is passed on: a pong must not wait for replies of the caller, which
            # may be slow to handle the messages in front of the ping.
            self._react(items, now)
            yield items
            # A for loop keeps its variable until the next item exists. Without this line the memory
            # of two batches would be in use at the same time.
            del items

    def _react(self, items: list[Item], now: float) -> None:
        for index, item in enumerate(items):
            if isinstance(item, Ping):
                self._answer_ping(item.payload)
            elif isinstance(item, Pong):
                # The time is that of the read, not of the decoding, which would count as latency.
                items[index] = self._pings.receive(item, now)
            elif isinstance(item, Close | Violation):
                self.closing.receive(item, now, self._policy.end_timeout)

    def _receive_stray(self, now: float) -> Iterator[list[Item]]:
        """Fail the connection when an HTTP response begins; yield the violation when it ends."""
        # At once, since the response may never end: our Close starts the timer that limits it.
        self._send_close(HTTP_RESPONSE.close_code, HTTP_RESPONSE.id, now, self._policy.end_timeout)
        if self._stray is not None and self._stray.complete:
            yield from self._violation_of_stray(now)

    def _violation_of_stray(self, now: float) -> Iterator[list[Item]]:
        violation = self._stray.violation if self._stray is not None else None
        if violation is not None and self.closing.violation is None:
            self.closing.receive(violation, now, self._policy.end_timeout)
            yield [violation]

    def _answer_ping(self, payload: bytes) -> None:
        # "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to
        # previous Ping frame(s), the endpoint MAY elect to send a Pong frame for only the most
        # recently processed Ping frame" (§5.5.3). So one pong is held back, and replaced.
        if self._policy.answer_pings and self.closing.can_send:
            self._late_pong = payload
            self._send_late_pong()

    def _send_late_pong(self) -> None:
        if self._late_pong is not None and self.pending < _PONG_LIMIT:
            if self.closing.can_send:
                self._post(self._encoder.pong(self._late_pong))
            self._late_pong = None

    # Sending

    @property
    def can_send(self) -> bool:
        """Whether messages, pings and Close can be sent; False once our Close has been (§5.5.1)."""
        return self.closing.can_send

    @property
    def pending(self) -> int:
        """Bytes that are queued here or with the driver, and have not left."""
        return self.posted - self.bytes_out

    def data_to_send(self) -> bytes:
        """Remove and return the queued bytes."""
        queue, self._queue, self.queued = self._queue, [], 0
        # A message that the server sends to many clients is one bytes object for all of them.
        return queue[0] if len(queue) == 1 else b"".join(queue)

    def bytes_left(self, bytes_out: int, now: float) -> None:
        """Record how many of the posted bytes have left in all."""
        self.bytes_out = bytes_out
        self.closing.progress(bytes_out, now)
        if self._late_pong is not None:
            self._send_late_pong()  # there may be room for it now

    def peer_read(self, now: float) -> None:
        """Record that the peer has read more bytes, which restarts its time to close."""
        self.closing.restart(now)

    def send(self, opcode: int, payloads: Sequence[bytes]) -> None:
        """Queue whole messages, compressed where that was negotiated; text must be UTF-8."""
        self._post(self._encoder.messages(opcode, payloads))

    def stream(self, opcode: int, payload: bytes) -> Iterator[bytes]:
        """Yield one message encoded in pieces, which must leave before anything queued later.

        It is for a message of many fragments, whose headers would take more memory than its
        payload: a fragment of one byte has a header of two to six.
        """
        for piece in self._encoder.pieces(opcode, payload):
            self.posted += len(piece)
            yield piece

    def send_encoded(self, data: bytes) -> None:
        """Queue bytes as they are, such as a message that is encoded once for many connections."""
        self._post(data)

    def send_frame(self, frame: Frame, now: float) -> None:
        """Queue any frame as it is, legal or not, even after a Close frame."""
        self._post(frame.to_bytes())
        # A forged Close is a Close for the peer, which will answer it. Without this, its answer
        # would be taken for the start of a closing handshake.
        if frame.opcode == Opcode.CLOSE and self.can_send:
            code = int.from_bytes(frame.payload[:2], "big") or CloseCode.NO_STATUS_RECEIVED
            self.closing.send(code, "", self.posted, now, self._policy.close_timeout)

    def ping(self, payload: bytes, now: float) -> SentPing:
        """Queue a ping of at most 125 bytes (§5.5)."""
        self._post(self._encoder.ping(payload))
        return self._pings.send(payload, now)

    def close(
        self,
        now: float,
        code: int = CloseCode.NORMAL_CLOSURE,
        reason: str = "",
        timeout: float | None = None,
    ) -> None:
        """Begin the closing handshake, or shorten its time limit if it has begun.

        A Close from the peer that waits for its answer is answered first. The code 1005 stands for
        a Close without a code. The peer has ``timeout`` seconds, by default the policy's.
        """
        # The peer's Close came first, so ours is the answer to it and has its code, not ``code``.
        self.answer(now)
        patience = self._policy.close_timeout if timeout is None else timeout
        self._send_close(code, reason, now, patience)

    def _send_close(self, code: int, reason: str, now: float, patience: float) -> None:
        if self.can_send:
            self._post(self._encoder.close(code, reason))
            self.closing.send(code, reason, self.posted, now, patience)
        else:
            self.closing.shorten(now, patience)

    def _post(self, data: bytes) -> None:
        self._queue.append(data)
        self.queued += len(data)
        self.posted += len(data)

    # Time

    def next_deadline(self) -> float | None:
        """Return when ``tick`` or ``is_over`` is to be called next; None for never."""
        # Never both: after our Close no ping may be sent, and the closing timer limits the wait.
        return self._keepalive.deadline() if self.can_send else self.closing.deadline()

    def is_silent(self, now: float) -> bool:
        """Return True if a keepalive ping has timed out, so ``tick`` would close.

        A driver that has unread bytes calls ``heard`` first: they prove that the peer is alive.
        """
        return self.can_send and self._keepalive.unanswered(now) is not None

    def heard(self) -> None:
        """Record that the peer has sent something."""
        self._keepalive.heard()

    def tick(self, now: float) -> None:
        """Send a keepalive ping that is due, and close if none was answered in time."""
        if not self.can_send:
            return
        unanswered = self._keepalive.unanswered(now)
        if unanswered is not None:
            self.unanswered = unanswered
            # Code and reason are those that Python's websockets sends. The time limit is the short
            # one, since a peer that has gone will not answer a Close either.
            reason = "keepalive ping timeout"
            self._send_close(CloseCode.INTERNAL_ERROR, reason, now, self._policy.end_timeout)
        elif (payload := self._keepalive.ping_due(now)) is not None:
            self.ping(payload, now)

    @property
    def ends_tcp(self) -> bool:
        """Whether this end should end TCP now; a client waits up to ``end_timeout`` for it."""
        # "The underlying TCP connection, in most normal cases, SHOULD be closed first by the
        # server, so that it holds the TIME_WAIT state and not the client" (§7.1.1).
        return self._role is Role.SERVER and self.closing.complete

    def is_over(self, now: float) -> bool:
        """Return True if the peer's time to close, or to end TCP, has passed."""
        return self.closing.is_over(now)
