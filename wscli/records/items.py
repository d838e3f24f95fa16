"""The JSON form of the items of a batch: messages, pings, pongs, frames and violations.

How messages are written is in ``batches.py``, since a flood of them is written together. All
readers raise MalformedEvent.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, get_args

from wscli.records.fields import Fields, Json, MalformedEvent, present
from wscli.wire.codes import CloseCode, Opcode, opcode_name
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame, shortest_length_form
from wscli.wire.rules import Rule, Violation

if TYPE_CHECKING:
    from wscli.kinds import Facts, ServiceKind

_OPCODES = {opcode_name(opcode): opcode for opcode in range(16)}
_LENGTH_FORMS = {2: 7, 4: 16, 10: 64}  # by the size of a header without its mask key


def read_messages(fields: Fields) -> Messages:
    """Return a message, alone in its batch."""
    opcode = read_opcode(fields)
    if opcode not in (Opcode.TEXT, Opcode.BINARY):
        raise MalformedEvent('"opcode" is neither text nor binary')
    if (fields.get("text", str) is None) == (opcode == Opcode.TEXT):
        raise MalformedEvent('a text message has "text", and a binary one "base64"')
    return Messages(opcode, [read_payload(fields)])


def read_opcode(fields: Fields) -> int:
    """Return the opcode that the field ``opcode`` names."""
    name = fields.require("opcode", str)
    if name not in _OPCODES:
        raise MalformedEvent(f'"opcode" is unknown: {name[:40]!r}')
    return _OPCODES[name]


def describe_payload(payload: bytes) -> Json:
    """Return the payload of a ping or pong as fields."""
    return {"size": len(payload), "base64": b64encode(payload).decode()}


def read_payload(fields: Fields) -> bytes:
    """Return a payload that is ``text``, or else ``base64``."""
    text, data = fields.get("text", str), fields.base64("base64")
    try:
        payload = data if text is None else text.encode()
    except ValueError as error:  # a lone surrogate has no UTF-8
        raise MalformedEvent(f'"text" is not UTF-8: {error}') from None
    if payload is None:
        raise MalformedEvent('both "text" and "base64" are missing')
    return payload


def read_ping(fields: Fields) -> Ping:
    """Return a ping."""
    return Ping(read_payload(fields))


def read_pong(fields: Fields) -> Pong:
    """Return a pong."""
    return Pong(read_payload(fields), fields.number("rtt"))


def describe_frame(frame: Frame) -> Json:
    """Return a frame as fields."""
    fields: Json = {
        "opcode": opcode_name(frame.opcode),
        "fin": frame.fin,
        "rsv": frame.rsv,
        "masked": frame.mask_key is not None,
    }
    if frame.mask_key is not None:
        fields["mask_key"] = frame.mask_key.hex()
    fields |= {"size": len(frame.payload), "wire_size": frame.wire_size}
    if not frame.complete:
        fields |= {"complete": False, "length": frame.length}
    return fields | _frame_payload(frame)


def _frame_payload(frame: Frame) -> Json:
    if frame.opcode == Opcode.TEXT and not frame.rsv:
        try:
            return {"text": frame.payload.decode()}
        except UnicodeDecodeError:
            pass  # a fragment may end inside a character
    return {"base64": b64encode(frame.payload).decode()}


def read_frame(fields: Fields) -> Frame:
    """Return a frame, equal byte for byte to the one on the wire."""
    payload = read_payload(fields)
    try:
        key = bytes.fromhex(fields.text("mask_key")) or None
    except ValueError as error:
        raise MalformedEvent(f'"mask_key": {error}') from None
    header = fields.require("wire_size", int) - len(payload) - (4 if key else 0)
    frame = Frame(
        read_opcode(fields),
        payload,
        fin=fields.require("fin", bool),
        rsv=fields.require("rsv", int),
        mask_key=key,
        length=fields.get("length", int),
        length_form=_LENGTH_FORMS.get(header, 1),
    )
    _check_frame(frame)
    return frame


def _check_frame(frame: Frame) -> None:
    """Raise MalformedEvent for a frame that cannot have been on the wire."""
    if frame.length_form < shortest_length_form(frame.length):
        raise MalformedEvent('"wire_size" does not fit the payload')
    if not len(frame.payload) <= frame.length < 1 << 64:
        raise MalformedEvent(f'"length" cannot be {frame.length}')
    if not 0 <= frame.rsv <= 7:
        raise MalformedEvent(f'"rsv" is not one of 0 to 7: {frame.rsv}')
    if frame.mask_key is not None and len(frame.mask_key) != 4:
        raise MalformedEvent('"mask_key" is not four bytes')


def describe_violation(violation: Violation) -> Json:
    """Return a violation as fields."""
    rule = violation.rule
    fields: Json = {
        "rule": rule.id,
        "section": rule.section,
        "sentence": rule.sentence,
        "close_code": int(rule.close_code),
        "evidence": violation.evidence,
    }
    service = violation.service and {"kind": violation.service[0], **violation.service[1]}
    return fields | present({"reason": violation.reason, "service": service})


def read_violation(fields: Fields) -> Violation:
    """Return a violation."""
    try:
        code = CloseCode(fields.require("close_code", int))
    except ValueError as error:
        raise MalformedEvent(f'"close_code": {error}') from None
    rule = Rule(fields.require("rule", str), fields.text("section"), fields.text("sentence"), code)
    return Violation(rule, fields.text("evidence"), fields.text("reason"), _read_service(fields))


def _read_service(fields: Fields) -> tuple[ServiceKind, Facts] | None:
    from wscli.kinds import ServiceKind  # takes 4 ms, and writing does not need it

    service = fields.nested("service")
    names: tuple[ServiceKind, ...] = get_args(ServiceKind)
    kind = next((name for name in names if service and name == service.text("kind")), None)
    if kind is None or service is None:  # none, or one that a later version knows
        return None
    url = service.get("debugger_url", str)
    return kind, {} if url is None else {"debugger_url": url}
