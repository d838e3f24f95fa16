"""How a connection ended, and the error for it.

``make_end`` turns the state of the closing handshake into an ``End``, which the sinks receive and
recordings keep. ``error_of`` returns the error that ends a command, and ``closed_error`` the one
for a caller that goes on using the connection. ``describe_*`` return texts for people.

RFC 6455 §7.1.5 defines the code of a connection's end as that of the peer's Close, or 1006 without
one. Users ask another question: which side wanted to end it? So an ``End`` also has our code and
the side that closed first, and a Close of our own is never an error, whatever its code.
"""

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

_NOT_IDLE = Stillness(0.0, None)
# Seconds without traffic after which common proxies end a connection, unless configured otherwise.
# Users cannot see the cause of such a loss, and keepalive pings prevent it.
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

    ``code`` is the peer's close code, 1006 if it sent no Close frame, or the code with which we
    failed the connection after a ``violation``. ``sent`` is the code of our Close frame. ``began``
    is the side that sent the first Close frame, None if neither did. ``clean`` is True if both did.
    ``violation`` is the rule that the peer broke; ``unanswered`` the seconds for which a keepalive
    ping had no pong; ``detail`` describes a loss. ``hung_up`` is True if the peer ended TCP instead
    of answering our Close. ``still`` is the time without traffic before the end. ``time`` is in
    seconds since the epoch, ``elapsed`` in seconds since the dial began.
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
    still: Stillness = _NOT_IDLE

    @property
    def ours(self) -> bool:
        """Whether we closed first, and the peer did not answer with an error of its own."""
        # After a violation or a ping timeout our Close comes first, too, but the peer is the cause.
        if self.began is not Side.LOCAL or self.violation or self.unanswered is not None:
            return False
        # The peer typically echoes our code (RFC 6455 §5.5.1), but some answer any Close with 1000,
        # and many end TCP without a Close. None of that is an error: we wanted to end.
        return self.hung_up or self.code == self.sent or self.code in NORMAL_CLOSE_CODES


def make_end(
    closing: ClosingHandshake,
    lost: str,
    time: float,
    elapsed: float,
    unanswered: float | None,
    *,
    hung_up: bool = False,
    still: Stillness = _NOT_IDLE,
) -> End:
    """Return the end that results from a closing handshake.

    ``lost`` describes the loss if no Close frame was received; ``hung_up`` is True if the peer
    ended TCP between two messages.
    """
    # Without a Close frame "The WebSocket Connection Close Code is considered to be 1006"
    # (RFC 6455 §7.1.5).
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
        # "If the TCP connection is closed after the WebSocket closing handshake is completed, the
        # WebSocket connection is said to have been closed cleanly" (§7.1.4).
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
    """Describe the end of a connection on which no Close frame was received.

    ``aborted`` is True if this end dropped it, and ``ended`` if the peer has ended TCP.
    """
    # An abort is checked first, since it also ends TCP and may cause an error of the socket.
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
    # Unlike for ``error_of``, a normal end is an error too: the caller wants to go on.
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
    # A violation and a ping timeout are the causes of the Close, and so of all that follows it.
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
    # A server that crashes on a message resets TCP within milliseconds of it, so the message is
    # the best clue. Between a second and the shortest time limit there is nothing to conclude.
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
    # Not exactly: the proxy's count begins and ends a little later than ours, by the time that
    # packets travel.
    return next((limit for limit in _IDLE_LIMITS if abs(seconds - limit) < _TOLERANCE), None)


def _idle_facts(end: End) -> Facts:
    facts: Facts = {"idle": end.still.seconds}
    if (limit := _idle_limit(end.still.seconds)) is not None:
        facts["idle_limit"] = limit
    return facts


def _violation_error(violation: Violation) -> ProtocolError:
    rule = violation.rule
    what = f"the peer {rule.sentence}"
    # The reason in a Close with an invalid code is usually the server's explanation.
    if violation.reason and rule == CLOSE_CODE:
        what = f'the peer closed with "{violation.reason}", and {rule.sentence}'
    code = rule.close_code
    # An empty line sets off evidence of several lines, such as an HTTP response.
    gap = "\n\n" if "\n" in violation.evidence else "\n"
    kind, facts = _cause_of(violation)
    return ProtocolError(
        what,
        f"{violation.evidence}{gap}{rule.section}; closed with {code} {close_code_name(code)}",
        kind=kind,
        facts=facts | {"rule": rule.id, "code": code.value},
    )


def _cause_of(violation: Violation) -> tuple[EndKind | ServiceKind, Facts]:
    # A service that answers frames with HTTP is named, as it is when it refuses an upgrade.
    if violation.service is not None:
        return violation.service
    return "late-refusal" if violation.rule is HTTP_RESPONSE else "violation", {}
