"""An open WebSocket of the server, and the endpoint that uses it.

A ``Channel`` passes messages to its ``Endpoint``, and the endpoint sends on its channel, so the two
classes are in one module. The subclasses of ``Endpoint`` are in ``server/endpoints``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from wscli.server.access import AccessRecord
from wscli.server.observer import ConnectionObserver
from wscli.session.asyncio_driver import AsyncioDriver, ByteStream
from wscli.wire.closing import Side
from wscli.wire.codes import CloseCode
from wscli.wire.connection import Connection
from wscli.wire.events import Messages
from wscli.wire.receiver import Item

# ``/echo?fragment=1`` would turn a message of 16 MiB into 16 million frames, of 3 bytes each.
MAX_FRAGMENTS = 1 << 16
"""The most frames that a message is sent in; one that needs more closes with 1009."""

_FEW_FRAMES = 256  # frames of one message that are encoded at once; more are made as they leave


class Endpoint:
    """The behaviour of one connection; this class accepts all messages and sends none.

    ``compresses`` is False to decline permessage-deflate, ``answers`` False to leave pings and
    Close unanswered. ``fragment`` is the largest payload of a frame that is sent, in bytes.
    ``subprotocols`` are those that it speaks; None is any.
    """

    compresses = True
    answers = True
    subprotocols: Collection[str] | None = None
    fragment: int | None = None
    channel: Channel
    _timer: asyncio.TimerHandle | None = None

    def accept(self, response: bytes) -> bytes:
        """Return the head of the 101 to send; an override may spoil the given one."""
        return response

    def stream(self, stream: ByteStream) -> ByteStream:
        """Return the stream that the channel writes to; an override may wrap the given one."""
        return stream

    def opened(self, channel: Channel) -> None:
        """Begin; an override calls this first."""
        self.channel = channel

    def received(self, messages: Messages) -> None:
        """Handle received messages."""

    def resumed(self) -> None:
        """Resume sending, since the client has read most of the queued bytes."""

    def before_close(self) -> None:
        """Send the last messages; the client has sent Close, which is answered after this."""

    def closed(self) -> None:
        """Stop, since nothing more can be sent; an override calls this first."""
        self._cancel_timer()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule ``action``, replacing any pending timer; closing the connection cancels it."""
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Channel:
    """Passes messages to an endpoint, and sends the endpoint's messages.

    Nothing more is read from a client that does not read. ``push`` drops such a client when more
    than ``queue`` bytes would be queued for it.
    """

    def __init__(
        self,
        connection: Connection,
        endpoint: Endpoint,
        stream: ByteStream,
        access: AccessRecord,
        *,
        queue: int,
        observer: ConnectionObserver | None = None,
    ) -> None:
        self.access = access
        self.stream = endpoint.stream(stream)
        self.driver = AsyncioDriver(connection, self.stream, self)
        self._connection = connection
        self._endpoint = endpoint
        self._fragment = endpoint.fragment or 0
        self._queue = queue
        self._observer = observer

    def open(self) -> None:
        """Start the endpoint and the keepalive pings."""
        self._endpoint.opened(self)
        self.driver.flush()

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self.driver.closing

    # Called by the endpoint

    def send(self, opcode: int, payloads: Sequence[bytes]) -> None:
        """Send messages, as one write; fragmented ones are encoded as the client reads them."""
        # Not an error, as for a client's session: the client may close at any moment, while an
        # endpoint is in the middle of its replies.
        if self.closing:
            return
        if not self._fragment:
            self.driver.send(opcode, payloads)
            return
        for payload in payloads:
            if not self.closing:
                self._send_fragments(opcode, payload)

    def _send_fragments(self, opcode: int, payload: bytes) -> None:
        frames = -(-len(payload) // self._fragment)  # rounded up
        if frames <= _FEW_FRAMES:
            self.driver.send(opcode, [payload])
        elif frames <= MAX_FRAGMENTS:
            self.driver.stream_message(opcode, payload)
        else:
            reason = f"{frames:,} frames of {self._fragment:,} B; the limit is {MAX_FRAGMENTS:,}"
            self.close(CloseCode.MESSAGE_TOO_BIG, reason)

    def push(self, data: bytes, count: int) -> None:
        """Send ``count`` messages that are encoded already, or drop a client that reads too slowly.

        The client is dropped if more than the queue's limit would wait for it.
        """
        if self.closing:
            return
        # A client with an empty queue gets even a message larger than the limit: it has read
        # everything so far, and nobody could receive such a message otherwise.
        waiting = self.stream.backlog
        if waiting and waiting + len(data) > self._queue:
            reason = f"reads too slowly: {waiting:,} bytes are queued, and {len(data):,} more came"
            self.close(CloseCode.POLICY_VIOLATION, reason)
            return
        self.driver.send_encoded(data, count)

    def write(self, data: bytes) -> None:
        """Send bytes unchanged, such as a frame that breaks a rule."""
        self.driver.send_encoded(data)

    def close(self, code: int, reason: str = "") -> None:
        """Send Close, and give the client some time to answer it."""
        self.driver.close(code, reason)

    # Called by the driver

    def received(self, items: Sequence[Item]) -> None:
        """Pass messages on to the endpoint."""
        if self._observer is not None:
            self._observer.received(items)
        for item in items:
            if isinstance(item, Messages):
                self.access.messages_in += len(item.payloads)
                # After our Close no reply could be sent. The messages are read nevertheless, to
                # reach the client's own Close.
                if not self.closing:
                    self._endpoint.received(item)

    def before_close(self) -> bool:
        """Let the endpoint send its last messages."""
        self._endpoint.before_close()
        return True

    def closed(self) -> None:
        """Stop the endpoint."""
        self._endpoint.closed()

    # Called by the connection

    def resume(self) -> None:
        """Let the endpoint resume sending, since the client has read most of the queued bytes."""
        if not self.closing:
            self._endpoint.resumed()

    def lost(self) -> None:
        """Clean up after the end of TCP."""
        self.driver.lost()
        self._record_end()
        if self._observer is not None:
            self._observer.ended(self.access, self._connection.closing.sent)
        # They refer to each other, and would stay until the next garbage collection otherwise.
        del self._endpoint.channel, self.driver

    def _record_end(self) -> None:
        # The log shows the Close that began the handshake. The other one is usually its echo.
        closing, access = self._connection.closing, self.access
        access.clean = closing.sent is not None and closing.received is not None
        if closing.began is Side.REMOTE and closing.received is not None:
            access.by = "client"
            access.code, access.reason = closing.received
        elif closing.sent is not None:
            access.by = "server"
            access.code, access.reason = closing.sent, closing.sent_reason
