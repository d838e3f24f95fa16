"""Values as people write them on the command line: durations, sizes, headers.

Each function is a parameter type of click's: it is given text (or a default), and returns a value.
"""

from __future__ import annotations

import re

from click import BadParameter, get_current_context

from wscli.apps.env import Env
from wscli.errors import UsageError
from wscli.quantities import parse_duration, parse_size

_RESOLVE = r"(?P<host>[^:\[\]]+|\[[^\]]+\]):(?P<port>\d+):(?P<address>.+)"

_STDIN = f"{__name__}.stdin"

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
    """Read ``Name: value``, ``Name:`` to remove one, ``Name;`` for an empty one, or ``@FILE``.

    ``@-`` reads stdin.
    """
    if not value.startswith("@"):
        return [_header(value)]
    try:
        lines = [line.strip() for line in _read(value[1:]).decode().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadParameter(f"cannot read headers from {value[1:]}: {error}") from None
    return [_header(line) for line in lines if line and not line.startswith("#")]


def _read(name: str) -> bytes:
    if name != "-":
        with open(name, "rb") as file:
            return file.read()
    if get_current_context().resilient_parsing:  # for completion, nothing may be read
        return b""
    return claim_stdin("--header @-").read_stdin()


def claim_stdin(reader: str) -> Env:
    """Return the environment for ``reader``, the only part of this command that reads stdin.

    Raises:
        UsageError: if another part reads it already.
    """
    context = get_current_context()
    if _STDIN in context.meta:
        raise UsageError(
            f"stdin can be read only once: for {context.meta[_STDIN]}, or for {reader}",
            hint="@FILE in place of @-",
        )
    context.meta[_STDIN] = reader
    env: Env = context.find_root().obj
    return env


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
