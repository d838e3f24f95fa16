"""The meaning of a handshake's headers, of the agreement and of the TLS layer.

``inspect`` prints it, and the page of a recording shows it beside each head.
"""

from __future__ import annotations

from collections.abc import Iterator

from wscli.net.opening import Certificate, Opening
from wscli.sinks.notice import describe_declined
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.handshake import Agreement, accept_value
from wscli.wire.head import Headers

# Notes on headers, for somebody who sees an upgrade for the first time. Names are in lower case,
# since "Each field name is case-insensitive" (RFC 9110 §5.1).
_REQUEST = {
    "host": "the host and port that the client asks for",
    "upgrade": "asks to switch this connection to another protocol",
    "connection": "says that Upgrade is meant for the next hop",
    "sec-websocket-key": "16 random bytes in base64; the answer must prove that they were read",
    "sec-websocket-version": "13 is the version of RFC 6455, the only one in use",
    "sec-websocket-protocol": "the subprotocols offered, the preferred one first",
    "sec-websocket-extensions": "the extensions offered; permessage-deflate compresses messages",
    "origin": "the page that connects, as a browser would name it; many servers check it",
    "authorization": "the client's credentials",
    "cookie": "the client's cookies",
    "user-agent": "the client's name and version",
}
_RESPONSE = {
    "upgrade": "agrees to switch protocols",
    "connection": "says that Upgrade is meant for this hop",
    "sec-websocket-protocol": "the subprotocol chosen",
    "sec-websocket-extensions": "the extensions chosen",
    "sec-websocket-version": "the versions of the protocol that the server speaks",
    "www-authenticate": "the kind of credentials that the server wants",
    "location": "the URL to use instead",
    "retry-after": "when to try again",
    "content-type": "the type of the body",
    "content-length": "the size of the body in bytes",
    "transfer-encoding": "how the body is sent; chunked is in parts, each with its size",
    "set-cookie": "a cookie for later requests",
    "server": "the server's name and version",
    "date": "the server's time",
    "via": "the proxies on the way",
}


def explain_request(opening: Opening) -> Iterator[tuple[str, str, str]]:
    """Yield the name, value and meaning of each header of the request, in wire order.

    The meaning of an unknown header is empty.
    """
    if opening.request is not None:
        yield from _explain_headers(opening.request.headers, _REQUEST)


def explain_response(opening: Opening) -> Iterator[tuple[str, str, str]]:
    """Yield the same for the response; the meaning of Sec-WebSocket-Accept is a verdict on it."""
    if opening.response is None:
        return
    for name, value, meaning in _explain_headers(opening.response.headers, _RESPONSE):
        if name.lower() == "sec-websocket-accept":
            yield name, value, _explain_accept(opening, value)
        elif name.lower() == "connection" and "upgrade" not in value.lower():
            yield name, value, "says whether this connection stays open"
        else:
            yield name, value, meaning


def _explain_headers(headers: Headers, meanings: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, value in headers:
        yield name, value, meanings.get(name.lower(), "")


def _explain_accept(opening: Opening, value: str) -> str:
    # The value by which the server proves that it has read the key (RFC 6455 §4.2.2, item 5.4).
    key = opening.request.headers.get("Sec-WebSocket-Key") if opening.request else None
    expected = accept_value(key or "")
    verdict = "correct" if value == expected else "wrong"
    return f"{verdict}: base64(SHA-1(key + GUID)) is {expected}"


def explain_connection(opening: Opening, now: float) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each other fact; ``now`` is in seconds since the epoch."""
    if opening.address is not None:
        yield "address", opening.address
    if opening.proxy is not None:
        yield "proxy", opening.proxy
    if opening.tls is not None:
        yield "TLS", f"{opening.tls.version}, {opening.tls.cipher}"
        if opening.tls.certificate is not None:
            yield from _explain_certificate(opening.tls.certificate, now)
    if opening.agreement is not None:
        yield "subprotocol", _explain_subprotocol(opening.agreement)
        yield "compression", _explain_deflate(opening.agreement.deflate)
        yield from _compare_verdicts(opening.agreement, opening.opinion)
    # A plain GET is sent only after a refusal; its status often points to the cause.
    if opening.probe is not None:
        yield "plain GET", f"{opening.probe.status} {opening.probe.response.reason}".rstrip()


def _explain_subprotocol(agreement: Agreement) -> str:
    if agreement.declined:
        return f"none: {describe_declined(agreement.declined)}"
    return agreement.subprotocol or "none"


def _compare_verdicts(agreement: Agreement, opinion: str | None) -> Iterator[tuple[str, str]]:
    """Yield a row if websocket-client judges a 101 differently from wscli."""
    # websocket-client is more lenient in some rules and stricter in others. A response that it
    # judges differently works with some clients and fails with others, which is hard to find out.
    accepted = opinion == "accepted"
    if agreement.faults and accepted:
        yield "libraries", "websocket-client accepts this response, as others may"
    elif not (agreement.faults or accepted or agreement.declined or opinion is None):
        yield "libraries", "websocket-client refuses this response, as others may"


def _explain_certificate(certificate: Certificate, now: float) -> Iterator[tuple[str, str]]:
    yield "certificate", certificate.subject
    yield "names", ", ".join(certificate.names)
    yield "issuer", certificate.issuer
    # Counted from the time of the event: a recording shows the days that were left then.
    if certificate.expires is not None:
        yield "days left", f"{(certificate.expires - now) / 86400:,.0f}"


def _explain_deflate(deflate: PerMessageDeflate | None) -> str:
    if deflate is None:
        return "none"
    sides = []
    for side in ("server", "client"):
        bits = getattr(deflate, f"{side}_max_window_bits")
        fresh = getattr(deflate, f"{side}_no_context_takeover")
        context = "a new context for each message" if fresh else "one context for all messages"
        sides.append(f"{side} {2**bits:,}-byte window, {context}")
    return f"permessage-deflate: {'; '.join(sides)}"
