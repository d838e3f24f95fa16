"""Compare a received message with a recorded one: byte by byte, as JSON values, or by shape.

Two messages that differ do so at one or more places. In JSON a place is a JSONPath, so that it can
be pasted into an option that ignores it. A message that is not JSON is one place, as a whole.

The two sides are never changed: values are parsed once for everybody who reads a message, so a
value is copied before the ignored parts of it are taken out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from wscli.payload.codecs import NO_VALUE, value_of
from wscli.payload.ids import Id, IdMap, paired_ids
from wscli.payload.matching import JsonPathQuery, Location
from wscli.payload.message import Message
from wscli.wire.codes import Opcode

Match = Literal["exact", "json", "shape", "none"]
"""How to compare: every byte; the JSON value, or the bytes of other messages; the keys and types of
JSON, or other text except for its numbers; not at all."""


class Missing:
    """The type of ``MISSING``, which stands for the side of a difference that has no value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()

_IGNORED = "ignored"  # takes the place of an ignored item of a list, whose length still counts
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


class Difference(NamedTuple):
    """A place at which two messages differ, and the value on either side.

    ``path`` is a JSONPath, or None where the messages differ as a whole. Then both values are
    payloads: a str is a text, bytes are binary.
    """

    path: str | None
    recorded: Any
    now: Any


_Translate = Callable[[Any], Any]  # returns the value that is expected in place of a recorded one


class MessageComparison:
    """How to compare, with the values at ``ignored`` left out of both sides.

    At the places of ``mapped`` the server may give another id than the recorded one. These are
    learned from each pair of messages that belong together, and kept in ``ids``. From then on a
    recorded id is equal to the new one, wherever it stands.
    """

    def __init__(
        self,
        match: Match = "json",
        ignored: Sequence[JsonPathQuery] = (),
        mapped: Sequence[JsonPathQuery] = (),
    ) -> None:
        self._match = match
        self._mapped = mapped
        self.ids = IdMap()
        self._ignored = ignored
        self._translate = self.ids.translate

    def are_equal(self, recorded: Message, now: Message) -> bool:
        """Return True if there is no difference; then the ids of the pair are learned.

        Raises:
            PatternTimeout: if a regular expression in a query takes too long.
        """
        learned = self._learn(recorded, now)
        if next(self._compare(recorded, now), None) is None:
            return True
        for recorded_id in learned:
            self.ids.forget(recorded_id)
        return False

    def differences(self, recorded: Message, now: Message) -> list[Difference]:
        """Return every difference, and learn the ids of the pair; raises as ``are_equal`` does."""
        self._learn(recorded, now)
        return list(self._compare(recorded, now))

    def _learn(self, recorded: Message, now: Message) -> list[Id]:
        """Learn the ids at the mapped places; return those that were unknown."""
        pairs = paired_ids(self._mapped, recorded, now) if self._mapped else []
        return [one for one, other in pairs if self.ids.learn(one, other)]

    def _compare(self, recorded: Message, now: Message) -> Iterator[Difference]:
        if self._match == "none" or self._is_expected(recorded, now):
            return
        values = value_of(recorded), value_of(now)
        if NO_VALUE in values or recorded.opcode != now.opcode:
            yield from self._compare_payloads(recorded, now)
            return
        try:
            yield from self._compare_values(recorded, now, values)
        except RecursionError:  # reading permits deeper nesting than comparing
            yield whole_difference(recorded, now)

    def _is_expected(self, recorded: Message, now: Message) -> bool:
        """Return True for a copy, which is most messages, and need not be parsed."""
        if recorded.opcode != now.opcode:
            return False
        if recorded.payload == now.payload:
            return True
        is_text = recorded.opcode == Opcode.TEXT
        return is_text and bool(self._translate(recorded.text) == now.text)

    def _compare_values(
        self, recorded: Message, now: Message, values: tuple[Any, Any]
    ) -> Iterator[Difference]:
        before, after = (self._without_ignored(value) for value in values)
        if self._match == "shape":
            yield from _compare_shapes(before, after, ())
            return
        found = False
        for difference in _compare_json(before, after, (), self._translate):
            found = True
            yield difference
        if self._match == "exact" and not found:  # white space, the order of keys, 1.0 for 1
            yield whole_difference(recorded, now)

    def _compare_payloads(self, recorded: Message, now: Message) -> Iterator[Difference]:
        same_kind = self._match == "shape" and recorded.opcode == now.opcode
        if not (same_kind and _payload_shape(recorded) == _payload_shape(now)):
            yield whole_difference(recorded, now)

    def _without_ignored(self, value: Any) -> Any:
        locations = {place for query in self._ignored for place, _ in query.select(value)}
        for location in sorted(locations, key=len, reverse=True):  # the innermost first
            value = _without(value, location)
        return value


def whole_difference(recorded: Message | None, now: Message | None) -> Difference:
    """Return the difference between two messages as a whole; None is a message that is missing."""
    return Difference(None, _payload(recorded), _payload(now))


def _payload(message: Message | None) -> str | bytes | Missing:
    if message is None:
        return MISSING
    return message.text if message.opcode == Opcode.TEXT else message.payload


def _payload_shape(message: Message) -> str | None:
    """Return the shape of a payload that is not JSON; binary has none."""
    return re.sub("[0-9]+", "0", message.text) if message.opcode == Opcode.TEXT else None


def _without(value: Any, location: Location) -> Any:
    """Return a copy of a value without a part of it; parts outside its path are shared."""
    if not location:
        return _IGNORED
    first, *rest = location
    if isinstance(value, dict):
        copy: Any = dict(value)
        if rest:
            copy[first] = _without(value[first], tuple(rest))
        else:
            del copy[first]
        return copy
    copy = list(value)
    copy[first] = _without(value[first], tuple(rest))
    return copy


# JSON values


def compare_values(recorded: Any, now: Any) -> list[Difference]:
    """Return the differences between two JSON values."""
    return list(_compare_json(recorded, now, (), lambda value: value))


def _compare_json(
    before: Any, after: Any, place: Location, translate: _Translate
) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _compare_objects(before, after, place, translate)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_arrays(before, after, place, translate)
    elif not (are_equal_values(before, after) or are_equal_values(translate(before), after)):
        yield Difference(json_path(place), before, after)


def _compare_objects(
    before: dict[str, Any], after: dict[str, Any], place: Location, translate: _Translate
) -> Iterator[Difference]:
    renamed = {key if key in after else translate(key): value for key, value in before.items()}
    for key, value in renamed.items():
        if key in after:
            yield from _compare_json(value, after[key], (*place, key), translate)
        else:
            yield Difference(json_path((*place, key)), value, MISSING)
    for key in after:
        if key not in renamed:
            yield Difference(json_path((*place, key)), MISSING, after[key])


def _compare_arrays(
    before: list[Any], after: list[Any], place: Location, translate: _Translate
) -> Iterator[Difference]:
    """Compare item by item; where the lengths differ, from the first item that differs."""

    def differ(first: Any, second: Any) -> bool:
        return next(_compare_json(first, second, (), translate), None) is not None

    start = end = 0
    if len(before) != len(after):
        shorter = min(len(before), len(after))
        while start < shorter and not differ(before[start], after[start]):
            start += 1
        while end < shorter - start and not differ(before[-1 - end], after[-1 - end]):
            end += 1
    first, second = before[start : len(before) - end], after[start : len(after) - end]
    for index, (one, other) in enumerate(zip(first, second, strict=False), start):
        yield from _compare_json(one, other, (*place, index), translate)
    for index in range(start + len(second), start + len(first)):
        yield Difference(json_path((*place, index)), before[index], MISSING)
    for index in range(start + len(first), start + len(second)):
        yield Difference(json_path((*place, index)), MISSING, after[index])


def are_equal_values(one: Any, other: Any) -> bool:
    """Return True if two JSON values are equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


# Shapes


def _compare_shapes(before: Any, after: Any, place: Location) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            one, other = before.get(key, MISSING), after.get(key, MISSING)
            if one is MISSING or other is MISSING:
                yield Difference(json_path((*place, key)), one, other)
            else:
                yield from _compare_shapes(one, other, (*place, key))
    elif isinstance(before, list) and isinstance(after, list):
        # An array may have another length, as a list of results has. Further items have the
        # shape of the last that was recorded.
        for index, item in enumerate(after if before else ()):
            expected = before[min(index, len(before) - 1)]
            yield from _compare_shapes(expected, item, (*place, index))
    elif _type_of(before) != _type_of(after):
        yield Difference(json_path(place), before, after)


def _type_of(value: Any) -> type:
    """Return the type of a JSON value: there is one type of numbers."""
    return float if type(value) is int else type(value)


# Keys, by which equal messages are found among many


def value_key(message: Message) -> str | bytes:
    """Return a key that JSON messages of the same value share, and others of the same bytes."""
    return _key(message, lambda value: value)


def shape_key(message: Message) -> str | bytes:
    """Return a key that messages of the same shape share.

    Unlike in a comparison, arrays have the same shape if the same shapes are among their items.
    """
    return _key(message, _outline)


def _key(message: Message, form: Callable[[Any], Any]) -> str | bytes:
    value = value_of(message)
    if value is NO_VALUE:
        text = _payload_shape(message) if form is _outline else None
        return message.payload if text is None else text
    try:
        return json.dumps(form(value), sort_keys=True)
    except RecursionError:  # reading permits deeper nesting than writing
        return message.payload


def _outline(value: Any) -> Any:
    """Return a value with the name of its type in place of each part that has no parts."""
    if isinstance(value, dict):
        return {key: _outline(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(_outline(item), sort_keys=True) for item in value})
    return _type_of(value).__name__


# Paths


def json_path(place: Location) -> str:
    """Return a location as a JSONPath query that selects it."""
    return "$" + "".join(map(_segment, place))


def _segment(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if re.fullmatch(_NAME, part) else f"[{json.dumps(part, ensure_ascii=False)}]"
