"""The JSON form of events, one object a line: ``--json``, and the format of recordings.

``to_json`` and ``from_json`` are inverse: what one writes, the other reads as an equal event. Times
are rounded to microseconds. A batch is a line for each of its messages, pings and pongs and, if it
has them, frames and violations. A MessageRun is not written, since its messages have lines; nor is
a Close, since the event ``close`` has its fields.

Fields and events are only ever added, so the reader ignores those that it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from wscli.net.opening import PHASES, OpeningStep
from wscli.records.batches import batch_pieces
from wscli.records.fields import Fields, Json, MalformedEvent, dumps, encode, present
from wscli.records.items import (
    describe_violation,
    read_frame,
    read_messages,
    read_opcode,
    read_ping,
    read_pong,
    read_violation,
)
from wscli.records.openings import describe_opening, read_opening
from wscli.session.activity import SentMessage, Stillness
from wscli.session.end import End
from wscli.session.events import Batch, Event, Failed, Opened, Step
from wscli.text import iso_time
from wscli.wire.closing import Side
from wscli.wire.codes import close_code_name, opcode_name
from wscli.wire.receiver import Item

VERSION = 1
"""The version of the events, in the field ``v``; fields are only ever added to one."""

HEADER = "recording"
"""The first event of a recording: the version of wscli, and the time."""

LOST = "lost"
"""An event of a recording that was written too slowly: how many events are missing before it."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SIDES = {Side.REMOTE: "peer", Side.LOCAL: "wscli"}


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
        yield from batch_pieces(event, extra or {}, frames)
        return
    name, fields = _describe(event)
    head = {"event": name, "time": iso_time(event.time), "elapsed": round(event.elapsed, 6)}
    yield encode(f"{dumps({**head, **(extra or {}), **fields})}\n")


def header_line(time: float, version: str) -> bytes:
    """Return the header of a recording: its format, when it begins, and the version of wscli."""
    fields = {"event": HEADER, "time": iso_time(time), "v": VERSION, "wscli": version}
    return encode(f"{dumps(fields)}\n")


def lost_line(time: float, events: int) -> bytes:
    """Return a line that says how many events are missing in its place."""
    fields = {"event": LOST, "time": iso_time(time), "events": events}
    return encode(f"{dumps(fields)}\n")


def from_json(line: str | bytes) -> Event | None:
    """Return the event of a line, or None if its kind is unknown.

    A line of a batch is read as a batch of one item.

    Raises:
        MalformedEvent: if it is not JSON, or a field is missing or cannot be read.
    """
    recorded = read_event(read_fields(line))
    return recorded and recorded.event


def read_events(lines: Iterable[str | bytes]) -> Iterator[Recorded]:
    """Yield the events of a recording; empty lines and unknown events are skipped.

    Raises:
        MalformedEvent: as ``from_json``, with the number of the line.
    """
    for number, line in enumerate(lines, 1):
        try:
            recorded = read_event(read_fields(line)) if line.strip() else None
        except MalformedEvent as error:
            raise MalformedEvent(error.evidence, number) from None
        if recorded is not None:
            yield recorded


def read_fields(line: str | bytes) -> Fields:
    """Return the fields of a line.

    Raises:
        MalformedEvent: if it is not a JSON object.
    """
    try:
        value = json.loads(_text_of(line).rstrip("\r\n"))
    except json.JSONDecodeError as error:  # whose text has a line, which is always 1
        reason = f"{error.msg.removesuffix(' at')} at column {error.colno}"
        raise MalformedEvent(f"it is not JSON: {reason}") from None
    except (ValueError, RecursionError) as error:  # a peer may nest JSON, and a file be damaged
        raise MalformedEvent(f"it is not JSON: {error}") from None
    return Fields(value)


def _text_of(line: str | bytes) -> str:
    # From bytes, json.loads would guess the encoding, such as UTF-16 for a line with zero bytes.
    if isinstance(line, str):
        return line
    return line.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "surrogatepass")


def read_event(fields: Fields) -> Recorded | None:
    """Return ``from_json`` of a line's fields, with its field ``connection``."""
    reader = _READERS.get(fields.require("event", str))
    return None if reader is None else Recorded(reader(fields), fields.get("connection", int))


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
    return fields | present(rest)


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
    return fields | present(
        {
            "by": end.began and _SIDES[end.began],
            "sent": end.sent,
            "hung_up": end.hung_up or None,
            "detail": end.detail,
            "violation": None if end.violation is None else describe_violation(end.violation),
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
        None if violation is None else read_violation(violation),
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
    number, opcode = fields.require("number", int), read_opcode(fields)
    return SentMessage(number, opcode, fields.require("size", int))


def _read_item(read: Callable[[Fields], Item]) -> Callable[[Fields], Batch]:
    """Return a reader of batches of one item."""

    def reader(fields: Fields) -> Batch:
        direction = fields.require("direction", str)
        if direction not in ("in", "out"):
            raise MalformedEvent(f'"direction" is neither in nor out: {direction!r}')
        return Batch(direction == "in", *_moment(fields), [read(fields)])

    return reader


_READERS: dict[str, Callable[[Fields], Event]] = {
    "step": _read_step,
    "open": _read_opened,
    "message": _read_item(read_messages),
    "frame": _read_item(read_frame),
    "violation": _read_item(read_violation),
    "ping": _read_item(read_ping),
    "pong": _read_item(read_pong),
    "close": _read_end,
    "error": _read_failed,
}
