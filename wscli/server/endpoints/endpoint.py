"""The base class of endpoints: the behaviour of a path over WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from wscli.wire.events import Messages

if TYPE_CHECKING:
    from wscli.server.channel import Channel
    from wscli.session.asyncio_driver import ByteStream


class Endpoint:
    """The behaviour of one connection; this class accepts all messages and sends none.

    ``compresses`` is False to decline permessage-deflate, ``answers`` False to leave pings and
    Close unanswered. ``fragment`` is the largest payload of a frame that is sent, in bytes.
    """

    compresses = True
    answers = True
    fragment: int | None = None
    channel: Channel
    _timer: asyncio.TimerHandle | None = None

    def accept(self, response: bytes) -> bytes:
        """Return the head of the 101 to send."""
        return response

    def stream(self, stream: ByteStream) -> ByteStream:
        """Return the stream that the channel writes to."""
        return stream

    def opened(self, channel: Channel) -> None:
        """Begin."""
        self.channel = channel

    def received(self, messages: Messages) -> None:
        """Take messages."""

    def resumed(self) -> None:
        """Resume sending: the client has read the queued bytes."""

    def leaving(self) -> None:
        """Send the last messages: the client has sent Close, which will be answered now."""

    def closed(self) -> None:
        """Stop: nothing more can be sent."""
        self._cancel_timer()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule ``action``, replacing any pending timer; closing the connection cancels it."""
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
