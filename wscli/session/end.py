"""How a connection ended, and which error that amounts to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wscli.errors import ConnectionClosed, ConnectionLost, ProtocolError, TimedOut, WscliError
from wscli.session.activity import Stillness
from wscli.wire.closing import ClosingHandshake, Side
from wscli.wire.codes import NORMAL_CLOSE_CODES, CloseCode, close_code_name, opcode_name
from wscli.wire.connection import Connection
from wscli.wire.rules import CLOSE_CODE, HTTP_RESPONSE, Violation

if TYPE_CHECKING:
    from wscli.kinds import EndKind, Facts, ServiceKind

_JUST = 1.0  # seconds; a loss this soon after our message may be related to it
_TOLERANCE = 0.75  # seconds by which a well-known time limit may be missed

PEER_ENDED = "the peer ended the TCP connection"
DROPPED = "it was dropped by wscli"
"""How the detail of an End begins if the peer or this end broke off without a Close frame."""

_MOVING = Stillness(0.0, None)
_IDLE_LIMITS = {
    50: "the time limit in HAProxy's packaged configuration",
    55: "the time limit of Heroku's router",
    60: "the default of nginx's proxy_read_timeout and of AWS load balancers",
    100: "the time limit of Cloudflare",
    240: "the default of Azure's load balancer",
    300: "the default of Envoy's stream_idle_timeout",
    350: "the time limit of AWS network load balancers",
    600: "the time limit of AWS API Gateway",
}


class End(NamedTuple):
    """How a connection ended (RFC 6455 §7.1.4 to §7.1.6).

    ``code`` is 1006 if no Close frame was received, else the peer's code. ``sent`` is the code of
    our Close frame. ``began`` is the side that sent the first Close frame, None if neither did.
    ``clean`` is True if both did. ``violation`` is the rule that the peer broke; ``unanswered`` the
    seconds that a keepalive ping went without a pong; ``detail`` describes a loss. ``hung_up`` is
    True if the peer ended TCP in place of answering our Close. ``still`` is the time without
    traffic before the end. ``time`` is in seconds since the epoch, ``elapsed`` in seconds since the
    dial began.
    """

    code: int
    reason: str
    began: Side | None
    clean: bool
    time: float
    elapsed: float
    violation: Violation | None = None
    unanswered: float | None = None
    detail: str = ""
    sent: int | None = None
    hung_up: bool = False
    still: Stillness = _MOVING

    @property
    def ours(self) -> bool:
        """Whether we closed first, and the peer did not object."""
        if self.began is not Side.LOCAL or self.violation or self.unanswered is not None:
            return False
        return self.hung_up or self.code == self.sent or self.code in NORMAL_CLOSE_CODES


def make_end(
    closing: ClosingHandshake,
    lost: str,
    time: float,
    elapsed: float,
    unanswered: float | None,
    *,
    hung_up: bool = False,
    still: Stillness = _MOVING,
) -> End:
    """Return the end that results from a closing handshake.

    ``lost`` describes the loss if no Close frame was received; ``hung_up`` is True if the peer
    ended TCP, and no message was cut off.
    """
    code, reason, detail = CloseCode.ABNORMAL_CLOSURE.value, "", ""
    if closing.violation is not None:
        code = closing.violation.rule.close_code.value
    elif closing.received is not None:
        code, reason = closing.received
    else:
        detail = lost
    return End(
        code,
        reason,
        closing.began,
        closing.received is not None and closing.sent is not None,
        time,
        elapsed,
        closing.violation,
        unanswered,
        detail,
        closing.sent,
        bool(detail) and hung_up and closing.sent is not None,
        still,
    )


def describe_loss(
    connection: Connection, *, aborted: bool, ended: bool, error: OSError | None
) -> str:
    """Describe how a connection ended for which no Close frame was received.

    ``aborted`` is True if this end dropped it, and ``ended`` if the peer has ended TCP.
    """
    where = " in the middle of a message" if connection.mid_message else ""
    if aborted:
        return DROPPED
    if error is not None:
        return f"{error.strerror or error}{where}"
    if ended:
        return f"{PEER_ENDED}{where}"
    return f"the peer did not answer Close within {connection.closing.patience:g} s"


def closing_error(closing: ClosingHandshake) -> WscliError:
    """Return the error for an attempt to send while the connection is closing."""
    code = closing.sent or CloseCode.NORMAL_CLOSURE
    return ConnectionClosed("the connection is closing", code)


def closed_error(end: End) -> WscliError:
    """Return the error for an attempt to use a connection that has ended."""
    if end.ours:
        code = end.code if end.sent is None else end.sent
        what = f"we closed the connection with {describe_close(end)}"
        return ConnectionClosed(what, code, end.reason)
    return error_of(end) or ConnectionClosed(
        f"the connection was closed with {describe_close(end)}", end.code, end.reason
    )


def error_of(end: End) -> WscliError | None:
    """Return the error for an end, or None if the connection closed normally.

    A Close of our own is not an error, whatever its code.
    """
    if end.violation is not None:
        return _violation_error(end.violation)
    if end.unanswered is not None:
        what = f"no pong came within {end.unanswered:g} s of a keepalive ping"
        return TimedOut(what, kind="pong", facts={"seconds": end.unanswered})
    if end.ours or end.code in NORMAL_CLOSE_CODES:
        return None
    if end.code == CloseCode.ABNORMAL_CLOSURE:
        return ConnectionLost(
            f"the connection was lost with no Close frame (1006): {end.detail}",
            end.code,
            evidence=describe_stillness(end),
            kind="lost",
            facts=_idle_facts(end),
        )
    answer = f"the peer answered our Close {end.sent} with" if end.began is Side.LOCAL else ""
    return ConnectionClosed(
        f"{answer or 'the peer closed with'} {_describe_code(end.code, end.reason)}",
        end.code,
        end.reason,
        kind="peer-closed",
        facts={"code": end.code},
    )


def describe_close(end: End) -> str:
    """Return code, name and reason of the Close that ended a connection.

    If we closed first, that is our Close, followed by the peer's answer if it differs.
    """
    if end.began is not Side.LOCAL or end.violation is not None or end.sent in (None, end.code):
        return _describe_code(end.code, end.reason)
    ours = _describe_code(end.sent or 0)
    if end.hung_up or end.code == CloseCode.ABNORMAL_CLOSURE:
        return ours
    return f"{ours}, answered with {_describe_code(end.code, end.reason)}"


def _describe_code(code: int, reason: str = "") -> str:
    return f"{code} {close_code_name(code)}" + (f': "{reason}"' if reason else "")


def describe_stillness(end: End) -> str:
    """Describe the traffic before a loss if it may explain the loss, else return ""."""
    seconds, message = end.still
    if message is not None and seconds < _JUST:
        what = f"message {message.number:,}, {opcode_name(message.opcode)}, {message.size:,} B"
        return f"{seconds * 1000:.1f} ms after {what}"
    if seconds < _JUST:
        return ""
    limit = _idle_limit(seconds)
    known = f": {_IDLE_LIMITS[limit]}" if limit is not None else ""
    return f"idle for {seconds:.1f} s{known}"


def _idle_limit(seconds: float) -> int | None:
    return next((limit for limit in _IDLE_LIMITS if abs(seconds - limit) < _TOLERANCE), None)


def _idle_facts(end: End) -> Facts:
    facts: Facts = {"idle": end.still.seconds}
    if (limit := _idle_limit(end.still.seconds)) is not None:
        facts["idle_limit"] = limit
    return facts


def _violation_error(violation: Violation) -> ProtocolError:
    rule = violation.rule
    what = f"the peer {rule.sentence}"
    if violation.reason and rule == CLOSE_CODE:
        what = f'the peer closed with "{violation.reason}", and {rule.sentence}'
    code = rule.close_code
    gap = "\n\n" if "\n" in violation.evidence else "\n"
    kind, facts = _cause_of(violation)
    return ProtocolError(
        what,
        f"{violation.evidence}{gap}{rule.section}; closed with {code} {close_code_name(code)}",
        kind=kind,
        facts=facts | {"rule": rule.id, "code": code.value},
    )


def _cause_of(violation: Violation) -> tuple[EndKind | ServiceKind, Facts]:
    if violation.service is not None:
        return violation.service
    return "late-refusal" if violation.rule is HTTP_RESPONSE else "violation", {}
