"""What the server answers over plain HTTP: one small response, whole, with its length."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import NamedTuple

from wscli.wire.handshake import Refusal

TEXT = "text/plain; charset=utf-8"
_NO_BODY = (204, 304)


class HttpResponse(NamedTuple):
    """A response to a plain request, or to an upgrade that is refused."""

    status: int
    body: bytes
    content_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()
    reason: str | None = None

    def to_bytes(self, *, keep: bool) -> bytes:
        """Return the response; with ``keep`` the connection stays for another request.

        One that names an Upgrade says so among the connection's options (RFC 9110 §7.8).
        """
        headers = [*self.headers]
        if self.status not in _NO_BODY:
            headers += [
                ("Content-Type", self.content_type),
                ("Content-Length", str(len(self.body))),
            ]
        options = ["Upgrade"] if any(name == "Upgrade" for name, _ in headers) else []
        options += [] if keep else ["close"]
        if options:
            headers.append(("Connection", ", ".join(options)))
        lines = [f"HTTP/1.1 {self.status} {self.reason or phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join([*lines, "", ""]).encode()
        return head if self.status in _NO_BODY else head + self.body


class Refused(Exception):
    """A request is not served; raised by whoever finds out why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


def refuse(status: int, sentence: str, *headers: tuple[str, str]) -> Refused:
    """Return the refusal with a status, a sentence that says why, and further headers."""
    return Refused(Refusal(status, phrase(status), sentence, headers))


def refusal_answer(refusal: Refusal) -> HttpResponse:
    """Return a refusal as a response: its sentence is the body."""
    body = f"{refusal.sentence}\n".encode()
    return HttpResponse(refusal.status, body, headers=refusal.headers, reason=refusal.reason)


def json_answer(value: object) -> HttpResponse:
    """Return a value as JSON that no cache keeps."""
    return HttpResponse(
        200, compact_json(value), "application/json", (("Cache-Control", "no-store"),)
    )


def compact_json(value: object) -> bytes:
    """Write a value as JSON with nothing to spare."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def phrase(status: int) -> str:
    """Return the words that go with a status (RFC 9110 §15)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
