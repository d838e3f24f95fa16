"""Plots for a terminal or a text file, of block characters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from wscli.sinks.human.palette import Palette
from wscli.sinks.replies import Distribution
from wscli.sinks.series import TrafficSeries
from wscli.text import clock_time, show_duration, show_size

_UP = " ▁▂▃▄▅▆▇█"
_RIGHT = " ▏▎▍▌▋▊▉█"
_ROWS = 5  # of a plot over time
_LABEL = 12  # columns left of a plot
_MOST_COLUMNS = 72
_BARS = 40  # columns of the longest bar of a histogram


def plot_traffic(series: TrafficSeries, palette: Palette, width: int) -> Iterator[str]:
    """Yield lines that show messages and bytes a second over time, in each direction."""
    columns = max(10, min(width - _LABEL - 2, _MOST_COLUMNS))
    for incoming, style, word in ((False, "out", "sent"), (True, "in", "received")):
        traffic = series.traffic(incoming=incoming, columns=columns)
        if not any(traffic.messages):
            continue
        rates = [count / traffic.width for count in traffic.messages]
        yield from _plot(f"messages/s {word}", rates, _show_count, palette, style)
        yield from _time_axis(series, len(rates))
        rates = [size / traffic.width for size in traffic.size]
        yield from _plot(f"bytes/s {word}", rates, _show_bytes, palette, style)
        yield from _time_axis(series, len(rates))


def _plot(
    title: str,
    values: Sequence[float],
    show: Callable[[float], str],
    palette: Palette,
    style: str,
) -> Iterator[str]:
    yield ""
    yield palette.paint("bold", title)
    most = max(values)
    heights = [round(value / most * _ROWS * 8) for value in values]
    # A value that rounds to nothing is still visible.
    heights = [height or (value > 0) for height, value in zip(heights, values, strict=True)]
    for row in range(_ROWS - 1, -1, -1):
        bars = "".join(_UP[max(0, min(8, height - 8 * row))] for height in heights)
        label = show(most) if row == _ROWS - 1 else ""
        mark = "┤" if label else "│"
        yield f"{label:>{_LABEL}} {mark}{palette.paint(style, bars.rstrip())}"


def _time_axis(series: TrafficSeries, columns: int) -> Iterator[str]:
    start, span = series.start or 0.0, series.last - (series.start or 0.0)
    first, last = clock_time(start), f"+{show_duration(span)}"
    yield f"{'0':>{_LABEL}} └{'─' * columns}"
    yield f"{'':>{_LABEL}}  {first}{last:>{max(columns - len(first), len(last) + 1)}}"


def plot_times(times: Distribution, palette: Palette) -> Iterator[str]:
    """Yield lines with the distribution of reply times, and a histogram."""
    shares = [("median", 0.5), ("95%", 0.95), ("99%", 0.99)]
    figures = [f"min {show_duration(times.least)}"]
    figures += [f"{name} {show_duration(times.quantile(share))}" for name, share in shares]
    figures.append(f"max {show_duration(times.most)}")
    replies = f"{times.count:,} {'reply' if times.count == 1 else 'replies'}"
    yield ""
    yield palette.paint("bold", f"reply times of {replies}")
    yield f"{'':>{_LABEL}}  {', '.join(figures)}"
    bins = [(low, times.between(low, high)) for low, high in pairwise(_edges(times))]
    most = max(count for _, count in bins)
    for low, count in bins:
        bar = palette.paint("in", _bar(count / most))
        yield f"{'from ' + _show_edge(low):>{_LABEL}} │{bar} {count:,}".rstrip()


def _edges(times: Distribution) -> list[float]:
    """Return 1, 2, 5, 10, 20 … of a unit, so that all times are between the first and the last."""
    edges = [digit * 10.0**power for power in range(-6, 6) for digit in (1, 2, 5)]
    first = max((at for at, edge in enumerate(edges) if edge <= times.least), default=0)
    end = next((at for at, edge in enumerate(edges) if edge > times.most * 1.05), len(edges) - 1)
    return edges[first : end + 1]


def _bar(share: float) -> str:
    eighths = max(round(share * _BARS * 8), 1) if share else 0
    return "█" * (eighths // 8) + _RIGHT[eighths % 8].strip()


def _show_edge(seconds: float) -> str:
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.0f} s"


def _show_count(rate: float) -> str:
    return f"{rate:,.1f}" if rate < 10 else f"{rate:,.0f}"


def _show_bytes(rate: float) -> str:
    return show_size(round(rate))
