"""Numbers of bytes as people read them."""

from __future__ import annotations


def show_size(size: int) -> str:
    """Write a number of bytes with a unit, in at most eight characters."""
    amount, units = float(size), ["B", "KiB", "MiB", "GiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    if size < 1024:
        return f"{size} B"
    return f"{amount:.1f} {units[0]}" if amount < 100 else f"{amount:.0f} {units[0]}"
