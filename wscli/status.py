"""Exit statuses: the enum, and the one place that maps an error to its status."""

from __future__ import annotations

from enum import IntEnum

from wscli import errors


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
        """Return the status of a program ended by a signal, as shells report it."""
        return cls(128 + number)


class OutputStalled(errors.OutputError):
    """Writing was given up after a signal or a time limit.

    ``status`` is the exit status that the signal or the limit calls for. It cannot be derived from
    the error: `listen --for` ends with 0 when its time is up, `send --timeout` with 6.
    """

    def __init__(self, name: str, unwritten: int, status: ExitStatus) -> None:
        evidence = f"{unwritten:,} bytes or more were not written"
        super().__init__(f"gave up on {name}: it is not read, or too slowly", evidence)
        self.status = status


_STATUS: dict[type[errors.WscliError], ExitStatus] = {
    errors.UsageError: ExitStatus.USAGE,
    errors.ConnectError: ExitStatus.CONNECT,
    errors.TLSError: ExitStatus.TLS,
    errors.UpgradeError: ExitStatus.UPGRADE,
    errors.TimedOut: ExitStatus.TIMEOUT,
    errors.CallFailed: ExitStatus.FAILED,
    errors.ReplayDiffers: ExitStatus.FAILED,
    errors.ProtocolError: ExitStatus.PROTOCOL,
    errors.OutputError: ExitStatus.READER_GONE,
    errors.ConnectionLost: ExitStatus.LOST,
    errors.ConnectionClosed: ExitStatus.PEER_CLOSED,
    errors.Unsent: ExitStatus.LOST,
}


def status_of(error: errors.WscliError) -> ExitStatus:
    """Return the exit status of a command that ends with this error."""
    if isinstance(error, OutputStalled):
        return error.status
    # In the order of the MRO, so that the status of a base class is the last resort.
    known = (_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    return next(known, ExitStatus.BUG)
