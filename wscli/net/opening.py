"""The record of one attempt to open a connection: filled in as it proceeds, read by the sinks.

Its JSON form, which recordings keep too, is in ``records.openings``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wscli.net.url import Url
    from wscli.wire.diagnosis import PlainResponse
    from wscli.wire.handshake import Agreement
    from wscli.wire.head import Request, Response


class OpeningStep(StrEnum):
    """The steps of an attempt, in order; with a SOCKS proxy, NAME may come twice.

    REQUEST is part of UPGRADE; PROBE is the plain GET after a refusal.
    """

    NAME = "name"
    TCP = "tcp"
    PROXY = "proxy"
    TLS = "tls"
    REQUEST = "request"
    UPGRADE = "upgrade"
    RESPONSE = "response"
    PROBE = "probe"


# Without REQUEST, whose time is in that of UPGRADE, and PROBE, which is not part of connecting.
PHASES = (
    OpeningStep.NAME,
    OpeningStep.TCP,
    OpeningStep.PROXY,
    OpeningStep.TLS,
    OpeningStep.UPGRADE,
)
"""The steps that are timed; the sum of their times is the time of the whole attempt."""


class Certificate(NamedTuple):
    """The fields of a server's certificate; ``expires`` is in seconds since the epoch."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    expires: float | None


class TLS(NamedTuple):
    """The TLS layer of a connection."""

    version: str
    cipher: str
    certificate: Certificate | None


class Opening:
    """One attempt to open a connection; fields that are unknown or do not apply are None.

    ``looked_up`` is the name that was resolved to ``addresses``, and ``address`` the one that is
    connected to: they are the proxy's if there is one. ``received`` has all bytes up to the end of
    the response's head, or the bytes that came in its place. ``interim`` has the heads of interim
    responses (1xx). ``body`` is that of a refusal, as far as it was read. ``timings`` has the
    seconds that each phase took, in the order of PHASES. ``opinion`` is websocket-client's verdict
    on the upgrade: "accepted", or its error. ``probe`` is the answer to the plain GET after a
    refusal.
    """

    def __init__(self, url: Url) -> None:
        self.url = url
        self.timings: dict[str, float] = {}
        self.looked_up: str | None = None
        self.addresses: tuple[str, ...] = ()
        self.address: str | None = None
        self.proxy: str | None = None
        self.proxy_request: bytes | None = None
        self.proxy_response: bytes | None = None
        self.tls: TLS | None = None
        self.request: Request | None = None
        self.received = b""
        self.interim = b""
        self.response: Response | None = None
        self.body = b""
        self.agreement: Agreement | None = None
        self.opinion: str | None = None
        self.probe: PlainResponse | None = None

    # An opening that was written to a recording and read back is the same; the tests compare them.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opening) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]
