"""Masking (RFC 6455 §5.3): XOR with a key of four bytes, done as one large integer."""

from __future__ import annotations


def apply_mask(data: bytes, key: bytes, offset: int = 0) -> bytes:
    """Mask or unmask ``data``, which starts ``offset`` bytes into its frame's payload."""
    if not data:
        return b""
    turn = offset % 4
    rotated = key[turn:] + key[:turn]
    return xor(data, (rotated * (len(data) // 4 + 1))[: len(data)])


def xor(data: bytes, mask: bytes) -> bytes:
    """XOR two byte strings of the same length."""
    return (int.from_bytes(data, "little") ^ int.from_bytes(mask, "little")).to_bytes(
        len(data), "little"
    )
