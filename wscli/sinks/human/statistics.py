"""The numbers of a session, as a table for people: ``/stats``."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from wscli.sinks.stats import RECENT, Stats, Tally
from wscli.text import show_size, show_time

_LABEL = 16
_COLUMN = 22


def describe_stats(stats: Stats, now: float) -> list[str]:
    """Return the lines of a table: messages and bytes in each direction, then the overhead."""
    seconds = stats.time_open(now)
    rows = [_row("", "sent", "received")]
    rows += _each_way(stats, seconds, now)
    rows += [_row(label, text) for label, text in _overall(stats, seconds)]
    return rows


def describe_recorded(stats: Stats, now: float) -> list[str]:
    """Return the lines of a table for a recording, which may lack frames."""
    seconds = stats.time_since_start(now)
    tallies = stats.outgoing, stats.incoming
    rows = [_row("", "sent", "received")]
    rows += _payloads(tallies)
    if any(tally.frames for tally in tallies):
        rows += _wire(tallies)
    rows += _average(tallies, seconds)
    connections = f", {stats.connections} connections" if stats.connections > 1 else ""
    rows.append(_row("time", f"{show_time(seconds)}{connections}"))
    if stats.rtts:
        rows.append(_row("round trip", _round_trips(stats.rtts)))
    return rows


def _each_way(stats: Stats, seconds: float, now: float) -> Iterator[str]:
    tallies = stats.outgoing, stats.incoming
    yield from _payloads(tallies)
    yield from _wire(tallies)
    yield from _average(tallies, seconds)
    since = stats.time_since_start(now)
    recent = f"{RECENT} s" if since >= RECENT else f"{since:.1f} s"
    yield _row(f"rate, last {recent}", *(_rate(*tally.rates(now, since)) for tally in tallies))


def _payloads(tallies: tuple[Tally, Tally]) -> Iterator[str]:
    yield _row("messages", *(f"{tally.messages:,}" for tally in tallies))
    yield _row("payload", *(show_size(tally.payload) for tally in tallies))


def _wire(tallies: tuple[Tally, Tally]) -> Iterator[str]:
    yield _row("frames", *(_frames(tally) for tally in tallies))
    yield _row("frame headers", *(_overhead(tally) for tally in tallies))
    # Without permessage-deflate the row would say "none" twice.
    if any(tally.after for tally in tallies):
        yield _row("compressed to", *(_compression(tally) for tally in tallies))


def _average(tallies: tuple[Tally, Tally], seconds: float) -> Iterator[str]:
    if seconds:
        average = [(tally.messages / seconds, tally.payload / seconds) for tally in tallies]
        yield _row("rate, overall", *(_rate(*rate) for rate in average))


def _overall(stats: Stats, seconds: float) -> Iterator[tuple[str, str]]:
    # The upgrade counts as overhead of WebSocket: over HTTP there would be none.
    took = stats.incoming.headers + stats.outgoing.headers + stats.upgrades
    yield "all headers", f"{show_size(took)}, including {show_size(stats.upgrades)} for the upgrade"
    if cost := stats.http_cost():
        yield "as HTTP requests", f"{show_size(cost)}, {cost / max(1, took):.1f} times as much"
    yield "round trip", _round_trips(stats.rtts)
    again = f", in {stats.connections} connections" if stats.connections > 1 else ""
    yield "time open", f"{show_time(seconds)}{again}"


def _round_trips(rtts: Collection[float]) -> str:
    if not rtts:
        return "not measured; /ping measures it"
    figures = [min(rtts), sum(rtts) / len(rtts), max(rtts)]
    shown = "/".join(f"{rtt * 1000:.2f}" for rtt in figures)
    return f"min/avg/max {shown} ms, of {len(rtts):,} ping{'s' * (len(rtts) > 1)}"


def _frames(tally: Tally) -> str:
    control = f" ({tally.control_frames:,} control)" if tally.control_frames else ""
    return f"{tally.frames:,}{control}"


def _overhead(tally: Tally) -> str:
    # A share of the payloads as they were sent: compression makes the headers count for more.
    payload = tally.on_wire + tally.control
    share = f" ({100 * tally.headers / payload:.1f}%)" if payload else ""
    return f"{show_size(tally.headers)}{share}"


def _compression(tally: Tally) -> str:
    if not tally.after:
        return "none"
    return f"{show_size(tally.after)} ({100 * tally.after / max(1, tally.before):.0f}%)"


def _rate(messages: float, size: float) -> str:
    return f"{messages:,.1f}/s, {show_size(round(size))}/s"


def _row(label: str, *cells: str) -> str:
    return (f"{label:<{_LABEL}}" + "".join(f"  {cell:<{_COLUMN}}" for cell in cells)).rstrip()
