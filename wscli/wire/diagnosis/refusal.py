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

_ABOUT_TLS: dict[str, RefusalKind] = {  # what nginx and Go write
    "plain http request was sent to https": "tls-port",
    "client sent an http request to an https": "tls-port",
    "no required ssl certificate was sent": "client-certificate-missing",
    "the ssl certificate error": "client-certificate-refused",
}
_NO_UPGRADE = ('can "upgrade" only', "upgrade hdr", "not a websocket", "missing upgrade")
_PROBED = frozenset({400, 401, 403, 404, 500, 502, 503, 504})


def can_be_probed(answer: PlainResponse) -> bool:
    """Return True if the answer to a plain GET could change the most likely cause."""
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
        return "no-answer" if evidence.probe is None else "upgrades-dropped", {}
    text = answer.text.lower()
    if about_tls := next((kind for sign, kind in _ABOUT_TLS.items() if sign in text), None):
        return about_tls, {}
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
    if any(sign in answer.text.lower() for sign in _NO_UPGRADE):
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
    # Development servers check Host against DNS rebinding.
    if answer.mentions("invalid host", r"host \S+ is not"):
        return "host-forbidden", {}
    # gorilla/websocket adds Sec-WebSocket-Version to each refusal, and a 403 is for the Origin.
    if answer.mentions("origins?", "cors") or answer.header("Sec-WebSocket-Version"):
        return "origin", {}
    if answer.response.reason == "Access denied" and not answer.body:
        return "daphne-closed", {}
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
    if answer.text == "Page not found" and "text/plain" in answer.header("Content-Type"):
        return "rails-origin", {}
    if evidence.probe is not None and evidence.probe.is_page:
        return "not-an-endpoint", {"resource": describe_page(evidence.probe)}
    return "not-found", _find_gateway(answer)


def _is_uvicorn(answer: PlainResponse) -> bool:
    """Return True for uvicorn's own page: with a WebSocket library it would not send one."""
    return answer.header("Server").lower() == "uvicorn"


def _find_gateway(answer: PlainResponse) -> Facts:
    """Return the proxy that passed an answer on; none where the page is the proxy's own."""
    gateway = name_gateway(answer)
    if gateway is None or gateway.lower() in answer.text.lower():
        return {}
    return {"gateway": gateway}


def _find_for_426(evidence: Evidence, answer: PlainResponse) -> Cause:
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
    """Find the cause of a failure of a proxy in front, or of the server itself."""
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
