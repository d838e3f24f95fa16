"""Recognise known services by their answers to plain HTTP, and say where their WebSocket is."""

from __future__ import annotations

import re

from wscli.wire.diagnosis.evidence import PlainResponse

_ENGINE_IO = {
    "Transport unknown": "its query needs EIO=4 and transport=websocket",
    "Session ID unknown": "leave sid out of the query, or use a new one",
    "Bad handshake method": "its query needs EIO=4 and transport=websocket",
    "Unsupported protocol version": "its query needs EIO=4 (EIO=3 for a server of version 2)",
}


def recognise(answer: PlainResponse, path: str) -> str | None:
    """Return the advice for a known service, or None for any other."""
    text = answer.text
    if "webSocketDebuggerUrl" in text:
        return _devtools(text)
    if text.startswith("WebSockets request was expected"):
        return "this is Node's inspector: a plain GET of /json names its webSocketDebuggerUrl"
    if text.startswith("Welcome to SockJS!"):
        return f"this is SockJS: its WebSocket is at {path.rstrip('/')}/websocket"
    if complaint := re.fullmatch(r'(?:\{"code":\d,"message":")?([A-Za-z ]+)(?:"\})?', text):
        wanted = _ENGINE_IO.get(complaint[1])
        return f"this is Engine.IO (Socket.IO): {wanted}" if wanted else None
    if answer.is_page and "event-stream" in answer.header("Content-Type"):
        return "this is a stream of server-sent events, which is plain HTTP: curl -N reads it"
    return None


def _devtools(text: str) -> str:
    url = re.search(r'"webSocketDebuggerUrl":\s*"(wss?://[^"?]+)', text)
    such_as = f", such as {url[1]}" if url else ""
    return f"this is DevTools' list of targets: connect to a webSocketDebuggerUrl in it{such_as}"


def describe_page(answer: PlainResponse) -> str:
    """Name the kind of resource in an ordinary answer."""
    kind = (answer.header("Content-Type") or "no type").partition(";")[0].strip()
    if "html" in kind:
        return "an ordinary web page"
    return f"an ordinary HTTP resource ({kind})"
