"""One TCP connection to the server: heads of requests until one is an upgrade, then a channel.

States, by the function that takes received bytes (``_take``):

* ``_take_head``: a head is expected, within ``gate.HEAD_TIMEOUT``.
* ``_take_early``: a response will be sent after a delay; bytes that arrive meanwhile are a request
  of a client that did not wait, which ends the connection after the response.
* ``channel.driver.receive``: the connection is a WebSocket.

After ``finish`` or ``reset``, the stream ignores all input.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wscli.net.opening import Opening
from wscli.net.url import host_and_port
from wscli.server import gate, routes
from wscli.server.channel import Channel, Endpoint
from wscli.server.http import HttpResponse, Refused, refusal_answer, refuse
from wscli.server.observer import ConnectionObserver
from wscli.server.options import ServeOptions
from wscli.server.state import ServerState
from wscli.session.asyncio_stream import HIGH_WATER, AsyncioStream
from wscli.session.outbox import Bytes
from wscli.wire.codes import CloseCode, Role
from wscli.wire.connection import Connection, Policy
from wscli.wire.handshake import Agreement, accept_response, choose_deflate
from wscli.wire.head import Request, parse_response

_CLOSE_TIMEOUT = 5.0  # seconds for the client to answer Close, from when it last read something
_MAX_UNANSWERED = 2  # intervals of keepalive pings without a byte from the client
_READ = 256 << 10  # bytes that asyncio reads at a time


class ServerConnection(AsyncioStream):
    """The server's side of one connection: HTTP, then the stream under a channel."""

    def __init__(self, state: ServerState) -> None:
        super().__init__()
        self._state = state
        self._take: Callable[[bytes], None] = self._take_head
        self._head = bytearray()
        self._channel: Channel | None = None
        self._observer: ConnectionObserver | None = None
        self._unrecorded = 0  # bytes of HTTP that were still queued when the WebSocket opened
        self._upgraded_at = 0  # all bytes of HTTP, which leave before the first frame

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, and wait for the head of a request."""
        super().connection_made(transport)
        # A hub sends the messages of one read back to their sender. Reading must stop early enough
        # that these do not exceed the queue: a sender that does not read is slowed down, while
        # other members that do not read are dropped.
        self._high_water = max(0, min(HIGH_WATER, self._state.options.queue - _READ))
        self.access = self._state.new_record(_address(transport.get_extra_info("peername")))
        self._state.join(self)
        # The client finished its TLS handshake after the server had begun to end.
        if self._state.ending:
            self._transport.abort()
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Count all bytes, even those that are ignored."""
        self.access.bytes_in += len(data)
        super().data_received(data)

    # Called by the stream

    def receive(self, data: bytes) -> None:
        """Pass the bytes on, to the requests or to the channel."""
        self._take(data)

    def resumed(self) -> None:
        """Let the endpoint resume sending, since the client has read most of the queued bytes."""
        if self._channel is not None:
            self._channel.resume()

    def lost(self, error: Exception | None) -> None:
        """Clean up after the connection."""
        if self._channel is not None:
            self._channel.lost()
            self._channel = None
        self._state.leave(self)

    def data_sent(self, size: int, messages: int, data: Bytes) -> None:
        """Count and record the bytes that the kernel has taken."""
        self.access.bytes_out += size
        self.access.messages_out += messages
        if size and self._channel is not None:
            self._channel.driver.bytes_left(self.access.bytes_out - self._upgraded_at)
        if data and self._observer is not None:
            # The observer decodes frames, and must not be given the rest of the 101.
            skipped = min(self._unrecorded, len(data))
            self._unrecorded -= skipped
            self._observer.sent(bytes(data[skipped:]))

    # Requests

    def _expect_head(self) -> None:
        self._take = self._take_head
        self.after(gate.HEAD_TIMEOUT, self._give_up_waiting)

    def _give_up_waiting(self) -> None:
        if self.access.requests and not self._head:
            # An idle connection whose requests have been answered ends without a 408, which the
            # client might take for the response to a request that is on its way.
            self.finish()
        else:
            self._refuse(refuse(408, f"no request arrived within {gate.HEAD_TIMEOUT:g} s"))

    def _take_head(self, data: bytes) -> None:
        # The timer goes on while parts of a head arrive: a client that sends a byte now and then
        # could hold a connection forever.
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
            # ``/status/N`` answers an upgrade with HTTP. Frames may follow the request already,
            # and cannot be told from the next request, so the connection ends.
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
        # All that matters is whether any arrived, so later bytes replace earlier ones: a client may
        # send any amount while its long poll waits.
        self._head[:] = data

    def _respond(self, answer: HttpResponse, *, keep: bool) -> None:
        """Send a response, the last one if the client did not wait for it."""
        # Pipelined requests (RFC 9112 §9.3.2) are not served. "close" tells the client that they
        # were not, and it may send them again on another connection.
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
        subprotocol = gate.choose_subprotocol(request, endpoint.subprotocols)
        deflate = choose_deflate(request) if endpoint.compresses else None
        response = endpoint.accept(accept_response(request, subprotocol, deflate))
        self.access.status = 101  # by which ``ServerState.leave`` knows that this was a client
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
        # The 101 leaves before anything that the endpoint sends when it opens, and the endpoint is
        # open before it gets frames that came behind the request.
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
        # The record that a client makes while it connects, with as much as the server knows of it.
        opening = Opening(self._state.url(gate.path_of(request.target)))
        opening.address = self.access.address
        opening.request, opening.response = request, parse_response(response)
        opening.agreement = agreement
        return ConnectionObserver(sink, opening, self._state.clock)

    # The end

    def go_away(self) -> None:
        """Close because the server is shutting down."""
        # 1001 "indicates that an endpoint is "going away", such as a server going down"
        # (RFC 6455 §7.4.1). A connection that only waits for a request is dropped.
        if self._channel is None:
            self._transport.abort()
        else:
            self._channel.close(CloseCode.GOING_AWAY, "the server is shutting down")


def _policy(endpoint: Endpoint, options: ServeOptions) -> Policy:
    # ``end_timeout`` is that of the client to end TCP after both Close frames. It is as long as the
    # time to answer Close, since a client that reads slowly has not seen our Close by then.
    interval = options.ping_interval
    return Policy(
        answer_pings=endpoint.answers,
        echo_close=endpoint.answers,
        close_timeout=_CLOSE_TIMEOUT,
        end_timeout=_CLOSE_TIMEOUT,
        ping_interval=interval,
        ping_timeout=None if interval is None else _MAX_UNANSWERED * interval,
    )


def _address(peername: object) -> str:
    """Return the address of a client, or "local" for one that came through a Unix socket."""
    if isinstance(peername, tuple):
        return host_and_port(*peername[:2])  # an IPv6 address has two more members
    return "local"
