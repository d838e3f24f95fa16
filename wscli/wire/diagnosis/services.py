"""Recognise known services by their answers to plain HTTP.

Most of these have their WebSocket at another path, or need parameters in the query, so a user
who tries the obvious URL gets a refusal that does not say so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wscli.wire.diagnosis.evidence import PlainResponse

if TYPE_CHECKING:
    from wscli.kinds import Facts, ServiceKind

# The error messages of Engine.IO's server, which is the transport of Socket.IO.
_ENGINE_IO: dict[str, ServiceKind] = {
    "Transport unknown": "engine-io-query",
    "Session ID unknown": "engine-io-session",
    "Bad handshake method": "engine-io-query",
    "Unsupported protocol version": "engine-io-version",
}


def recognise(answer: PlainResponse) -> tuple[ServiceKind, Facts] | None:
    """Return the service that an answer identifies, or None for any other."""
    text = answer.text
    if "webSocketDebuggerUrl" in text:
        # The query of such a URL may hold a token.
        url = re.search(r'"webSocketDebuggerUrl":\s*"(wss?://[^"?]+)', text)
        return "devtools", {"debugger_url": url[1]} if url else {}
    kind: ServiceKind | None = None
    if text.startswith("WebSockets request was expected"):
        kind = "node-inspector"
    elif text.startswith("Welcome to SockJS!"):
        kind = "sockjs"
    # A bare sentence in the refusal of an upgrade, and a JSON object in the answer to a GET.
    elif complaint := re.fullmatch(r'(?:\{"code":\d,"message":")?([A-Za-z ]+)(?:"\})?', text):
        kind = _ENGINE_IO.get(complaint[1])
    elif answer.is_page and "event-stream" in answer.header("Content-Type"):
        kind = "event-stream"
    return (kind, {}) if kind else None


def describe_page(answer: PlainResponse) -> str:
    """Name the kind of resource in an ordinary answer."""
    kind = (answer.header("Content-Type") or "no type").partition(";")[0].strip()
    if "html" in kind:
        return "an ordinary web page"
    return f"an ordinary HTTP resource ({kind})"
