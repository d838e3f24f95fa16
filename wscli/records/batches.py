"""The lines of a batch: one for each message, ping and pong and, if they are wanted, each frame.

A busy stream has a million messages in a second, so nothing is done for each message in Python that
can be done for many of them in one call.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring

from wscli.records.fields import Json, dumps, encode
from wscli.records.items import describe_frame, describe_payload, describe_violation
from wscli.session.events import Batch
from wscli.text import iso_time
from wscli.wire.codes import Opcode, opcode_name
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.receiver import Item
from wscli.wire.rules import Violation

_MOST_LINES = 2048  # joined at once, so that they are still in the processor's cache
_PIECE = 256 << 10  # bytes of lines that are written at once
_BLOCK = 768 << 10  # bytes or characters; a multiple of three, so that base64 can be joined
_ESCAPED = bytes([*range(0x20), ord('"'), ord("\\")])  # in a string of JSON (RFC 8259 §7)
_SEPARATOR = b"\x7f"  # of texts that are escaped together
_LINE_END = b'"}\n'


def batch_pieces(batch: Batch, extra: Mapping[str, object], frames: bool) -> Iterator[bytes]:
    """Yield the lines of a batch, about _PIECE bytes at a time."""
    shared = (
        f'"time":"{iso_time(batch.time)}","elapsed":{batch.elapsed:.6f},'
        f'"direction":"{"in" if batch.incoming else "out"}"'
    )
    if extra:
        shared += f",{dumps(extra)[1:-1]}"
    waiting: list[bytes] = []
    size = 0
    for item in batch.items:
        if isinstance(item, Messages):
            pieces = _message_lines(item, shared)
        else:
            pieces = _item_line(item, shared, frames)
        for lines in pieces:
            waiting.append(lines)
            size += len(lines)
            if size >= _PIECE:
                yield b"".join(waiting)
                waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _item_line(item: Item, shared: str, frames: bool) -> Iterator[bytes]:
    if isinstance(item, Ping):
        yield _line("ping", shared, describe_payload(item.payload))
    elif isinstance(item, Pong):
        rtt: Json = {} if item.rtt is None else {"rtt": round(item.rtt, 6)}
        yield _line("pong", shared, describe_payload(item.payload) | rtt)
    elif isinstance(item, Frame) and frames:
        yield _line("frame", shared, describe_frame(item))
    elif isinstance(item, Violation) and frames:
        yield _line("violation", shared, describe_violation(item))


def _line(name: str, shared: str, fields: Json) -> bytes:
    return encode(f'{{"event":"{name}",{shared},{dumps(fields)[1:]}\n')


def _message_lines(messages: Messages, shared: str) -> Iterator[bytes]:
    is_text = messages.opcode == Opcode.TEXT
    name = opcode_name(messages.opcode)
    head = f'{{"event":"message",{shared},"opcode":"{name}","size":'
    field = "text" if is_text else "base64"
    payloads = messages.payloads
    if len(payloads) == 1:
        yield f'{head}{len(payloads[0])},"{field}":"'.encode()
        yield from (_text_blocks if is_text else _base64_blocks)(payloads[0])
        yield _LINE_END
        return
    for start in range(0, len(payloads), _MOST_LINES):
        part = payloads[start : start + _MOST_LINES]
        values = _escape(part) if is_text else [b64encode(payload) for payload in part]
        yield _join_lines(head, field, list(map(len, part)), values)


def _join_lines(head: str, field: str, sizes: list[int], values: list[bytes]) -> bytes:
    """Join lines that differ in the size and the value of a payload only.

    The text before a value is made once for each size, and everything is joined in one call.
    """
    begin = {size: f'"}}\n{head}{size},"{field}":"'.encode() for size in set(sizes)}
    parts = [b""] * (2 * len(sizes))
    parts[0::2] = map(begin.__getitem__, sizes)
    parts[1::2] = values
    parts[0] = parts[0].removeprefix(_LINE_END)
    parts.append(_LINE_END)
    return b"".join(parts)


def _escape(payloads: list[bytes]) -> list[bytes]:
    """Escape texts for JSON, all in one call where that can be undone.

    The texts are joined with DEL, which JSON does not escape, and split again afterwards. If a text
    has a DEL of its own there are too many parts, and each is escaped by itself.
    """
    joined = _SEPARATOR.join(payloads)
    if len(joined.translate(None, _ESCAPED)) == len(joined):
        return payloads
    parts = _escape_text(joined.decode()).split(_SEPARATOR)
    if len(parts) == len(payloads):
        return parts
    return [_escape_text(payload.decode()) for payload in payloads]


def _escape_text(text: str) -> bytes:
    return encode_basestring(text)[1:-1].encode()


def _text_blocks(payload: bytes) -> Iterator[bytes]:
    """Escape a block at a time: escaped, a text may be six times as large."""
    text = payload.decode()
    for start in range(0, len(text), _BLOCK):
        yield _escape_text(text[start : start + _BLOCK])


def _base64_blocks(payload: bytes) -> Iterator[bytes]:
    for start in range(0, len(payload), _BLOCK):
        yield b64encode(payload[start : start + _BLOCK])
