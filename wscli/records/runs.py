"""Runs of message lines, read many at once: most of a long recording is lines of messages.

Reading a line as JSON takes ten times as long as matching it with a pattern that knows in which
form ``batches.py`` writes a message. So lines in exactly that form are matched, a run of them in
one call; any other line, such as one that another program has written, is left to ``events.py``.
The patterns accept no line that ``events.py`` would not.

Messages of one batch differ in their payloads alone. They become one batch again.
"""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime
from functools import lru_cache
from json import loads
from typing import NamedTuple

from wscli.session.events import Batch
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages

_DAY = (
    rb"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    rb"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"  # 29 February is left to datetime
)
_SECOND = rb"(?!0000)[0-9]{4}-" + _DAY + rb"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"


def _shared(group: bytes) -> bytes:
    """Return the pattern of the fields that a batch shares; ``group`` begins its groups."""
    return (
        rb'"time":"' + group + _SECOND + rb")\." + group + rb'[0-9]{6})Z",'
        rb'"elapsed":' + group + rb"[0-9]{1,15}\.[0-9]{1,15}),"
        rb'"direction":"' + group + rb'in|out)"(?:,"connection":' + group + rb"[0-9]{1,15}))?"
    )


# A string of JSON (RFC 8259 §7). Surrogates are left to json: a lone one is not UTF-8.
_STRING = (
    rb'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))'
    rb'[^"\\\x00-\x1f]*+)*+'
)
_BASE64 = rb"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?+"

_BEGIN = rb'\{"event":"message",'
_TEXT = rb',"opcode":"text","size":[0-9]{1,15},"text":"'
_BINARY = rb',"opcode":"binary","size":[0-9]{1,15},"base64":"'
_END = rb'"\}\n'
_VALUE = rb"(?:" + _TEXT + _STRING + rb"|" + _BINARY + _BASE64 + rb")"

_RUN = re.compile(rb"(?:" + _BEGIN + _shared(b"(?:") + _VALUE + _END + rb")*+")


def _batch_pattern(opcode: bytes, value: bytes) -> re.Pattern[bytes]:
    """Return the pattern for the messages of a batch, which share everything but the value."""
    first = _BEGIN + rb"(" + _shared(b"(") + rb")" + opcode + rb"(" + value + rb")" + _END
    return re.compile(first + rb"(?:" + _BEGIN + rb"\1" + opcode + value + _END + rb")*+")


# A back-reference compares the shared fields as bytes, so that they are parsed once for a batch.
_TEXT_BATCH, _BINARY_BATCH = _batch_pattern(_TEXT, _STRING), _batch_pattern(_BINARY, _BASE64)
_TEXTS = re.compile(_TEXT + rb"(" + _STRING + rb")" + _END)
_BINARIES = re.compile(_BINARY + rb"(" + _BASE64 + rb")" + _END)
_END_SIZE = len('"}\n')


def run_end(block: bytes, start: int) -> int:
    """Return the end of the run of message lines at ``start``, or ``start`` if there is none.

    The block must be UTF-8.
    """
    match = _RUN.match(block, start)
    return start if match is None else match.end()


class BatchLines(NamedTuple):
    """A batch, the number of its connection if it has one, where its lines end, and how many."""

    batch: Batch
    connection: int | None
    end: int
    lines: int


def read_batch(block: bytes, start: int) -> BatchLines | None:
    """Return the batch whose message lines begin at ``start``, one for each message.

    The block must be UTF-8. None is returned if the next line is not one of a message, or not in
    the usual form.
    """
    if match := _TEXT_BATCH.match(block, start):
        messages = Messages(Opcode.TEXT, _texts(match))
    elif match := _BINARY_BATCH.match(block, start):
        values = _BINARIES.findall(block, start, match.end())
        messages = Messages(Opcode.BINARY, [b64decode(value) for value in values])
    else:
        return None
    _, second, micro, elapsed, direction, connection, _ = match.groups()
    # As datetime computes it from all of the digits: to the same bit.
    time = (1_000_000 * _seconds(second) + int(micro)) / 1_000_000
    batch = Batch(direction == b"in", time, float(elapsed), [messages])
    number = int(connection) if connection else None
    return BatchLines(batch, number, match.end(), len(messages.payloads))


@lru_cache(maxsize=16)
def _seconds(second: bytes) -> int:
    """Return a time without its fraction as seconds since the epoch."""
    return int(datetime.fromisoformat(f"{second.decode()}+00:00").timestamp())


def _texts(match: re.Match[bytes]) -> list[bytes]:
    first: bytes = match[7]
    if match.end(7) + _END_SIZE == match.end():
        return [_unescape(first)] if b"\\" in first else [first]
    values: list[bytes] = _TEXTS.findall(match.string, match.start(), match.end())
    if b"\\" not in match[0]:
        return values
    return [text.encode() for text in loads(b'["' + b'","'.join(values) + b'"]')]


def _unescape(value: bytes) -> bytes:
    text: str = loads(b'"' + value + b'"')
    return text.encode()
