"""Why an upgrade failed, most likely, and what to try: by status, header and first bytes."""

from __future__ import annotations

from wscli.wire.handshake import Agreement
from wscli.wire.head import Request, Response, without_query

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # alert, handshake
_PLAIN_ON_TLS = ("plain http request was sent to https", "client sent an http request to an https")

_BY_STATUS = {
    405: "a WebSocket opens with GET, and this path takes another method: check the path",
    407: "the proxy wants credentials: --proxy http://USER:PASS@HOST:PORT",
    408: "the server gave up waiting: try again, or a longer --connect-timeout",
    410: "this endpoint is gone for good: check the server's documentation for its successor",
    421: "the server does not serve this name here: check --host and --server-name",
    429: "too many connections or requests: wait, then try again",
    431: "the request's headers are too large: shorten --cookie or --header",
    500: "the server failed: its log says why; the request above is what set it off",
    501: "this server does not do WebSocket at all: check host and port",
    502: "a gateway could not reach the server behind it: is that one running?",
    503: "the server takes no connections now: too many clients, or not started yet",
    504: "a gateway waited in vain for the server behind it: is that one running?",
}


def explain_refusal(request: Request, response: Response, body: bytes) -> str:
    """Return what to try after a response that is no 101."""
    status = response.status
    if any(sign in body[:2048].decode("latin-1").lower() for sign in _PLAIN_ON_TLS):
        return "this port speaks TLS: write wss:// instead of ws://"
    if status in REDIRECTS:
        location = without_query(response.headers.get("Location") or "its Location")
        return f"--location follows it, or connect to {location} yourself"
    if status == 401:
        return _explain_401(request, response)
    if status == 403:
        return _explain_403(request)
    if status == 404:
        path = without_query(request.target)
        return f"check the path: {path} is not there; /ws and /socket are common ones"
    if status == 426:
        return _explain_426(response)
    if 200 <= status < 300:
        return _explain_page(response)
    if status == 400:
        return (
            "the body may say what the server missed; if it saw no upgrade at all, a proxy on the "
            "way may have removed Upgrade and Connection (nginx passes them on only with "
            "proxy_set_header)"
        )
    return _BY_STATUS.get(status, "the response's headers and body may say more")


def _explain_401(request: Request, response: Response) -> str:
    challenge = response.headers.get("WWW-Authenticate")
    asked = f" (it asks for {challenge})" if challenge else ""
    if request.headers.get("Authorization") is not None:
        return f"the credentials sent were not accepted{asked}: check them, or their expiry"
    return (
        f"the server wants credentials{asked}: --user NAME, --bearer TOKEN or --cookie NAME=VALUE"
    )


def _explain_403(request: Request) -> str:
    origin = request.headers.get("Origin")
    if origin is None:
        host = request.headers.get("Host") or "HOST"
        return f"--origin https://{host}; some servers refuse a request without a known Origin"
    return (
        f"another --origin than {origin}, or credentials: "
        "--user NAME, --bearer TOKEN or --cookie NAME=VALUE"
    )


def _explain_426(response: Response) -> str:
    versions = response.headers.get("Sec-WebSocket-Version")
    if versions is not None:
        return f"the server speaks version {versions} of the protocol, and was asked for another"
    return "the server saw no upgrade: a proxy on the way may have removed Upgrade and Connection"


def _explain_page(response: Response) -> str:
    kind = response.headers.get("Content-Type") or "no type"
    if "html" in kind:
        return "this is an ordinary web page, not a WebSocket endpoint: check the path"
    return f"this is an ordinary HTTP resource ({kind}), not a WebSocket endpoint: check the path"


def explain_faults(agreement: Agreement) -> str:
    """Return what to try after a 101 that is not valid."""
    ids = {fault.id for fault in agreement.faults}
    if "accept" in ids:
        return (
            "whoever answered did not compute the answer from this request's key: "
            "a cache, a proxy, or a server that is not finished"
        )
    if "extension" in ids:
        return "--no-compress, which offers no extension"
    if "subprotocol" in ids:
        return "--subprotocol with the name that the server chose"
    return "a proxy on the way may have changed the headers; connect past it to compare"


def explain_not_http(data: bytes, *, tls: bool) -> tuple[str, str]:
    """Return what the first bytes are that are no HTTP response, and what to try."""
    if not data:
        hint = "is this port meant for WebSocket? A server that speaks only TLS may do that"
        return "nothing: the connection was closed without a response", (
            "check the port" if tls else f"{hint}: try wss://"
        )
    if data.startswith(_TLS_RECORDS):
        return "a TLS record", "this port speaks TLS: write wss:// instead of ws://"
    if data.startswith(b"SSH-"):
        return "an SSH server's greeting", "check the port"
    if data.startswith((b"\x00\x00\x12\x04", b"\x00\x00\x06\x04", b"\x00\x00\x00\x04")):
        return "an HTTP/2 frame", "the server speaks HTTP/2 only here; WebSocket needs HTTP/1.1"
    if data.startswith((b"220 ", b"220-", b"* OK", b"+OK")):
        return "a mail or file server's greeting", "check the port"
    if data.startswith(b"HTTP/"):
        return "a response whose head does not end", "the server's log may say why"
    return "what is not HTTP", "check the port: another kind of server listens there"
