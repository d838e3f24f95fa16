"""Exit statuses: the enum, and the one place that maps an error to its status."""

from __future__ import annotations

from enum import IntEnum

from wscli import errors


class ExitStatus(IntEnum):
    """The exit statuses of the command line; scripts rely on them, so they never change."""

    OK = 0
    BUG = 1  # the status of Python for an exception that nobody catches
    USAGE = 2
    CONNECT = 3
    TLS = 4
    UPGRADE = 5
    TIMEOUT = 6
    PROTOCOL = 7
    LOST = 8
    PEER_CLOSED = 9
    FAILED = 10
    # 128 plus the number of the signal: SIGHUP, SIGINT, SIGPIPE and SIGTERM.
    HUNG_UP = 129
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143

    @classmethod
    def of_signal(cls, number: int) -> ExitStatus:
        """Return the status of a program ended by a signal, as shells report it."""
        return cls(128 + number)


class OutputStalled(errors.OutputError):
    """Writing was abandoned after a signal or a time limit.

    ``status`` is the exit status for the signal or the limit. It cannot be derived from the error:
    `listen --for` ends with 0 when its time is up, `send --timeout` with 6.
    """

    def __init__(self, name: str, unwritten: int, status: ExitStatus) -> None:
        # "At least", since the reader of a pipe may not have read all that was written to it.
        evidence = f"at least {unwritten:,} bytes were not written"
        what = f"gave up writing to {name}: its reader has stopped or is too slow"
        super().__init__(what, evidence)
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
    # Also for a full disk: the status means that stdout cannot be written.
    errors.OutputError: ExitStatus.READER_GONE,
    errors.ConnectionLost: ExitStatus.LOST,
    errors.ConnectionClosed: ExitStatus.PEER_CLOSED,
    errors.Unsent: ExitStatus.LOST,
}


def status_of(error: errors.WscliError) -> ExitStatus:
    """Return the exit status of a command that ends with this error."""
    if isinstance(error, OutputStalled):
        return error.status
    # In the order of the MRO, so that a class of its own precedes its base classes.
    known = (_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    return next(known, ExitStatus.BUG)
