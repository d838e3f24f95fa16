"""The messages of a HAR entry as batches, and the end of the connection as far as it is known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

from wscli.net.opening import Opening
from wscli.records.events import from_json
from wscli.records.fields import Json, MalformedEvent, Remark
from wscli.records.har_values import (
    Unreadable,
    as_integer,
    as_known,
    as_list,
    as_object,
    as_text,
    as_time,
    message_opcode,
    message_payload,
)
from wscli.session.end import End
from wscli.session.events import Batch, Event
from wscli.wire.closing import Side
from wscli.wire.codes import CloseCode, Opcode
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.receiver import Item

VENDOR = "_wscli"
"""The field of an entry in which ``har_writer`` keeps the events that HAR has no place for."""

_MOST = 2048  # messages of one batch


class Moments(NamedTuple):
    """When the dial began, and when the connection was open, in seconds since the epoch."""

    started: float
    opened: float

    def elapsed(self, time: float) -> float:
        """Return the seconds since the dial began, as an event has them."""
        return max(0.0, round(time - self.started, 6))


class HarConversation:
    """Reads the messages of an entry once; ``remark`` receives a sentence about each fault."""

    def __init__(self, entry: Json, opening: Opening, moments: Moments, remark: Remark) -> None:
        self._entry = entry
        self._moments = moments
        self._remark = remark
        self._kept = _kept_events(entry, remark)
        self._subprotocol = opening.agreement.subprotocol if opening.agreement else None
        self._time = moments.opened  # of the latest event
        self._faults: Counter[str] = Counter()
        self._closes: dict[Side, Close] = {}
        self._error = ""

    def events(self) -> Iterator[Event]:
        """Yield batches, the events that wscli kept, and an End where one is known.

        Messages with the same time, sender and opcode came together, and are one batch.
        """
        messages = as_list(self._entry.get("_webSocketMessages"))
        places = sorted({0, *range(0, len(messages), _MOST), *self._kept, len(messages)})
        for start, end in pairwise(places):
            yield from self._kept.get(start, ())
            for _, group in groupby(messages[start:end], key=_kind):
                yield from self._read(list(map(as_object, group)))
        yield from self._kept.get(places[-1], ())
        for fault, count in self._faults.items():
            self._remark(f"{count:,} of its messages left out: {fault}")
        if not self._has_end() and (last := self._end()) is not None:
            yield last

    def _read(self, messages: list[Json]) -> Iterator[Batch]:
        """Yield a batch for messages of one kind; nothing for errors, Close and unreadable ones."""
        first = messages[0]
        self._time = as_time(first.get("time")) or self._time
        sender = as_text(first.get("type"))
        if sender == "error":
            self._error = as_text(messages[-1].get("data"))
            return
        try:
            if sender not in ("send", "receive"):
                raise Unreadable("its type is neither send nor receive")
            opcode = message_opcode(first)
        except Unreadable as fault:
            self._faults[str(fault)] += len(messages)
            return
        payloads = list(self._payloads(messages, opcode))
        items = self._items(opcode, payloads, Side.LOCAL if sender == "send" else Side.REMOTE)
        if payloads and items:
            elapsed = self._moments.elapsed(self._time)
            yield Batch(sender == "receive", self._time, elapsed, items, self._subprotocol)

    def _payloads(self, messages: Iterable[Json], opcode: int) -> Iterator[bytes]:
        for message in messages:
            try:
                yield message_payload(message, opcode)
            except Unreadable as fault:
                self._faults[str(fault)] += 1

    def _items(self, opcode: int, payloads: list[bytes], sender: Side) -> list[Item]:
        """Return items; none for a Close, nor for pings and pongs that wscli kept as events."""
        if opcode in (Opcode.TEXT, Opcode.BINARY):
            return [Messages(opcode, payloads)]
        if opcode == Opcode.CLOSE:
            for payload in payloads:
                self._closes.setdefault(sender, _read_close(payload))
        elif not self._kept:
            control = Ping if opcode == Opcode.PING else Pong
            return [control(payload) for payload in payloads]
        return []

    def _has_end(self) -> bool:
        return any(isinstance(event, End) for events in self._kept.values() for event in events)

    def _end(self) -> End | None:
        code, reason = self._last_close()
        if code is None:
            return None
        lost = code == CloseCode.ABNORMAL_CLOSURE
        sent = self._closes.get(Side.LOCAL)
        took = as_known(self._entry.get("time")) or 0.0
        time = max(self._time, round(self._moments.started + took / 1000, 6))
        return End(
            code,
            reason,
            next(iter(self._closes), None),
            not lost,
            time,
            self._moments.elapsed(time),
            detail=(self._error or "the HAR file does not say why") if lost else "",
            sent=sent and sent.code,
        )

    def _last_close(self) -> tuple[int | None, str]:
        code = as_integer(self._entry.get("_closeCode"))
        if code is not None and 0 <= code < 1 << 16:
            return code, as_text(self._entry.get("_closeReason"))
        if (close := self._closes.get(Side.REMOTE)) is not None:
            return close
        known = self._error or self._closes
        return (CloseCode.ABNORMAL_CLOSURE.value if known else None), ""


def _kind(message: object) -> tuple[object, ...]:
    fields = as_object(message)
    return fields.get("type"), fields.get("time"), fields.get("opcode")


def _read_close(payload: bytes) -> Close:
    code = int.from_bytes(payload[:2], "big") if payload else CloseCode.NO_STATUS_RECEIVED
    return Close(code, payload[2:].decode(errors="replace"))


def _kept_events(entry: Json, remark: Remark) -> dict[int, list[Event]]:
    """Return the events that wscli kept, by the number of messages before them."""
    count = len(as_list(entry.get("_webSocketMessages")))
    events: dict[int, list[Event]] = {}
    for value in map(as_object, as_list(as_object(entry.get(VENDOR)).get("events"))):
        try:
            event = from_json(json.dumps(value))
        except MalformedEvent as error:
            remark(f"an event of {VENDOR} is left out: {error.evidence}")
            continue
        if event is not None:
            place = min(max(0, as_integer(value.get("after")) or 0), count)
            events.setdefault(place, []).append(event)
    return events
