"""The evidence about a failed upgrade: the request, the refusal, and the answer to the probe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from wscli.wire.diagnosis.body import decode_body
from wscli.wire.head import Request, Response, without_query

if TYPE_CHECKING:
    from wscli.kinds import Facts

# Bytes of a body that are searched for words: the sentence that explains a refusal is at its start,
# and a long page may contain any word by chance.
_SEARCHED = 4 << 10


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
        return decode_body(self.body[:_SEARCHED]).strip()

    @property
    def is_page(self) -> bool:
        """Whether the status is a success, so there is a resource at this path."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str:
        """Return a header's value, or an empty string if it is missing."""
        return self.response.headers.get(name) or ""

    def mentions(self, *words: str) -> bool:
        """Return True if the reason or the body has a word that matches one of these patterns."""
        # The reason too, since some servers explain a refusal only there: "403 Invalid Origin".
        said = f"{self.response.reason}\n{self.text}"
        return re.search(rf"\b(?:{'|'.join(words)})\b", said, re.IGNORECASE) is not None


class Evidence(NamedTuple):
    """The request, its answer, and the answer to a plain GET of the same path.

    ``answer`` is None if the server closed the connection without one. ``probe`` is None if the
    plain GET was not sent or had no answer. ``secure`` is True for wss.
    """

    request: Request
    secure: bool
    answer: PlainResponse | None = None
    probe: PlainResponse | None = None

    @property
    def path(self) -> str:
        """The requested path, without its query."""
        return without_query(self.request.target)

    @property
    def has_credentials(self) -> bool:
        """Whether the request has credentials."""
        # Cookies too: most web applications recognise users by a session cookie.
        names = ("Authorization", "Cookie")
        return any(self.request.headers.get(name) is not None for name in names)

    @property
    def offers_subprotocol(self) -> bool:
        """Whether the request offers a subprotocol."""
        return self.request.headers.get("Sec-WebSocket-Protocol") is not None

    @property
    def facts(self) -> Facts:
        """The facts that apply to every cause."""
        # From the request as it was sent, since a user may have set Host or Origin by hand.
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
