"""The server's HTTP responses: small, written whole, with a Content-Length.

A check or route that does not serve a request raises ``Refused``, which the connection turns into a
response. So a refusal needs no second return value on the way up.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import NamedTuple

from wscli.wire.handshake import Refusal

TEXT = "text/plain; charset=utf-8"
_NO_BODY = (204, 304)


class HttpResponse(NamedTuple):
    """A response to a plain request or a refused upgrade; ``reason`` replaces the usual phrase."""

    status: int
    body: bytes
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()
    reason: str | None = None

    def to_bytes(self, *, keep: bool) -> bytes:
        """Return the bytes to send; without ``keep`` the response announces the end of TCP."""
        # A 204 or 304 ends with its head, whatever its headers say (RFC 9112 §6.3): a body would be
        # read as the next response.
        headers = [*self.headers]
        if self.status not in _NO_BODY:
            headers += [
                ("Content-Type", self.content_type),
                ("Content-Length", str(len(self.body))),
            ]
        # "A sender of Upgrade MUST also send an "Upgrade" connection option in the Connection
        # header field" (RFC 9110 §7.8).
        options = ["Upgrade"] if any(name == "Upgrade" for name, _ in headers) else []
        options += [] if keep else ["close"]
        if options:
            headers.append(("Connection", ", ".join(options)))
        lines = [f"HTTP/1.1 {self.status} {self.reason or phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join([*lines, "", ""]).encode()
        return head if self.status in _NO_BODY else head + self.body


class Refused(Exception):
    """A request that is not served, with the refusal to answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


def refuse(status: int, sentence: str, *headers: tuple[str, str]) -> Refused:
    """Return the error for a status, a sentence that explains it, and further headers."""
    return Refused(Refusal(status, phrase(status), sentence, headers))


def refusal_answer(refusal: Refusal) -> HttpResponse:
    """Return the response to a refused request: the sentence is its body."""
    body = f"{refusal.sentence}\n".encode()
    return HttpResponse(refusal.status, body, headers=refusal.headers, reason=refusal.reason)


def json_answer(value: object) -> HttpResponse:
    """Return a response of JSON that no cache stores."""
    # A browser may answer a poll from its cache otherwise, with an old tick.
    return HttpResponse(
        200, compact_json(value), "application/json", (("Cache-Control", "no-store"),)
    )


def compact_json(value: object) -> bytes:
    """Return a value as JSON in UTF-8, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def phrase(status: int) -> str:
    """Return the reason phrase of a status (RFC 9110 §15), or "" for an unassigned status."""
    # ``/status/N`` may ask for any number. A phrase may be empty (RFC 9112 §4).
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
