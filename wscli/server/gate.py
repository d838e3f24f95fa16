"""Limits on the head of a request, and the checks that come before its route.

The order matters for the answers: first the limits, then whether this is HTTP at all, then the form
of the request, then Host and Origin, and then the handshake. So a client whose request is wrong is
told what is wrong, even if it may not connect.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from wscli.server.admission import Admission
from wscli.server.http import Refused, refuse
from wscli.wire.handshake import check_request as check_opening
from wscli.wire.head import FIELD_NAME, MalformedHead, Request, head_end, parse_request

# Without it, clients that send nothing, or a byte a minute, could take all connections.
HEAD_TIMEOUT = 10.0
"""Seconds that a client has to send the head of a request."""

# The default of Node, too.
MAX_HEAD = 16 << 10
"""The largest head of a request, in bytes."""

MAX_HEADERS = 100
"""The most header fields of a request."""

TLS_HANDSHAKE = 0x16
"""The first byte of a TLS connection (RFC 8446 §5.1); no HTTP request begins with it."""

_AUTHORITY = r"(?i:https?)://[^/?#]*"


def take_head(received: bytearray, before: int) -> bytes | None:
    """Remove the head at the start of ``received`` and return it, or None if it is incomplete.

    The first ``before`` bytes were searched by an earlier call.

    Raises:
        Refused: if the head is too long, or the client speaks TLS.
    """
    # Not from the start each time: a head that arrives byte by byte would take quadratic time.
    end = head_end(received, before)
    # At the first byte: a client that waits for a TLS handshake sends no more, and would wait for
    # the timeout.
    if received[0] == TLS_HANDSHAKE:
        raise refuse(400, "this port does not speak TLS; use http:// or ws://")
    if (len(received) if end is None else end) > MAX_HEAD:
        raise refuse(431, f"the head of the request has more than {MAX_HEAD:,} bytes")
    if end is None:
        return None
    head = bytes(received[:end])
    del received[:end]
    return head


def read_request(head: bytes) -> Request:
    """Parse the head of a request.

    Raises:
        Refused: if it is malformed.
    """
    try:
        return parse_request(head)
    except MalformedHead as error:
        raise refuse(400, str(error)) from None


def check_request(request: Request, admission: Admission) -> None:
    """Check the rules for every request: its form, its Host and its Origin.

    Raises:
        Refused: with the broken rule.
    """
    if len(request.headers) > MAX_HEADERS:
        raise refuse(431, f"the request has more than {MAX_HEADERS} header fields")
    # "The origin server MUST generate an Allow header field in a 405 response" (RFC 9110 §15.5.6).
    if request.method != "GET":
        raise refuse(405, f"only GET is supported, not {request.method}", ("Allow", "GET"))
    # "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message
    # that lacks a Host header field and to any request message that contains more than one Host
    # header field line" (RFC 9112 §3.2).
    if request.version >= "1.1" and len(request.headers.get_all("Host")) != 1:
        raise refuse(400, "the request must have exactly one Host header")
    if not path_of(request.target).startswith("/"):
        raise refuse(400, f"the target must be a path, not {request.target!r}")
    admission.check_host(request)
    admission.check_origin(request)


def path_of(target: str) -> str:
    """Return the path and query of a target, which may be a whole URI."""
    # "A server MUST accept the absolute-form in requests" (RFC 9112 §3.2.2).
    match = re.match(_AUTHORITY, target)
    if match is None:
        return target
    path = target[match.end() :]
    return path if path.startswith("/") else f"/{path}"


def wants_upgrade(request: Request) -> bool:
    """Return True if a request is meant as an opening handshake, even a malformed one."""
    # A key without Upgrade is a handshake that a proxy or the client has damaged. It gets an error
    # that names the missing header, rather than one that says that it is a plain request.
    headers = request.headers
    return "websocket" in headers.tokens("Upgrade") or bool(headers.get_all("Sec-WebSocket-Key"))


def check_upgrade(request: Request, clients: int, max_clients: int | None) -> None:
    """Check an opening handshake, and the limit of open WebSockets.

    Raises:
        Refused: with the broken rule.
    """
    refusal = check_opening(request)
    if refusal is not None:
        raise Refused(refusal)
    if max_clients is not None and clients >= max_clients:
        raise refuse(503, f"{clients} clients are connected, which is the limit")


def choose_subprotocol(request: Request, known: Collection[str] | None = None) -> str | None:
    """Return the first subprotocol offered that is among ``known``, or the first if that is None.

    Raises:
        Refused: if the offer is not a valid name.
    """
    # The names are "ordered by preference" (RFC 6455 §4.1). Only the chosen one is checked, since
    # it is sent back. Empty ones are skipped (RFC 9110 §5.6.1.2).
    offered = (request.headers.get("Sec-WebSocket-Protocol") or "").split(",")
    names = (name.strip() for name in offered if name.strip())
    name = next((name for name in names if known is None or name in known), None)
    if name is not None and not re.fullmatch(FIELD_NAME, name):
        raise refuse(400, f"invalid subprotocol in Sec-WebSocket-Protocol: {name!r}")
    return name


def keeps_open(request: Request) -> bool:
    """Return True if another request may follow a plain one (RFC 9112 §9.3)."""
    # A body is not read, so the next request could not be found after it. Its bytes would be taken
    # for that request, which is how requests are smuggled past a proxy.
    headers = request.headers
    return (
        request.version >= "1.1"
        and "close" not in headers.tokens("Connection")
        and not headers.get_all("Transfer-Encoding")
        and set(headers.get_all("Content-Length")) <= {"0"}
    )
