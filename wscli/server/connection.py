"""One TCP connection to the server: heads of requests until one is an upgrade, then a channel."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import cast

from wscli.net.opening import Opening
from wscli.net.url import host_and_port
from wscli.server import gate, routes
from wscli.server.channel import Channel
from wscli.server.endpoints.endpoint import Endpoint
from wscli.server.http import HttpResponse, Refused, refusal_answer, refuse
from wscli.server.observer import ConnectionObserver
from wscli.server.options import ServeOptions
from wscli.server.outbox import Bytes, Outbox
from wscli.server.state import ServerState
from wscli.wire.codes import CloseCode, Role
from wscli.wire.connection import Connection, Policy
from wscli.wire.handshake import Agreement, accept_response, choose_deflate
from wscli.wire.head import Request, parse_response

_CLOSE_TIMEOUT = 5.0  # seconds for the client to answer Close, from when it last read something
_MAX_UNANSWERED = 2  # intervals of keepalive pings with nothing from the client
_FIN_TIMEOUT = 5.0  # seconds for the client to end TCP as well, from when it last read something
_BYTES_ACKED = 120  # where Linux has this count of 8 bytes in its struct tcp_info
_HIGH_WATER = 64 << 10  # bytes that wait to be sent, above which the client is not read from
_READ = 256 << 10  # bytes that asyncio reads at a time, and a hub may send back to the client


class ServerConnection(asyncio.Protocol):
    """Speaks the server's side on one connection; it is the line that a channel writes to."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._take: Callable[[bytes], None] = self._take_head
        self._head = bytearray()
        self._channel: Channel | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._held = False
        self._observer: ConnectionObserver | None = None
        self._unrecorded = 0  # bytes that waited before the first frame
        self._upgraded_at = 0  # bytes of HTTP, which left before the first frame
        self._paused = False
        self.full = False

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; from now on the client has some time for the head of a request."""
        self._transport = cast(asyncio.Transport, transport)
        # Over TLS the transport forgets its socket a turn before ``connection_lost``.
        self._sock = transport.get_extra_info("socket")
        self._out = Outbox(self._transport, self)
        self._out.start()
        self._high_water = max(0, min(_HIGH_WATER, self._state.options.queue - _READ))
        self.access = self._state.begin_access(_address(transport.get_extra_info("peername")))
        self._state.join(self)
        if self._state.ending:  # its TLS was made when the server began to end
            self._transport.abort()
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Pass the bytes to whoever they are for now."""
        self.access.bytes_in += len(data)
        self._take(data)

    def eof_received(self) -> bool:
        """Send the queued bytes, then end TCP too; TLS ends by itself, and takes no answer."""
        if not self._transport.can_write_eof():
            return False
        self._take = _ignore
        self.expire(_FIN_TIMEOUT)
        self._out.finish(self._transport.close)
        return True

    def pause_writing(self) -> None:
        """Hand the transport nothing more for now."""
        self._out.pause()

    def resume_writing(self) -> None:
        """Hand the transport the queued bytes."""
        self._out.resume()

    def connection_lost(self, error: Exception | None) -> None:
        """Clean up after the connection."""
        self._take = _ignore
        self._cancel_timer()
        self._out.clear()
        self._out.detach()
        if self._channel is not None:
            self._channel.lost()
            self._channel = None
        self._state.leave(self)

    # Reports of the outbox

    def left(self, size: int, messages: int, data: Bytes) -> None:
        """Count and record the bytes that the kernel has taken."""
        self.access.bytes_out += size
        self.access.messages_out += messages
        if size and self._channel is not None:
            self._channel.driver.bytes_left(self.access.bytes_out - self._upgraded_at)
        if data and self._observer is not None:
            skipped = min(self._unrecorded, len(data))
            self._unrecorded -= skipped
            self._observer.sent(bytes(data[skipped:]))

    def moved(self) -> None:
        """Resume reading, and let the endpoint send, once the client has read most of the queue."""
        if self.full and self._out.size <= self._high_water // 4:
            self.full = False
            self._pace()
            if self._channel is not None:
                self._channel.resume()

    # What a channel does with its line

    @property
    def over(self) -> bool:
        """Whether TCP has ended, or is about to."""
        return self._take is _ignore or self._transport.is_closing()

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent."""
        return self._out.size

    def write(self, data: bytes, messages: int = 0) -> None:
        """Send bytes, after all that wait; when TCP is ending, nothing more."""
        if not self.over:
            self._out.write(data, messages)
            if self._out.size > self._high_water:
                self._fill()

    def stream(self, pieces: Iterator[bytes], size: int) -> None:
        """Send one message in pieces that are made as the client reads, after all queued bytes."""
        if not self.over:
            self._out.stream(pieces, size)
            if self._out.size > self._high_water:
                self._fill()

    def _fill(self) -> None:
        """Stop reading from a client that does not read."""
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
        """Reset TCP when the client reads nothing for so long, instead of what was to be done."""
        taken = self.taken

        def look() -> None:
            if self.taken > taken:
                self.expire(seconds)
            else:
                self.reset()

        self.after(seconds, look)

    @property
    def taken(self) -> int:
        """A number that grows while the client reads what waits for it."""
        if sys.platform == "linux":
            with suppress(OSError):  # a Unix socket has none of this
                info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED + 8)
                return int.from_bytes(info[_BYTES_ACKED:], sys.byteorder)
        return -self.backlog

    def finish(self) -> None:
        """End TCP when all has been sent, and take no more notice of what comes.

        The client's own end is awaited: to close on bytes that nobody has read would be a reset,
        which may overtake what was sent.
        """
        self._take = _ignore
        self.expire(_FIN_TIMEOUT)
        self._pace()
        plain = self._transport.can_write_eof()
        self._out.finish(self._transport.write_eof if plain else self._transport.close)

    def reset(self) -> None:
        """End TCP at once, with a reset."""
        self._take = _ignore
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

    # Requests

    def _expect_head(self) -> None:
        self._take = self._take_head
        self.after(gate.HEAD_TIMEOUT, self._give_up_waiting)

    def _give_up_waiting(self) -> None:
        if self.access.requests and not self._head:
            self.finish()  # it has had its answers, and rests
        else:
            self._refuse(refuse(408, f"no request came within {gate.HEAD_TIMEOUT:g} s"))

    def _take_head(self, data: bytes) -> None:
        before = len(self._head)
        self._head += data
        try:
            head = gate.take_head(self._head, before)
            if head is not None:
                self._cancel_timer()
                self._serve(gate.read_request(head))
        except Refused as refused:
            self._refuse(refused)

    def _serve(self, request: Request) -> None:
        access = self.access
        access.requests += 1
        access.method, access.target = request.method, request.target
        state = self._state
        gate.check_request(request, state.admission)
        if gate.wants_upgrade(request):
            gate.check_upgrade(request, state.clients, state.options.max_clients)
            endpoint = routes.find_endpoint(request, state)
            if isinstance(endpoint, HttpResponse):
                self._respond(endpoint, keep=False)
            else:
                self._upgrade(request, endpoint)
            return
        keep = gate.keeps_open(request)
        answer = routes.find_answer(request, state)
        if isinstance(answer, HttpResponse):
            self._respond(answer, keep=keep)
        else:
            self._take = self._take_early
            self.after(answer.seconds, lambda: self._respond(answer.make(), keep=keep))

    def _take_early(self, data: bytes) -> None:
        """Take note that something comes while a request waits for its answer."""
        self._head[:] = data

    def _respond(self, answer: HttpResponse, *, keep: bool) -> None:
        """Send a response, the last one if the client did not wait for it (RFC 9112 §9.3.2)."""
        keep = keep and not self._head
        self.access.status = answer.status
        self.write(answer.to_bytes(keep=keep))
        if keep:
            self._expect_head()
        else:
            self.finish()

    def _refuse(self, refused: Refused) -> None:
        self._respond(refusal_answer(refused.refusal), keep=False)

    def _upgrade(self, request: Request, endpoint: Endpoint) -> None:
        subprotocol = gate.choose_subprotocol(request)
        deflate = choose_deflate(request) if endpoint.compresses else None
        response = endpoint.accept(accept_response(request, subprotocol, deflate))
        self.access.status = 101
        options = self._state.options
        extensions = deflate.answer() if deflate else None
        agreement = Agreement(subprotocol, extensions, deflate, ())
        observer = self._record(request, response, agreement)
        frames = observer is not None and observer.wants_frames
        self._channel = Channel(
            Connection(
                Role.SERVER,
                asyncio.get_running_loop().time(),
                _policy(endpoint, options),
                deflate=deflate,
                max_size=options.max_size,
                frames=frames,
                fragment=endpoint.fragment,
            ),
            endpoint,
            self,
            self.access,
            queue=options.queue,
            observer=observer,
        )
        self._state.clients += 1
        self._take = self._channel.driver.receive
        self.write(response)
        self._observer, self._unrecorded = observer, self._out.size
        self._upgraded_at = self.access.bytes_out + self._out.size
        self._channel.open()
        if self._head:
            self._take(bytes(self._head))
            self._head.clear()

    def _record(
        self, request: Request, response: bytes, agreement: Agreement
    ) -> ConnectionObserver | None:
        sink = self._state.watcher.sink(self.access)
        if sink is None:
            return None
        opening = Opening(self._state.url(gate.path_of(request.target)))
        opening.address = self.access.address
        opening.request, opening.response = request, parse_response(response)
        opening.agreement = agreement
        return ConnectionObserver(sink, opening, self._state.clock)

    # The end

    def go_away(self) -> None:
        """Close because the server ends."""
        if self._channel is None:
            self._transport.abort()
        else:
            self._channel.close(CloseCode.GOING_AWAY, "the server ends")


def _policy(endpoint: Endpoint, options: ServeOptions) -> Policy:
    interval = options.ping_interval
    return Policy(
        answer_pings=endpoint.answers,
        echo_close=endpoint.answers,
        close_timeout=_CLOSE_TIMEOUT,
        end_timeout=_CLOSE_TIMEOUT,
        ping_interval=interval,
        ping_timeout=None if interval is None else _MAX_UNANSWERED * interval,
    )


def _ignore(data: bytes) -> None:
    """Take no notice."""


def _address(peername: object) -> str:
    """Write who a client is; one that came through a Unix socket has no name."""
    if isinstance(peername, tuple):
        return host_and_port(*peername[:2])
    return "local"
