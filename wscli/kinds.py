"""The kinds of errors, and the facts about them: types, for annotations and for tests.

Building the Literals and the TypedDict takes 4 ms, and enums of this size would take nearly as
long. So this module is imported for type checking only; at run time a kind is a str and facts are a
dict. Callers of the Python API see them as ``error.kind`` and ``error.facts``.
"""

from __future__ import annotations

from typing import Literal, TypedDict

UsageKind = Literal[
    "certificate-file",  # the client certificate or its key cannot be read
    "key-alone",  # a private key without its certificate
    "server-name",  # the name to verify the certificate for is not a valid name
    "header-name",
    "subprotocol-name",
]
"""Kinds of UsageError for which ``wscli.advice`` has a hint; most usage errors have no kind."""

ConnectKind = Literal[
    "name",  # the host name cannot be resolved
    "tcp",  # no address could be connected to; the fact ``errnos`` has the reasons
    "unix-socket",
    "proxy",  # the proxy itself cannot be reached
    "proxy-answer",  # it did not answer CONNECT with HTTP
    "proxy-refusal",  # it refused CONNECT; the fact ``http_status`` says how
    "socks",  # it refused, or does not speak SOCKS
    "resource",  # the server does not serve the requested resource
]
"""Kinds of ConnectError."""

TLSKind = Literal[
    "not-tls",  # the port speaks plain text
    "no-http1",  # the server speaks HTTP/2 only
    "tls-refused",  # by an alert; often because a client certificate is missing
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
"""Kinds of UpgradeError for a known service, recognised by its answer to plain HTTP."""

RefusalKind = Literal[
    # Found in the body or the headers of the refusal
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
    # Found by the answer to a plain GET of the same path
    "upgrades-dropped",  # GET is answered, the upgrade is not
    "upgrade-forbidden",  # GET is allowed, the upgrade is not
    "get-forbidden",  # neither is
    "forbidden-not-found",  # 403, and GET finds nothing
    "bad-request-not-found",  # 400, and GET finds nothing
    "not-a-route",  # a page of an ASGI application
    "not-an-endpoint",  # a page of any other server
    "upgrade-fails",  # GET works, the upgrade fails
    # Found by marks of the software that refused
    "node-ws-path",
    "daphne-closed",
    "daphne-no-route",
    "asgi-closed",
    "no-websocket-library",  # uvicorn without one
    "rails-origin",
    # Found by the status alone
    "no-answer",  # the connection was closed after the request
    "left-early",  # the connection was closed before the request
    "bad-request",
    "forbidden",
    "not-found",
    "upgrade-removed",  # 426
    "page",  # 2xx
    "server-failed",  # 5xx
    "status",  # any other; it is the fact ``http_status``
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

TimeoutKind = Literal["connect", "tls", "upgrade", "fetch", "pong"]
"""Kinds of TimedOut, by the step in progress; time limits of the caller have no kind."""

EndKind = Literal[
    "violation",  # the peer broke the rule in the fact ``rule``
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
"""The cause of an error, in one word for a program."""


class Facts(TypedDict, total=False):
    """The facts about an error; each kind has those that apply to it.

    ``errnos`` has the errno for each address that was tried. ``path`` has no query, since that may
    hold a token. ``own_origin`` is the origin that a page of the server itself would have;
    ``origin`` and ``host`` are the headers that were sent. ``server`` is the software that refused,
    ``gateway`` a proxy in front of it, and ``resource`` the kind of page at the path. ``challenge``
    and ``probe_challenge`` are WWW-Authenticate in the answer to the upgrade and to a plain GET,
    and ``probe_status`` is the status of the latter. ``from_environment`` is True for a proxy that
    an environment variable names. ``seconds`` is the time limit that passed, ``idle`` the seconds
    without traffic before a loss, and ``idle_limit`` a well-known time limit that ``idle`` is close
    to. ``code`` is a close code, and ``rule`` the id of a broken rule.
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


Cause = tuple[RefusalKind | ServiceKind, Facts]
"""The most likely cause of a refusal, and the facts that advice about it needs."""
