"""One tree of errors: what happened, the evidence, what to try, and the exit status."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """The exit statuses of the command line; scripts rely on them."""

    OK = 0
    BUG = 1
    USAGE = 2
    CONNECT = 3
    TLS = 4
    UPGRADE = 5
    TIMEOUT = 6
    PROTOCOL = 7
    LOST = 8
    PEER_CLOSED = 9
    FAILED = 10
    HUNG_UP = 129
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143

    @classmethod
    def of_signal(cls, number: int) -> ExitStatus:
        """Return the status of what a signal has ended, as shells have it."""
        return cls(128 + number)


class WscliError(Exception):
    """What happened, the evidence for it, and what to try.

    ``what`` is a clause that continues "wscli: "; ``evidence`` and ``hint`` may be empty.
    ``closed_early`` is True where the peer ended the connection before it had answered, as a port
    forwarder does while the server behind it is down.
    """

    status = ExitStatus.BUG
    closed_early = False

    def __init__(self, what: str, evidence: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.evidence = evidence
        self.hint = hint


class UsageError(WscliError):
    """The caller asked for something that makes no sense."""

    status = ExitStatus.USAGE


class ConnectError(WscliError):
    """No connection came about: name, TCP, Unix socket or proxy."""

    status = ExitStatus.CONNECT


class TLSError(WscliError):
    """TLS failed: certificate, host name, protocol version."""

    status = ExitStatus.TLS


class UpgradeError(WscliError):
    """The opening handshake was refused or is invalid (RFC 6455 §4).

    ``http_status`` is what the server answered, where that was HTTP and not 101.
    """

    status = ExitStatus.UPGRADE

    def __init__(
        self, what: str, evidence: str = "", hint: str = "", http_status: int | None = None
    ) -> None:
        super().__init__(what, evidence, hint)
        self.http_status = http_status


class TimedOut(WscliError):
    """A time limit passed: connecting, waiting for a reply, or for a pong."""

    status = ExitStatus.TIMEOUT


class CallFailed(WscliError):
    """A message was answered with an error of the protocol on top, such as JSON-RPC's."""

    status = ExitStatus.FAILED


class ProtocolError(WscliError):
    """The peer broke the protocol, and the connection was failed (RFC 6455 §7.1.7)."""

    status = ExitStatus.PROTOCOL


class OutputError(WscliError):
    """What was received could not be written, for another reason than that nobody reads it."""

    status = ExitStatus.READER_GONE


class ConnectionClosed(WscliError):
    """The connection has ended; nothing more can be sent or received.

    ``code`` and ``reason`` are those of the Close frame that ended it, or 1005 where it had none.
    """

    status = ExitStatus.PEER_CLOSED

    def __init__(
        self, what: str, code: int, reason: str = "", hint: str = "", evidence: str = ""
    ) -> None:
        super().__init__(what, evidence, hint)
        self.code = code
        self.reason = reason


class ConnectionLost(ConnectionClosed):
    """The connection ended with no Close frame: code 1006 (RFC 6455 §7.1.5)."""

    status = ExitStatus.LOST


class Unsent(WscliError):
    """The peer closed before everything was sent."""

    status = ExitStatus.LOST
