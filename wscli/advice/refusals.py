"""Advice on a refused upgrade, by its cause; the causes are found by ``wire.diagnosis``.

A text is a template that is filled in with the facts, and with the phrases of ``_phrases``. Where a
fact decides between two texts, a function returns the template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from wscli.kinds import Facts, Kind

    Template = str | Callable[[Facts], str]

_CREDENTIALS = "--user NAME, --bearer TOKEN or --cookie NAME=VALUE"
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
_LOG = "the server's log may say why"
_STATUSES = {
    405: "a WebSocket opens with GET, and this path takes another method: check the path",
    407: "the proxy wants credentials: --proxy http://USER:PASS@HOST:PORT",
    408: "the server gave up waiting: try again, or a longer --connect-timeout",
    410: "this endpoint is gone for good: check the server's documentation for its successor",
    421: "the server does not serve this name here: check --host and --server-name",
    429: "too many connections or requests: wait, then try again",
    431: "the request's headers are too large: shorten --cookie or --header",
    501: "this server does not support WebSocket at all: check host and port",
}
_FAILURES = {
    500: "the server failed: its log says why; the request above triggered it",
    502: "a gateway could not reach the server behind it: is that one running?",
    503: "the server takes no connections now: too many clients, or not started yet",
    504: "a gateway got no answer from the server behind it: is that one running?",
}
_GATEWAY_FAILURES = {
    500: "{gateway} answered, a proxy in front of the server: its log says what failed",
    502: "{gateway} could not reach the server behind it: is that one running?",
    503: "{gateway} has no server behind it that is ready: is one running?",
    504: "{gateway} got no answer from the server behind it: is that one running?",
}


def fill_in(template: Template, facts: Facts) -> str:
    """Return the text of a template."""
    text = template if isinstance(template, str) else template(facts)
    return text.format_map({**facts, **_phrases(facts)})


def _phrases(facts: Facts) -> dict[str, str]:
    credentials = "other than those sent" if facts.get("credentials_sent") else _CREDENTIALS
    origin = f"--origin {facts.get('own_origin')}"
    if "origin" in facts:
        origin = f"another --origin than {facts['origin']}"
    gateway = facts.get("gateway", "")
    return {
        "base": facts.get("path", "").rstrip("/"),
        "where": facts.get("location") or "its Location",
        "credentials": credentials,
        "another_origin": origin,
        "last": f"then credentials ({credentials}), and last {origin}",
        "must_pass": f"{gateway} must pass upgrades on{_PASSES_UPGRADES.get(gateway, '')}",
    }


def _no_answer(facts: Facts) -> str:
    if facts["secure"]:
        return "--cert FILE --key FILE if the server wants a client certificate, or check the port"
    return "is this port meant for WebSocket? A server that speaks only TLS may do that: try wss://"


def _bad_request(facts: Facts) -> str:
    offered = facts["subprotocol_offered"]
    missing = "the path" if offered else "the path, a missing --subprotocol NAME"
    return (
        f"the body may say what the server missed; else {missing} or a missing parameter; "
        f"if it saw no upgrade at all, {_PROXY_REMOVES}"
    )


def _node_ws_path(facts: Facts) -> str:
    text = "check the path: Node's `ws` library answers this where {path} is not its path"
    demanded = "; then --subprotocol NAME, which some servers demand"
    return text if facts["subprotocol_offered"] else text + demanded


def _credentials_missing(facts: Facts) -> str:
    if challenge := _challenge(facts):
        return f"the server wants credentials{challenge}: {_CREDENTIALS}"
    last = "; last, {another_origin}" if facts.get("server") == "ws" else ""
    return (
        f"the server wants credentials and does not say of which kind: {_CREDENTIALS}; some want "
        f"a token in the query or as a subprotocol{last}"
    )


def _challenge(facts: Facts) -> str:
    if "challenge" in facts:
        return " (it asks for {challenge})"
    return " (a plain GET is asked for {probe_challenge})" if "probe_challenge" in facts else ""


def _not_found(facts: Facts) -> str:
    either = " for a plain GET either" if facts.get("probe_status") == 404 else ""
    proxy = "or {must_pass}" if "gateway" in facts else "/ws and /socket are common ones"
    return f"check the path: {{path}} is not there{either}; {proxy}"


def _page(facts: Facts) -> str:
    plain = "this is {resource}, not a WebSocket endpoint: check the path"
    return f"{plain}; or {{must_pass}}" if "gateway" in facts else plain


def _upgrade_fails(facts: Facts) -> str:
    if "gateway" not in facts:
        return (
            "a plain GET of the same path works: the server fails on the upgrade only, and its "
            "log says why"
        )
    return (
        "a plain GET of the same path works: {must_pass}, or the server behind it fails on them; "
        "its log says why"
    )


def _server_failed(facts: Facts) -> str:
    failures = _GATEWAY_FAILURES if "gateway" in facts else _FAILURES
    return failures[facts["http_status"]]


def _devtools(facts: Facts) -> str:
    such_as = ", such as {debugger_url}" if "debugger_url" in facts else ""
    return f"this is DevTools' list of targets: connect to a webSocketDebuggerUrl in it{such_as}"


UPGRADES: dict[Kind, Template] = {
    # Known services
    "devtools": _devtools,
    "node-inspector": (
        "this is Node's inspector: a plain GET of /json names its webSocketDebuggerUrl"
    ),
    "sockjs": "this is SockJS: its WebSocket is at {base}/websocket",
    "engine-io-query": (
        "this is Engine.IO (Socket.IO): its query needs EIO=4 and transport=websocket"
    ),
    "engine-io-session": (
        "this is Engine.IO (Socket.IO): leave sid out of the query, or use a new one"
    ),
    "engine-io-version": (
        "this is Engine.IO (Socket.IO): its query needs EIO=4 (EIO=3 for a server of version 2)"
    ),
    "event-stream": (
        "this is a stream of server-sent events, which is plain HTTP: curl -N reads it"
    ),
    # Refusals
    "tls-port": "this port speaks TLS: write wss:// instead of ws://",
    "client-certificate-missing": ("the server wants a client certificate: --cert FILE --key FILE"),
    "client-certificate-refused": (
        "the server does not accept the client certificate: check --cert, and who signed it"
    ),
    "redirect": "--location follows it, or connect to {where} yourself",
    "no-upgrade": f"the server saw no upgrade: {_PROXY_REMOVES}",
    "host-unknown": "--host NAME: the server does not accept this Host",
    "host-forbidden": (
        "the server does not answer to the Host {host}: --host with a name that it knows, or "
        "allow this one where it runs"
    ),
    "origin": "{another_origin}: the server checks the Origin",
    "subprotocol-missing": "--subprotocol NAME: the server wants one",
    "version": "the server speaks version {versions} of the protocol, and was asked for another",
    "credentials-refused": lambda facts: (
        f"the credentials sent were not accepted{_challenge(facts)}: check them, or their expiry"
    ),
    "credentials-missing": _credentials_missing,
    "cloudflare-bot": "Cloudflare takes wscli for a bot: its rules must allow this path",
    "upgrades-dropped": (
        "check the path: a plain GET of {path} is answered, so the server drops "
        "upgrades on this path, as Socket.IO and many Node servers do"
    ),
    "upgrade-forbidden": ("a plain GET is allowed, the upgrade is not: check the path, {last}"),
    "get-forbidden": (
        "a plain GET is refused as well: credentials ({credentials}) or this client's address; "
        "last, {another_origin}"
    ),
    "forbidden-not-found": ("check the path: a plain GET finds nothing at {path} either; {last}"),
    "bad-request-not-found": "check the path: a plain GET finds nothing at {path} either",
    "not-a-route": "check the path: {path} is {resource}, not a WebSocket route",
    "not-an-endpoint": "check the path: {path} is {resource}, not a WebSocket endpoint",
    "upgrade-fails": _upgrade_fails,
    "node-ws-path": _node_ws_path,
    "daphne-closed": (
        "daphne (Django Channels) has a route for this path, and the application closed before "
        "it accepted: credentials ({credentials}), then {another_origin}"
    ),
    "daphne-no-route": (
        "check the path: daphne (Django Channels) answers 500 where no route matches; "
        "its log names the error"
    ),
    "asgi-closed": (
        "check the path, then its parameters: {server} answers 403 where no WebSocket route "
        "matches, a parameter is missing or the application closes before it accepts; {last}"
    ),
    "no-websocket-library": (
        "uvicorn took the upgrade for a plain GET, as it does without a WebSocket library: "
        "pip install 'uvicorn[standard]' where it runs, unless a proxy removed the upgrade; "
        "then check the path {path}"
    ),
    "rails-origin": (
        "{another_origin}: Rails' Action Cable answers 404 to an Origin it does not know"
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
        "the answer was not computed from this request's key: "
        "a cache, a proxy, or a server that is not finished"
    ),
    "extension-unoffered": "--no-compress, which offers no extension",
    "subprotocol-unoffered": "--subprotocol with the name that the server chose",
    "response-invalid": (
        "a proxy on the way may have changed the headers; connect past it to compare"
    ),
    "other-server": "check the port",
    "http2-frame": "the server speaks HTTP/2 only here; WebSocket needs HTTP/1.1",
    "endless-head": _LOG,
    "endless-interim": (
        "connect past the proxies on the way, if there are any, to see which one sends them"
    ),
    "malformed-head": "the server, or a proxy on the way, breaks RFC 9112",
    "not-http": "check the port: another kind of server listens there",
    "broken-off": _LOG,
    "redirect-loop": "check the server's redirects for a loop",
    "downgrade": (
        "--allow-downgrade follows it; anyone on the network path can then read and change it"
    ),
}
"""Advice on everything that can go wrong with an upgrade, by the kind of the error."""
