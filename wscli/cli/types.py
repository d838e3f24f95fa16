"""Values as people write them on the command line: durations, sizes, headers.

Each function is a parameter type of click's: it is given text (or a default), and returns a value.
"""

from __future__ import annotations

import re

from click import BadParameter

_DURATION = r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h)?"
_SECONDS = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0, "h": 3600.0}
_SIZE = r"(\d+)(B|kB|KB|KiB|MB|MiB|GB|GiB)?"
_BYTES = {
    None: 1,
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "KiB": 1 << 10,
    "MB": 1000**2,
    "MiB": 1 << 20,
    "GB": 1000**3,
    "GiB": 1 << 30,
}
_RESOLVE = r"(?P<host>[^:\[\]]+|\[[^\]]+\]):(?P<port>\d+):(?P<address>.+)"

Header = tuple[str, str | None]


def duration(value: str | float) -> float:
    """Read ``500ms``, ``2s``, ``1m`` or a bare number of seconds; return seconds."""
    match = re.fullmatch(_DURATION, str(value))
    if match is None:
        raise BadParameter(f"{value!r} is no duration; write 500ms, 2s or 1m")
    return float(match[1]) * _SECONDS[match[2]]


def size(value: str | int) -> int:
    """Read ``64KiB``, ``16MiB`` or a bare number of bytes; return bytes."""
    match = re.fullmatch(_SIZE, str(value))
    if match is None:
        raise BadParameter(f"{value!r} is no size; write 64KiB, 16MiB or a number of bytes")
    return int(match[1]) * _BYTES[match[2]]


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


def pattern(value: str) -> re.Pattern[str]:
    """Read a regular expression of Python's."""
    try:
        return re.compile(value)
    except re.error as error:
        raise BadParameter(f"{value!r} is no regular expression: {error}") from None
