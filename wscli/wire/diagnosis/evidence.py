"""The evidence about an upgrade that failed, and the cause that it points to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from wscli.wire.diagnosis.body import decode_body
from wscli.wire.head import Request, Response, without_query

if TYPE_CHECKING:
    from wscli.kinds import Facts

_READ = 4 << 10  # bytes of a body that are searched for words


class PlainResponse(NamedTuple):
    """A response and the part of its body that was read."""

    response: Response
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status

    @property
    def text(self) -> str:
        """The beginning of the body, as text."""
        return decode_body(self.body[:_READ]).strip()

    @property
    def is_page(self) -> bool:
        """Whether the server has a resource at this path."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str:
        """Return a header's value, empty where there is none."""
        return self.response.headers.get(name) or ""

    def mentions(self, *words: str) -> bool:
        """Return True if the reason or the body has a word that matches one of these patterns."""
        said = f"{self.response.reason}\n{self.text}"
        return re.search(rf"\b(?:{'|'.join(words)})\b", said, re.IGNORECASE) is not None


class Evidence(NamedTuple):
    """The request, its answer, and the answer to a plain GET of the same path.

    ``answer`` is None where the server closed the connection without one, ``probe`` where the
    plain GET was not made or had no answer. ``secure`` is True for wss.
    """

    request: Request
    secure: bool
    answer: PlainResponse | None = None
    probe: PlainResponse | None = None

    @property
    def path(self) -> str:
        """The path asked for, without its query."""
        return without_query(self.request.target)

    @property
    def has_credentials(self) -> bool:
        """Whether the request has credentials."""
        names = ("Authorization", "Cookie")
        return any(self.request.headers.get(name) is not None for name in names)

    @property
    def offers_subprotocol(self) -> bool:
        """Whether the request offers a subprotocol."""
        return self.request.headers.get("Sec-WebSocket-Protocol") is not None

    @property
    def facts(self) -> Facts:
        """The facts that apply whatever the cause is."""
        host = self.request.headers.get("Host")
        facts: Facts = {
            "path": self.path,
            "secure": self.secure,
            "host": host or "none",
            "own_origin": f"{'https' if self.secure else 'http'}://{host or 'HOST'}",
            "credentials_sent": self.has_credentials,
            "subprotocol_offered": self.offers_subprotocol,
        }
        if (origin := self.request.headers.get("Origin")) is not None:
            facts["origin"] = origin
        if self.answer is not None:
            facts["http_status"] = self.answer.status
        if self.probe is not None:
            facts["probe_status"] = self.probe.status
        return facts
