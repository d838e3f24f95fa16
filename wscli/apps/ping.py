"""Round-trip times of real ping frames, like ping(8)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from wscli.apps.display import data_sink
from wscli.apps.env import Env
from wscli.apps.figures import percentile
from wscli.apps.options import SessionOptions
from wscli.apps.run import CommandSession, SessionCommand, run_session
from wscli.errors import ConnectionClosed, TimedOut
from wscli.net.redaction import redact_url
from wscli.session.pipeline import StopAfter
from wscli.sinks.output import Output
from wscli.status import ExitStatus


class PingOptions(NamedTuple):
    """``limit`` pings, or no end of them; the interval, and the wait for a pong, in seconds."""

    session: SessionOptions
    limit: int | None = None
    interval: float = 1.0
    timeout: float = 10.0


def run(options: PingOptions, env: Env) -> ExitStatus:
    """Ping, print a line for each pong and a summary, and return the exit status."""

    def ping(running: CommandSession) -> None:
        pinger = Pinger(running, options)
        try:
            pinger.run()
        finally:
            pinger.summarise()
        pinger.judge()

    sink = data_sink(options.session.output, env, StopAfter(0))
    return run_session(SessionCommand(options.session, ping, sink), env)


class Pinger:
    """Sends one ping after another, and keeps count."""

    def __init__(self, running: CommandSession, options: PingOptions) -> None:
        self._running = running
        self._options = options
        self._output = Output(running.env.stdout)
        self._silent = options.session.output.form == "json"  # there the pongs are events
        self._quiet = options.session.output.quiet
        self._sent = 0
        self._rtts: list[float] = []

    def run(self) -> None:
        """Ping until the count is reached, the connection ends, or a signal asks for the end."""
        opening = self._running.session.opening
        self._say(f"PING {redact_url(str(opening.url))} ({opening.address})")
        clock = self._running.env.clock
        while not self._running.stopped and self._sent != self._options.limit:
            started = clock.monotonic()
            self._ping_once()
            if self._sent != self._options.limit:
                pause = self._options.interval - (clock.monotonic() - started)
                self._running.wait(lambda: False, pause)

    def _ping_once(self) -> None:
        try:
            ping = self._running.session.post_ping(os.urandom(4))
        except ConnectionClosed:
            self._running.wait(lambda: False)  # until it has ended, which will not be long
            return
        self._sent += 1
        if self._running.wait(lambda: ping.rtt is not None, self._options.timeout):
            rtt = ping.rtt or 0.0
            self._rtts.append(rtt)
            self._say_each(f"pong: seq={self._sent} time={rtt * 1000:.3f} ms")
        elif not self._running.stopped:
            self._say_each(f"no pong: seq={self._sent} within {self._options.timeout:g} s")

    def summarise(self) -> None:
        """Print how many pongs were received, and how long they took."""
        lost = 100 * (self._sent - len(self._rtts)) / self._sent if self._sent else 0
        self._say(f"{self._sent} sent, {len(self._rtts)} received, {lost:.0f}% lost")
        if self._rtts:
            figures = "/".join(f"{rtt * 1000:.3f}" for rtt in summary(self._rtts))
            self._say(f"min/avg/p95/max = {figures} ms")

    def judge(self) -> None:
        """Raise an error if the outcome calls for one.

        Raises:
            TimedOut: if a pong did not come, and not because the connection ended.
        """
        missing = self._sent - len(self._rtts)
        if missing and not self._running.stopped:
            raise TimedOut(
                f"{missing} of {self._sent} pings got no pong within {self._options.timeout:g} s",
                hint="every server must answer pings (RFC 6455 §5.5.2); --timeout waits longer",
            )

    def _say_each(self, line: str) -> None:
        if not self._quiet:
            self._say(line)

    def _say(self, line: str) -> None:
        if not self._silent:
            self._output.write(f"{line}\n".encode())


def summary(rtts: Sequence[float]) -> tuple[float, float, float, float]:
    """Return least, mean, 95th percentile (nearest rank) and greatest of some durations."""
    ordered = sorted(rtts)
    return ordered[0], sum(ordered) / len(ordered), percentile(ordered, 95), ordered[-1]
