"""Hints after a refused upgrade, by its cause; the causes are found by ``wire.diagnosis``.

A text is a template that is filled in with the facts, and with the phrases of ``_phrases``. Where a
fact decides between two texts, a function returns the template.

The advice on well-known software is specific, since the same status means different things: 404 is
a wrong path in most servers, and a wrong Origin in Rails; 403 is a wrong path in ASGI servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from wscli.kinds import Facts, Kind

    Template = str | Callable[[Facts], str]

_CREDENTIALS = "--user NAME, --bearer TOKEN or --cookie NAME=VALUE"
_PROXY_REMOVES = (
    "a proxy on the way may have removed Upgrade and Connection (nginx forwards them only with "
    "proxy_set_header)"
)
_NGINX = " (proxy_http_version 1.1 and proxy_set_header for Upgrade and Connection)"
# The settings that make a proxy forward upgrades, after its name in the response.
_PASSES_UPGRADES = {
    "nginx": _NGINX,
    "openresty": _NGINX,
    "Apache": " (mod_proxy_wstunnel, or ProxyPass with upgrade=websocket)",
}
_LOG = "check the server's log"
_STATUSES = {
    405: "a WebSocket opens with GET, which this path does not accept: check the path",
    407: "the proxy requires credentials: --proxy http://USER:PASS@HOST:PORT",
    408: "the server gave up waiting: try again, or increase --connect-timeout",
    410: "this endpoint is gone for good: check the server's documentation for its successor",
    421: "the server does not serve this name here: check --host and --server-name",
    429: "too many connections or requests: wait, then try again",
    431: "the request's headers are too large: shorten --cookie or --header",
    501: "this server does not support WebSocket at all: check the host and port",
}
_FAILURES = {
    500: "the server failed on this request: check its log",
    502: "a gateway could not reach the server behind it: check that it is running",
    503: "the server is overloaded or still starting: try again later",
    504: "a gateway got no answer from the server behind it: check that it is running",
}
_GATEWAY_FAILURES = {
    500: "{gateway}, a proxy in front of the server, failed: check its log",
    502: "{gateway} could not reach the server behind it: check that it is running",
    503: "{gateway} has no server behind it that is ready: check that one is running",
    504: "{gateway} got no answer from the server behind it: check that it is running",
}


def fill_in(template: Template, facts: Facts) -> str:
    """Return the text of a template."""
    # Filled in once, so that braces in a fact, which may be the peer's text, are not read again.
    text = template if isinstance(template, str) else template(facts)
    return text.format_map({**facts, **_phrases(facts)})


def _phrases(facts: Facts) -> dict[str, str]:
    # After credentials that were sent, it makes no sense to suggest sending some, and after an
    # Origin that was sent, only another one may help.
    credentials = "other than those sent" if facts.get("credentials_sent") else _CREDENTIALS
    origin = f"--origin {facts.get('own_origin')}"
    if "origin" in facts:
        origin = f"an --origin other than {facts['origin']}"
    gateway = facts.get("gateway", "")
    return {
        "base": facts.get("path", "").rstrip("/"),
        "where": facts.get("location") or "its Location",
        "credentials": credentials,
        "another_origin": origin,
        "last": f"then try credentials ({credentials}), and finally {origin}",
        "must_pass": f"{gateway} must forward upgrades{_PASSES_UPGRADES.get(gateway, '')}",
    }


def _no_answer(facts: Facts) -> str:
    # In TLS 1.3 the client sends its request before the server has looked at its certificate, or
    # at the absence of one.
    if facts["secure"]:
        return (
            "the server may require a client certificate: --cert FILE --key FILE; or check the port"
        )
    return "check the port; or the server speaks only TLS on it: use wss://"


def _bad_request(facts: Facts) -> str:
    # 400 is the least specific refusal, so this lists more causes than other hints.
    offered = facts["subprotocol_offered"]
    subprotocol = "" if offered else ", or add --subprotocol NAME"
    return (
        "the body may say what is wrong; otherwise check the path and its parameters"
        f"{subprotocol}; or {_PROXY_REMOVES}"
    )


def _node_ws_path(facts: Facts) -> str:
    text = "check the path: Node's `ws` library gives this answer if {path} is not its path"
    required = "; then try --subprotocol NAME, which some servers require"
    return text if facts["subprotocol_offered"] else text + required


def _credentials_missing(facts: Facts) -> str:
    # "The server generating a 401 response MUST send a WWW-Authenticate header field" (RFC 9110
    # §15.5.2), which names the scheme. Many WebSocket servers send none; the plain GET may show it.
    if challenge := _challenge(facts):
        return f"the server requires credentials{challenge}: {_CREDENTIALS}"
    last = "; finally, try {another_origin}" if facts.get("server") == "ws" else ""
    return (
        f"the server requires credentials and does not say which: {_CREDENTIALS}; some servers "
        f"require a token in the query or as a subprotocol{last}"
    )


def _challenge(facts: Facts) -> str:
    if "challenge" in facts:
        return " (it asks for {challenge})"
    return " (a plain GET is asked for {probe_challenge})" if "probe_challenge" in facts else ""


def _not_found(facts: Facts) -> str:
    either = " for a plain GET either" if facts.get("probe_status") == 404 else ""
    proxy = "or {must_pass}" if "gateway" in facts else "common paths are /ws and /socket"
    return f"check the path: {{path}} does not exist{either}; {proxy}"


def _page(facts: Facts) -> str:
    plain = "this is {resource}, not a WebSocket endpoint: check the path"
    return f"{plain}; or {{must_pass}}" if "gateway" in facts else plain


def _upgrade_fails(facts: Facts) -> str:
    if "gateway" not in facts:
        return (
            "a plain GET of the same path works, and only the upgrade fails: check the server's log"
        )
    return (
        "a plain GET of the same path works: {must_pass}, or check the log of the server behind it"
    )


def _server_failed(facts: Facts) -> str:
    # With a proxy in front, a 5xx is usually the proxy's own response.
    failures = _GATEWAY_FAILURES if "gateway" in facts else _FAILURES
    return failures[facts["http_status"]]


def _devtools(facts: Facts) -> str:
    such_as = ", such as {debugger_url}" if "debugger_url" in facts else ""
    return f"this is DevTools' list of targets: connect to the webSocketDebuggerUrl of one{such_as}"


UPGRADES: dict[Kind, Template] = {
    # Known services: their plain HTTP is recognised, and their WebSocket is elsewhere
    "devtools": _devtools,
    "node-inspector": (
        "this is Node's inspector: connect to the webSocketDebuggerUrl that a GET of /json returns"
    ),
    "sockjs": "this is SockJS: its WebSocket is at {base}/websocket",
    "engine-io-query": (
        "this is Engine.IO (Socket.IO): add EIO=4 and transport=websocket to the query"
    ),
    "engine-io-session": (
        "this is Engine.IO (Socket.IO): leave sid out of the query, or use a new one"
    ),
    "engine-io-version": (
        "this is Engine.IO (Socket.IO): set EIO=4 in the query (EIO=3 for a server of version 2)"
    ),
    "event-stream": (
        "this is a stream of server-sent events, which is plain HTTP: curl -N reads it"
    ),
    # Refusals
    "tls-port": "this port speaks TLS: use wss:// instead of ws://",
    "client-certificate-missing": (
        "the server requires a client certificate: --cert FILE --key FILE"
    ),
    "client-certificate-refused": (
        "the server does not accept the client certificate: check --cert and its issuer"
    ),
    "redirect": "--location follows it, or connect to {where} yourself",
    "no-upgrade": f"the server saw no upgrade: {_PROXY_REMOVES}",
    "host-unknown": "the server does not accept this Host: --host NAME",
    "host-forbidden": (
        "the server does not accept the Host {host}: --host with a name that it accepts, or "
        "allow this one in its configuration"
    ),
    "origin": "the server checks the Origin: {another_origin}",
    "subprotocol-missing": "the server requires a subprotocol: --subprotocol NAME",
    "version": "the server speaks version {versions} of the protocol, and wscli version 13",
    "credentials-refused": lambda facts: (
        f"the credentials sent were not accepted{_challenge(facts)}: check them and their expiry"
    ),
    "credentials-missing": _credentials_missing,
    "cloudflare-bot": "Cloudflare takes wscli for a bot: allow this path in its rules",
    "upgrades-dropped": (
        "check the path: a plain GET of {path} is answered, and upgrades are dropped, as Socket.IO "
        "and many Node servers do on paths that are not theirs"
    ),
    "upgrade-forbidden": "a plain GET is allowed but the upgrade is not: check the path, {last}",
    "get-forbidden": (
        "a plain GET is refused as well: the server may require credentials ({credentials}) or "
        "another client address; finally, try {another_origin}"
    ),
    "forbidden-not-found": "check the path: a plain GET finds nothing at {path} either; {last}",
    "bad-request-not-found": "check the path: a plain GET finds nothing at {path} either",
    "not-a-route": "check the path: {path} is {resource}, not a WebSocket route",
    "not-an-endpoint": "check the path: {path} is {resource}, not a WebSocket endpoint",
    "upgrade-fails": _upgrade_fails,
    "node-ws-path": _node_ws_path,
    "daphne-closed": (
        "daphne (Django Channels) has a route for this path, and the application closed before "
        "it accepted: try credentials ({credentials}), then {another_origin}"
    ),
    "daphne-no-route": (
        "check the path: daphne (Django Channels) answers 500 if no route matches; "
        "its log has the error"
    ),
    "asgi-closed": (
        "check the path, then its parameters: {server} answers 403 if no WebSocket route matches, "
        "a parameter is missing or the application closes before it accepts; {last}"
    ),
    "no-websocket-library": (
        "uvicorn took the upgrade for a plain GET, as it does without a WebSocket library: "
        "pip install 'uvicorn[standard]' on the server, unless a proxy removed the upgrade; "
        "then check the path {path}"
    ),
    "rails-origin": (
        "Rails' Action Cable answers 404 to an Origin that it does not know: {another_origin}"
    ),
    "no-answer": _no_answer,
    "left-early": _LOG,
    "bad-request": _bad_request,
    "forbidden": "check the path and its parameters; {last}",
    "not-found": _not_found,
    "upgrade-removed": (
        "the server saw no upgrade: a proxy on the way may have removed Upgrade and Connection"
    ),
    "page": _page,
    "server-failed": _server_failed,
    "status": lambda facts: _STATUSES.get(
        facts["http_status"], "the response's headers and body may say more"
    ),
    # Answers that are not valid
    "accept-wrong": (
        "the answer was not computed from this request's key: look for a cache or proxy on the "
        "way, or a bug in the server"
    ),
    "extension-unoffered": "--no-compress offers no extension",
    "subprotocol-unoffered": "offer the name that the server chose: --subprotocol NAME",
    "response-invalid": (
        "a proxy on the way may have changed the headers: connect without it to compare"
    ),
    "other-server": "check the port",
    "http2-frame": "this port speaks only HTTP/2, and wscli needs HTTP/1.1: check the port",
    "endless-head": _LOG,
    "endless-interim": (
        "connect without the proxies on the way, if there are any, to find out which one sends them"
    ),
    "malformed-head": "the server or a proxy on the way violates HTTP (RFC 9112): check their logs",
    "not-http": "check the port: another kind of server listens there",
    "broken-off": _LOG,
    "redirect-loop": "check the server's redirects for a loop",
    "downgrade": (
        "--allow-downgrade follows it; anyone on the network path can then read and change it"
    ),
}
"""Advice on everything that can go wrong with an upgrade, by the kind of the error."""
