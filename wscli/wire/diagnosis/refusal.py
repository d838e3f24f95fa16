"""Find the cause of a refusal: a response to the upgrade that is not a 101, or no response."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from wscli.wire.diagnosis.evidence import Evidence, PlainResponse
from wscli.wire.diagnosis.gateways import name_gateway
from wscli.wire.diagnosis.services import describe_page, recognise
from wscli.wire.head import REDIRECTS, without_query

if TYPE_CHECKING:
    from wscli.kinds import Cause, Facts, RefusalKind

# The sentences of nginx and of Go's net/http when plain HTTP reaches a TLS port, and of nginx about
# client certificates: it checks these only after the handshake, and answers 400.
_TLS_COMPLAINTS: dict[str, RefusalKind] = {
    "plain http request was sent to https": "tls-port",
    "client sent an http request to an https": "tls-port",
    "no required ssl certificate was sent": "client-certificate-missing",
    "the ssl certificate error": "client-certificate-refused",
}
# From the refusals of servers that received no Upgrade header. Our request has one, so a proxy on
# the way has removed it: Upgrade is a hop-by-hop header, which proxies drop by default.
_UPGRADE_MISSING = ('can "upgrade" only', "upgrade hdr", "not a websocket", "missing upgrade")

# The statuses that several causes share, between which the probe can decide. A 426 or a redirect
# explains itself.
_PROBED = frozenset({400, 401, 403, 404, 500, 502, 503, 504})


def can_be_probed(answer: PlainResponse) -> bool:
    """Return True if the answer to a plain GET could change the most likely cause."""
    # A challenge says already which credentials the server wants.
    if answer.status == 401 and answer.header("WWW-Authenticate"):
        return False
    return answer.status in _PROBED


def diagnose(evidence: Evidence) -> Cause:
    """Return the most likely cause of a refusal, with all facts about it."""
    kind, facts = _find_cause(evidence)
    return kind, evidence.facts | facts


def _find_cause(evidence: Evidence) -> Cause:
    answer = evidence.answer
    if answer is None:
        # If a GET is answered, the server drops upgrades on this path, as Socket.IO and many Node
        # servers do.
        return "no-answer" if evidence.probe is None else "upgrades-dropped", {}
    text = answer.text.lower()
    # TLS first, since these sentences come with a 400 that would otherwise look like a bad request.
    complaints = (kind for sentence, kind in _TLS_COMPLAINTS.items() if sentence in text)
    if complaint := next(complaints, None):
        return complaint, {}
    if answer.status in REDIRECTS:
        return "redirect", {"location": without_query(answer.header("Location"))}
    # The answer to a plain GET identifies a service more often than the refusal does.
    services = (recognise(item) for item in (evidence.probe, answer) if item)
    if service := next(filter(None, services), None):
        return service
    if find := _BY_STATUS.get(answer.status):
        return find(evidence, answer)
    return _find_for_page(answer) if answer.is_page else ("status", {})


def _find_for_400(evidence: Evidence, answer: PlainResponse) -> Cause:
    if any(sentence in answer.text.lower() for sentence in _UPGRADE_MISSING):
        return "no-upgrade", {}
    if answer.mentions("invalid host", "bad host", "unknown host", "disallowedhost"):
        return "host-unknown", {}
    wants_subprotocol = answer.mentions("sub-?protocols?", "sec-websocket-protocol")
    if wants_subprotocol and not evidence.offers_subprotocol:
        return "subprotocol-missing", {}
    if evidence.probe is not None and evidence.probe.status == 404:
        return "bad-request-not-found", {}
    return "node-ws-path" if _is_node_ws(answer) else "bad-request", {}


def _is_node_ws(answer: PlainResponse) -> bool:
    """Return True for an answer that abortHandshake() of the `ws` library has written."""
    # Its refusals have no Date and no Server, and the reason of the status line as their body.
    names = [name for name, _ in answer.response.headers]
    return (
        names == ["Connection", "Content-Type", "Content-Length"]
        and answer.header("Content-Type") == "text/html"
        and answer.text == answer.response.reason
    )


def _find_for_401(evidence: Evidence, answer: PlainResponse) -> Cause:
    facts: Facts = {}
    if challenge := answer.header("WWW-Authenticate"):
        facts["challenge"] = challenge
    elif evidence.probe and (challenge := evidence.probe.header("WWW-Authenticate")):
        facts["probe_challenge"] = challenge
    elif _is_node_ws(answer):
        facts["server"] = "ws"
    return "credentials-refused" if evidence.has_credentials else "credentials-missing", facts


def _find_for_403(evidence: Evidence, answer: PlainResponse) -> Cause:
    # Development servers such as Vite's check Host, against pages that reach them by DNS rebinding.
    if answer.mentions("invalid host", r"host \S+ is not"):
        return "host-forbidden", {}
    # gorilla/websocket adds Sec-WebSocket-Version to each refusal, and a 403 is for the Origin.
    if answer.mentions("origins?", "cors") or answer.header("Sec-WebSocket-Version"):
        return "origin", {}
    # The reason that daphne gives if the application closes before it accepts.
    if answer.response.reason == "Access denied" and not answer.body:
        return "daphne-closed", {}
    # Cloudflare sets this header on its challenge pages, which only a browser can pass.
    if answer.header("cf-mitigated"):
        return "cloudflare-bot", {}
    probe = evidence.probe
    server = _name_asgi_server(answer, probe)
    if probe is not None and probe.is_page:
        resource: Facts = {"resource": describe_page(probe)}
        return ("not-a-route", resource) if server else ("upgrade-forbidden", {})
    if server:
        return "asgi-closed", {"server": server}
    if probe is not None and probe.status == 404:
        return "forbidden-not-found", {}
    if probe is not None and probe.status in (401, 403):
        return "get-forbidden", {}
    return "forbidden", {}


def _name_asgi_server(answer: PlainResponse, probe: PlainResponse | None) -> str | None:
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


def _find_for_404(evidence: Evidence, answer: PlainResponse) -> Cause:
    if _is_uvicorn(answer):
        return "no-websocket-library", {}
    # Action Cable, of Rails, answers with this if the Origin is not allowed.
    if answer.text == "Page not found" and "text/plain" in answer.header("Content-Type"):
        return "rails-origin", {}
    if evidence.probe is not None and evidence.probe.is_page:
        return "not-an-endpoint", {"resource": describe_page(evidence.probe)}
    return "not-found", _find_gateway(answer)


def _is_uvicorn(answer: PlainResponse) -> bool:
    """Return True for uvicorn's answer to an upgrade if it has no WebSocket library."""
    # It then treats the upgrade as a plain GET and answers with its Server header, which refusals
    # that come from a WebSocket library lack.
    return answer.header("Server").lower() == "uvicorn"


def _find_gateway(answer: PlainResponse) -> Facts:
    """Return the proxy that passed an answer on, or nothing if the page is the proxy's own."""
    gateway = name_gateway(answer)
    if gateway is None or gateway.lower() in answer.text.lower():
        return {}
    return {"gateway": gateway}


def _find_for_426(evidence: Evidence, answer: PlainResponse) -> Cause:
    # 426 with another version is a refusal of ours (RFC 6455 §4.4). With ours, or without any, the
    # server did not see an upgrade at all.
    versions = answer.header("Sec-WebSocket-Version")
    sent = evidence.request.headers.get("Sec-WebSocket-Version")
    if versions and sent not in answer.response.headers.tokens("Sec-WebSocket-Version"):
        return "version", {"versions": versions}
    return "upgrade-removed", {}


def _find_for_page(answer: PlainResponse) -> Cause:
    if _is_uvicorn(answer):
        return "no-websocket-library", {}
    resource: Facts = {"resource": describe_page(answer)}
    return "page", resource | _find_gateway(answer)


def _find_for_5xx(evidence: Evidence, answer: PlainResponse) -> Cause:
    """Find the cause of a failure in a proxy in front, or in the server itself."""
    # Autobahn, on which daphne is built, writes a refusal without any header.
    if answer.response.reason == "Internal server error" and not answer.response.headers:
        return "daphne-no-route", {}
    gateway = name_gateway(answer)
    facts: Facts = {} if gateway is None else {"gateway": gateway}
    works_by_get = evidence.probe is not None and evidence.probe.is_page
    return "upgrade-fails" if works_by_get else "server-failed", facts


_BY_STATUS: dict[int, Callable[[Evidence, PlainResponse], Cause]] = {
    400: _find_for_400,
    401: _find_for_401,
    403: _find_for_403,
    404: _find_for_404,
    426: _find_for_426,
    **dict.fromkeys((500, 502, 503, 504), _find_for_5xx),
}
