"""The tree of errors, for callers of the Python API and for commands.

An error has a sentence (``what``), the evidence for it, a ``kind`` and ``facts``. None of them
mentions the command line: ``wscli.advice`` turns kind and facts into the hint that follows "try:",
and ``wscli.status`` turns the class into an exit status. So a Python caller never reads the name of
an option.

All errors can be pickled and copied, as ``multiprocessing`` and ``concurrent.futures`` require.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wscli.kinds import ConnectKind, EndKind, Facts, Kind


class WscliError(Exception):
    """The base of all errors that wscli expects; any other exception is a bug.

    ``what`` is the sentence, which follows "wscli: " and is also ``str(error)``. ``evidence`` may
    be empty or have several lines, such as the head of a response; a traceback shows it as a note.
    ``hint`` suggests a remedy in words that suit every caller. Most errors have a ``kind`` instead,
    for which ``wscli.advice`` has a hint for the command line that depends on the ``facts``.

    ``closed_early`` is True if the peer ended the connection before it had answered, as a port
    forwarder does while the server behind it is down.
    """

    closed_early = False  # then waiting for the server may help, as after a refused connection

    def __init__(
        self,
        what: str,
        evidence: str = "",
        hint: str = "",
        *,
        kind: Kind | None = None,
        facts: Facts | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.kind = kind
        self.facts = facts or {}
        self._evidence = ""
        self.evidence = evidence

    @property
    def evidence(self) -> str:
        """The evidence, which a traceback shows as a note."""
        return self._evidence

    @evidence.setter
    def evidence(self, evidence: str) -> None:
        """Replace the evidence and its note."""
        # The probe adds to the evidence later. Other notes may have been added in the meantime,
        # and belong to those who added them.
        if self._evidence:
            self.__notes__.remove(_as_note(self._evidence))
        self._evidence = evidence
        if evidence:
            self.add_note(_as_note(evidence))

    def __str__(self) -> str:
        # OSError, a base of some of these, would write errno and strerror instead.
        return self.what

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is recreated from ``args``, which lack a subclass's arguments.
        return _restore, (type(self), self.args), self.__dict__


def _restore(kind: type[WscliError], args: tuple[object, ...]) -> WscliError:
    # Without its fields, which pickle and copy set next, and without ``__init__``, whose arguments
    # differ between the classes.
    error = kind.__new__(kind)
    error.args = args
    return error


def _as_note(evidence: str) -> str:
    """Return evidence for a traceback, with the peer's control characters as symbols."""
    from wscli.text import visible

    return visible(evidence.replace("\r\n", "\n"), keep="\n\t")


class UsageError(WscliError, ValueError):
    """The caller asked for something invalid, such as a malformed URL.

    It is also a ``ValueError``, and is raised before anything is sent.
    """


class ConnectError(WscliError, OSError):
    """The connection could not be established: name, TCP, Unix socket or proxy.

    It is also an ``OSError``. ``errno`` and ``strerror`` are those of the last address tried, or
    None if no system call failed.
    """

    def __init__(
        self,
        what: str,
        evidence: str = "",
        hint: str = "",
        *,
        kind: ConnectKind | None = None,
        facts: Facts | None = None,
    ) -> None:
        super().__init__(what, evidence, hint, kind=kind, facts=facts)
        # OSError takes these from its first two arguments; ours has the sentence there.
        if errnos := self.facts.get("errnos"):
            self.errno = errnos[-1]
            self.strerror = os.strerror(self.errno)

    def __reduce__(self) -> tuple[Any, ...]:
        restore, args, state = super().__reduce__()
        # OSError does not keep these two in __dict__.
        return restore, args, {**state, "errno": self.errno, "strerror": self.strerror}


class TLSError(WscliError):
    """TLS failed, for example because of the certificate, the host name or the version."""


class UpgradeError(WscliError):
    """The opening handshake was refused, or the response is invalid (RFC 6455 §4.1).

    The evidence has the response, and the response to a plain GET if one was sent.
    """

    @property
    def http_status(self) -> int | None:
        """The status of the server's response, if that was HTTP and not 101."""
        return self.facts.get("http_status")


class TimedOut(WscliError, TimeoutError):
    """A time limit passed: connecting, waiting for a message, a reply or a pong.

    It is also a ``TimeoutError``. The connection stays open if the caller was waiting for a message
    or a pong.
    """


class CallFailed(WscliError):
    """The reply to a message is an error of the protocol on top, such as JSON-RPC."""


class ReplayDiffers(WscliError):
    """A server did not behave as a recording has it."""


class ProtocolError(WscliError):
    """The peer broke a rule of the protocol, and the connection was failed (RFC 6455 §7.1.7).

    The facts ``rule`` and ``code`` are the rule and the close code for it.
    """


class OutputError(WscliError):
    """The output could not be written, for a reason other than that its reader went away."""


class ConnectionClosed(WscliError):
    """The connection has ended; nothing more can be sent or received.

    ``code`` and ``reason`` are those of the Close frame that ended it; the code is 1005 if the
    frame had none (RFC 6455 §7.1.5).
    """

    def __init__(
        self,
        what: str,
        code: int,
        reason: str = "",
        hint: str = "",
        evidence: str = "",
        *,
        kind: EndKind | None = None,
        facts: Facts | None = None,
    ) -> None:
        super().__init__(what, evidence, hint, kind=kind, facts=facts)
        self.code = code
        self.reason = reason


class ConnectionLost(ConnectionClosed):
    """The connection ended with no Close frame: code 1006 (RFC 6455 §7.1.5)."""


class Unsent(WscliError):
    """The peer closed the connection before everything had been sent."""
