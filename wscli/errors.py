"""One tree of errors: what went wrong, as facts, for callers of the Python API and for commands.

An error has a sentence (``what``), the evidence for it, a ``kind`` and ``facts``. None of them
mentions the command line: the module ``wscli.advice`` turns kind and facts into the hint that
follows "try:", and ``wscli.status`` turns the class into an exit status. So a Python caller never
reads the name of an option, and this module needs no other.

All errors can be pickled and copied, as ``multiprocessing`` and ``concurrent.futures`` require.
"""

from __future__ import annotations

import os
from typing import Any, Literal, TypedDict

# Literal, not Enum: an enum of this size takes 2 ms to build at every start.

UsageKind = Literal[
    "certificate-file",  # the client certificate or its key cannot be read
    "key-alone",  # a private key without its certificate
    "server-name",  # the name to verify the certificate for is not a valid name
    "header-name",
    "subprotocol-name",
]
"""Kinds of UsageError that ``wscli.advice`` knows more about; most have none."""

ConnectKind = Literal[
    "name",  # the host name cannot be resolved
    "tcp",  # no address could be connected to; the fact ``errnos`` has the reasons
    "unix-socket",
    "proxy",  # the proxy itself cannot be reached
    "proxy-answer",  # it did not answer CONNECT with HTTP
    "proxy-refusal",  # it refused CONNECT; the fact ``http_status`` says how
    "socks",  # it refused, or does not speak SOCKS
    "resource",  # the server has no such feed
]
"""Kinds of ConnectError."""

TLSKind = Literal[
    "not-tls",  # the port speaks plain text
    "no-http1",  # the server speaks HTTP/2 only
    "tls-refused",  # by an alert; often for want of a client certificate
    "tls-version",
    "tls-left",  # the connection ended right after the handshake
    "tls-ended",  # the connection ended during the handshake
    "tls-failed",
    "certificate-untrusted",
    "certificate-expired",
    "certificate-name",
]
"""Kinds of TLSError."""

ServiceKind = Literal[
    "devtools",  # the list of targets of Chrome's DevTools
    "node-inspector",
    "sockjs",
    "engine-io-query",  # EIO or transport is missing in the query
    "engine-io-session",  # the sid in the query is unknown
    "engine-io-version",
    "event-stream",  # server-sent events
]
"""Services that were recognised by their answer to plain HTTP, in place of a WebSocket."""

RefusalKind = Literal[
    # What the body or the headers of the refusal say
    "tls-port",
    "client-certificate-missing",
    "client-certificate-refused",
    "redirect",
    "no-upgrade",  # the server saw no upgrade
    "host-unknown",  # 400 to this Host
    "host-forbidden",  # 403 to this Host
    "origin",
    "subprotocol-missing",
    "version",  # of the protocol; the fact ``versions`` has those that the server speaks
    "credentials-refused",
    "credentials-missing",
    "cloudflare-bot",
    # What the answer to a plain GET of the same path shows
    "upgrades-dropped",  # GET is answered, the upgrade is not
    "upgrade-forbidden",  # GET is allowed, the upgrade is not
    "get-forbidden",  # neither is
    "forbidden-not-found",  # 403, and GET finds nothing
    "bad-request-not-found",  # 400, and GET finds nothing
    "not-a-route",  # a page of an ASGI application
    "not-an-endpoint",  # a page of any other server
    "upgrade-fails",  # GET works, the upgrade fails
    # The software that refused
    "node-ws-path",
    "daphne-closed",
    "daphne-no-route",
    "asgi-closed",
    "no-websocket-library",  # uvicorn without one
    "rails-origin",
    # What remains
    "no-answer",  # the connection was closed after the request
    "left-early",  # the connection was closed before the request
    "bad-request",
    "forbidden",
    "not-found",
    "upgrade-removed",  # 426
    "page",  # 2xx
    "server-failed",  # 5xx
    "status",  # any other; the fact ``http_status`` says which
]
"""Why a server refused an upgrade: the most likely cause that the evidence supports."""

UpgradeKind = Literal[
    "accept-wrong",
    "extension-unoffered",
    "subprotocol-unoffered",
    "response-invalid",  # a 101 with another fault
    "other-server",  # the greeting of an SSH, mail or file server
    "http2-frame",
    "endless-head",
    "endless-interim",
    "malformed-head",
    "not-http",
    "broken-off",
    "redirect-loop",
    "downgrade",  # a redirect from wss:// to ws://
]
"""Kinds of UpgradeError besides a refusal."""

TimeoutKind = Literal["connect", "tls", "upgrade", "resource", "pong"]
"""What was not done when a time limit passed; waits of the caller have no kind."""

EndKind = Literal[
    "violation",  # the peer broke a rule; the fact ``rule`` says which
    "late-refusal",  # an HTTP response after the 101
    "peer-closed",  # with a code that is not normal
    "lost",
]
"""Kinds of ProtocolError, ConnectionClosed and ConnectionLost."""

Kind = (
    UsageKind
    | ConnectKind
    | TLSKind
    | ServiceKind
    | RefusalKind
    | UpgradeKind
    | TimeoutKind
    | EndKind
)
"""What went wrong, in one word for a program."""


class Facts(TypedDict, total=False):
    """What is known about an error; each kind has the facts that apply to it, others are absent.

    ``errnos`` has the reason of each address tried. ``path`` has no query, since that may hold a
    token. ``own_origin`` is the origin that a page of the server itself would have, ``origin`` and
    ``host`` are the headers sent. ``server`` is the software that refused, ``gateway`` a proxy in
    front of it, ``resource`` the kind of page at the path. ``challenge`` and ``probe_challenge``
    are WWW-Authenticate in the answer to the upgrade and to a plain GET, and ``probe_status`` is
    the status of the latter. ``from_environment`` is True for a proxy that an environment variable
    names. ``seconds`` is the time limit that passed, ``idle`` the seconds without traffic before a
    loss, and ``idle_limit`` the well-known time limit which that amounts to. ``code`` is a close
    code, and ``rule`` the id of a broken rule.
    """

    errnos: tuple[int, ...]
    from_environment: bool
    secure: bool
    http_status: int
    path: str
    host: str
    origin: str
    own_origin: str
    credentials_sent: bool
    subprotocol_offered: bool
    location: str
    versions: str
    challenge: str
    probe_challenge: str
    probe_status: int
    resource: str
    server: str
    gateway: str
    debugger_url: str
    seconds: float
    idle: float
    idle_limit: int
    code: int
    rule: str


class WscliError(Exception):
    """An error that wscli expects; any other exception is a bug.

    ``what`` is a clause that continues "wscli: ", and ``str(error)``. ``evidence`` may be empty or
    have several lines, such as a response's head; a traceback shows it as a note. ``hint`` is what
    to try, in words that hold for every caller; most errors have a ``kind`` instead, for which
    ``wscli.advice`` has a hint for the command line. ``facts`` are what that depends on.

    ``closed_early`` is True where the peer ended the connection before it had answered, as a port
    forwarder does while the server behind it is down.
    """

    closed_early = False

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
        """The evidence; what is assigned replaces the note that a traceback shows."""
        return self._evidence

    @evidence.setter
    def evidence(self, evidence: str) -> None:
        if self._evidence:
            self.__notes__.remove(_as_note(self._evidence))
        self._evidence = evidence
        if evidence:
            self.add_note(_as_note(evidence))

    def __str__(self) -> str:
        # OSError, a base of some of these, would write errno and strerror instead.
        return self.what

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is made again from ``args``, which lacks what a subclass requires.
        return _restore, (type(self), self.args), self.__dict__


def _restore(kind: type[WscliError], args: tuple[object, ...]) -> WscliError:
    """Return an error without its fields, which pickle and copy set next."""
    error = kind.__new__(kind)
    error.args = args
    return error


def _as_note(evidence: str) -> str:
    """Return evidence as Python may print it: the peer's control characters are not obeyed."""
    from wscli.text import visible

    return visible(evidence.replace("\r\n", "\n"), keep="\n\t")


class UsageError(WscliError):
    """The caller asked for something impossible, such as a URL that cannot be read.

    It is raised before anything is sent.
    """


class ConnectError(WscliError, OSError):
    """The connection could not be established: name, TCP, Unix socket or proxy.

    It is also an ``OSError``. ``errno`` and ``strerror`` are those of the last address tried, and
    None where no system call failed.
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
        if errnos := self.facts.get("errnos"):
            self.errno = errnos[-1]
            self.strerror = os.strerror(self.errno)

    def __reduce__(self) -> tuple[Any, ...]:
        restore, args, state = super().__reduce__()
        # These two are no part of __dict__.
        return restore, args, {**state, "errno": self.errno, "strerror": self.strerror}


class TLSError(WscliError):
    """TLS failed: certificate, host name, protocol version."""


class UpgradeError(WscliError):
    """The opening handshake was refused, or the response is invalid (RFC 6455 §4.1).

    The evidence has the response, and that to a plain GET where one was sent.
    """

    @property
    def http_status(self) -> int | None:
        """The status that the server answered, if that was HTTP and not 101."""
        return self.facts.get("http_status")


class TimedOut(WscliError, TimeoutError):
    """A time limit passed: connecting, waiting for a message, a reply or a pong.

    It is also a ``TimeoutError``. The connection stays open where a message or a pong was awaited
    by the caller.
    """


class CallFailed(WscliError):
    """A message was answered with an error of the protocol on top, such as JSON-RPC's."""


class ProtocolError(WscliError):
    """The peer broke the protocol, and the connection was failed (RFC 6455 §7.1.7).

    The facts ``rule`` and ``code`` are the rule and the close code that it calls for.
    """


class OutputError(WscliError):
    """What was received could not be written, and not because its reader went away."""


class ConnectionClosed(WscliError):
    """The connection has ended; nothing more can be sent or received.

    ``code`` and ``reason`` are those of the Close frame that ended it; the code is 1005 where the
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
    """The peer closed before everything was sent."""
