"""The record of one connection to the server, and the observer of a server."""

from __future__ import annotations

from typing import Literal

from wscli.session.pipeline import Sink
from wscli.status import ExitStatus
from wscli.wire.codes import CloseCode

Closer = Literal["client", "server"]
"""The side that sent the first Close frame."""


class AccessRecord:
    """The log record of one connection, filled in while it lasts; unknown values are None.

    ``time`` is the start in seconds since 1970, ``started`` the same instant by the monotonic
    clock, and ``elapsed`` the duration in seconds, set at the end. ``status`` is that of the last
    response. ``by`` is the side that sent the first Close frame, and ``code`` and ``reason`` are
    from that frame; ``clean`` is True if both sides sent one.
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
        # 1006 until a Close says otherwise, as RFC 6455 §7.1.5 defines it.
        self.code: int = CloseCode.ABNORMAL_CLOSURE
        self.reason = ""
        self.by: Closer | None = None
        self.clean = False
        self.messages_in = 0
        self.messages_out = 0
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def upgraded(self) -> bool:
        """Whether the connection became a WebSocket."""
        return self.status == 101


class Watcher:
    """Observes a server; a subclass overrides the methods, which do nothing here.

    They are called in the server's thread, and delay all clients if they block.
    """

    def sink(self, access: AccessRecord) -> Sink | None:
        """Return a sink for the events of a WebSocket that is about to open, or None."""
        return None

    def ended(self, access: AccessRecord) -> None:
        """Record the end of a connection."""

    def failed(self, message: str, error: BaseException | None) -> None:
        """Report a failure in the server itself."""

    def warned(self, message: str, hint: str) -> None:
        """Report a user's mistake that shows only while the server runs."""

    def interrupted(self, status: ExitStatus) -> None:
        """Stop blocking, since a signal ends the server with this status.

        Called in the signal handler, which may interrupt any other method.
        """
