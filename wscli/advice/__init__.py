"""Hints after an error, for users of the command line: the only place that names options.

Theory of operation
===================

The layers below raise errors with a kind (``kinds.Kind``) and facts (``kinds.Facts``), and name no
option: a Python caller has arguments, not ``--max-size``. Everything that shows an error to a user
asks ``advise`` for the hint, which is written after "try:". The package is loaded only when
something failed.

``ADVICE`` has a template for every kind, which a test checks. Most are plain texts; where a fact
decides between two texts, a function returns the template. The kinds of a refused upgrade are in
``refusals``, and their causes are found by ``wire.diagnosis``.

How a hint is written
---------------------

* It is a list of clauses, separated by "; " or ", or", with the most likely cause first.
* A clause names a cause, a colon, and something to try: "the server requires a client certificate:
  --cert FILE --key FILE".
* ``options.keep_known`` leaves out options that the running command lacks. So a clause must make
  sense without the part after its colon, and a hint without any of its clauses.
* It names the cause that the evidence supports, not the one that is the most common.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from wscli.advice.options import keep_known
from wscli.advice.refusals import UPGRADES, fill_in
from wscli.errors import WscliError
from wscli.status import ExitStatus, OutputStalled
from wscli.wire.codes import CloseCode

if TYPE_CHECKING:
    from collections.abc import Collection

    from wscli.advice.refusals import Template
    from wscli.kinds import Facts, Kind

_CLIENT_CERTIFICATE = "the server may require a client certificate: --cert FILE --key FILE"
_IS_TLS_PORT = "check that this port is meant for TLS; if it is not, use ws:// instead of wss://"
_OTHER_END = "connect to a `wscli serve`: other servers do not have these paths"
_EACH_FRAME = "use -vv to see each frame"
_LONGER = "increase --connect-timeout, or --timeout if that is shorter"
_IDLE = 10.0  # seconds without traffic before a loss, from which on pings are suggested
# Errors that are missing here, such as EADDRNOTAVAIL for an IPv6 address without IPv6, say nothing
# about the server.
_BY_ERRNO = {
    errno.ECONNREFUSED: "check that a server is listening on that port",
    errno.ECONNRESET: "the server or its load balancer resets new connections: check its log",
    errno.ENETUNREACH: "this machine has no route there: use IPv4 with -4, or IPv6 with -6",
    errno.EHOSTUNREACH: "the network cannot reach that host: check its address, and that it is up",
    errno.ETIMEDOUT: "a firewall may be dropping the packets: check the host and port",
}
_BY_PROXY_STATUS = {
    403: "the proxy does not allow connections to that host and port: ask its administrator",
    407: "the proxy requires credentials: --proxy http://USER:PASS@HOST:PORT",
    502: "the proxy could not reach the server: check its name and port",
    503: "the proxy could not reach the server: check its name and port",
    504: "the proxy could not reach the server in time: check its name and port",
}
# The codes of RFC 6455 §7.4.1 and of IANA's registry that a server sends for a reason of its own.
# Only the application knows the meaning of 3000 to 4999, so there is no advice on them.
_BY_CLOSE_CODE: dict[int, str] = {
    CloseCode.PROTOCOL_ERROR: f"the peer says that we broke the protocol; {_EACH_FRAME}",
    CloseCode.UNSUPPORTED_DATA: "the peer may accept only the other type: --text or --binary",
    CloseCode.INVALID_PAYLOAD: f"the peer could not decode a message; {_EACH_FRAME}",
    CloseCode.POLICY_VIOLATION: "the peer may require credentials, or an --origin that it accepts",
    CloseCode.MESSAGE_TOO_BIG: "a message was larger than the peer accepts: send smaller ones",
    CloseCode.SERVICE_RESTART: "the server is restarting: try again in a moment",
    CloseCode.TRY_AGAIN_LATER: "the server is overloaded: try again later",
    CloseCode.INTERNAL_ERROR: "the server failed: check its log",
}


def advise(error: WscliError, options: Collection[str] | None = None) -> str:
    """Return the hint after an error, or "" if there is nothing to suggest.

    ``options`` are the names of the running command's options: no others are mentioned. None
    stands for all options.
    """
    # Only a time limit can be made longer. After a signal the user wanted to end.
    if isinstance(error, OutputStalled) and error.status == ExitStatus.TIMEOUT:
        hint = "--timeout waits longer, also for a slow reader of the output"
    elif error.kind is None:
        # It was written where the error was raised, for a command that is known there.
        return error.hint
    else:
        hint = fill_in(ADVICE[error.kind], error.facts)
    return hint if options is None else keep_known(hint, options)


def _proxy(facts: Facts) -> str:
    # --no-proxy has an effect only on a proxy that the environment names.
    by_name = facts.get("from_environment")
    return f"start the proxy, or {'--no-proxy to connect directly' if by_name else 'check --proxy'}"


def _tcp(facts: Facts) -> str:
    # A name may have several addresses, each with its own error. The first that says something
    # decides: it is that of the address which is tried first.
    known = (_BY_ERRNO[number] for number in facts["errnos"] if number in _BY_ERRNO)
    return next(known, "check the host and port")


def _silence(facts: Facts) -> str:
    # Three causes look alike from here. A Node server without a listener for an upgrade on this
    # path leaves the socket open; a TLS server waits for a handshake; a slow server is just slow.
    tls = "" if facts["secure"] else "; or use wss://, if this port expects TLS"
    return (
        "check the path: many Node servers leave an upgrade on an unknown path unanswered"
        f"{tls}; or the server is slow: {_LONGER}"
    )


def _lost(facts: Facts) -> str:
    idle = facts["idle"]
    if idle < _IDLE:
        return "the server or a proxy on the way ended the connection; check the server's log"
    # Half the time limit leaves room for one ping that is lost or late.
    half = facts.get("idle_limit", int(idle)) // 2
    return f"--ping-interval {half}s keeps it open, if an idle timeout ended it"


def _violation(facts: Facts) -> str:
    # 1009 is our own limit and not a bug of the peer.
    if facts["code"] == CloseCode.MESSAGE_TOO_BIG:
        return "--max-size SIZE accepts larger messages"
    return f"this is a bug in the peer; {_EACH_FRAME}"


ADVICE: dict[Kind, Template] = {
    **UPGRADES,
    "certificate-file": "give a PEM file; --key FILE if the private key is in a separate file",
    "key-alone": "add its certificate: --cert FILE",
    "server-name": "give a host name: --server-name NAME",
    "header-name": "write it as -H 'Name: value'",
    "subprotocol-name": "give one name with each --subprotocol",
    "name": "check the spelling, or give the address: --resolve HOST:PORT:ADDRESS",
    "tcp": _tcp,
    "unix-socket": "check that a server is listening on it",
    "proxy": _proxy,
    "proxy-answer": "check that --proxy is the address of a proxy",
    "proxy-refusal": lambda facts: _BY_PROXY_STATUS.get(
        facts["http_status"], "check that this is an HTTP proxy that allows CONNECT"
    ),
    "socks": "check the proxy's address and credentials: --proxy socks5://USER:PASS@HOST:PORT",
    "resource": _OTHER_END,
    "not-tls": "this port speaks plain text: use ws:// instead of wss://",
    "no-http1": "the server speaks HTTP/2 only, and wscli needs HTTP/1.1: check the host and port",
    # A server that requires a client certificate refuses with an alert in TLS 1.2. In 1.3 the
    # alert comes after the handshake, and some servers end the connection without one.
    "tls-refused": _CLIENT_CERTIFICATE,
    "tls-version": "--tls-min 1.2 allows the oldest version that is still secure",
    "tls-left": _CLIENT_CERTIFICATE,
    "tls-ended": _IS_TLS_PORT,
    "tls-failed": "check the host and port",
    "certificate-untrusted": (
        "--cacert FILE trusts the CA that signed it; --insecure skips the check"
    ),
    "certificate-expired": (
        "ask the server's administrator to renew it; --insecure skips the check"
    ),
    "certificate-name": ("--server-name NAME checks for another name; --insecure skips the check"),
    "connect": _LONGER,
    "tls": _IS_TLS_PORT,
    "upgrade": _silence,
    "fetch": _OTHER_END,
    "pong": "increase --ping-timeout, if the peer is slow",
    "violation": _violation,
    "late-refusal": "the server refused the connection only after its 101: check its log",
    # Without a known code there is nothing to add: the reason is shown with the error.
    "peer-closed": lambda facts: _BY_CLOSE_CODE.get(facts["code"], ""),
    "lost": _lost,
}
"""The hint for every kind of error; texts are templates, see ``refusals.fill_in``."""
