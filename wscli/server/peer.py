"""One connection to the embedded server: its head, its upgrade, its frames, its end."""

from __future__ import annotations

import asyncio
from typing import cast

from wscli.wire.codes import CloseCode, Role
from wscli.wire.connection import Connection
from wscli.wire.events import Close, Messages, Ping
from wscli.wire.handshake import (
    Refusal,
    accept_response,
    check_request,
    choose_deflate,
)
from wscli.wire.head import MalformedHead, Request, head_end, parse_request
from wscli.wire.rules import Violation

MAX_REQUEST = 16 << 10
"""Bytes of a request's head that are taken."""

ENDPOINTS = frozenset({"/", "/echo"})
"""The paths that are served; each is an echo."""


class Peer(asyncio.Protocol):
    """Speaks the server's side on one connection."""

    def __init__(self) -> None:
        self._head = b""
        self._connection: Connection | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Read the request's head, then frames."""
        if self._connection is not None:
            self._receive(self._connection, data)
            return
        self._head += data
        end = head_end(self._head)
        if end is not None:
            self._upgrade(self._head[:end], self._head[end:])
        elif len(self._head) > MAX_REQUEST:
            sentence = f"the head has more than {MAX_REQUEST:,} bytes"
            self._refuse(Refusal(431, "Request Header Fields Too Large", sentence))

    def pause_writing(self) -> None:
        """Read nothing more from a client that does not read what it is sent."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def _upgrade(self, head: bytes, rest: bytes) -> None:
        try:
            request = parse_request(head)
        except MalformedHead as error:
            self._refuse(Refusal(400, "Bad Request", str(error)))
            return
        refusal = check_request(request) or _check_path(request)
        if refusal is not None:
            self._refuse(refusal)
            return
        offered = request.headers.get("Sec-WebSocket-Protocol")
        subprotocol = offered.split(",")[0].strip() if offered else None
        deflate = choose_deflate(request)
        self._connection = Connection(Role.SERVER, deflate=deflate)
        self._transport.write(accept_response(request, subprotocol, deflate))
        if rest:
            self._receive(self._connection, rest)

    def _refuse(self, refusal: Refusal) -> None:
        body = f"{refusal.sentence}\n".encode()
        headers = [
            *refusal.headers,
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        lines = [f"HTTP/1.1 {refusal.status} {refusal.reason}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self._transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self._transport.close()

    def _receive(self, connection: Connection, data: bytes) -> None:
        for item in connection.receive(data):
            if isinstance(item, Messages):
                self._transport.write(connection.messages(item.opcode, item.payloads))
            elif isinstance(item, Ping):
                self._transport.write(connection.pong(item.payload))
            elif isinstance(item, Close):
                self._end(connection, item.code, "")
            elif isinstance(item, Violation):
                self._end(connection, item.rule.close_code, item.rule.id)

    def _end(self, connection: Connection, code: int, reason: str) -> None:
        """Answer with Close, and end TCP: that is the server's part (RFC 6455 §7.1.1)."""
        self._transport.write(connection.close(code, reason))
        self._transport.close()

    def go_away(self) -> None:
        """Close because the server ends."""
        if self._connection is not None and not self._connection.close_sent:
            self._end(self._connection, CloseCode.GOING_AWAY, "")
        else:
            self._transport.abort()


def _check_path(request: Request) -> Refusal | None:
    path = request.target.partition("?")[0]
    if path in ENDPOINTS:
        return None
    return Refusal(404, "Not Found", f"{path} is not there; try {', '.join(sorted(ENDPOINTS))}")
