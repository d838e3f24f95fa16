"""The rules that a peer must follow, as one table: rule, section, sentence, close code.

Parsing is not judging: frames come here legal or not, and ``judge`` returns the first violation.
The rules of ``FRAME_RULES`` need the header alone. Those of ``PAYLOAD_RULES`` are raised where the
payload is read, in ``messages``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from wscli.wire.codes import CloseCode, Opcode, Role, opcode_name
from wscli.wire.frames import Frame, shortest_length_form

if TYPE_CHECKING:
    from wscli.kinds import Facts, ServiceKind

_CONTROL = 0x8
_DATA_OPCODES = (Opcode.TEXT, Opcode.BINARY)
_OPCODES = frozenset(Opcode)


class FrameContext(NamedTuple):
    """A frame's header, and the context that it is judged in.

    ``receiver`` is the role that received it, ``compression`` whether permessage-deflate was
    negotiated, and ``in_message`` whether a fragmented message is incomplete.
    """

    frame: Frame
    receiver: Role
    compression: bool
    in_message: bool


class Rule(NamedTuple):
    """One rule; ``close_code`` is our response to a violation.

    ``sentence`` describes the violation in the past tense and without a subject, which is "the
    peer", or "we" for a forged frame.
    """

    id: str  # also the reason in our Close frame, so that the peer's log names the rule
    section: str
    sentence: str
    close_code: CloseCode


class Violation(NamedTuple):
    """A rule that was broken, and the evidence.

    ``reason`` is the reason of the Close frame, if that is what breaks the rule. ``service`` is a
    known service that sent HTTP in place of a frame, with the facts about it.
    """

    rule: Rule
    evidence: str
    reason: str = ""
    service: tuple[ServiceKind, Facts] | None = None

    def __str__(self) -> str:
        first_line = self.evidence.partition("\n")[0].rstrip()
        return f"{self.rule.sentence} ({first_line}; {self.rule.section})"


def _protocol(id: str, section: str, sentence: str) -> Rule:
    return Rule(id, section, sentence, CloseCode.PROTOCOL_ERROR)


# Only the first broken rule is named. So rules about the frame itself come before those about its
# place in the stream, which mean little for a frame that is illegal anywhere.
FRAME_RULES: tuple[tuple[Rule, Callable[[FrameContext], bool]], ...] = (
    (
        # "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values."
        # permessage-deflate, the only one that wscli negotiates, defines RSV1.
        _protocol(
            "reserved-bits", "RFC 6455 §5.2", "set a reserved bit that no negotiated extension uses"
        ),
        lambda case: bool(case.frame.rsv & (3 if case.compression else 7)),
    ),
    (
        # "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket
        # Connection_."
        _protocol("reserved-opcode", "RFC 6455 §5.2", "sent a frame with a reserved opcode"),
        lambda case: case.frame.opcode not in _OPCODES,
    ),
    (
        # "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and
        # non-first fragments of a data message."
        _protocol(
            "compressed-bit",
            "RFC 7692 §6.1",
            "set RSV1, which marks a compressed message, on a control or continuation frame",
        ),
        lambda case: bool(case.frame.rsv & 4) and case.frame.opcode not in _DATA_OPCODES,
    ),
    (
        # "A client MUST close a connection if it detects a masked frame." Browsers do.
        _protocol("masked-frame", "RFC 6455 §5.1", "masked a frame, which only a client may do"),
        lambda case: case.frame.mask_key is not None and case.receiver is Role.CLIENT,
    ),
    (
        # "The server MUST close the connection upon receiving a frame that is not masked." Masking
        # protects caching proxies from bytes that a hostile page has chosen (§10.3).
        _protocol("unmasked-frame", "RFC 6455 §5.1", "did not mask a frame, as a client must"),
        lambda case: case.frame.mask_key is None and case.receiver is Role.SERVER,
    ),
    (
        # "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be
        # fragmented", also for the next rule. So a control frame never waits for a long message.
        _protocol("fragmented-control", "RFC 6455 §5.5", "fragmented a control frame"),
        lambda case: case.frame.opcode >= _CONTROL and not case.frame.fin,
    ),
    (
        _protocol(
            "oversize-control", "RFC 6455 §5.5", "sent a control frame of more than 125 bytes"
        ),
        lambda case: case.frame.opcode >= _CONTROL and case.frame.length > 125,
    ),
    (
        # "In all cases, the minimal number of bytes MUST be used to encode the length."
        _protocol("length-form", "RFC 6455 §5.2", "did not use the shortest form of a length"),
        lambda case: case.frame.length_form != shortest_length_form(case.frame.length),
    ),
    (
        # "The most significant bit MUST be 0": the largest length is 2**63 - 1.
        _protocol("length-sign", "RFC 6455 §5.2", "set the top bit of a 64-bit length"),
        lambda case: case.frame.length >= 1 << 63,
    ),
    (
        _protocol(
            "stray-continuation",
            "RFC 6455 §5.4",
            "sent a continuation frame without a message to continue",
        ),
        lambda case: case.frame.opcode == Opcode.CONTINUATION and not case.in_message,
    ),
    (
        # "The fragments of one message MUST NOT be interleaved between the fragments of another
        # message": a receiver could not tell which of them a continuation belongs to.
        _protocol(
            "interleaved-message",
            "RFC 6455 §5.4",
            "started a message before the previous one had ended",
        ),
        lambda case: case.frame.opcode in _DATA_OPCODES and case.in_message,
    ),
)

# Invalid data inside a legal frame has a code of its own: "1007 indicates that an endpoint is
# terminating the connection because it has received data within a message that was not consistent
# with the type of the message (e.g., non-UTF-8 data within a text message)" (§7.4.1).
TEXT_NOT_UTF8 = Rule(
    "text-utf8", "RFC 6455 §8.1", "sent text that is not UTF-8", CloseCode.INVALID_PAYLOAD
)
REASON_NOT_UTF8 = Rule(
    "reason-utf8",
    "RFC 6455 §5.5.1",
    "sent a close reason that is not UTF-8",
    CloseCode.INVALID_PAYLOAD,
)
CLOSE_LENGTH = _protocol(
    "close-length", "RFC 6455 §5.5.1", "sent a Close frame with half a close code"
)
CLOSE_CODE = _protocol(
    "close-code", "RFC 6455 §7.4", "sent a close code that a Close frame must not have"
)
MESSAGE_SIZE = Rule(
    "message-size",
    "RFC 6455 §10.4",
    "sent a message larger than the limit",
    CloseCode.MESSAGE_TOO_BIG,
)
HTTP_RESPONSE = _protocol(
    "http-response", "RFC 6455 §4.1", "sent an HTTP response instead of frames after its 101"
)
# RFC 7692 names no close code for this. 1007 tells the peer that the framing was right.
DEFLATE_DATA = Rule(
    "deflate-data",
    "RFC 7692 §7.2.2",
    "sent a compressed message that cannot be inflated",
    CloseCode.INVALID_PAYLOAD,
)

PAYLOAD_RULES = (
    TEXT_NOT_UTF8,
    REASON_NOT_UTF8,
    CLOSE_LENGTH,
    CLOSE_CODE,
    MESSAGE_SIZE,
    DEFLATE_DATA,
)
"""The rules that need the payload."""


def judge(case: FrameContext) -> Violation | None:
    """Return the first rule that a frame's header breaks."""
    for rule, broken in FRAME_RULES:
        if broken(case):
            return Violation(rule, _describe(case.frame))
    return None


def _describe(frame: Frame) -> str:
    # Every header field that a rule may be about, so that the evidence alone is enough to look for
    # the bug in the peer's code.
    parts = [f"{opcode_name(frame.opcode)} frame", "fin" if frame.fin else "not fin"]
    if frame.rsv:
        parts.append(f"rsv {frame.rsv:03b}")
    if frame.mask_key is not None:
        parts.append(f"mask key {frame.mask_key.hex()}")
    parts.append(f"length {frame.length:,} in {frame.length_form} bits")
    return ", ".join(parts)
