"""What all commands that open a session have in common: open, work, close, say how it went."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from wscli.apps import demo
from wscli.apps.common import Common
from wscli.apps.display import data_sink, recording, talk_sinks
from wscli.apps.env import Env
from wscli.apps.interrupts import Interrupts
from wscli.apps.report import report
from wscli.errors import ExitStatus, TimedOut, WscliError
from wscli.session.bus import Bus, Sink
from wscli.session.connect import open_session
from wscli.session.end import error_of
from wscli.session.session import Session
from wscli.sinks.goal import Goal
from wscli.sinks.output import OutputStalled
from wscli.wire.codes import CloseCode

_LAST_WORD = 0.2  # seconds for the closing handshake, where a time limit has passed already
_STILL_COMING = 1.0  # seconds: where a message came so recently, more was to be expected


class TimeLimit(NamedTuple):
    """When a write to stdout that blocks is given up, and the exit status then.

    ``Work.wait`` ends by its own limit, but not while a write blocks. The seconds count from the
    open connection, or with ``connecting`` from the beginning; None is no limit.
    """

    seconds: float | None
    status: ExitStatus
    connecting: bool = False


class Work:
    """An open session, with what its command waits for."""

    def __init__(self, session: Session, goal: Goal, env: Env, interrupts: Interrupts) -> None:
        self.session = session
        self.goal = goal
        self.env = env
        self._interrupts = interrupts

    @property
    def interrupted(self) -> bool:
        """Whether a signal has asked for the end."""
        return self._interrupts.status is not None

    @property
    def stopped(self) -> bool:
        """Whether waiting is over: the connection ended, or a signal has asked for the end."""
        return self.session.end is not None or self.interrupted

    def wait(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Run the connection until ``done``; return False if it is stopped or time is up first."""
        clock = self.env.clock
        end = None if seconds is None else clock.monotonic() + seconds
        while not done():
            left = None if end is None else end - clock.monotonic()
            if self.stopped or (left is not None and left <= 0):
                return False
            self.session.turn(left)
        return True


def run_session(
    common: Common,
    env: Env,
    work: Callable[[Work], None],
    *,
    sink: Sink | None = None,
    count: int | None = None,
    until: re.Pattern[str] | None = None,
    cut: bool = True,
    limit: TimeLimit | None = None,
) -> ExitStatus:
    """Open a session, do the work, and close.

    ``count`` and ``until`` are the goal of the work, and ``cut`` ends the output with it;
    ``sink`` replaces the sink that writes messages to stdout. Errors are reported here, and
    nowhere else.
    """
    with Interrupts(common.connect.close_timeout) as interrupts:
        try:
            goal = Goal(sink or data_sink(common.seeing, env), count, until, cut=cut)
            return _run(common, env, work, goal, interrupts, limit)
        except KeyboardInterrupt:
            return interrupts.status or ExitStatus.INTERRUPTED
        except BrokenPipeError:
            return ExitStatus.READER_GONE


def _run(
    common: Common,
    env: Env,
    work: Callable[[Work], None],
    goal: Goal,
    interrupts: Interrupts,
    limit: TimeLimit | None,
) -> ExitStatus:
    seeing = common.seeing
    started = env.clock.monotonic()
    bus = Bus([goal])
    interrupts.limit_writes(common.connect.connect_timeout)
    with ExitStack() as stack:
        try:
            recorder = stack.enter_context(recording(seeing, env))
            # A write to stdout may fail, so the recording comes first: it misses nothing.
            bus = Bus([*talk_sinks(seeing, env), *recorder, goal])
            url = stack.enter_context(demo.resolve(common.url))
            session = open_session(
                url, common.connect, clock=env.clock, environ=env.environ, bus=bus
            )
            interrupts.guard(session)
            _limit_writes(interrupts, limit, env.clock.monotonic() - started)
            to_do = Work(session, goal, env, interrupts)
            _conduct(common.connect.close_timeout, work, to_do)
        except WscliError as error:
            report(error, env, seeing.colour)
            bus.failed(error, env.clock.time(), env.clock.monotonic() - started)
            return error.status
    return interrupts.status or ExitStatus.OK


def _conduct(close_timeout: float, work: Callable[[Work], None], to_do: Work) -> None:
    session = to_do.session
    try:
        _watch_reader(session, to_do.env)
        session.start()
        work(to_do)
        session.close(_close_code(to_do))
    except BrokenPipeError:
        session.close(CloseCode.GOING_AWAY)
        raise
    except OutputStalled:
        session.end_within(close_timeout / 2)  # the other half was the grace for the reader
        session.close(CloseCode.GOING_AWAY)
        raise
    except TimedOut:
        session.end_within(close_timeout)
        session.close(timeout=_LAST_WORD)
        raise
    except WscliError:
        session.close()
        raise
    finally:
        session.abort()
    error = error_of(session.end) if session.end else None
    if error is not None and not to_do.interrupted:
        raise error


def _limit_writes(interrupts: Interrupts, limit: TimeLimit | None, elapsed: float) -> None:
    if limit is None or limit.seconds is None:
        interrupts.limit_writes(None)
    else:
        past = elapsed if limit.connecting else 0.0
        interrupts.limit_writes(limit.seconds - past, limit.status)


def _close_code(work: Work) -> CloseCode:
    quiet = work.env.clock.monotonic() - work.session.last_message
    if work.interrupted and quiet < _STILL_COMING:
        return CloseCode.GOING_AWAY
    return CloseCode.NORMAL_CLOSURE


def _watch_reader(session: Session, env: Env) -> None:
    """Notice that nobody reads stdout any more, also while there is nothing to write."""
    descriptor = env.stdout.fileno()
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        session.watch(descriptor, 0, _reader_gone)


def _reader_gone() -> None:
    raise BrokenPipeError
