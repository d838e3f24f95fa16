"""Read the values in a HAR file leniently: each program that writes one has its own habits.

Unlike ``fields``, nothing here raises for a value of the wrong type: such a value counts as absent.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import cast

from wscli.records.fields import Json
from wscli.wire.codes import Opcode
from wscli.wire.head import FIELD_NAME

_OPCODES = frozenset(Opcode) - {Opcode.CONTINUATION}
_LATEST = 2e11  # seconds since the epoch, in the year 8307
_LONGEST = 1e12  # milliseconds that are a duration, 31 years
_MILLISECONDS = 1e11  # a larger time counts milliseconds: as seconds, it would be in the year 5138


class Unreadable(Exception):
    """A message cannot be read; the text says why, as in "its data is not a string"."""


def as_object(value: object) -> Json:
    """Return an object, empty for any other value."""
    return cast(Json, value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a list, empty for any other value."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Return a string, empty for any other value."""
    return value if isinstance(value, str) else ""


def as_number(value: object) -> float | None:
    """Return a finite number, which may be written as a string."""
    try:
        number = float(cast(str, value)) if type(value) in (int, float, str) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_known(value: object) -> float | None:
    """Return a duration; None for -1, which HAR 1.2 writes for an unknown one."""
    number = as_number(value)
    return number if number is not None and 0 <= number <= _LONGEST else None


def as_integer(value: object) -> int | None:
    """Return an integer, which may be written as a string or a float."""
    number = as_number(value)
    return None if number is None else int(number)


def as_time(value: object) -> float | None:
    """Return a time in seconds since the epoch: ISO 8601, seconds, or milliseconds.

    A time without a zone is in UTC.
    """
    number = as_number(value)
    if number is None:
        number = _from_iso(as_text(value))
    elif number > _MILLISECONDS:
        number /= 1000
    return round(number, 6) if number is not None and 0 <= number <= _LATEST else None


def _from_iso(text: str) -> float | None:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def header_pairs(value: object) -> Iterator[list[str]]:
    """Yield headers in order, from ``{"name", "value"}`` or, as mitmproxy has it, from pairs.

    Anything that cannot be in a head of HTTP/1.1 is left out, such as the pseudo-headers of HTTP/2.
    """
    for item in as_list(value):
        if isinstance(item, list):
            name, content = [*item, "", ""][:2]
        else:
            name, content = (as_object(item).get(key) for key in ("name", "value"))
        if not re.fullmatch(FIELD_NAME, as_text(name)):
            continue
        # Chrome joins the values of headers with one name, such as Set-Cookie, with line feeds.
        for line in as_text(content).split("\n"):
            yield [as_text(name), line.replace("\r", "").replace("\0", "").strip(" \t")]


def message_opcode(message: Json) -> int:
    """Return the opcode of a message; without one it is a text.

    Raises:
        Unreadable: if it is not that of a message or of a control frame.
    """
    value = message.get("opcode")
    opcode = Opcode.TEXT if value is None else as_integer(value)
    if opcode not in _OPCODES:
        raise Unreadable(f"its opcode is {str(value)[:40]!r}")
    return opcode


def message_payload(message: Json, opcode: int) -> bytes:
    """Return the payload of a message: text if the opcode is 1, else base64.

    Raises:
        Unreadable: if there is none.
    """
    return read_data(message.get("data", ""), is_base64=opcode != Opcode.TEXT)


def read_data(data: object, *, is_base64: bool) -> bytes:
    """Return text in UTF-8, or the bytes that it has in base64.

    Data that is not valid base64 is taken as text, since some programs write all data as text.

    Raises:
        Unreadable: if it is not a string, or not Unicode.
    """
    if not isinstance(data, str):
        raise Unreadable("its data is not a string")
    if is_base64:
        try:
            return b64decode(data, validate=True)
        except ValueError:
            pass
    try:
        return data.encode()
    except UnicodeEncodeError:  # JSON can express half a surrogate pair, UTF-8 cannot
        raise Unreadable("its data is not valid Unicode") from None


def load_json(data: bytes) -> object:
    """Return the value in a JSON file, which may begin with a byte order mark.

    Raises:
        ValueError: if it is not JSON.
    """
    try:
        return cast(object, json.loads(data))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
