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
from json import loads

from wscli.records.events import Recorded
from wscli.session.events import Batch
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages

_DAY = (
    rb"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    rb"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"  # 29 February is left to datetime
)
_TIME = rb"(?!0000)[0-9]{4}-" + _DAY + rb"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
_SHARED = (
    rb'"time":"(?:' + _TIME + rb')","elapsed":[0-9]{1,15}\.[0-9]{1,15},"direction":"(?:in|out)"'
    rb'(?:,"connection":[0-9]{1,15})?'
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

_RUN = re.compile(rb"(?:" + _BEGIN + _SHARED + _VALUE + _END + rb")*+")


def _batch_pattern(opcode: bytes, value: bytes) -> re.Pattern[bytes]:
    """Return the pattern for the messages of a batch, which share everything but the value."""
    first = _BEGIN + rb"(" + _SHARED + rb")" + opcode + rb"(" + value + rb")" + _END
    return re.compile(first + rb"(?:" + _BEGIN + rb"\1" + opcode + value + _END + rb")*+")


_TEXT_BATCH, _BINARY_BATCH = _batch_pattern(_TEXT, _STRING), _batch_pattern(_BINARY, _BASE64)
_TEXTS = re.compile(_TEXT + rb"(" + _STRING + rb")" + _END)
_BINARIES = re.compile(_BINARY + rb"(" + _BASE64 + rb")" + _END)
_TIME_SIZE = len('"time":"2026-01-31T12:00:00.123456Z"')


def run_end(block: bytes, start: int) -> int:
    """Return where the run of message lines ends that begins at ``start``, if one does.

    The block must be UTF-8.
    """
    match = _RUN.match(block, start)
    return start if match is None else match.end()


def read_batch(block: bytes, start: int) -> tuple[Recorded, int] | None:
    """Return the batch whose message lines begin at ``start``, and where they end.

    The block must be UTF-8. None is returned if the next line is not one of a message, or not in
    the usual form.
    """
    if match := _TEXT_BATCH.match(block, start):
        opcode, payloads = Opcode.TEXT, _texts(match)
    elif match := _BINARY_BATCH.match(block, start):
        values = _BINARIES.findall(block, start, match.end())
        opcode, payloads = Opcode.BINARY, [b64decode(value) for value in values]
    else:
        return None
    return _recorded(match[1], Messages(opcode, payloads)), match.end()


def _texts(match: re.Match[bytes]) -> list[bytes]:
    first: bytes = match[2]
    if match.end(2) + len('"}\n') == match.end():
        return [_unescape(first)] if b"\\" in first else [first]
    values: list[bytes] = _TEXTS.findall(match.string, match.start(), match.end())
    if b"\\" not in match[0]:
        return values
    return [text.encode() for text in loads(b'["' + b'","'.join(values) + b'"]')]


def _unescape(value: bytes) -> bytes:
    text: str = loads(b'"' + value + b'"')
    return text.encode()


def _recorded(shared: bytes, messages: Messages) -> Recorded:
    moment, elapsed, direction, *connection = shared.decode().split(",")
    time = datetime.fromisoformat(moment[len('"time":"') : _TIME_SIZE - 1]).timestamp()
    incoming = direction.endswith('"in"')
    number = int(connection[0].partition(":")[2]) if connection else None
    batch = Batch(incoming, time, float(elapsed.partition(":")[2]), [messages])
    return Recorded(batch, number)
