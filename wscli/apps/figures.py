"""Figures of a sample, as more than one command prints them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the value below or at which so much of a sorted sample is (nearest rank)."""
    return ordered[max(1, math.ceil(percent * len(ordered) / 100)) - 1]
