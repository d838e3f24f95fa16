"""Recordings made by hand, a line for each event."""

import json
from base64 import b64encode

from wscli.records.connections import read_connections
from wscli.records.events import read_events
from wscli.text import iso_time

START = 1769860800.0
_TIMINGS = {"name": 0.001, "tcp": 0.001, "upgrade": 0.008}


def event(name, at, **fields):
    """Return an event, ``at`` seconds after the opening."""
    elapsed = round(at + 0.01, 6)
    return {"event": name, "time": iso_time(START + elapsed), "elapsed": elapsed, **fields}


def opened(url="ws://example.com/", *, headers=(), role="client", **fields):
    """Return the opening of a connection, as a client or a server records it."""
    timings = _TIMINGS if role == "client" else {}
    target = "/" + url.partition("://")[2].partition("/")[2]
    request = {"target": target, "headers": [list(each) for each in headers]}
    return event("open", 0, url=url, timings=timings, request=request, **fields)


def sent(payload, at=0.0, **fields):
    """Return a message that went out."""
    return _message("out", payload, at) | fields


def got(payload, at=0.0, **fields):
    """Return a message that came in."""
    return _message("in", payload, at) | fields


def _message(direction, payload, at):
    if isinstance(payload, bytes):
        return event("message", at, direction=direction, opcode="binary", base64=_base64(payload))
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return event("message", at, direction=direction, opcode="text", text=text)


def closed(code=1000, by="wscli", at=0.0, **fields):
    """Return the end of a connection."""
    ours = {"sent": code} if by == "wscli" else {}
    return event("close", at, code=code, clean=True, by=by, **ours) | fields


def refused(url, status, body=b"", **fields):
    """Return an attempt that was answered with an HTTP status."""
    head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\nX-Own: 1\r\n\r\n".encode()
    opening = {
        "url": url,
        "timings": _TIMINGS,
        "response": {"status": status, "reason": "No", "raw": _base64(head)},
        "body": _base64(body),
    }
    return event("error", 0, status=5, message="refused", opening=opening, **fields)


def _base64(data):
    return b64encode(data).decode()


def lines(*events):
    """Return a recording."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in events)


def connections(*events):
    """Return the connections of a recording."""
    return read_connections(read_events(lines(*events).splitlines()))
