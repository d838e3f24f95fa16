"""How a connection ended, and which error that amounts to."""

from __future__ import annotations

from typing import NamedTuple

from wscli.errors import ConnectionClosed, ConnectionLost, ProtocolError, TimedOut, WscliError
from wscli.session.closing import Closing
from wscli.wire.codes import NORMAL_CLOSE_CODES, CloseCode, close_code_name
from wscli.wire.rules import Violation


class End(NamedTuple):
    """How a connection ended (RFC 6455 §7.1.4 to §7.1.6).

    ``code`` is 1006 where no Close frame came. ``peer_began`` tells who sent the first Close
    frame, and is None where nobody did. ``clean`` is true if both sides sent one. ``violation``
    is the rule that the peer broke; ``unanswered`` the seconds that a keepalive ping went without
    a pong; ``detail`` what the network said. ``time`` is in seconds since the epoch, ``elapsed``
    in seconds since the dial began.
    """

    code: int
    reason: str
    peer_began: bool | None
    clean: bool
    time: float
    elapsed: float
    violation: Violation | None = None
    unanswered: float | None = None
    detail: str = ""


def make_end(
    closing: Closing, lost: str, time: float, elapsed: float, unanswered: float | None
) -> End:
    """Return the end that a closing handshake comes to; ``lost`` is for one without a Close."""
    code, reason, detail = CloseCode.ABNORMAL_CLOSURE.value, "", ""
    if closing.violation is not None:
        code = closing.violation.rule.close_code.value
    elif closing.received is not None:
        code, reason = closing.received
    else:
        detail = lost
    clean = closing.received is not None and closing.sent is not None
    return End(
        code,
        reason,
        closing.peer_began,
        clean,
        time,
        elapsed,
        closing.violation,
        unanswered,
        detail,
    )


def closed_error(end: End) -> WscliError:
    """Return the error for whoever wants more of a connection that has ended."""
    return error_of(end) or ConnectionClosed(
        f"the connection was closed with {describe_close(end)}", end.code, end.reason
    )


def error_of(end: End) -> WscliError | None:
    """Return the error that an end is, or None where the connection closed normally."""
    if end.violation is not None:
        code = end.violation.rule.close_code
        return ProtocolError(
            f"the peer {end.violation.rule.sentence}",
            f"{end.violation.evidence}\n{end.violation.rule.section}; "
            f"closed with {code} {close_code_name(code)}",
            _violation_hint(end.violation),
        )
    if end.unanswered is not None:
        return TimedOut(
            f"no pong came within {end.unanswered:g} s of a keepalive ping",
            hint="a longer --ping-timeout, if the peer may be slow",
        )
    if end.code == CloseCode.ABNORMAL_CLOSURE:
        return ConnectionLost(
            f"the connection was lost with no Close frame (1006): {end.detail}",
            end.code,
            hint="the peer, or something on the way, ended it; the server's log may say why",
        )
    if end.code in NORMAL_CLOSE_CODES:
        return None
    return ConnectionClosed(
        f"the peer closed with {describe_close(end)}",
        end.code,
        end.reason,
        hint=_CODE_HINTS.get(end.code, ""),
    )


def describe_close(end: End) -> str:
    """Write code, name and reason of a Close."""
    reason = f': "{end.reason}"' if end.reason else ""
    return f"{end.code} {close_code_name(end.code)}{reason}"


_CODE_HINTS: dict[int, str] = {
    CloseCode.PROTOCOL_ERROR: "the peer says that we broke the protocol; -vv shows each frame",
    CloseCode.UNSUPPORTED_DATA: "it may take only the other kind of message: --text or --binary",
    CloseCode.INVALID_PAYLOAD: "it could not make sense of a message; -vv shows each frame",
    CloseCode.POLICY_VIOLATION: "it may want credentials, or an --origin that it knows",
    CloseCode.MESSAGE_TOO_BIG: "a message was larger than the peer takes",
    CloseCode.SERVICE_RESTART: "the server restarts: try again in a little while",
    CloseCode.TRY_AGAIN_LATER: "the server is overloaded: try again in a little while",
    CloseCode.INTERNAL_ERROR: "the server failed; its log says why",
}


def _violation_hint(violation: Violation) -> str:
    if violation.rule.close_code == CloseCode.MESSAGE_TOO_BIG:
        return "--max-size SIZE takes larger messages"
    return "-vv shows each frame; the peer's implementation is at fault"
