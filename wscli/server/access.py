"""The record of one connection to the server, and who looks at it."""

from __future__ import annotations

from wscli.session.bus import Sink
from wscli.status import ExitStatus
from wscli.wire.codes import CloseCode


class AccessRecord:
    """What there is to say of one connection; what is not known yet is None.

    ``time`` is in seconds since the epoch, ``started`` is the same by the monotonic clock, and
    ``elapsed`` the seconds that it took. ``status`` is that of the last
    response. ``code``, ``reason`` and ``by`` tell of the closing handshake: whoever sent the first
    Close frame, "client" or "server", sent these; ``clean`` is true if both sent one.
    """

    def __init__(self, number: int, address: str, time: float, started: float) -> None:
        self.number = number
        self.address = address
        self.time = time
        self.started = started
        self.elapsed = 0.0
        self.requests = 0
        self.method: str | None = None
        self.target: str | None = None
        self.status: int | None = None
        self.code: int = CloseCode.ABNORMAL_CLOSURE
        self.reason = ""
        self.by: str | None = None
        self.clean = False
        self.messages_in = 0
        self.messages_out = 0
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def upgraded(self) -> bool:
        """Whether it became a WebSocket."""
        return self.status == 101


class Watcher:
    """Looks at a server and never changes it; the methods are called in the server's thread."""

    def sink(self, access: AccessRecord) -> Sink | None:
        """Return what is to look at a WebSocket that is about to open."""
        return None

    def ended(self, access: AccessRecord) -> None:
        """Hear that a connection has ended."""

    def failed(self, message: str, error: BaseException | None) -> None:
        """Report a failure in the server itself."""

    def warned(self, message: str, hint: str) -> None:
        """Report a user's mistake that is noticed only while the server runs."""

    def interrupted(self, status: ExitStatus) -> None:
        """Block no longer: a signal ends the server, with this status; called in its handler."""
