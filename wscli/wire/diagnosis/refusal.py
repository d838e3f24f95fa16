"""Explain a refusal: a response to the upgrade that is not a 101, or no response at all."""

from __future__ import annotations

import re
from collections.abc import Callable

from wscli.wire.diagnosis.evidence import Evidence, PlainResponse
from wscli.wire.diagnosis.gateways import name_gateway
from wscli.wire.diagnosis.services import describe_page, recognise
from wscli.wire.head import REDIRECTS, without_query

_CREDENTIALS = "--user NAME, --bearer TOKEN or --cookie NAME=VALUE"
_SPEAKS_TLS = "this port speaks TLS: write wss:// instead of ws://"
_ABOUT_TLS = {  # what nginx and Go write
    "plain http request was sent to https": _SPEAKS_TLS,
    "client sent an http request to an https": _SPEAKS_TLS,
    "no required ssl certificate was sent": (
        "the server wants a client certificate: --cert FILE --key FILE"
    ),
    "the ssl certificate error": (
        "the server does not accept the client certificate: check --cert, and who signed it"
    ),
}
_NO_UPGRADE = ('can "upgrade" only', "upgrade hdr", "not a websocket", "missing upgrade")
_PROXY_REMOVES = (
    "a proxy on the way may have removed Upgrade and Connection (nginx passes them on only with "
    "proxy_set_header)"
)
_NGINX = " (proxy_http_version 1.1 and proxy_set_header for Upgrade and Connection)"
_PASSES_UPGRADES = {
    "nginx": _NGINX,
    "openresty": _NGINX,
    "Apache": " (mod_proxy_wstunnel, or ProxyPass with upgrade=websocket)",
}
_BY_STATUS = {
    405: "a WebSocket opens with GET, and this path takes another method: check the path",
    407: "the proxy wants credentials: --proxy http://USER:PASS@HOST:PORT",
    408: "the server gave up waiting: try again, or a longer --connect-timeout",
    410: "this endpoint is gone for good: check the server's documentation for its successor",
    421: "the server does not serve this name here: check --host and --server-name",
    429: "too many connections or requests: wait, then try again",
    431: "the request's headers are too large: shorten --cookie or --header",
    501: "this server does not support WebSocket at all: check host and port",
}
_PROBED = frozenset({400, 401, 403, 404, 500, 502, 503, 504})


def can_be_probed(answer: PlainResponse) -> bool:
    """Return True if the answer to a plain GET could change the most likely cause."""
    if answer.status == 401 and answer.header("WWW-Authenticate"):
        return False
    return answer.status in _PROBED


def explain_refusal(evidence: Evidence) -> str:
    """Return the most likely cause of a refusal, and what to try."""
    answer = evidence.answer
    if answer is None:
        return _explain_no_response(evidence)
    text = answer.text.lower()
    if about_tls := next((hint for sign, hint in _ABOUT_TLS.items() if sign in text), None):
        return about_tls
    if answer.status in REDIRECTS:
        location = without_query(answer.header("Location") or "its Location")
        return f"--location follows it, or connect to {location} yourself"
    if known := _recognise(evidence, answer):
        return known
    explain = _EXPLAIN.get(answer.status) or (_explain_page if answer.is_page else None)
    if explain is not None:
        return explain(evidence, answer)
    return _BY_STATUS.get(answer.status, "the response's headers and body may say more")


def _recognise(evidence: Evidence, answer: PlainResponse) -> str | None:
    """Return the advice for a known service; its answer to a plain GET is considered first."""
    seen = (recognise(item, evidence.path) for item in (evidence.probe, answer) if item)
    return next(filter(None, seen), None)


def _explain_no_response(evidence: Evidence) -> str:
    if evidence.probe is not None:
        return (
            f"check the path: a plain GET of {evidence.path} is answered, so the server drops "
            "upgrades on this path, as Socket.IO and many Node servers do"
        )
    if evidence.secure:
        return "--cert FILE --key FILE if the server wants a client certificate, or check the port"
    return "is this port meant for WebSocket? A server that speaks only TLS may do that: try wss://"


def _explain_400(evidence: Evidence, answer: PlainResponse) -> str:
    if any(sign in answer.text.lower() for sign in _NO_UPGRADE):
        return f"the server saw no upgrade: {_PROXY_REMOVES}"
    if answer.mentions("invalid host", "bad host", "unknown host", "disallowedhost"):
        return "--host NAME: the server does not accept this Host"
    asked = evidence.request.headers.get("Sec-WebSocket-Protocol") is not None
    if not asked and answer.mentions("sub-?protocols?", "sec-websocket-protocol"):
        return "--subprotocol NAME: the server wants one"
    if evidence.probe is not None and evidence.probe.status == 404:
        return f"check the path: a plain GET finds nothing at {evidence.path} either"
    if _is_node_ws(answer):
        return (
            f"check the path: Node's `ws` library answers this where {evidence.path} is not its "
            f"path{'' if asked else '; then --subprotocol NAME, which some servers demand'}"
        )
    missing = "the path" if asked else "the path, a missing --subprotocol NAME"
    return (
        f"the body may say what the server missed; else {missing} or a missing parameter; "
        f"if it saw no upgrade at all, {_PROXY_REMOVES}"
    )


def _is_node_ws(answer: PlainResponse) -> bool:
    """Return True for an answer that abortHandshake() of the `ws` library has written."""
    names = [name for name, _ in answer.response.headers]
    return (
        names == ["Connection", "Content-Type", "Content-Length"]
        and answer.header("Content-Type") == "text/html"
        and answer.text == answer.response.reason
    )


def _explain_401(evidence: Evidence, answer: PlainResponse) -> str:
    challenge = answer.header("WWW-Authenticate")
    asked = f" (it asks for {challenge})" if challenge else ""
    if not asked and evidence.probe is not None:
        challenge = evidence.probe.header("WWW-Authenticate")
        asked = f" (a plain GET is asked for {challenge})" if challenge else ""
    if evidence.has_credentials:
        return f"the credentials sent were not accepted{asked}: check them, or their expiry"
    if asked:
        return f"the server wants credentials{asked}: {_CREDENTIALS}"
    unsaid = (
        f"the server wants credentials and does not say of which kind: {_CREDENTIALS}; some want "
        "a token in the query or as a subprotocol"
    )
    return f"{unsaid}; last, {_origin(evidence)}" if _is_node_ws(answer) else unsaid


def _explain_403(evidence: Evidence, answer: PlainResponse) -> str:
    # Development servers check Host against DNS rebinding.
    if answer.mentions("invalid host", r"host \S+ is not"):
        host = evidence.request.headers.get("Host")
        return (
            f"the server does not answer to the Host {host}: --host with a name that it knows, or "
            "allow this one where it runs"
        )
    # gorilla/websocket adds Sec-WebSocket-Version to each refusal, and a 403 is for the Origin.
    if answer.mentions("origins?", "cors") or answer.header("Sec-WebSocket-Version"):
        return f"{_origin(evidence)}: the server checks the Origin"
    if answer.response.reason == "Access denied" and not answer.body:
        return (
            "daphne (Django Channels) has a route for this path, and the application closed before "
            f"it accepted: credentials ({_credentials(evidence)}), then {_origin(evidence)}"
        )
    if answer.header("cf-mitigated"):
        return "Cloudflare takes wscli for a bot: its rules must allow this path"
    last = f"then credentials ({_credentials(evidence)}), and last {_origin(evidence)}"
    probe = evidence.probe
    server = _asgi_server(answer, probe)
    if probe is not None and probe.is_page:
        if server:
            return (
                f"check the path: {evidence.path} is {describe_page(probe)}, not a WebSocket route"
            )
        return f"a plain GET is allowed, the upgrade is not: check the path, {last}"
    if server:
        return (
            f"check the path, then its parameters: {server} answers 403 where no WebSocket route "
            f"matches, a parameter is missing or the application closes before it accepts; {last}"
        )
    if probe is not None and probe.status == 404:
        return f"check the path: a plain GET finds nothing at {evidence.path} either; {last}"
    if probe is not None and probe.status in (401, 403):
        return (
            f"a plain GET is refused as well: credentials ({_credentials(evidence)}) or this "
            f"client's address; last, {_origin(evidence)}"
        )
    return f"check the path and its parameters; {last}"


def _credentials(evidence: Evidence) -> str:
    return "other than those sent" if evidence.has_credentials else _CREDENTIALS


def _origin(evidence: Evidence) -> str:
    origin = evidence.request.headers.get("Origin")
    return (
        f"--origin {evidence.own_origin}" if origin is None else (f"another --origin than {origin}")
    )


def _asgi_server(answer: PlainResponse, probe: PlainResponse | None) -> str | None:
    """Return which of Python's ASGI servers refused, if it was one of them.

    They answer a WebSocket that the application closes before accepting with 403 and no body.
    """
    if answer.body:
        return None
    for header in (probe.header("Server") if probe else "", answer.header("Server")):
        name = re.split("[/-]", header.lower())[0]  # uvicorn, hypercorn-h11, hypercorn-h2
        if name in ("uvicorn", "hypercorn", "granian"):
            return name
    if probe is not None and probe.text == '{"detail":"Not Found"}':
        return "FastAPI"
    # The `websockets` package, which uvicorn uses, writes these four headers in this order.
    names = [name for name, _ in answer.response.headers]
    if names == ["Date", "Connection", "Content-Length", "Content-Type"]:
        return "uvicorn (FastAPI, Starlette)"
    return None


def _explain_404(evidence: Evidence, answer: PlainResponse) -> str:
    if answer.header("Server").lower() == "uvicorn":
        return _without_library(evidence)
    if answer.text == "Page not found" and "text/plain" in answer.header("Content-Type"):
        return f"{_origin(evidence)}: Rails' Action Cable answers 404 to an Origin it does not know"
    probe = evidence.probe
    if probe is not None and probe.is_page:
        return (
            f"check the path: {evidence.path} is {describe_page(probe)}, not a WebSocket endpoint"
        )
    either = " for a plain GET either" if probe is not None and probe.status == 404 else ""
    missing = f"check the path: {evidence.path} is not there{either}"
    if gateway := _passes_requests_on(answer):
        return f"{missing}; or {_must_pass(gateway)}"
    return f"{missing}; /ws and /socket are common ones"


def _passes_requests_on(answer: PlainResponse) -> str | None:
    """Return the proxy that answered, unless with a page of its own."""
    gateway = name_gateway(answer)
    return None if gateway is not None and gateway.lower() in answer.text.lower() else gateway


def _must_pass(gateway: str) -> str:
    return f"{gateway} must pass upgrades on{_PASSES_UPGRADES.get(gateway, '')}"


def _without_library(evidence: Evidence) -> str:
    return (
        "uvicorn took the upgrade for a plain GET, as it does without a WebSocket library: "
        "pip install 'uvicorn[standard]' where it runs, unless a proxy removed the upgrade; "
        f"then check the path {evidence.path}"
    )


def _explain_426(evidence: Evidence, answer: PlainResponse) -> str:
    versions = answer.header("Sec-WebSocket-Version")
    sent = evidence.request.headers.get("Sec-WebSocket-Version")
    if versions and sent not in answer.response.headers.tokens("Sec-WebSocket-Version"):
        return f"the server speaks version {versions} of the protocol, and was asked for another"
    return "the server saw no upgrade: a proxy on the way may have removed Upgrade and Connection"


def _explain_page(evidence: Evidence, answer: PlainResponse) -> str:
    if answer.header("Server").lower() == "uvicorn":
        return _without_library(evidence)
    plain = f"this is {describe_page(answer)}, not a WebSocket endpoint: check the path"
    gateway = _passes_requests_on(answer)
    return f"{plain}; or {_must_pass(gateway)}" if gateway else plain


def _explain_failure(evidence: Evidence, answer: PlainResponse) -> str:
    """Explain a 5xx: of a proxy in front, or of the server itself."""
    gateway = name_gateway(answer)
    # Autobahn, on which daphne is built, writes a refusal without any header.
    if answer.response.reason == "Internal server error" and not answer.response.headers:
        return (
            "check the path: daphne (Django Channels) answers 500 where no route matches; "
            "its log names the error"
        )
    if evidence.probe is not None and evidence.probe.is_page:
        if gateway is None:
            return (
                "a plain GET of the same path works: the server fails on the upgrade only, and its "
                "log says why"
            )
        return (
            f"a plain GET of the same path works: {_must_pass(gateway)}, or the server behind it "
            "fails on them; its log says why"
        )
    if gateway is None:
        return _FAILURES[answer.status]
    return _GATEWAY_FAILURES[answer.status].format(gateway)


_FAILURES = {
    500: "the server failed: its log says why; the request above triggered it",
    502: "a gateway could not reach the server behind it: is that one running?",
    503: "the server takes no connections now: too many clients, or not started yet",
    504: "a gateway got no answer from the server behind it: is that one running?",
}
_GATEWAY_FAILURES = {
    500: "{} answered, a proxy in front of the server: its log says what failed",
    502: "{} could not reach the server behind it: is that one running?",
    503: "{} has no server behind it that is ready: is one running?",
    504: "{} got no answer from the server behind it: is that one running?",
}

_EXPLAIN: dict[int, Callable[[Evidence, PlainResponse], str]] = {
    400: _explain_400,
    401: _explain_401,
    403: _explain_403,
    404: _explain_404,
    426: _explain_426,
    **dict.fromkeys(_FAILURES, _explain_failure),
}
