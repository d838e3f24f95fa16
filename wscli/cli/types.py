"""Values as people write them on the command line: durations, sizes, headers.

Each function is a parameter type of click's: it is given text (or a default), and returns a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from click import BadParameter

from wscli.quantities import parse_duration, parse_size

if TYPE_CHECKING:
    from wscli.payload.matching import Matcher

_RESOLVE = r"(?P<host>[^:\[\]]+|\[[^\]]+\]):(?P<port>\d+):(?P<address>.+)"

Header = tuple[str, str | None]


def duration(value: str | float) -> float:
    """Read ``500ms``, ``2s``, ``1m`` or a bare number of seconds; return seconds."""
    try:
        return parse_duration(str(value))
    except ValueError as error:
        raise BadParameter(str(error)) from None


def size(value: str | int) -> int:
    """Read ``64KiB``, ``16MiB`` or a bare number of bytes; return bytes."""
    try:
        return parse_size(str(value))
    except ValueError as error:
        raise BadParameter(str(error)) from None


def count(value: str) -> int:
    """Read a whole number from 1 on."""
    if not re.fullmatch("[0-9]+", value) or int(value) == 0:
        raise BadParameter(f"{value!r} is no number from 1 on")
    return int(value)


def count_or_zero(value: str) -> int:
    """Read a whole number from 0 on."""
    return 0 if value == "0" else count(value)


def headers(value: str) -> list[Header]:
    """Read ``Name: value``, ``Name:`` to remove one, ``Name;`` for an empty one, or ``@FILE``."""
    if not value.startswith("@"):
        return [_header(value)]
    try:
        with open(value[1:], encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameter(f"cannot read headers from {value[1:]}: {error}") from None
    return [_header(line) for line in lines if line and not line.startswith("#")]


def _header(text: str) -> Header:
    name, colon, value = text.partition(":")
    if colon:
        return name.strip(), value.strip() or None
    if text.endswith(";"):
        return text[:-1].strip(), ""
    raise BadParameter(f"{text!r} is no header; write 'Name: value'")


def resolve(value: str) -> tuple[str, int, str]:
    """Read ``HOST:PORT:ADDRESS``, as curl has it."""
    match = re.fullmatch(_RESOLVE, value)
    if match is None:
        raise BadParameter(f"{value!r} is not HOST:PORT:ADDRESS")
    return match["host"].strip("[]"), int(match["port"]), match["address"].strip("[]")


def interval(value: str) -> float:
    """Read a duration that is longer than nothing; return seconds."""
    seconds = duration(value)
    if seconds == 0:
        raise BadParameter("an interval of 0 would send without end")
    return seconds


def pattern(value: str) -> Matcher:
    """Read a regular expression, or a JSONPath query."""
    from wscli.payload.matching import parse_matcher

    try:
        return parse_matcher(value)
    except ValueError as error:
        raise BadParameter(str(error)) from None


def terminator(value: str) -> bytes:
    r"""Read what ends each message, with escapes such as ``\0``."""
    from wscli.payload.typed import unescape

    try:
        end = unescape(value)
    except ValueError as error:
        raise BadParameter(str(error)) from None
    if not end:
        raise BadParameter("a terminator has at least one byte")
    return end
