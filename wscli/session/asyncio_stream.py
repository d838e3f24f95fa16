"""The byte stream of one connection in an event loop: TCP, or TLS on it, with its own send queue.

Both ends use it: the server's connections, and the client's in ``session.asyncio_client``. It does
not read while its user takes nothing (``hold``), while received bytes are being decoded
(``pause``), and while the peer does not read the queued bytes (``full``).

The server leaves TLS to asyncio. A client's connection was opened, and its TLS negotiated, by a
thread; so the stream has the ``Transport`` that goes on with it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import cast

from wscli.net.transport import PlainTransport, Transport
from wscli.session.outbox import Bytes, Outbox

_FIN_TIMEOUT = 5.0  # seconds for the peer to end TCP as well, from when it last read something
_PART = 64 << 10  # bytes that are encrypted at a time
_BYTES_ACKED = 120  # where Linux has this count of 8 bytes in its struct tcp_info
HIGH_WATER = 64 << 10
"""Bytes that wait to be sent, above which the peer is not read from."""


class AsyncioStream(asyncio.Protocol):
    """A ``ByteStream`` for an ``AsyncioDriver``; a subclass uses the bytes.

    It overrides ``read``, ``left`` and ``lost``, and may override ``resumed`` and ``ended``.
    """

    def __init__(self, layer: Transport | None = None) -> None:
        self._layer = layer or PlainTransport()
        self._plain = isinstance(self._layer, PlainTransport)
        self._timer: asyncio.TimerHandle | None = None
        self._high_water = HIGH_WATER
        self._held = False
        self._paused = False
        self._deaf = False  # whether further input is ignored
        self.full = False

    # For a subclass

    def read(self, data: bytes) -> None:
        """Take bytes of the protocol."""

    def ended(self) -> None:
        """React to the peer's end of TCP; then the queued bytes are sent, and TCP is ended."""

    def left(self, size: int, messages: int, data: Bytes) -> None:
        """Count bytes that the kernel has taken; see ``outbox.Owner``."""

    def resumed(self) -> None:
        """Continue to send: the peer has read most of the queued bytes."""

    def lost(self, error: Exception | None) -> None:
        """Clean up after the connection."""

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take asyncio's transport."""
        self._transport = cast(asyncio.Transport, transport)
        # Over TLS the transport forgets its socket a turn before ``connection_lost``.
        self._sock = transport.get_extra_info("socket")
        self._out = Outbox(self._transport, self)
        self._out.start()

    def data_received(self, data: bytes) -> None:
        """Pass on the bytes of the protocol."""
        if self._deaf:
            return
        if self._plain:  # nearly every connection: the layer's calls would cost more than they do
            self.read(data)
            return
        plain = self._layer.receive(data)
        if self._layer.has_data_to_send:
            self._out.stream(self._own_data(), 0, 0)
        if plain:
            self.read(plain)
        if self._layer.ended and not self._deaf:
            self._end_too()

    def eof_received(self) -> bool:
        """Send the queued bytes, then end TCP too; TLS ends by itself, and takes no answer."""
        if not self._transport.can_write_eof():
            return False
        if not self._deaf and (plain := self._layer.receive(b"")):
            self.read(plain)
        self._end_too()
        return True

    def _end_too(self) -> None:
        if not self._deaf:
            self.ended()
        self._deaf = True
        self.expire(_FIN_TIMEOUT)
        self._out.finish(self._transport.close)

    def pause_writing(self) -> None:
        """Hand the transport nothing more for now."""
        self._out.pause()

    def resume_writing(self) -> None:
        """Hand the transport the queued bytes."""
        self._out.resume()

    def connection_lost(self, error: Exception | None) -> None:
        """Clean up after the connection."""
        self._deaf = True
        self._cancel_timer()
        self._out.clear()
        self._out.detach()
        self.lost(error)

    def moved(self) -> None:
        """Resume reading once the peer has read most of the queue."""
        if self.full and self._out.size <= self._high_water // 4:
            self.full = False
            self._pace()
            self.resumed()

    # What a driver does

    @property
    def over(self) -> bool:
        """Whether TCP has ended, or is about to."""
        return self._deaf or self._transport.is_closing()

    @property
    def held(self) -> bool:
        """Whether this end does not read for a reason of its own."""
        return self._held or self._paused

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent."""
        return self._out.size

    def write(self, data: bytes, messages: int = 0) -> None:
        """Send bytes, after all that wait; when TCP is ending, nothing more."""
        if self.over:
            return
        if self._plain:
            self._out.write(data, messages)
        else:
            self._out.stream(self._encrypted(iter((data,))), len(data), messages)
        if self._out.size > self._high_water:
            self._fill()

    def stream(self, pieces: Iterator[bytes], size: int) -> None:
        """Send one message in pieces that are made as the peer reads, after all queued bytes."""
        if not self.over:
            self._out.stream(pieces if self._plain else self._encrypted(pieces), size, 1)
            if self._out.size > self._high_water:
                self._fill()

    # TLS numbers its records, so they must leave in the order in which they were encrypted. Bytes
    # are therefore encrypted only when it is their turn to leave.

    def _encrypted(self, pieces: Iterator[bytes]) -> Iterator[Bytes]:
        for piece in pieces:
            for start in range(0, len(piece), _PART):
                yield self._layer.send(piece[start : start + _PART])

    def _own_data(self) -> Iterator[Bytes]:
        yield self._layer.data_to_send()

    def _fill(self) -> None:
        """Stop reading from a peer that does not read."""
        self.full = True
        self._pace()

    def hold(self, held: bool) -> None:
        """Stop reading, or continue."""
        self._held = held
        self._pace()

    def pause(self, paused: bool) -> None:
        """Stop reading until the bytes already read are decoded, or resume."""
        if paused != self._paused:
            self._paused = paused
            self._pace()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule ``action``, replacing any pending timer."""
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def expire(self, seconds: float) -> None:
        """Reset TCP if the peer reads nothing for ``seconds``, replacing any pending timer."""
        taken = self.taken

        def look() -> None:
            if self.taken > taken:
                self.expire(seconds)
            else:
                self.reset()

        self.after(seconds, look)

    @property
    def taken(self) -> int:
        """A number that grows while the peer reads."""
        if sys.platform == "linux":
            with suppress(OSError):  # a Unix socket has none of this
                info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED + 8)
                return int.from_bytes(info[_BYTES_ACKED:], sys.byteorder)
        return -self.backlog

    def finish(self) -> None:
        """End TCP when all has been sent, and ignore further input.

        The peer's own end is awaited: to close on bytes that nobody has read would be a reset,
        which may overtake what was sent.
        """
        self._deaf = True
        self.expire(_FIN_TIMEOUT)
        self._pace()
        plain = self._transport.can_write_eof()
        self._out.finish(self._transport.write_eof if plain else self._transport.close)

    def reset(self) -> None:
        """End TCP at once, with a reset."""
        self._deaf = True
        self._out.clear()
        with suppress(OSError):  # it may have gone, and a Unix socket knows no reset
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _pace(self) -> None:
        if (self.full or self._held or self._paused) and not self.over:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
