"""Time as it is written in recordings, events and lines: RFC 3339, UTC, microseconds."""

from __future__ import annotations

import time


def iso_time(seconds: float) -> str:
    """Write seconds since the epoch as ``2026-01-31T12:00:00.123456Z``."""
    whole, micro = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{micro:06d}Z"
