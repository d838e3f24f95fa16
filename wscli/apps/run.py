"""What all commands that open a session have in common: open, work, close, say how it went."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from wscli.apps import demo
from wscli.apps.automation import Automation
from wscli.apps.common import SessionOptions
from wscli.apps.display import data_sink, recording, talk_sinks
from wscli.apps.env import Env
from wscli.apps.interrupts import Interrupts
from wscli.apps.report import report
from wscli.errors import ExitStatus, TimedOut, WscliError
from wscli.session.bus import Bus, Sink
from wscli.session.connect import open_session
from wscli.session.end import error_of
from wscli.session.events import Failed
from wscli.session.session import Session
from wscli.sinks.goal import Goal
from wscli.sinks.output import OutputStalled
from wscli.wire.codes import CloseCode

_LAST_WORD = 0.2  # seconds for the closing handshake, where a time limit has passed already
_STILL_COMING = 1.0  # seconds: where a message came so recently, more was to be expected


class TimeLimit(NamedTuple):
    """When to give up a write to stdout that blocks, and the exit status in that case.

    ``RunningCommand.wait`` ends by its own limit, but not while a write blocks. The seconds count
    from the opening of the connection, or with ``connecting`` from the start; None is no limit.
    """

    seconds: float | None
    status: ExitStatus
    connecting: bool = False

    def left(self, elapsed: float) -> float | None:
        """Return the seconds that are left once the connection is open, after ``elapsed``."""
        if self.seconds is None:
            return None
        return self.seconds - (elapsed if self.connecting else 0.0)


_NO_LIMIT = TimeLimit(None, ExitStatus.TIMEOUT)


class RunningCommand:
    """An open session, with what its command waits for.

    After ``seconds``, the time limit of the command, no message is searched for a pattern.
    """

    def __init__(
        self,
        session: Session,
        goal: Goal,
        env: Env,
        interrupts: Interrupts,
        automation: Automation,
        seconds: float | None = None,
    ) -> None:
        self.session = session
        self.goal = goal
        self.env = env
        self._interrupts = interrupts
        self._automation = automation
        self._limit = None if seconds is None else env.clock.monotonic() + seconds
        goal.stopped = automation.stopped = lambda: self.stopped or self._is_late()
        automation.attach(session)

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
        self.raise_failure()
        while not done():
            left = None if end is None else end - clock.monotonic()
            if self.stopped or (left is not None and left <= 0):
                return False
            self.turn(left)
        return True

    def turn(self, timeout: float | None = None) -> None:
        """Turn the session once, and post answers and repeated messages.

        Raises:
            UsageError: if one of the user's patterns had to be abandoned.
        """
        self._automation.turn(timeout)
        self.raise_failure()

    def raise_failure(self) -> None:
        """Raise the error of a pattern that had to be abandoned, if there is one."""
        failure = self.goal.failure or self._automation.failure
        if failure is not None:
            raise failure

    def _is_late(self) -> bool:
        return self._limit is not None and self.env.clock.monotonic() >= self._limit


def run_session(
    common: SessionOptions,
    env: Env,
    work: Callable[[RunningCommand], None],
    *,
    sink: Sink | None = None,
    count: int | None = None,
    goal: Goal | None = None,
    automation: Automation | None = None,
    limit: TimeLimit = _NO_LIMIT,
) -> ExitStatus:
    """Open a session, do the work, and close.

    ``count`` is how many messages are printed; ``goal`` is for commands that wait for something
    else. ``sink`` replaces the sink that writes messages to stdout. ``automation`` sends messages
    meanwhile. Errors are reported here, and nowhere else.
    """
    with Interrupts(common.connect.close_timeout) as interrupts:
        try:
            goal = goal or Goal(sink or data_sink(common.output, env), count)
            task = _Task(work, goal, automation or Automation(env.clock), limit)
            return _run(common, env, task, interrupts)
        except KeyboardInterrupt:
            return interrupts.status or ExitStatus.INTERRUPTED
        except BrokenPipeError:
            return ExitStatus.READER_GONE


class _Task(NamedTuple):
    """A command's session, and the conditions that end its waits."""

    work: Callable[[RunningCommand], None]
    goal: Goal
    automation: Automation
    limit: TimeLimit


def _run(common: SessionOptions, env: Env, task: _Task, interrupts: Interrupts) -> ExitStatus:
    output = common.output
    started = env.clock.monotonic()
    bus = Bus([task.goal])
    interrupts.limit_writes(common.connect.connect_timeout)
    with ExitStack() as stack:
        try:
            recorder = stack.enter_context(recording(output, env))
            # A write to stdout may fail, so the recording comes first: it misses nothing.
            bus = Bus([task.automation, *talk_sinks(output, env), *recorder, task.goal])
            url = stack.enter_context(demo.resolve(common.url))
            session = open_session(
                url, common.connect, clock=env.clock, environ=env.environ, bus=bus
            )
            interrupts.guard(session)
            left = task.limit.left(env.clock.monotonic() - started)
            interrupts.limit_writes(left, task.limit.status)
            running = RunningCommand(session, task.goal, env, interrupts, task.automation, left)
            _conduct(common.connect.close_timeout, task.work, running)
        except WscliError as error:
            report(error, env, output.colour)
            bus.failed(Failed.of(error, env.clock.time(), env.clock.monotonic() - started))
            return error.status
    return interrupts.status or ExitStatus.OK


def _conduct(
    close_timeout: float, work: Callable[[RunningCommand], None], running: RunningCommand
) -> None:
    session = running.session
    try:
        _watch_reader(session, running.env)
        session.start()
        work(running)
        session.close(_close_code(running))
    except BrokenPipeError:
        session.close(CloseCode.GOING_AWAY)
        raise
    except OutputStalled:
        session.end_within(close_timeout / 2)  # the reader of stdout had the other half
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
    if error is not None and not running.interrupted:
        raise error


def _close_code(work: RunningCommand) -> CloseCode:
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
