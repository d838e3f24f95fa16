"""Durations and sizes as people write them: on a command line, in a query, in a file."""

from __future__ import annotations

import re

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


def parse_duration(text: str) -> float:
    """Read ``500ms``, ``2s``, ``1m`` or a bare number of seconds; return seconds.

    Raises:
        ValueError: with what to write instead.
    """
    match = re.fullmatch(_DURATION, text)
    if match is None:
        raise ValueError(f"{text!r} is no duration; write 500ms, 2s or 1m")
    return float(match[1]) * _SECONDS[match[2]]


def parse_size(text: str) -> int:
    """Read ``64KiB``, ``16MiB`` or a bare number of bytes; return bytes.

    Raises:
        ValueError: with what to write instead.
    """
    match = re.fullmatch(_SIZE, text)
    if match is None:
        raise ValueError(f"{text!r} is no size; write 64KiB, 16MiB or a number of bytes")
    return int(match[1]) * _BYTES[match[2]]
