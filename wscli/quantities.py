"""Durations and sizes as people write them: on a command line, in a query, in a file."""

from __future__ import annotations

import re

# [0-9] and not \d, which also matches digits of other scripts.
_DURATION = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ms|s|m|h)?"
_SECONDS = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0, "h": 3600.0}
_MAX_DURATION = 100 * 365 * 86400.0  # seconds; system calls reject durations that are much longer
_SIZE = r"([0-9]+)([kKmMgG]|B|kB|KB|KiB|MB|MiB|GB|GiB)?"
_MAX_SIZE = (1 << 63) - 1  # bytes; the largest length of a frame (RFC 6455 §5.2)
_BYTES = {
    None: 1,
    "B": 1,
    "k": 1 << 10,  # a letter alone is a power of 1024 in either case, as in curl
    "K": 1 << 10,
    "m": 1 << 20,
    "M": 1 << 20,
    "g": 1 << 30,
    "G": 1 << 30,
    "kB": 1000,
    "KB": 1000,
    "KiB": 1 << 10,
    "MB": 1000**2,
    "MiB": 1 << 20,
    "GB": 1000**3,
    "GiB": 1 << 30,
}


def parse_duration(text: str) -> float:
    """Parse ``500ms``, ``2s``, ``1m`` or a bare number of seconds; return seconds.

    Raises:
        ValueError: with the valid forms.
    """
    match = re.fullmatch(_DURATION, text)
    if match is None:
        raise ValueError(f"{_shorten(text)} is not a duration; write 500ms, 2s or 1m")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _MAX_DURATION:
        raise ValueError(f"{_shorten(text)} is too long; a duration is at most 100 years")
    return seconds


def parse_size(text: str) -> int:
    """Parse ``10k``, ``64KiB``, ``1M``, ``16MiB`` or a bare number of bytes; return bytes.

    ``k``, ``M`` and ``G`` mean ``KiB``, ``MiB`` and ``GiB``, as in curl; ``kB`` is 1,000 bytes.

    Raises:
        ValueError: with the valid forms.
    """
    match = re.fullmatch(_SIZE, text)
    if match is None:
        raise ValueError(
            f"{_shorten(text)} is not a size; write 10k, 64KiB, 16MiB or a number of bytes"
        )
    # The digits are counted first: int() raises an error for more than 4,300 of them.
    if len(match[1]) > 19 or (size := int(match[1]) * _BYTES[match[2]]) > _MAX_SIZE:
        raise ValueError(f"{_shorten(text)} is too large; write 10k, 64KiB or 16MiB")
    return size


# An error of one line, however long the argument is.
def _shorten(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")
