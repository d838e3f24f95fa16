"""One feed by polling, by long polling and by WebSocket, at once: what each update costs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import NamedTuple

from wscli.apps import demo
from wscli.apps.env import Env
from wscli.apps.figures import percentile
from wscli.apps.report import report, say
from wscli.errors import ConnectError, ExitStatus, UsageError, WscliError
from wscli.net.fetch import Fetcher
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.net.url import Url, parse_url
from wscli.server.endpoints.ticks import KEPT
from wscli.session.bus import Batch, Bus, Sink
from wscli.session.connect import open_session
from wscli.session.end import error_of
from wscli.sinks.output import Output
from wscli.wire.events import Messages
from wscli.wire.frames import Frame

POLLING = (("poll 100ms", 0.1), ("poll 1s", 1.0))
"""The ways to poll: a name, and the seconds from one poll to the next."""

_SHORTEST = 2 * max(every for _, every in POLLING) / KEPT
"""Seconds between updates of which half as many come from poll to poll as can be polled."""


class CompareOptions(NamedTuple):
    """Where the feed is, the seconds between its updates, and how many of them to compare."""

    url: str
    connect: ConnectOptions = ConnectOptions()
    interval: float = 0.43
    updates: int = 30
    as_json: bool = False


class Tick(NamedTuple):
    """An update: its number, and when it was due, in seconds since the epoch."""

    number: int
    due: float


class Tally:
    """What one way has cost: requests, bytes on the wire, and the latency of each update."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.requests = 0
        self.bytes_out = 0
        self.bytes_in = 0
        self.latencies: list[float] = []

    def deliver(self, tick: Tick, now: float) -> None:
        """Take note of an update that has come."""
        self.latencies.append(now - tick.due)

    def latency(self, percent: int) -> float:
        """Return the latency, in seconds, that so many of a hundred updates do not exceed."""
        return percentile(sorted(self.latencies), percent)


class Feed(NamedTuple):
    """The stretch of the feed that is compared: ticks ``first`` to ``last``."""

    base: Url
    options: CompareOptions
    env: Env
    first: int
    last: int

    def target(self, path: str, **query: int) -> str:
        """Return what to ask the server for."""
        values = {"interval": f"{self.options.interval:g}", **query}
        listed = "&".join(f"{name}={value}" for name, value in values.items())
        return f"{self.base.target.rstrip('/')}/{path}?{listed}"

    def fetcher(self) -> Fetcher:
        """Return a new HTTP connection."""
        return Fetcher(self.base, self.options.connect, self.env.clock, self.env.environ)


def run(options: CompareOptions, env: Env) -> ExitStatus:
    """Compare, print the table, and return the exit status."""
    try:
        _check(options)
        with demo.resolve(options.url) as url:
            if env.stderr_tty and not options.as_json:
                say(env, f"wscli: comparing for {options.interval * options.updates:.0f} s …")
            feed = _begin(Feed(parse_url(url), options, env, 0, 0))
            works = [partial(_poll, feed, name, every) for name, every in POLLING]
            tallies = _at_once([*works, partial(_long_poll, feed), partial(_listen, feed)])
    except WscliError as error:
        report(error, env)
        return error.status
    write = _json_lines if options.as_json else _table
    Output(env.stdout).write("".join(f"{line}\n" for line in write(feed, tallies)).encode())
    return ExitStatus.OK


def _check(options: CompareOptions) -> None:
    if options.interval < _SHORTEST:
        raise UsageError(
            f"who polls each second misses updates that come every {options.interval * 1000:g} ms",
            f"the last {KEPT} can be polled",
            f"--interval {_SHORTEST * 1000:g}ms, or more",
        )


def _begin(feed: Feed) -> Feed:
    """Wait for a tick, so that there is an interval's time to connect before the first."""
    fetcher = feed.fetcher()
    try:
        ticks: list[Tick] = []
        while not ticks:
            ticks = _read_ticks(fetcher.get(feed.target("longpoll")).body)
    finally:
        fetcher.close()
    now = ticks[-1].number
    return feed._replace(first=now + 1, last=now + feed.options.updates)


def _read_ticks(text: bytes) -> list[Tick]:
    """Read a list of updates, or one."""
    try:
        read = json.loads(text)
        return [
            Tick(int(each["tick"]), datetime.fromisoformat(each["time"]).timestamp())
            for each in (read if isinstance(read, list) else [read])
        ]
    except (ValueError, TypeError, LookupError, RecursionError):
        shown = text[:200].decode(errors="replace")
        raise ConnectError(
            "what came is no update of a feed", shown, "the other end must be `wscli serve`"
        ) from None


def _at_once(works: Sequence[Callable[[], Tally]]) -> list[Tally]:
    """Do each in a thread of its own; return the results, or raise the first error."""
    with ThreadPoolExecutor(len(works)) as pool:
        doing = [pool.submit(work) for work in works]
    return [done.result() for done in doing]


def _poll(feed: Feed, way: str, every: float) -> Tally:
    clock, pause = feed.env.clock, threading.Event()
    due = clock.monotonic()

    def wait() -> None:
        nonlocal due
        due += every
        pause.wait(max(0.0, due - clock.monotonic()))

    return _fetch_all(feed, Tally(way), "poll", wait)


def _long_poll(feed: Feed) -> Tally:
    return _fetch_all(feed, Tally("long poll"), "longpoll", lambda: None)


def _fetch_all(feed: Feed, tally: Tally, path: str, wait: Callable[[], None]) -> Tally:
    fetcher = feed.fetcher()
    known = feed.first - 1
    try:
        while known < feed.last:
            wait()
            fetched = fetcher.get(feed.target(path, since=known))
            now = feed.env.clock.time()
            tally.requests += 1
            tally.bytes_out += fetched.sent
            tally.bytes_in += fetched.received
            for tick in _read_ticks(fetched.body):
                if tick.number != known + 1:
                    raise _missed(tally, known + 1, tick.number)
                known = tick.number
                if known <= feed.last:
                    tally.deliver(tick, now)
    finally:
        fetcher.close()
    return tally


def _missed(tally: Tally, expected: int, came: int) -> ConnectError:
    """Return the error that a way has not got every update, and so is not to be compared."""
    return ConnectError(
        f"{tally.way} missed updates: {expected} was next, and {came} came",
        hint="a longer --interval, or a machine with less to do",
    )


def _listen(feed: Feed) -> Tally:
    url = str(feed.base._replace(target=feed.target("ticks", count=feed.options.updates)))
    sink = _TickSink(Tally("WebSocket"))
    clock, environ = feed.env.clock, feed.env.environ
    session = open_session(url, feed.options.connect, clock=clock, environ=environ, bus=Bus([sink]))
    session.start()
    while session.end is None:
        session.turn()
    error = error_of(session.end)
    if error is not None:
        raise error
    return sink.tally


class _TickSink(Sink):
    """Counts the bytes of handshake and frames, and notes the ticks as they come."""

    wants_frames = True
    wants_outgoing = True

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def opened(self, opening: Opening, time: float, elapsed: float) -> None:
        self.tally.requests += 1
        self.tally.bytes_out += len(opening.request.raw) if opening.request else 0
        self.tally.bytes_in += len(opening.response.raw) if opening.response else 0

    def batch(self, batch: Batch) -> None:
        size = sum(item.wire_size for item in batch.items if isinstance(item, Frame))
        if not batch.incoming:
            self.tally.bytes_out += size
            return
        self.tally.bytes_in += size
        for item in batch.items:
            if isinstance(item, Messages):
                for payload in item.payloads:
                    for tick in _read_ticks(payload):
                        self.tally.deliver(tick, batch.time)


def _json_lines(feed: Feed, tallies: Sequence[Tally]) -> list[str]:
    lines = []
    for tally in tallies:
        fields = {
            "event": "comparison",
            "way": tally.way,
            "interval": feed.options.interval,
            "updates": len(tally.latencies),
            "requests": tally.requests,
            "bytes_out": tally.bytes_out,
            "bytes_in": tally.bytes_in,
            "latency_median": round(tally.latency(50), 6),
            "latency_p99": round(tally.latency(99), 6),
        }
        lines.append(json.dumps(fields, separators=(",", ":")))
    return lines


def _table(feed: Feed, tallies: Sequence[Tally]) -> list[str]:
    titles = (
        "for each update",
        "requests",
        "bytes out",
        "bytes in",
        "median latency",
        "p99 latency",
    )
    rows = [titles, *map(_row, tallies)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
    every = f"{feed.options.interval * 1000:g} ms"
    lines = [f"{feed.options.updates} updates of {feed.base}, one every {every}", ""]
    for first, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("   ".join([first.ljust(widths[0]), *cells]))
    return lines


def _row(tally: Tally) -> tuple[str, ...]:
    count = len(tally.latencies)
    return (
        tally.way,
        f"{tally.requests / count:.2f}",
        f"{tally.bytes_out / count:,.1f}",
        f"{tally.bytes_in / count:,.1f}",
        f"{tally.latency(50) * 1000:.1f} ms",
        f"{tally.latency(99) * 1000:.1f} ms",
    )
