"""The query of a request's target: named parameters; an unknown one is an error."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from wscli.quantities import parse_duration, parse_size

_MAX_DURATION = 86_400.0  # a day, in seconds


def parse_number(name: str, text: str, least: int, most: int) -> int:
    """Read a whole number.

    Raises:
        ValueError: with what it may be.
    """
    if not re.fullmatch("[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise ValueError(f"{name} must be a number from {least} to {most:,}, and is {text[:100]!r}")
    return int(text)


class Query:
    """Hands out values by name; every method raises ValueError with what is wrong with one."""

    def __init__(self, text: str) -> None:
        self._values = dict(parse_qsl(text, keep_blank_values=True))
        self._known: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """Return a value as it is."""
        self._known.add(name)
        return self._values.get(name, default)

    def duration(self, name: str, default: str, least: float = 0.0) -> float:
        """Return a duration in seconds; none is longer than a day."""
        seconds = parse_duration(self.text(name, default))
        if not least <= seconds <= _MAX_DURATION:
            raise ValueError(f"{name} must be from {least:g} s to a day")
        return seconds

    def size(self, name: str, default: str, most: int) -> int:
        """Return a size in bytes."""
        size = parse_size(self.text(name, default))
        if size > most:
            raise ValueError(f"{name} must be at most {most:,} bytes")
        return size

    def number(self, name: str, default: str, least: int, most: int) -> int:
        """Return a whole number."""
        return parse_number(name, self.text(name, default), least, most)

    def check(self) -> None:
        """Check that every given parameter has been read: any other may be misspelt."""
        unknown = self._values.keys() - self._known
        if unknown:
            known = ", ".join(sorted(self._known)) or "no parameters"
            raise ValueError(f"unknown parameter {min(unknown)[:100]!r}; this path takes {known}")
