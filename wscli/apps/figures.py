"""Figures of a sample that more than one command prints."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return a percentile of a sorted sample, by nearest rank: always one of its values."""
    # Not interpolated: with few values, a p99 between the two largest would be a time that no
    # message took.
    return ordered[max(1, math.ceil(percent * len(ordered) / 100)) - 1]
