"""Compare the cost of one feed by polling, by long polling and by WebSocket, all at once.

Each way follows the feed in a thread of its own, and writes to a ``DeliveryTally`` of its own; the
main thread shows the progress, collects the outcomes and prints the table. They run at the same
time so that all of them see the same updates, and the same load on the machine.

A latency is the time from when an update was due, by the server's clock, to when it had arrived, by
ours. So the delay of a poll counts in full, and both ends must have the same clock.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import NamedTuple, Self

from wscli.apps import demo
from wscli.apps.env import Env
from wscli.apps.figures import percentile
from wscli.apps.report import report, say
from wscli.errors import ConnectError, UsageError, WscliError
from wscli.net.fetch import Fetcher
from wscli.net.options import ConnectOptions
from wscli.net.url import Url, parse_url
from wscli.server.endpoints.ticks import KEPT
from wscli.session.connect import open_driver
from wscli.session.end import error_of
from wscli.session.events import Batch, Opened
from wscli.session.pipeline import Bus, Sink
from wscli.sinks.output import Output
from wscli.status import ExitStatus, status_of
from wscli.wire.events import Messages
from wscli.wire.frames import Frame

POLLING = (("poll 100ms", 0.1), ("poll 1s", 1.0))
"""The ways to poll: a name, and the seconds from one poll to the next."""

_REFRESH = 0.2  # seconds between two updates of the progress line

_SHORTEST = 2 * max(every for _, every in POLLING) / KEPT
"""The shortest interval of the feed, in seconds.

The server keeps the last ``KEPT`` updates for polling. At this interval, half of that many come
between two of the slowest polls, so a poll may be late by as much again and still miss nothing.
"""


class CompareOptions(NamedTuple):
    """The URL of the server, the seconds between updates, and the number of updates to compare."""

    url: str
    connect: ConnectOptions = ConnectOptions()
    interval: float = 0.43
    updates: int = 30
    as_json: bool = False


class Tick(NamedTuple):
    """An update: its number, and the time at which it was due, in seconds since the epoch."""

    number: int
    due: float


class DeliveryTally:
    """The cost of one method: requests, bytes on the wire, and the latency of each update."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.requests = 0
        self.bytes_out = 0
        self.bytes_in = 0
        self.latencies: list[float] = []

    def deliver(self, tick: Tick, now: float) -> None:
        """Record an update that has arrived."""
        self.latencies.append(now - tick.due)

    def latency(self, percent: int) -> float:
        """Return a percentile of the latency, in seconds."""
        return percentile(sorted(self.latencies), percent)


class ComparedFeed(NamedTuple):
    """The part of the feed that is compared: ticks ``first`` to ``last``.

    ``stop`` is set when the main thread no longer waits for the ways.
    """

    base: Url
    options: CompareOptions
    env: Env
    first: int
    last: int
    stop: threading.Event

    def target(self, path: str, **query: int) -> str:
        """Return the target to request."""
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
        with demo.resolve(options.url) as url, _Progress(options, env) as progress:
            feed = _begin(ComparedFeed(parse_url(url), options, env, 0, 0, threading.Event()))
            tallies = _at_once(_ways(feed), progress, feed.stop)
    except WscliError as error:
        report(error, env)
        return status_of(error)
    write = _json_lines if options.as_json else _table
    Output(env.stdout).write("".join(f"{line}\n" for line in write(feed, tallies)).encode())
    return ExitStatus.OK


def _check(options: CompareOptions) -> None:
    if options.interval < _SHORTEST:
        raise UsageError(
            f"polling once a second would miss updates every {options.interval * 1000:g} ms",
            f"the server keeps the last {KEPT} for polling",
            f"--interval {_SHORTEST * 1000:g}ms, or more",
        )


def _begin(feed: ComparedFeed) -> ComparedFeed:
    """Wait for a tick, and compare from the next one on."""
    # All ways then have nearly a whole interval to connect. Otherwise the one that connects last
    # would be late for the first update, or miss it.
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
    """Read one update (a WebSocket message), or a list of updates (a response to polling)."""
    try:
        read = json.loads(text)
        return [
            Tick(int(each["tick"]), datetime.fromisoformat(each["time"]).timestamp())
            for each in (read if isinstance(read, list) else [read])
        ]
    except (ValueError, TypeError, LookupError, RecursionError):
        shown = text[:200].decode(errors="replace")
        raise ConnectError(
            "the response is not an update of a feed", shown, "the other end must be `wscli serve`"
        ) from None


class Way(NamedTuple):
    """A way to get the feed: the tally of its costs, and the function that follows the feed."""

    tally: DeliveryTally
    follow: Callable[[DeliveryTally], None]


def _ways(feed: ComparedFeed) -> list[Way]:
    polling = [Way(DeliveryTally(name), partial(_poll, feed, every)) for name, every in POLLING]
    long_poll = Way(DeliveryTally("long poll"), partial(_long_poll, feed))
    return [*polling, long_poll, Way(DeliveryTally("WebSocket"), partial(_listen, feed))]


def _at_once(
    ways: Sequence[Way], progress: _Progress, stop: threading.Event
) -> list[DeliveryTally]:
    """Follow each way in a thread of its own; return the tallies.

    Raises:
        WscliError: as soon as one way fails.
    """
    tallies = [way.tally for way in ways]
    outcomes: SimpleQueue[Exception | None] = SimpleQueue()
    # Daemons that are not joined, unlike those of an executor: after a failure, another way may
    # still be waiting for a server that does not answer.
    for way in ways:
        threading.Thread(target=_follow, args=(way, outcomes), daemon=True).start()
    missing = len(ways)
    try:
        while missing:
            # The slowest way decides how much is left. Lists only grow, so no lock is needed to
            # read their lengths while the threads append.
            progress.show(min(len(tally.latencies) for tally in tallies))
            with suppress(Empty):
                outcome = outcomes.get(timeout=_REFRESH)
                if outcome is not None:
                    raise outcome
                missing -= 1
    finally:
        stop.set()
    return tallies


def _follow(way: Way, outcomes: SimpleQueue[Exception | None]) -> None:
    try:
        way.follow(way.tally)
    except WscliError as error:
        # The same server may answer one way and not another, so the error has to name it.
        error.what = f"{way.tally.way}: {error.what}"
        outcomes.put(error)
    except Exception as error:
        # A bug: the main thread raises it again, for the report that every bug gets. Here it would
        # end in a traceback on stderr, and the main thread would wait forever.
        outcomes.put(error)
    else:
        outcomes.put(None)


class _Progress:
    """A line on stderr, if that is a terminal: how many updates all ways have received."""

    def __init__(self, options: CompareOptions, env: Env) -> None:
        self._updates = options.updates
        self._seconds = options.interval * options.updates
        self._env = env
        self._output = Output(env.stderr, None)
        self._moves = env.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        # A dumb terminal cannot erase a line, so it gets one that stays.
        if self._env.stderr_tty:
            draw = self._draw if self._moves else partial(say, self._env)
            draw(f"wscli: comparing for {self._seconds:.0f} s …")
        return self

    def __exit__(self, *exc: object) -> None:
        self._draw("")

    def show(self, updates: int) -> None:
        """Redraw the line."""
        left = self._seconds * (1 - updates / self._updates)
        self._draw(f"wscli: {updates} of {self._updates} updates, {left:.0f} s left")

    def _draw(self, text: str) -> None:
        # One column less than the terminal has: a line that fills it would wrap, and the carriage
        # return would then begin in the row below. CSI K erases the rest of a longer line.
        if self._env.stderr_tty and self._moves:
            self._output.write(f"\r{text[: self._env.width - 1]}\x1b[K".encode())


def _poll(feed: ComparedFeed, every: float, tally: DeliveryTally) -> None:
    clock = feed.env.clock
    due = clock.monotonic()

    def wait() -> None:
        """Wait until the next poll is due."""
        nonlocal due
        # From due time to due time, so that slow responses do not make the polls rarer. ``stop``
        # ends the wait when another way has failed.
        due += every
        feed.stop.wait(max(0.0, due - clock.monotonic()))

    _fetch_all(feed, tally, "poll", wait)


def _long_poll(feed: ComparedFeed, tally: DeliveryTally) -> None:
    _fetch_all(feed, tally, "longpoll", lambda: None)  # the server holds each response back


def _fetch_all(
    feed: ComparedFeed, tally: DeliveryTally, path: str, wait: Callable[[], None]
) -> None:
    fetcher = feed.fetcher()
    known = feed.first - 1
    try:
        while known < feed.last and not feed.stop.is_set():
            wait()
            fetched = fetcher.get(feed.target(path, since=known))
            now = feed.env.clock.time()
            # Also for a response with no update in it: that is the price of polling.
            tally.requests += 1
            tally.bytes_out += fetched.sent
            tally.bytes_in += fetched.received
            for tick in _read_ticks(fetched.body):
                if tick.number != known + 1:
                    raise _missed(known + 1, tick.number)
                known = tick.number
                # The last response may bring more updates than are compared.
                if known <= feed.last:
                    tally.deliver(tick, now)
    finally:
        fetcher.close()


def _missed(expected: int, came: int) -> ConnectError:
    """Return the error for a way that missed an update, and so cannot be compared."""
    return ConnectError(
        f"missed updates: expected {expected}, received {came}",
        hint="use a longer --interval, or a less busy machine",
    )


def _listen(feed: ComparedFeed, tally: DeliveryTally) -> None:
    url = str(feed.base._replace(target=feed.target("ticks", count=feed.options.updates)))
    sink = _TickSink(tally)
    clock, environ = feed.env.clock, feed.env.environ
    session = open_driver(url, feed.options.connect, clock=clock, environ=environ, bus=Bus([sink]))
    session.start()
    # The server closes after the last update (?count=N). A turn is short, so that ``stop`` is seen.
    while session.end is None and not feed.stop.is_set():
        session.turn(_REFRESH)
    error = error_of(session.end) if session.end is not None else None
    if error is not None:
        raise error


class _TickSink(Sink):
    """Counts the bytes of the handshake and of all frames, and records the ticks."""

    # Pings, pongs and Close count too: the bytes are compared with those of whole HTTP exchanges.
    wants_frames = True
    wants_outgoing = True

    def __init__(self, tally: DeliveryTally) -> None:
        self.tally = tally

    def opened(self, opened: Opened) -> None:
        """Count the bytes of the handshake."""
        opening = opened.opening
        self.tally.requests += 1
        self.tally.bytes_out += len(opening.request.raw) if opening.request else 0
        self.tally.bytes_in += len(opening.response.raw) if opening.response else 0

    def batch(self, batch: Batch) -> None:
        """Count the bytes of a batch, and record its ticks."""
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


def _json_lines(feed: ComparedFeed, tallies: Sequence[DeliveryTally]) -> list[str]:
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


def _table(feed: ComparedFeed, tallies: Sequence[DeliveryTally]) -> list[str]:
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


def _row(tally: DeliveryTally) -> tuple[str, ...]:
    count = len(tally.latencies)
    return (
        tally.way,
        f"{tally.requests / count:.2f}",
        f"{tally.bytes_out / count:,.1f}",
        f"{tally.bytes_in / count:,.1f}",
        f"{tally.latency(50) * 1000:.1f} ms",
        f"{tally.latency(99) * 1000:.1f} ms",
    )
