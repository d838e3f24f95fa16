"""An open WebSocket of the server's: its frames, its answers, its closing handshake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from wscli.server.access import AccessRecord, Closer
from wscli.server.observer import ConnectionObserver
from wscli.wire.codes import CloseCode
from wscli.wire.connection import Connection, Item
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.rules import Violation

if TYPE_CHECKING:
    from wscli.server.endpoints.endpoint import Endpoint

CLOSE_TIMEOUT = 5.0
"""Seconds that a client has to answer a Close, from when it last read something."""

MAX_FRAGMENTS = 1 << 16
"""The most frames that a message is sent in; one that needs more closes with 1009."""

_FEW_FRAMES = 256  # frames of one message that are encoded at once
_MAX_UNANSWERED = 2  # pings
_CORK = 64 << 10  # bytes that are kept to be one write
_TURN = 0.02  # seconds of decoding, after which the other connections have a turn


class ClientStream(Protocol):
    """What a channel writes to: the TCP connection, or something in between."""

    @property
    def full(self) -> bool:
        """Whether the client does not keep up."""

    @property
    def over(self) -> bool:
        """Whether TCP has ended, or is about to."""

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent."""

    def write(self, data: bytes, messages: int = 0) -> None:
        """Send bytes that complete ``messages`` messages, after all queued bytes."""

    def stream(self, pieces: Iterator[bytes], size: int) -> None:
        """Send one message that is encoded as the client reads it, and counts as ``size`` bytes."""

    def hold(self, held: bool) -> None:
        """Stop reading, or continue."""

    def pause(self, paused: bool) -> None:
        """Stop reading until the bytes already read are decoded, or resume."""

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule ``action``, replacing any pending timer."""

    def expire(self, seconds: float) -> None:
        """Reset TCP when the client reads nothing for SECONDS; replaces a scheduled action."""

    def finish(self) -> None:
        """End TCP when everything has been sent, and ignore further input."""

    def reset(self) -> None:
        """End TCP at once, with a reset."""


class Channel:
    """One WebSocket, as its endpoint uses it.

    Bytes come in through ``receive``, and go out through a line. Nothing more is read from a client
    that does not read, and a client that is pushed to is dropped when more than ``queue`` bytes
    would be queued for it.
    """

    def __init__(
        self,
        connection: Connection,
        endpoint: Endpoint,
        line: ClientStream,
        access: AccessRecord,
        *,
        queue: int,
        observer: ConnectionObserver | None = None,
    ) -> None:
        self.access = access
        self.line = endpoint.line(line)
        self._connection = connection
        self._endpoint = endpoint
        self._fragment = endpoint.fragment or 0
        self._queue = queue
        self._observer = observer
        self._incoming: Iterator[list[Item]] | None = None  # bytes that were read, to be decoded
        self._corked: list[bytes] | None = None
        self._corked_size = 0
        self._corked_messages = 0
        self._ping_interval: float | None = None
        self._unanswered = 0

    def open(self, ping_interval: float | None) -> None:
        """Let the endpoint begin, and the keepalive pings where there is an interval for them."""
        self._ping_interval = ping_interval
        if ping_interval is not None:
            self.line.after(ping_interval, self._keep_alive)
        self._endpoint.opened(self)

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._connection.close_sent

    # What the endpoint does

    def send(self, opcode: int, payloads: Sequence[bytes]) -> None:
        """Send messages, as one write; those in fragments are encoded as the client reads them."""
        if self.closing:
            return
        if not self._fragment:
            self.write(self._connection.messages(opcode, payloads), len(payloads))
            return
        for payload in payloads:
            if not self.closing:
                self._send_fragments(opcode, payload)

    def _send_fragments(self, opcode: int, payload: bytes) -> None:
        frames = -(-len(payload) // self._fragment)
        if frames <= _FEW_FRAMES:
            self.write(self._connection.messages(opcode, [payload]), 1)
        elif frames <= MAX_FRAGMENTS:
            self._flush_cork()
            self.line.stream(self._connection.pieces(opcode, payload), len(payload))
        else:
            reason = f"{frames:,} frames of {self._fragment:,} B; the limit is {MAX_FRAGMENTS:,}"
            self.close(CloseCode.MESSAGE_TOO_BIG, reason)

    def push(self, data: bytes, count: int) -> None:
        """Send ``count`` messages that are encoded already, unless too much is queued.

        A member with an empty queue gets even a message larger than the limit, since it has read
        everything so far.
        """
        if self.closing:
            return
        waiting = self.line.backlog
        if waiting and waiting + len(data) > self._queue:
            reason = f"reads too slowly: {waiting:,} bytes wait, and {len(data):,} more came"
            self.close(CloseCode.POLICY_VIOLATION, reason)
            return
        self.write(data, count)

    def write(self, data: bytes, messages: int = 0) -> None:
        """Send bytes unchanged; they complete ``messages`` messages."""
        if self._corked is None:
            self.line.write(data, messages)
            return
        self._corked.append(data)
        self._corked_size += len(data)
        self._corked_messages += messages
        if self._corked_size > _CORK:
            self._flush_cork()

    def close(self, code: int, reason: str = "") -> None:
        """Send Close, and give the client some time to answer it."""
        if self.closing:
            return
        self._begin_close("server", code, reason)
        self.write(self._connection.close(code, reason))
        self.line.expire(CLOSE_TIMEOUT)
        self._endpoint.closed()

    # What comes from the client

    def receive(self, data: bytes) -> None:
        """Decode bytes and pass on the events, in turns if they inflate to a lot."""
        batches = self._connection.receive(data)
        if self._incoming is None:
            self._incoming = batches
            self._decode()
        else:
            self._incoming = chain(self._incoming, batches)

    def _decode(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _TURN
        for items in self._incoming or ():
            self._take(items)
            del items  # or it would be kept while the next batch is inflated
            if loop.time() >= end:
                self.line.pause(True)
                loop.call_soon(self._decode)
                return
        self._incoming = None
        self.line.pause(False)

    def _take(self, items: Sequence[Item]) -> None:
        """Handle a batch, combining the replies into few writes."""
        self._corked = []
        if self._observer is not None:
            self._observer.received(items)
        finished = False
        for item in items:
            if isinstance(item, Messages):
                self.access.messages_in += len(item.payloads)
                if not self.closing:
                    self._endpoint.received(item)
            elif isinstance(item, Ping):
                self._answer_ping(item)
            elif isinstance(item, Pong):
                self._unanswered = 0
            elif isinstance(item, Close):
                finished = self._answer_close(item)
            elif isinstance(item, Violation):
                finished = self._fail(item)
        self._uncork()
        if finished:
            self.line.finish()

    def resume(self) -> None:
        """Go on sending: the client has read what waited for it."""
        if not self.closing:
            self._endpoint.resumed()

    def lost(self) -> None:
        """Clean up after the end of TCP."""
        self._incoming = None
        if not self.closing:
            self._endpoint.closed()
        if self._observer is not None:
            self._observer.ended(self.access)
        del self._endpoint.channel  # else the two would stay until the next garbage collection

    def _uncork(self) -> None:
        corked, messages = self._corked, self._corked_messages
        self._corked, self._corked_size, self._corked_messages = None, 0, 0
        if corked:
            self.line.write(corked[0] if len(corked) == 1 else b"".join(corked), messages)

    def _flush_cork(self) -> None:
        if self._corked is not None:
            self._uncork()
            self._corked = []

    def _answer_ping(self, ping: Ping) -> None:
        if self._endpoint.answers and not self.closing:
            self.write(self._connection.pong(ping.payload))

    def _answer_close(self, close: Close) -> bool:
        """Answer a Close with its own code (RFC 6455 §5.5.1); return True if TCP is to end."""
        if not self.closing:
            self._endpoint.leaving()
        if self.closing:
            self.access.clean = True
            return True
        self._begin_close("client", *close)
        if not self._endpoint.answers:
            return False
        self.access.clean = True
        self.write(self._connection.close(close.code))
        self._endpoint.closed()
        return True

    def _fail(self, violation: Violation) -> bool:
        """Fail the connection (RFC 6455 §7.1.7)."""
        if not self.closing:
            rule = violation.rule
            self._begin_close("server", rule.close_code, rule.id)
            self.write(self._connection.close(rule.close_code, rule.id))
            self._endpoint.closed()
        return True

    def _begin_close(self, by: Closer, code: int, reason: str) -> None:
        self.access.by, self.access.code, self.access.reason = by, code, reason

    def _keep_alive(self) -> None:
        if self._ping_interval is None or self.closing:
            return
        if self._unanswered == _MAX_UNANSWERED:
            self.close(CloseCode.INTERNAL_ERROR, f"{_MAX_UNANSWERED} pings went unanswered")
            return
        self._unanswered += 1
        self.write(self._connection.ping())
        self.line.after(self._ping_interval, self._keep_alive)
