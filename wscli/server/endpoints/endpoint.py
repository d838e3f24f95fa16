"""What a path does with a WebSocket; the endpoints are kinds of this."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from wscli.wire.events import Messages

if TYPE_CHECKING:
    from wscli.server.channel import Channel
    from wscli.session.asyncio_driver import ByteStream


class Endpoint:
    """One connection's behaviour; by itself it takes everything and says nothing.

    ``compresses`` tells whether permessage-deflate is agreed to, where a client offers it.
    ``answers`` tells whether ping and Close are answered, as they must be. ``fragment`` is how
    many bytes a frame of what is sent has at most.
    """

    compresses = True
    answers = True
    fragment: int | None = None
    channel: Channel
    _timer: asyncio.TimerHandle | None = None

    def accept(self, response: bytes) -> bytes:
        """Return the head of the 101 as it is to be sent."""
        return response

    def stream(self, stream: ByteStream) -> ByteStream:
        """Return what the channel is to write to."""
        return stream

    def opened(self, channel: Channel) -> None:
        """Begin."""
        self.channel = channel

    def received(self, messages: Messages) -> None:
        """Take messages."""

    def resumed(self) -> None:
        """Go on sending, after the client did not read for a while."""

    def leaving(self) -> None:
        """Send what is left to send: the client has sent Close, which will be answered now."""

    def closed(self) -> None:
        """Stop: nothing more can be sent."""
        self._cancel_timer()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later, unless the connection closes before; one thing at a time."""
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
