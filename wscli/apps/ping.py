"""Round-trip times of ping frames, in the manner of ping(8).

One ping is in flight at a time: a pong answers the latest ping and may skip earlier ones (RFC 6455
§5.5.3), so with several in flight a missing pong would not mean that one was lost.
"""

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
    """The number of pings, unlimited if None; the interval and the wait for a pong, in seconds."""

    session: SessionOptions
    limit: int | None = None
    interval: float = 1.0
    timeout: float = 10.0


def run(options: PingOptions, env: Env) -> ExitStatus:
    """Ping, print a line for each pong and a summary, and return the exit status."""

    def ping(running: CommandSession) -> None:
        """Ping, print the summary, and raise an error if a pong is missing."""
        pinger = Pinger(running, options)
        try:
            pinger.run()
        finally:
            # Also after an error, as ping(8) prints its statistics whatever ends it.
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
            # From ping to ping, as in ping(8), not from a pong to the next ping. After the last
            # one there is nothing to wait for.
            if self._sent != self._options.limit:
                pause = self._options.interval - (clock.monotonic() - started)
                self._running.wait(lambda: False, pause)

    def _ping_once(self) -> None:
        # Random, so that an unsolicited pong (RFC 6455 §5.5.3) is not taken for the answer.
        try:
            ping = self._running.session.post_ping(os.urandom(4))
        except ConnectionClosed:
            # Close was sent or received. The handshake is finished here, so that its outcome, and
            # not this exception, becomes the result of the command.
            self._running.wait(lambda: False)
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
        # A ping that was in flight when the connection ended or Ctrl-C came is not a lost one.
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
    """Return minimum, mean, 95th percentile (nearest rank) and maximum of some durations."""
    ordered = sorted(rtts)
    return ordered[0], sum(ordered) / len(ordered), percentile(ordered, 95), ordered[-1]
