"""Masking (RFC 6455 §5.3): XOR with a key of four bytes, done as one large integer.

Python has no XOR of byte strings, but a fast one of integers of any size: a loop over the bytes
takes forty times as long. A C extension would be faster still, but wscli is pure Python, so that
it installs everywhere.

The frames of a batch are masked, and unmasked, as one string: a few operations for all of them
instead of microseconds for each. Figures in the comments are nanoseconds for a message of 64 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from struct import Struct

KEY_SIZE = 4

_BLOCK = 16  # fields of one size that are cut by one call

# Bytes of a payload, above which masking many at once saves nothing: the cost of the call is then
# small beside that of the bytes, and joining them all needs their memory once more.
_MAX_TOGETHER = 4096

_ZEROS = [bytes(size) for size in range(5)]  # by the size of a header, which is 2 or 4 bytes here


def apply_mask(data: bytes, key: bytes, offset: int = 0) -> bytes:
    """Mask or unmask ``data``, which starts ``offset`` bytes into its frame's payload."""
    if not data:
        return b""
    # "j = i MOD 4" (§5.3), where i counts from the start of the frame's payload, not of ``data``.
    turn = offset % 4
    rotated = key[turn:] + key[:turn]
    return xor(data, (rotated * (len(data) // 4 + 1))[: len(data)])


def xor(data: bytes, mask: bytes) -> bytes:
    """XOR two byte strings of the same length."""
    return (int.from_bytes(data, "little") ^ int.from_bytes(mask, "little")).to_bytes(
        len(data), "little"
    )


def unmask_frames(bodies: list[bytes]) -> list[bytes]:
    """Return the payloads of frames; a body is a mask key followed by the masked payload."""
    if len(bodies) == 1:
        return [apply_mask(bodies[0][KEY_SIZE:], bodies[0][:KEY_SIZE])]
    # All are unmasked as one string, and the keys with them, so that they need not be cut out
    # first: a key masked with itself gives zeros, which are skipped afterwards.
    sizes = list(map(len, bodies))
    masked = b"".join(bodies)
    if _are_many_of_one_size(sizes):
        size = sizes[0]
        keys = [masked[octet::size] for octet in range(KEY_SIZE)]
        plain = xor(masked, _repeat_keys(keys, len(sizes), 0, size))
        return cut_fields(plain, KEY_SIZE, size - KEY_SIZE)
    mask = [
        (body[:KEY_SIZE] * (size // KEY_SIZE + 1))[:size]
        for body, size in zip(bodies, sizes, strict=True)
    ]
    plain = xor(masked, b"".join(mask))
    return [
        plain[stop - size + KEY_SIZE : stop]
        for size, stop in zip(sizes, accumulate(sizes), strict=True)
    ]


def mask_frames(headers: dict[int, bytes], random: bytes, payloads: Sequence[bytes]) -> bytes:
    """Return the frames of these payloads, each with its header and a key of its own.

    ``headers`` has the header for each length, and ``random`` four octets for each key.
    """
    sizes = list(map(len, payloads))
    if sizes and _are_many_of_one_size(sizes):
        return _mask_equal(headers[sizes[0]], random, payloads)
    keys = cut_fields(random, 0, KEY_SIZE)
    if max(sizes, default=0) <= _MAX_TOGETHER:
        return _mask_together([headers[size] for size in sizes], keys, payloads, sizes)
    return b"".join(
        [
            part
            for payload, key in zip(payloads, keys, strict=True)
            for part in (headers[len(payload)], key, apply_mask(payload, key))
        ]
    )


# When many frames are masked as one string, the string has zeros in place of the keys, which become
# the keys when they are masked with them. The headers are masked with zeros, which changes nothing.


def _mask_equal(header: bytes, random: bytes, payloads: Sequence[bytes]) -> bytes:
    """Mask many payloads of one size: 340 ns each, against 650 in ``_mask_together``."""
    before = header + bytes(KEY_SIZE)
    size = KEY_SIZE + len(payloads[0])
    keys = [random[octet::KEY_SIZE] for octet in range(KEY_SIZE)]
    mask = _repeat_keys(keys, len(payloads), len(header), size)
    return xor(before + before.join(payloads), mask)


def _mask_together(
    headers: list[bytes], keys: list[bytes], payloads: Sequence[bytes], sizes: list[int]
) -> bytes:
    # Slices fill the lists in C; a loop in Python would run its steps for each frame.
    plain = [bytes(KEY_SIZE)] * (3 * len(sizes))
    plain[0::3] = headers
    plain[2::3] = payloads
    mask = [b""] * (2 * len(sizes))
    mask[0::2] = [_ZEROS[len(header)] for header in headers]
    mask[1::2] = [
        (key * (size // KEY_SIZE + 2))[: size + KEY_SIZE]
        for key, size in zip(keys, sizes, strict=True)
    ]
    return xor(b"".join(plain), b"".join(mask))


def _are_many_of_one_size(sizes: list[int]) -> bool:
    """Return True if ``_repeat_keys`` is the faster way: it takes one step for each column."""
    return len(sizes) > 2 * sizes[0] and sizes.count(sizes[0]) == len(sizes)


def _repeat_keys(keys: Sequence[bytes], count: int, skipped: int, size: int) -> bytes:
    """Return a mask for many frames: for each, ``skipped`` zeros and then its key, repeated.

    ``keys`` has four strings: the first octets of all keys, then the second ones, and so on.
    ``size`` is the number of bytes that each key is repeated to.
    """
    # The frames are the rows of a table, and every column has one octet of each key. So the mask is
    # written column by column, which takes 40; repeating and cutting each key takes 210.
    mask = bytearray(count * (skipped + size))
    for column in range(size):
        mask[skipped + column :: skipped + size] = keys[column % KEY_SIZE]
    return bytes(mask)


def cut_fields(data: bytes, skipped: int, size: int) -> list[bytes]:
    """Cut data into fields of one size, with ``skipped`` bytes before each of them."""
    # Struct cuts in C. A format of 16 fields saves the tuple that each field would come in.
    field = f"{skipped}x{size}s"
    end = len(data) - len(data) % (_BLOCK * (skipped + size))
    blocks = Struct(field * _BLOCK).iter_unpack(data[:end])
    rest = Struct(field).iter_unpack(data[end:])
    return list(chain.from_iterable(chain(blocks, rest)))
