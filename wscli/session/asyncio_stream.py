"""The byte stream of one connection in an event loop: TCP, or TLS on it, with its own send queue.

Both ends use it: the server's connections, and the client's in ``session.asyncio_client``. There
are three reasons not to read: the user of the connection has no room (``hold``), received bytes are
still being decoded (``pause``), or the peer does not read the queued bytes (``full``).

The server leaves TLS to asyncio. A client's connection was opened by a thread, TLS included, and
asyncio cannot take over a TLS session; so the stream continues with the thread's ``Transport``.

A stream ends in one of three ways:

* ``finish``: this end has sent all it will. TCP is ended when the queue is empty, and then the
  peer has ``_FIN_TIMEOUT`` seconds to end its side, from when it last read something.
* The peer ends its side first (``eof_received``); the queued bytes are still sent.
* ``reset``: TCP ends at once, and the queued bytes are dropped.

After each of them asyncio calls ``connection_lost``, once.
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
# The offset of tcpi_bytes_acked, a count of 8 bytes, in Linux's struct tcp_info. The size of the
# kernel's send buffer would not do: it may hold megabytes, while a slow peer reads.
_BYTES_ACKED = 120
HIGH_WATER = 64 << 10
"""Bytes that wait to be sent, above which the peer is not read from."""


class AsyncioStream(asyncio.Protocol):
    """A ``ByteStream`` for an ``AsyncioDriver``; a subclass handles the bytes of the protocol.

    It overrides ``receive``, ``data_sent`` and ``lost``, and may override ``resumed`` and
    ``peer_ended``.
    """

    def __init__(self, layer: Transport | None = None) -> None:
        self._layer = layer or PlainTransport()
        self._plain = isinstance(self._layer, PlainTransport)
        self._timer: asyncio.TimerHandle | None = None
        self._high_water = HIGH_WATER
        self._held = False
        self._paused = False
        self._ignores_input = False  # whether further input is ignored
        self.full = False

    # For a subclass

    def receive(self, data: bytes) -> None:
        """Take received bytes of the protocol, after TLS."""

    def peer_ended(self) -> None:
        """React to the end of the peer's side; queued bytes will still be sent, then TCP ends."""

    def data_sent(self, size: int, messages: int, data: Bytes) -> None:
        """Count bytes that the kernel has taken; see ``outbox.OutboxOwner``."""

    def resumed(self) -> None:
        """Continue to send, since the peer has read most of the queued bytes."""

    def lost(self, error: Exception | None) -> None:
        """Clean up after the end of TCP."""

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take asyncio's transport."""
        self._transport = cast(asyncio.Transport, transport)
        # Kept, because over TLS the transport forgets its socket one turn of the loop before it
        # calls ``connection_lost``, and a timer may fire in between.
        self._sock = transport.get_extra_info("socket")
        self._out = Outbox(self._transport, self)
        self._out.start()

    def data_received(self, data: bytes) -> None:
        """Pass on the bytes of the protocol."""
        # RFC 6455 §7.1.1 asks to close TCP by "discarding any trailing bytes that may have been
        # received". They have to be read nevertheless: closing a socket with unread bytes is a
        # reset, which can destroy bytes on their way to the peer.
        if self._ignores_input:
            return
        if self._plain:  # nearly every connection: the layer's calls would cost more than they do
            self.receive(data)
            return
        plain = self._layer.receive(data)
        if self._layer.has_data_to_send:
            self._out.stream(self._layer_data(), 0, 0)
        if plain:
            self.receive(plain)
        # A subclass may have ended the connection in ``receive``.
        if self._layer.ended and not self._ignores_input:
            self._answer_eof()

    def eof_received(self) -> bool:
        """Send the queued bytes, then end TCP too; return whether asyncio leaves that to us."""
        # asyncio's TLS closes the transport by itself, whatever is returned.
        if not self._transport.can_write_eof():
            return False
        if not self._ignores_input and (plain := self._layer.receive(b"")):
            self.receive(plain)
        self._answer_eof()
        return True

    def _answer_eof(self) -> None:
        if not self._ignores_input:
            self.peer_ended()
        self._ignores_input = True
        self.reset_if_stalled(_FIN_TIMEOUT)
        self._out.finish(self._transport.close)

    def pause_writing(self) -> None:
        """Hand no more bytes to the transport, which still holds some."""
        self._out.pause()

    def resume_writing(self) -> None:
        """Hand queued bytes to the transport again."""
        self._out.resume()

    def connection_lost(self, error: Exception | None) -> None:
        """Clean up after the end of TCP."""
        self._ignores_input = True
        self._cancel_timer()
        # Before ``lost``, which reports the end: the bytes that have left are counted first.
        self._out.clear()
        self._out.detach()
        self.lost(error)

    def size_changed(self) -> None:
        """Resume reading once the peer has read most of the queue."""
        # Well below the high-water mark, or reading would stop and resume with every slice.
        if self.full and self._out.size <= self._high_water // 4:
            self.full = False
            self._update_reading()
            self.resumed()

    # Called by the driver

    @property
    def over(self) -> bool:
        """Whether TCP has ended, or is about to."""
        return self._ignores_input or self._transport.is_closing()

    @property
    def held(self) -> bool:
        """Whether this end does not read at present, through no fault of the peer."""
        return self._held or self._paused

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent."""
        return self._out.size

    def write(self, data: bytes, messages: int = 0) -> None:
        """Send bytes after all queued bytes; drop them if TCP is ending."""
        if self.over:
            return
        if self._plain:
            self._out.write(data, messages)
        else:
            self._out.stream(self._encrypted(iter((data,))), len(data), messages)
        if self._out.size > self._high_water:
            self._mark_full()

    def stream(self, pieces: Iterator[bytes], size: int) -> None:
        """Send one message whose pieces are made as the peer reads, after all queued bytes."""
        if not self.over:
            self._out.stream(pieces if self._plain else self._encrypted(pieces), size, 1)
            if self._out.size > self._high_water:
                self._mark_full()

    # TLS numbers its records (RFC 8446 §5.3), so they must leave in the order in which they were
    # encrypted. Bytes are therefore encrypted only when it is their turn to leave.

    def _encrypted(self, pieces: Iterator[bytes]) -> Iterator[Bytes]:
        for piece in pieces:
            for start in range(0, len(piece), _PART):
                yield self._layer.send(piece[start : start + _PART])

    def _layer_data(self) -> Iterator[Bytes]:
        yield self._layer.data_to_send()

    def _mark_full(self) -> None:
        # A peer that does not read is not read from either, or its requests could fill the memory
        # with answers.
        self.full = True
        self._update_reading()

    def hold(self, held: bool) -> None:
        """Stop reading, or resume."""
        self._held = held
        self._update_reading()

    def pause(self, paused: bool) -> None:
        """Stop reading until the bytes already read are decoded, or resume."""
        if paused != self._paused:
            self._paused = paused
            self._update_reading()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Schedule ``action``, replacing any pending timer."""
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def reset_if_stalled(self, seconds: float) -> None:
        """Reset TCP if the peer reads nothing for ``seconds``, replacing any pending timer."""
        before = self.peer_progress

        def check() -> None:
            if self.peer_progress > before:
                self.reset_if_stalled(seconds)
            else:
                self.reset()

        self.after(seconds, check)

    @property
    def peer_progress(self) -> int:
        """A number that grows whenever the peer has read more of the bytes sent."""
        # By the bytes that TCP has acknowledged, where the system counts them: a slow peer may
        # read from the kernel's buffers for minutes after our own queue is empty.
        if sys.platform == "linux":
            with suppress(OSError):  # a Unix socket has no TCP_INFO
                info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED + 8)
                return int.from_bytes(info[_BYTES_ACKED:], sys.byteorder)
        return -self.backlog

    def finish(self) -> None:
        """End TCP when everything has been sent, and ignore further input."""
        # As RFC 6455 §7.1.1 describes for Berkeley sockets: shut down the sending side, read until
        # the peer has shut down its own, and close then. Closing at once could reset TCP, and the
        # reset could overtake bytes that the peer has not read.
        self._ignores_input = True
        self.reset_if_stalled(_FIN_TIMEOUT)
        self._update_reading()
        plain = self._transport.can_write_eof()
        self._out.finish(self._transport.write_eof if plain else self._transport.close)

    def reset(self) -> None:
        """End TCP at once with a reset, and drop the bytes that wait to be sent."""
        self._ignores_input = True
        self._out.clear()
        # With a linger time of 0, closing the socket drops the kernel's send buffer and sends RST.
        # Otherwise the kernel would go on sending to a peer that does not read.
        with suppress(OSError):  # it may be closed already, and a Unix socket has no reset
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _update_reading(self) -> None:
        # An ending stream reads on, whatever its state: the peer's end of TCP must be noticed.
        if (self.full or self._held or self._paused) and not self.over:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
