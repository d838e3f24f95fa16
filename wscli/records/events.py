"""The JSON form of events, one object a line: ``--json``, and the format of recordings.

``to_json`` and ``from_json`` are inverse: what one writes, the other reads as an equal event. Times
are rounded to microseconds. A batch is a line for each of its messages, pings and pongs and, if it
has them, frames and violations. A MessageRun is not written, since its messages have lines; nor is
a Close, since the event ``close`` has its fields.

Fields and events are only ever added, so the reader ignores those that it does not know.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, NamedTuple, get_args

from wscli.net.opening import PHASES, OpeningStep
from wscli.records.fields import Fields, MalformedEvent
from wscli.records.openings import Json, describe_opening, read_opening
from wscli.session.activity import SentMessage, Stillness
from wscli.session.end import End
from wscli.session.events import Batch, Event, Failed, Opened, Step
from wscli.text import iso_time
from wscli.wire.closing import Side
from wscli.wire.codes import CloseCode, Opcode, close_code_name, opcode_name
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame, shortest_length_form
from wscli.wire.receiver import Item
from wscli.wire.rules import Rule, Violation

if TYPE_CHECKING:
    from wscli.kinds import Facts, ServiceKind

_OPCODES = {opcode_name(opcode): opcode for opcode in range(16)}
_LENGTH_FORMS = {2: 7, 4: 16, 10: 64}  # by the size of a header without its mask key

_MOST_LINES = 2048  # joined at once, so that they are still in the processor's cache
_PIECE = 256 << 10  # bytes of lines that are written at once
_BLOCK = 768 << 10  # bytes or characters; a multiple of three, so that base64 can be joined
_ESCAPED = bytes([*range(0x20), ord('"'), ord("\\")])  # in a string of JSON (RFC 8259 §7)
_SEPARATOR = b"\x7f"  # of texts that are escaped together
_LINE_END = b'"}\n'
_SIDES = {Side.REMOTE: "peer", Side.LOCAL: "wscli"}

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Recorded(NamedTuple):
    """An event that was read, and the number of its connection in a server's recording."""

    event: Event
    connection: int | None


def to_json(event: Event, extra: Mapping[str, object] | None = None) -> bytes:
    """Return an event as lines of JSON in UTF-8, each with the fields of ``extra`` too."""
    return b"".join(json_pieces(event, extra))


def json_pieces(
    event: Event, extra: Mapping[str, object] | None = None, *, frames: bool = True
) -> Iterator[bytes]:
    """Yield what ``to_json`` returns in pieces, so that a large batch needs little memory.

    Without ``frames`` the frames and violations of a batch are left out.
    """
    if isinstance(event, Batch):
        yield from _batch_pieces(event, extra or {}, frames)
        return
    name, fields = _describe(event)
    head = {"event": name, "time": iso_time(event.time), "elapsed": round(event.elapsed, 6)}
    yield _encode(f"{_dumps({**head, **(extra or {}), **fields})}\n")


def from_json(line: str | bytes) -> Event | None:
    """Return the event of a line, or None if its kind is unknown.

    A line of a batch is read as a batch of one item.

    Raises:
        MalformedEvent: if it is not JSON, or a field is missing or cannot be read.
    """
    recorded = read_line(line)
    return recorded and recorded.event


def read_events(lines: Iterable[str | bytes]) -> Iterator[Recorded]:
    """Yield the events of a recording; empty lines and unknown events are skipped.

    Raises:
        MalformedEvent: as ``from_json``, with the number of the line.
    """
    for number, line in enumerate(lines, 1):
        try:
            recorded = read_line(line) if line.strip() else None
        except MalformedEvent as error:
            raise MalformedEvent(error.evidence, number) from None
        if recorded is not None:
            yield recorded


def read_line(line: str | bytes) -> Recorded | None:
    """Return ``from_json`` of a line with its field ``connection``."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # a peer may nest JSON, and a file be damaged
        raise MalformedEvent(f"it is not JSON: {error}") from None
    fields = Fields(value)
    reader = _READERS.get(fields.require("event", str))
    return None if reader is None else Recorded(reader(fields), fields.get("connection", int))


def _encode(text: str) -> bytes:
    # A lone surrogate (a byte of a file's name that is not UTF-8) becomes \udcff, JSON's escape.
    return text.encode(errors="backslashreplace")


def _present(fields: Json) -> Json:
    """Return the fields whose value is known: an unknown value is absent."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _moment(fields: Fields) -> tuple[float, float]:
    """Return the fields ``time`` and ``elapsed`` of every event."""
    time, elapsed = fields.time("time"), fields.number("elapsed")
    if time is None or elapsed is None:
        raise MalformedEvent('"time" or "elapsed" is missing')
    return time, elapsed


# Opening, end and error


def _describe(event: Step | Opened | End | Failed) -> tuple[str, Json]:
    if isinstance(event, Opened):
        return "open", describe_opening(event.opening)
    if isinstance(event, Step):
        return "step", {"step": event.name, **describe_opening(event.opening)}
    if isinstance(event, Failed):
        return "error", _describe_failed(event)
    return "close", _describe_end(event)


def _read_opened(fields: Fields) -> Opened:
    return Opened(read_opening(fields), *_moment(fields))


def _read_step(fields: Fields) -> Step:
    name = fields.require("step", str)
    if name not in list(OpeningStep):
        raise MalformedEvent(f'"step" is unknown: {name!r}')
    opening = read_opening(fields)
    if name in PHASES and name not in opening.timings:
        raise MalformedEvent(f'"timings" has no {name!r}')
    return Step(OpeningStep(name), opening, *_moment(fields))


def _describe_failed(failed: Failed) -> Json:
    fields: Json = {"status": failed.status, "message": failed.message}
    opening = None if failed.opening is None else describe_opening(failed.opening)
    rest: Json = {"evidence": failed.evidence, "hint": failed.hint, "opening": opening}
    return fields | _present(rest)


def _read_failed(fields: Fields) -> Failed:
    opening = fields.nested("opening")
    return Failed(
        fields.require("status", int),
        fields.require("message", str),
        fields.text("evidence"),
        fields.text("hint"),
        *_moment(fields),
        None if opening is None else read_opening(opening),
    )


def _describe_end(end: End) -> Json:
    fields: Json = {
        "code": end.code,
        "name": close_code_name(end.code),
        "reason": end.reason,
        "clean": end.clean,
    }
    message = end.still.message
    return fields | _present(
        {
            "by": end.began and _SIDES[end.began],
            "sent": end.sent,
            "hung_up": end.hung_up or None,
            "detail": end.detail,
            "violation": None if end.violation is None else _describe_violation(end.violation),
            "unanswered": end.unanswered,
            "idle": round(end.still.seconds, 6) or None,
            "last_sent": None if message is None else _describe_last_sent(message),
        }
    )


def _read_end(fields: Fields) -> End:
    by, violation, last = fields.text("by"), fields.nested("violation"), fields.nested("last_sent")
    return End(
        fields.require("code", int),
        fields.text("reason"),
        next((side for side, name in _SIDES.items() if name == by), None),
        fields.get("clean", bool) or False,
        *_moment(fields),
        None if violation is None else _read_violation(violation),
        fields.number("unanswered"),
        fields.text("detail"),
        fields.get("sent", int),
        fields.get("hung_up", bool) or False,
        Stillness(
            fields.number("idle") or 0.0,
            None if last is None else _read_last_sent(last),
        ),
    )


def _describe_last_sent(message: SentMessage) -> Json:
    return {**message._asdict(), "opcode": opcode_name(message.opcode)}


def _read_last_sent(fields: Fields) -> SentMessage:
    number, opcode = fields.require("number", int), _read_opcode(fields)
    return SentMessage(number, opcode, fields.require("size", int))


def _describe_violation(violation: Violation) -> Json:
    rule = violation.rule
    fields: Json = {
        "rule": rule.id,
        "section": rule.section,
        "sentence": rule.sentence,
        "close_code": int(rule.close_code),
        "evidence": violation.evidence,
    }
    service = violation.service and {"kind": violation.service[0], **violation.service[1]}
    return fields | _present({"reason": violation.reason, "service": service})


def _read_violation(fields: Fields) -> Violation:
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


# Batches


def _batch_pieces(batch: Batch, extra: Mapping[str, object], frames: bool) -> Iterator[bytes]:
    """Yield the lines of a batch, about _PIECE bytes at a time."""
    shared = (
        f'"time":"{iso_time(batch.time)}","elapsed":{batch.elapsed:.6f},'
        f'"direction":"{"in" if batch.incoming else "out"}"'
    )
    if extra:
        shared += f",{_dumps(extra)[1:-1]}"
    waiting: list[bytes] = []
    size = 0
    for item in batch.items:
        if isinstance(item, Messages):
            pieces = _message_lines(item, shared)
        else:
            pieces = _item_line(item, shared, frames)
        for lines in pieces:
            waiting.append(lines)
            size += len(lines)
            if size >= _PIECE:
                yield b"".join(waiting)
                waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _item_line(item: Item, shared: str, frames: bool) -> Iterator[bytes]:
    if isinstance(item, Ping):
        yield _line("ping", shared, _describe_payload(item.payload))
    elif isinstance(item, Pong):
        rtt: Json = {} if item.rtt is None else {"rtt": round(item.rtt, 6)}
        yield _line("pong", shared, _describe_payload(item.payload) | rtt)
    elif isinstance(item, Frame) and frames:
        yield _line("frame", shared, _describe_frame(item))
    elif isinstance(item, Violation) and frames:
        yield _line("violation", shared, _describe_violation(item))


def _line(name: str, shared: str, fields: Json) -> bytes:
    return _encode(f'{{"event":"{name}",{shared},{_dumps(fields)[1:]}\n')


def _message_lines(messages: Messages, shared: str) -> Iterator[bytes]:
    is_text = messages.opcode == Opcode.TEXT
    name = opcode_name(messages.opcode)
    head = f'{{"event":"message",{shared},"opcode":"{name}","size":'
    field = "text" if is_text else "base64"
    payloads = messages.payloads
    if len(payloads) == 1:
        yield f'{head}{len(payloads[0])},"{field}":"'.encode()
        yield from (_text_blocks if is_text else _base64_blocks)(payloads[0])
        yield _LINE_END
        return
    for start in range(0, len(payloads), _MOST_LINES):
        part = payloads[start : start + _MOST_LINES]
        values = _escape(part) if is_text else [b64encode(payload) for payload in part]
        yield _join_lines(head, field, list(map(len, part)), values)


def _join_lines(head: str, field: str, sizes: list[int], values: list[bytes]) -> bytes:
    """Join lines that differ in the size and the value of a payload only.

    A busy stream has a million lines in a second, so nothing here is done for each line in Python:
    the text before a value is made once for each size, and everything is joined in one call.
    """
    begin = {size: f'"}}\n{head}{size},"{field}":"'.encode() for size in set(sizes)}
    parts = [b""] * (2 * len(sizes))
    parts[0::2] = map(begin.__getitem__, sizes)
    parts[1::2] = values
    parts[0] = parts[0].removeprefix(_LINE_END)
    parts.append(_LINE_END)
    return b"".join(parts)


def _escape(payloads: list[bytes]) -> list[bytes]:
    """Escape texts for JSON, all in one call where that can be undone.

    The texts are joined with DEL, which JSON does not escape, and split again afterwards. If a text
    has a DEL of its own there are too many parts, and each is escaped by itself.
    """
    joined = _SEPARATOR.join(payloads)
    if len(joined.translate(None, _ESCAPED)) == len(joined):
        return payloads
    parts = _escape_text(joined.decode()).split(_SEPARATOR)
    if len(parts) == len(payloads):
        return parts
    return [_escape_text(payload.decode()) for payload in payloads]


def _escape_text(text: str) -> bytes:
    return encode_basestring(text)[1:-1].encode()


def _text_blocks(payload: bytes) -> Iterator[bytes]:
    """Escape a block at a time: escaped, a text may be six times as large."""
    text = payload.decode()
    for start in range(0, len(text), _BLOCK):
        yield _escape_text(text[start : start + _BLOCK])


def _base64_blocks(payload: bytes) -> Iterator[bytes]:
    for start in range(0, len(payload), _BLOCK):
        yield b64encode(payload[start : start + _BLOCK])


def _read_item(read: Callable[[Fields], Item]) -> Callable[[Fields], Batch]:
    """Return a reader of batches of one item."""

    def reader(fields: Fields) -> Batch:
        direction = fields.require("direction", str)
        if direction not in ("in", "out"):
            raise MalformedEvent(f'"direction" is neither in nor out: {direction!r}')
        return Batch(direction == "in", *_moment(fields), [read(fields)])

    return reader


def _read_messages(fields: Fields) -> Messages:
    opcode = _read_opcode(fields)
    if opcode not in (Opcode.TEXT, Opcode.BINARY):
        raise MalformedEvent('"opcode" is neither text nor binary')
    if (fields.get("text", str) is None) == (opcode == Opcode.TEXT):
        raise MalformedEvent('a text message has "text", and a binary one "base64"')
    return Messages(opcode, [_read_payload(fields)])


def _read_opcode(fields: Fields) -> int:
    name = fields.require("opcode", str)
    if name not in _OPCODES:
        raise MalformedEvent(f'"opcode" is unknown: {name[:40]!r}')
    return _OPCODES[name]


def _describe_payload(payload: bytes) -> Json:
    return {"size": len(payload), "base64": b64encode(payload).decode()}


def _read_payload(fields: Fields) -> bytes:
    """Return a payload that is ``text``, or else ``base64``."""
    text, data = fields.get("text", str), fields.base64("base64")
    try:
        payload = data if text is None else text.encode()
    except ValueError as error:  # a lone surrogate has no UTF-8
        raise MalformedEvent(f'"text" is not UTF-8: {error}') from None
    if payload is None:
        raise MalformedEvent('both "text" and "base64" are missing')
    return payload


def _read_ping(fields: Fields) -> Ping:
    return Ping(_read_payload(fields))


def _read_pong(fields: Fields) -> Pong:
    return Pong(_read_payload(fields), fields.number("rtt"))


def _describe_frame(frame: Frame) -> Json:
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


def _read_frame(fields: Fields) -> Frame:
    payload = _read_payload(fields)
    try:
        key = bytes.fromhex(fields.text("mask_key")) or None
    except ValueError as error:
        raise MalformedEvent(f'"mask_key": {error}') from None
    header = fields.require("wire_size", int) - len(payload) - (4 if key else 0)
    frame = Frame(
        _read_opcode(fields),
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


_READERS: dict[str, Callable[[Fields], Event]] = {
    "step": _read_step,
    "open": _read_opened,
    "message": _read_item(_read_messages),
    "frame": _read_item(_read_frame),
    "violation": _read_item(_read_violation),
    "ping": _read_item(_read_ping),
    "pong": _read_item(_read_pong),
    "close": _read_end,
    "error": _read_failed,
}
