"""Runs of short messages: many frames cut from what one read brought, or encoded for one write.

A busy stream consists of whole short messages. Parsing and building their frames one by one takes
microseconds for each, nearly all of it the interpreter's; here a frame takes a few operations, and
next to none where frames of one size follow one another. Figures in the comments are nanoseconds
for a message of 64 bytes, where a loop that slices frame after frame takes 330.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import accumulate, chain
from struct import Struct

from wscli.wire.codes import Opcode
from wscli.wire.frames import FIN, MASKED, MessageRun, build_header, shortest_length_form
from wscli.wire.masking import apply_mask, xor

_RSV1 = 0x40
_KEY_SIZE = 4
_LENGTH_16 = 126  # in the second byte: the length is in the two bytes that follow
_LENGTH_64 = 127  # in the second byte: the length is in the eight bytes that follow

_RUN_SIZE = 96 << 10  # bytes on the wire after which a run ends, so that it holds few objects
_BLOCK = 16  # frames of one size that are cut by one call

_RUN_STARTS = frozenset(
    FIN | rsv | opcode for rsv in (0, _RSV1) for opcode in (Opcode.TEXT, Opcode.BINARY)
)


def cut_run(data: bytes, pos: int) -> tuple[MessageRun, int] | None:
    """Cut whole data messages below 64 KiB, one frame each, that share their first byte.

    Return the run, all of it masked or none, and where it ends; None if there is not one message.
    """
    if data[pos] not in _RUN_STARTS or len(data) < pos + 2:
        return None
    if data[pos + 1] & MASKED:
        bodies, stop = _cut_equal_bodies(data, pos, _KEY_SIZE) or _cut_masked(data, pos)
        key, payloads = (bodies[0][:_KEY_SIZE], _unmask(bodies)) if bodies else (None, [])
    else:
        payloads, stop = _cut_equal_bodies(data, pos, 0) or _cut_unmasked(data, pos)
        key = None
    return (MessageRun(data[pos], key, payloads), stop) if payloads else None


# The two loops below differ in little. One for both was measured to be a fifth slower.


def _cut_unmasked(data: bytes, pos: int) -> tuple[list[bytes], int]:
    """Cut the payloads of frames of any sizes; return them and where the last frame ends."""
    payloads: list[bytes] = []
    append = payloads.append
    first, end = data[pos], len(data)
    last = min(end - 1, pos + _RUN_SIZE)
    while pos < last and data[pos] == first:
        length = data[pos + 1]
        if length < _LENGTH_16:
            start = pos + 2
        elif length == _LENGTH_16 and pos + 4 <= end:
            start = pos + 4
            length = data[pos + 2] << 8 | data[pos + 3]
            if length < _LENGTH_16:
                break
        else:
            break
        stop = start + length
        if stop > end:
            break
        append(data[start:stop])
        pos = stop
    return payloads, pos


def _cut_masked(data: bytes, pos: int) -> tuple[list[bytes], int]:
    """Cut keys with the masked payloads behind them; return them and where the last frame ends."""
    bodies: list[bytes] = []
    append = bodies.append
    first, end = data[pos], len(data)
    last = min(end - 1, pos + _RUN_SIZE)
    while pos < last and data[pos] == first:
        length = data[pos + 1] - MASKED
        if 0 <= length < _LENGTH_16:
            start = pos + 2
        elif length == _LENGTH_16 and pos + 4 <= end:
            start = pos + 4
            length = data[pos + 2] << 8 | data[pos + 3]
            if length < _LENGTH_16:
                break
        else:
            break
        stop = start + _KEY_SIZE + length
        if stop > end:
            break
        append(data[start:stop])
        pos = stop
    return bodies, pos


def _cut_equal_bodies(data: bytes, pos: int, key_size: int) -> tuple[list[bytes], int] | None:
    """Cut frames with the same short header, if at least ``_BLOCK`` follow one another: takes 40.

    Return the bytes behind each header, key included, and where the last frame ends.
    """
    frame_size = 2 + key_size + (data[pos + 1] & ~MASKED)
    probe = pos + (_BLOCK - 1) * frame_size  # the last header of the first block
    if probe >= len(data) or frame_size >= 2 + key_size + _LENGTH_16:
        return None
    if data[probe : probe + 2] != data[pos : pos + 2]:  # tells most other streams apart
        return None
    whole = pos + min(len(data) - pos, _RUN_SIZE) // frame_size * frame_size
    alike = min(_count_alike(data[pos + i : whole : frame_size]) for i in range(2))
    if alike < _BLOCK:
        return None
    stop = pos + alike * frame_size
    return _cut_fields(data[pos:stop], 2, frame_size - 2), stop


def _count_alike(column: bytes) -> int:
    """Count the bytes at the start that are equal."""
    return len(column) - len(column.lstrip(column[:1]))


def _cut_fields(data: bytes, skipped: int, size: int) -> list[bytes]:
    """Cut data into fields of one size, each of them behind some bytes that are skipped."""
    field = f"{skipped}x{size}s"
    end = len(data) - len(data) % (_BLOCK * (skipped + size))
    blocks = Struct(field * _BLOCK).iter_unpack(data[:end])
    rest = Struct(field).iter_unpack(data[end:])
    return list(chain.from_iterable(chain(blocks, rest)))


def _unmask(bodies: list[bytes]) -> list[bytes]:
    """Return the payloads of masked frames, each of them given behind its key."""
    if len(bodies) == 1:
        return [apply_mask(bodies[0][_KEY_SIZE:], bodies[0][:_KEY_SIZE])]
    # All are unmasked as one string, with their keys: a key masked with itself gives zeros.
    sizes = list(map(len, bodies))
    masked = b"".join(bodies)
    if _are_many_of_one_size(sizes):
        size = sizes[0]
        keys = [masked[octet::size] for octet in range(_KEY_SIZE)]
        plain = xor(masked, _repeat_keys(keys, len(sizes), 0, size))
        return _cut_fields(plain, _KEY_SIZE, size - _KEY_SIZE)
    mask = [
        (body[:_KEY_SIZE] * (size // _KEY_SIZE + 1))[:size]
        for body, size in zip(bodies, sizes, strict=True)
    ]
    plain = xor(masked, b"".join(mask))
    return [
        plain[stop - size + _KEY_SIZE : stop]
        for size, stop in zip(sizes, accumulate(sizes), strict=True)
    ]


def _are_many_of_one_size(sizes: list[int]) -> bool:
    """Return True if ``_repeat_keys`` is the faster way: it takes a step for each column."""
    return len(sizes) > 2 * sizes[0] and sizes.count(sizes[0]) == len(sizes)


def _repeat_keys(keys: Sequence[bytes], count: int, skipped: int, size: int) -> bytes:
    """Return a mask: for each key, some zeros and then the key repeated up to a size.

    ``keys`` are the first octets of all keys, the second ones, and so on. The mask is written by
    columns, like a table, which takes 40; repeating each key and cutting it takes 210.
    """
    mask = bytearray(count * (skipped + size))
    for column in range(size):
        mask[skipped + column :: skipped + size] = keys[column % _KEY_SIZE]
    return bytes(mask)


class _HeadersByLength(dict[int, bytes]):
    """Headers of whole messages by the length of the payload, without a mask key."""

    def __init__(self, first_byte: int, mask_bit: int) -> None:
        self._bits = first_byte, mask_bit
        super().__init__({length: self[length] for length in range(_LENGTH_16)})

    def __missing__(self, length: int) -> bytes:
        return build_header(*self._bits, length, shortest_length_form(length))


def _headers(mask_bit: int) -> dict[int, _HeadersByLength]:
    return {
        opcode: _HeadersByLength(FIN | opcode, mask_bit) for opcode in (Opcode.TEXT, Opcode.BINARY)
    }


_MASKED_HEADERS = _headers(MASKED)
_UNMASKED_HEADERS = _headers(0)
_MOST_TOGETHER = 4096  # bytes of a payload, above which masking many at once saves nothing


def encode_masked(opcode: int, payloads: Sequence[bytes]) -> bytes:
    """Encode whole messages as a client does, each frame masked with a fresh key (§5.3)."""
    headers = _MASKED_HEADERS[opcode]
    random = os.urandom(_KEY_SIZE * len(payloads))
    if len(payloads) == 1:
        (payload,) = payloads
        return b"".join((headers[len(payload)], random, apply_mask(payload, random)))
    sizes = list(map(len, payloads))
    if sizes and _are_many_of_one_size(sizes):
        return _mask_equal(headers[sizes[0]], random, payloads)
    keys = _cut_fields(random, 0, _KEY_SIZE)
    if max(sizes, default=0) <= _MOST_TOGETHER:
        return _mask_together([headers[size] for size in sizes], keys, payloads, sizes)
    return b"".join(
        [
            part
            for payload, key in zip(payloads, keys, strict=True)
            for part in (headers[len(payload)], key, apply_mask(payload, key))
        ]
    )


# Where many frames are masked as one string, it has zeros in the places of the keys: masked, they
# become the keys. The headers are masked with zeros.


def _mask_equal(header: bytes, random: bytes, payloads: Sequence[bytes]) -> bytes:
    """Mask many payloads of one size: 340, against 650 in ``_mask_together``."""
    before = header + bytes(_KEY_SIZE)
    size = _KEY_SIZE + len(payloads[0])
    keys = [random[octet::_KEY_SIZE] for octet in range(_KEY_SIZE)]
    mask = _repeat_keys(keys, len(payloads), len(header), size)
    return xor(before + before.join(payloads), mask)


def _mask_together(
    headers: list[bytes], keys: list[bytes], payloads: Sequence[bytes], sizes: list[int]
) -> bytes:
    plain = [bytes(_KEY_SIZE)] * (3 * len(sizes))
    plain[0::3] = headers
    plain[2::3] = payloads
    mask = [b""] * (2 * len(sizes))
    mask[0::2] = [_ZEROS[len(header)] for header in headers]
    mask[1::2] = [
        (key * (size // _KEY_SIZE + 2))[: size + _KEY_SIZE]
        for key, size in zip(keys, sizes, strict=True)
    ]
    return xor(b"".join(plain), b"".join(mask))


_ZEROS = [bytes(size) for size in range(5)]


def encode_unmasked(opcode: int, payloads: Sequence[bytes]) -> bytes:
    """Encode whole messages as a server does."""
    headers = _UNMASKED_HEADERS[opcode]
    return b"".join([headers[len(payload)] + payload for payload in payloads])
