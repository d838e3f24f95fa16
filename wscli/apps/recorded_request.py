"""The options for connecting that repeat a recorded upgrade request."""

from __future__ import annotations

from wscli.net.opening import Opening
from wscli.net.options import SECRET_HEADERS, ConnectOptions
from wscli.net.url import Url
from wscli.wire.head import Request

# Made anew for each upgrade, belonging to one hop (RFC 9110 §7.6.1), or an option of their own.
_NOT_REPEATED = {
    *("host", "upgrade", "connection", "content-length", "transfer-encoding", "te", "trailer"),
    *("keep-alive", "proxy-connection", "proxy-authorization"),
    *("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"),
    *("sec-websocket-protocol", "origin", "user-agent"),
}


def repeat_request(options: ConnectOptions, opening: Opening, url: Url) -> ConnectOptions:
    """Return options that repeat a request to ``url``; those that are given take precedence.

    Credentials stay with their origin: they are not sent to another one than that of the recording.
    """
    request = opening.request
    if request is None:
        return options
    offered = request.headers.get("Sec-WebSocket-Protocol") or ""
    same_origin = url.origin == opening.url.origin
    host = request.headers.get("Host")
    if not same_origin or host == url.authority:
        host = None
    return options._replace(
        headers=(*_headers(request, options, same_origin), *options.headers),
        origin=options.origin or request.headers.get("Origin"),
        subprotocols=options.subprotocols or tuple(filter(None, map(str.strip, offered.split(",")))),
        host=options.host or host,
        user_agent=_user_agent(request, options),
        compress=options.compress and _offers_deflate(request),
    )


def withheld(opening: Opening, url: Url) -> list[str]:
    """Return the names of the recorded headers with credentials that another origin must not see."""
    if opening.request is None or url.origin == opening.url.origin:
        return []
    return [name for name, _ in opening.request.headers if name.lower() in SECRET_HEADERS]
