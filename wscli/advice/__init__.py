"""What to try after an error, for users of the command line: the only place that names options.

The layers below raise errors with a kind and facts, and everything that shows an error to a user
asks ``advise`` for the hint. It is loaded only when something failed.
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

_CLIENT_CERTIFICATE = "it may want a client certificate: --cert FILE --key FILE"
_IS_TLS_PORT = "is this port meant for TLS? If not, write ws:// instead of wss://"
_OTHER_END = "the other end must be `wscli serve`"
_EACH_FRAME = "-vv shows each frame"
_LONGER = "a longer --connect-timeout, or --timeout where that is shorter"
_IDLE = 10.0  # seconds without traffic before a loss, from which on pings are suggested
_BY_ERRNO = {
    errno.ECONNREFUSED: "is a server listening on that port?",
    errno.ECONNRESET: "the server, or a load balancer in front of it, resets new connections",
    errno.ENETUNREACH: "this machine has no route there; -4 or -6 uses one version of IP only",
    errno.EHOSTUNREACH: "the network says that this host is not there",
    errno.ETIMEDOUT: "a firewall may drop the packets",
}
_BY_PROXY_STATUS = {
    403: "the proxy does not allow connections to that host and port",
    407: "--proxy http://USER:PASS@HOST:PORT",
    502: "the proxy could not reach the server: check its name and port",
    503: "the proxy could not reach the server: check its name and port",
    504: "the proxy could not reach the server in time",
}
_BY_CLOSE_CODE: dict[int, str] = {
    CloseCode.PROTOCOL_ERROR: f"the peer says that we broke the protocol; {_EACH_FRAME}",
    CloseCode.UNSUPPORTED_DATA: "it may take only the other kind of message: --text or --binary",
    CloseCode.INVALID_PAYLOAD: f"it could not make sense of a message; {_EACH_FRAME}",
    CloseCode.POLICY_VIOLATION: "it may want credentials, or an --origin that it knows",
    CloseCode.MESSAGE_TOO_BIG: "a message was larger than the peer takes",
    CloseCode.SERVICE_RESTART: "the server restarts: try again in a little while",
    CloseCode.TRY_AGAIN_LATER: "the server is overloaded: try again in a little while",
    CloseCode.INTERNAL_ERROR: "the server failed; its log says why",
}


def advise(error: WscliError, options: Collection[str] | None = None) -> str:
    """Return what to try after an error; empty where there is nothing to suggest.

    ``options`` are the names of the running command's options: no others are mentioned. None
    stands for all options.
    """
    if isinstance(error, OutputStalled) and error.status == ExitStatus.TIMEOUT:
        hint = "--timeout waits longer, also for the reader of the output"
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
    known = (_BY_ERRNO[number] for number in facts["errnos"] if number in _BY_ERRNO)
    return next(known, "check host and port")


def _silence(facts: Facts) -> str:
    tls = "" if facts["secure"] else "; or wss://, if this port expects TLS"
    return (
        "check the path: a Node server that takes upgrades on another path leaves this one "
        f"unanswered{tls}; or the server hangs, or is slow: {_LONGER}"
    )


def _lost(facts: Facts) -> str:
    idle = facts["idle"]
    if idle < _IDLE:
        return "the peer, or something on the way, ended it; the server's log may say why"
    half = facts.get("idle_limit", int(idle)) // 2
    return f"--ping-interval {half}s keeps it open, if it was ended for being idle"


def _violation(facts: Facts) -> str:
    if facts["code"] == CloseCode.MESSAGE_TOO_BIG:
        return "--max-size SIZE takes larger messages"
    return f"{_EACH_FRAME}; the peer's implementation is at fault"


ADVICE: dict[Kind, Template] = {
    **UPGRADES,
    "certificate-file": "a PEM file; --key names the private key where it is in another file",
    "key-alone": "--cert FILE",
    "server-name": "--server-name NAME",
    "header-name": "-H 'Name: value'",
    "subprotocol-name": "one name for each --subprotocol",
    "name": "check the spelling, or give the address: --resolve HOST:PORT:ADDRESS",
    "tcp": _tcp,
    "unix-socket": "is a server listening on it?",
    "proxy": _proxy,
    "proxy-answer": "check --proxy",
    "proxy-refusal": lambda facts: _BY_PROXY_STATUS.get(
        facts["http_status"], "is this an HTTP proxy that allows CONNECT?"
    ),
    "socks": "check the proxy's address, and its --proxy USER:PASS@ if it wants one",
    "resource": _OTHER_END,
    "not-tls": "this port speaks plain text: write ws:// instead of wss://",
    "no-http1": "the server speaks HTTP/2 only, and wscli needs HTTP/1.1: check host and port",
    "tls-refused": _CLIENT_CERTIFICATE,
    "tls-version": "--tls-min 1.2 allows the oldest that is still safe",
    "tls-left": _CLIENT_CERTIFICATE,
    "tls-ended": _IS_TLS_PORT,
    "tls-failed": "check host and port",
    "certificate-untrusted": (
        "--cacert FILE trusts the CA that signed it; --insecure trusts anybody"
    ),
    "certificate-expired": (
        "the server's administrator must renew it; --insecure goes on without the check"
    ),
    "certificate-name": (
        "--server-name NAME checks for another name; --insecure goes on without the check"
    ),
    "connect": _LONGER,
    "tls": _IS_TLS_PORT,
    "upgrade": _silence,
    "fetch": _OTHER_END,
    "pong": "a longer --ping-timeout, if the peer may be slow",
    "violation": _violation,
    "late-refusal": "the server refused the connection only after its 101; its log may say why",
    "peer-closed": lambda facts: _BY_CLOSE_CODE.get(facts["code"], ""),
    "lost": _lost,
}
"""The advice on every kind of error; texts are templates, see ``refusals``."""
