"""The rules that a peer must follow, as one table: rule, section, sentence, close code.

Parsing is not judging: frames come here legal or not, and ``judge`` returns the violation if any.
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
    """A frame's header, and the context that it is checked against."""

    frame: Frame
    receiver: Role
    compression: bool
    in_message: bool


class Rule(NamedTuple):
    """One rule; ``sentence`` describes how the peer broke it, ``close_code`` is the response."""

    id: str
    section: str
    sentence: str
    close_code: CloseCode


class Violation(NamedTuple):
    """A rule that was broken, and the evidence.

    ``reason`` is the reason in a Close frame that breaks the rule; ``service`` is the known service
    that sent HTTP in place of a frame, and the facts about it.
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


FRAME_RULES: tuple[tuple[Rule, Callable[[FrameContext], bool]], ...] = (
    (
        _protocol("reserved-bits", "RFC 6455 §5.2", "set a reserved bit that nothing negotiated"),
        lambda case: bool(case.frame.rsv & (3 if case.compression else 7)),
    ),
    (
        _protocol("reserved-opcode", "RFC 6455 §5.2", "sent a frame with a reserved opcode"),
        lambda case: case.frame.opcode not in _OPCODES,
    ),
    (
        _protocol(
            "compressed-bit",
            "RFC 7692 §6.1",
            "set RSV1, the mark of a compressed message, on a control or continuation frame",
        ),
        lambda case: bool(case.frame.rsv & 4) and case.frame.opcode not in _DATA_OPCODES,
    ),
    (
        _protocol("masked-frame", "RFC 6455 §5.1", "masked a frame, which only a client may do"),
        lambda case: case.frame.mask_key is not None and case.receiver is Role.CLIENT,
    ),
    (
        _protocol("unmasked-frame", "RFC 6455 §5.1", "did not mask a frame, as a client must"),
        lambda case: case.frame.mask_key is None and case.receiver is Role.SERVER,
    ),
    (
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
        _protocol("length-form", "RFC 6455 §5.2", "did not use the shortest form of a length"),
        lambda case: case.frame.length_form != shortest_length_form(case.frame.length),
    ),
    (
        _protocol("length-sign", "RFC 6455 §5.2", "set the top bit of a 64-bit length"),
        lambda case: case.frame.length >= 1 << 63,
    ),
    (
        _protocol(
            "stray-continuation", "RFC 6455 §5.4", "continued a message where none was begun"
        ),
        lambda case: case.frame.opcode == Opcode.CONTINUATION and not case.in_message,
    ),
    (
        _protocol(
            "interleaved-message", "RFC 6455 §5.4", "began a message before the last one had ended"
        ),
        lambda case: case.frame.opcode in _DATA_OPCODES and case.in_message,
    ),
)

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
    "close-code", "RFC 6455 §7.4", "sent a close code that may not be on the wire"
)
MESSAGE_SIZE = Rule(
    "message-size",
    "RFC 6455 §10.4",
    "sent a message larger than the limit",
    CloseCode.MESSAGE_TOO_BIG,
)
HTTP_RESPONSE = _protocol(
    "http-response", "RFC 6455 §4.1", "sent an HTTP response after its 101, in place of frames"
)
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
"""The rules that can be judged only when the payload is there."""


def judge(case: FrameContext) -> Violation | None:
    """Return the first rule that a frame's header breaks."""
    for rule, broken in FRAME_RULES:
        if broken(case):
            return Violation(rule, _describe(case.frame))
    return None


def _describe(frame: Frame) -> str:
    parts = [f"{opcode_name(frame.opcode)} frame", "fin" if frame.fin else "not fin"]
    if frame.rsv:
        parts.append(f"rsv {frame.rsv:03b}")
    if frame.mask_key is not None:
        parts.append(f"mask key {frame.mask_key.hex()}")
    parts.append(f"length {frame.length:,} in {frame.length_form} bits")
    return ", ".join(parts)
