"""The options for connecting that repeat a recorded upgrade request."""

from __future__ import annotations

from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.net.redaction import is_secret_header
from wscli.net.url import Url
from wscli.records.secrets import MARK
from wscli.wire.head import Headers

# Generated for each upgrade, specific to one hop (RFC 9110 §7.6.1), or an option of their own.
_NOT_REPEATED = {
    *("host", "upgrade", "connection", "content-length", "transfer-encoding", "te", "trailer"),
    *("keep-alive", "proxy-connection", "proxy-authorization"),
    *("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"),
    *("sec-websocket-protocol", "origin", "user-agent"),
}
_DEFAULT_AGENT = ConnectOptions().user_agent


def repeat_request(options: ConnectOptions, opening: Opening, url: Url) -> ConnectOptions:
    """Return options that repeat a request to ``url``; those that are given take precedence.

    Credentials stay with their origin: they are not sent to another one than that of the recording.
    Those that were redacted are repeated as they are recorded, see ``without_redacted``.
    """
    request = opening.request
    if request is None:
        return options
    headers = request.headers
    same_origin = url.origin == opening.url.origin
    given = _given(options, url)
    repeated = [
        (name, value)
        for name, value in headers
        # HTTP/2 has pseudo-header fields such as :authority, which a HAR file may list.
        if name.lower() not in given and not name.startswith(":")
        if same_origin or not is_secret_header(name)
    ]
    agent, host = headers.get("User-Agent"), headers.get("Host")
    return options._replace(
        headers=(*repeated, *options.headers),
        origin=options.origin or headers.get("Origin"),
        subprotocols=options.subprotocols or _subprotocols(headers),
        host=options.host or (host if same_origin and host != url.authority else None),
        user_agent=agent if agent and options.user_agent == _DEFAULT_AGENT else options.user_agent,
        # Another offer is not repeated as it is, since wscli must be able to read what is accepted.
        compress=options.compress and "permessage-deflate" in _extensions(headers),
    )


def _given(options: ConnectOptions, url: Url) -> set[str]:
    """Return the headers, in lower case, that the recording does not decide."""
    given = _NOT_REPEATED | {name.lower() for name, _ in options.headers}
    if options.cookies:
        given.add("cookie")
    if options.bearer is not None or options.user is not None or url.user is not None:
        given.add("authorization")
    return given


def _subprotocols(headers: Headers) -> tuple[str, ...]:
    offered = (headers.get("Sec-WebSocket-Protocol") or "").split(",")
    return tuple(name.strip() for name in offered if name.strip())


def _extensions(headers: Headers) -> list[str]:
    """Return the names of the extensions that were offered, without their parameters."""
    offered = headers.tokens("Sec-WebSocket-Extensions")
    return [name.partition(";")[0].strip() for name in offered]


def without_redacted(options: ConnectOptions) -> ConnectOptions:
    """Return options without the headers whose values a recording does not have."""
    return options._replace(headers=[each for each in options.headers if each[1] != MARK])


def withheld_headers(options: ConnectOptions, opening: Opening, url: Url) -> list[str]:
    """Return the recorded credentials that ``url`` does not get, each with the reason."""
    if opening.request is None:
        return []
    given, same_origin = _given(options, url), url.origin == opening.url.origin
    withheld = []
    for name, value in opening.request.headers:
        if name.lower() in given:
            continue
        if value == MARK:
            withheld.append(f"{name} (redacted)")
        elif not same_origin and is_secret_header(name):
            withheld.append(f"{name} (for {opening.url.authority})")
    return withheld
