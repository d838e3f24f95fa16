"""The fields of a JSON object: written compactly, and read with their types checked."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Callable
from typing import TypeVar, cast

from wscli.errors import UsageError

_T = TypeVar("_T", str, int, bool)
_KINDS = {str: "a string", int: "an integer", bool: "true or false"}
Remark = Callable[[str], None]
"""Receives a sentence about what a recording lacks, for the user."""

_SHOWN = 40  # characters of a wrong value that an error repeats


Json = dict[str, object]

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(text: str) -> bytes:
    """Return JSON in UTF-8."""
    # A lone surrogate (a byte of a file's name that is not UTF-8) becomes \udcff, JSON's escape.
    return text.encode(errors="backslashreplace")


def present(fields: Json) -> Json:
    """Return the fields whose value is known: an unknown value is absent."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


class MalformedEvent(UsageError):
    """A line is not a valid event; ``line`` is its number in the recording, if that is known.

    ``file`` is the name of the recording, and ``reason`` may be followed by the line itself.
    """

    def __init__(self, reason: str, line: int | None = None, file: str = "") -> None:
        where = "the line" if line is None else f"line {line:,}"
        hint = f"delete that line; sed {line}d FILE prints all others" if file else ""
        super().__init__(f"{where}{file and f' of {file}'} is not a valid event", reason, hint)
        self.line = line


class Fields:
    """A JSON object. A field that is absent or null is None; other fields than these are ignored.

    Every method raises MalformedEvent for a value of the wrong type.
    """

    def __init__(self, value: object, name: str = "it") -> None:
        if not isinstance(value, dict):
            raise MalformedEvent(f"{name} is not a JSON object: {_shorten(value)}")
        self._fields = cast(dict[str, object], value)

    def get(self, name: str, kind: type[_T]) -> _T | None:
        """Return a field, or None."""
        value = self._fields.get(name)
        if value is None:
            return None
        if type(value) is not kind:  # not isinstance: True is an int
            raise MalformedEvent(f'"{name}" is not {_KINDS[kind]}: {_shorten(value)}')
        return value

    def require(self, name: str, kind: type[_T]) -> _T:
        """Return a field that must exist."""
        value = self.get(name, kind)
        if value is None:
            raise MalformedEvent(f'"{name}" is missing')
        return value

    def text(self, name: str) -> str:
        """Return a string, empty if it is absent."""
        return self.get(name, str) or ""

    def number(self, name: str) -> float | None:
        """Return a finite number, or None."""
        value = self._fields.get(name)
        if value is None:
            return None
        # NaN is not less than anything, and an integer may be larger than any float.
        if type(value) not in (int, float) or not abs(cast(float, value)) <= sys.float_info.max:
            raise MalformedEvent(f'"{name}" is not a number: {_shorten(value)}')
        return cast(float, value)

    def time(self, name: str) -> float | None:
        """Return a time as seconds since the epoch, or None."""
        from datetime import datetime  # takes 2 ms, and writing does not need it

        value = self.get(name, str)
        try:
            time = None if value is None else datetime.fromisoformat(value)
        except ValueError:
            time = None
        if value is None:
            return None
        if time is None or time.tzinfo is None:
            raise MalformedEvent(f'"{name}" is not a time of RFC 3339: {_shorten(value)}')
        return time.timestamp()

    def base64(self, name: str) -> bytes | None:
        """Return bytes that are written in base64, or None."""
        value = self.get(name, str)
        try:
            return None if value is None else b64decode(value, validate=True)
        except ValueError:
            raise MalformedEvent(f'"{name}" is not base64: {_shorten(value)}') from None

    def nested(self, name: str) -> Fields | None:
        """Return an object, or None."""
        value = self._fields.get(name)
        return None if value is None else Fields(value, f'"{name}"')

    def nested_list(self, name: str) -> list[Fields]:
        """Return a list of objects, empty if it is absent."""
        return [Fields(value, f'an item of "{name}"') for value in self._list(name)]

    def strings(self, name: str) -> tuple[str, ...]:
        """Return a list of strings, empty if it is absent."""
        return _strings(name, self._list(name))

    def pairs(self, name: str) -> list[tuple[str, ...]]:
        """Return a list of lists of two strings, empty if it is absent."""
        pairs = [_strings(name, pair) for pair in self._list(name)]
        if any(len(pair) != 2 for pair in pairs):
            raise MalformedEvent(f'"{name}" is not a list of pairs')
        return pairs

    def numbers(self, name: str) -> dict[str, float]:
        """Return an object of numbers, empty if it is absent."""
        fields = self.nested(name)
        numbers = {key: fields.number(key) for key in fields.names()} if fields else {}
        return {key: value for key, value in numbers.items() if value is not None}

    def names(self) -> list[str]:
        """Return the names of all fields."""
        return list(self._fields)

    def as_json(self) -> Json:
        """Return all fields as they are."""
        return self._fields

    def _list(self, name: str) -> list[object]:
        value = self._fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise MalformedEvent(f'"{name}" is not a list: {_shorten(value)}')
        return value


def _strings(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MalformedEvent(f'"{name}" is not a list of strings: {_shorten(value)}')
    return tuple(value)


def _shorten(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
