"""The steps that all commands with a session share: open, do the work, close, report the outcome.

``wscli.apps`` describes them. This module keeps them in order, whatever ends a command: the work is
done, a time limit passes, the peer closes or vanishes, a signal comes, the reader of stdout goes
away, or a pattern has to be abandoned.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from wscli.apps import demo
from wscli.apps.display import recording, talk_sinks
from wscli.apps.env import Env
from wscli.apps.interrupts import Interrupts
from wscli.apps.options import SessionOptions
from wscli.apps.report import failure, report
from wscli.errors import TimedOut, WscliError
from wscli.session.connect import open_driver
from wscli.session.end import End, error_of
from wscli.session.pipeline import Pipeline, Sink, Stage, StageContext
from wscli.session.thread_driver import ThreadDriver
from wscli.status import ExitStatus, OutputStalled, status_of
from wscli.wire.codes import CloseCode

_LAST_WORD = 0.2  # seconds for the closing handshake once a time limit has passed
_STILL_COMING = 1.0  # seconds since the last message in which another one was to be expected


class TimeLimit(NamedTuple):
    """When to give up a write to stdout that blocks, and the exit status in that case.

    ``CommandSession.wait`` keeps its own limit, but not while a write blocks. The seconds count
    from the opening of the connection, or with ``connecting`` from the start; None is no limit.
    Once they have passed, no message is searched for a pattern either.
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


class CommandSession:
    """The open session of a command, its pipeline, and the waits of the command.

    ``seconds`` are left of the command's time limit.
    """

    def __init__(
        self,
        session: ThreadDriver,
        pipeline: Pipeline,
        env: Env,
        interrupts: Interrupts,
        seconds: float | None = None,
    ) -> None:
        self.session = session
        self.env = env
        self._pipeline = pipeline
        self._interrupts = interrupts
        self._limit = None if seconds is None else env.clock.monotonic() + seconds
        self._complaints: list[WscliError] = []
        pipeline.attach(StageContext(session, self._complaints.append, self._is_over))

    @property
    def interrupted(self) -> bool:
        """Whether a signal has asked for the end."""
        return self._interrupts.status is not None

    @property
    def stopped(self) -> bool:
        """Whether waiting is over: the connection ended, or a signal has asked for the end."""
        return self.session.end is not None or self.interrupted

    def wait(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Run the connection until ``done``; return False if it is stopped or time is up first.

        Raises:
            WscliError: as ``turn`` does.
        """
        clock = self.env.clock
        end = None if seconds is None else clock.monotonic() + seconds
        # A stage may have complained of a message that came with the server's 101, before any turn.
        self._raise_complaint()
        # ``done`` is asked first: the last message may have come in the turn in which the
        # connection ended or the time ran out.
        while not done():
            left = None if end is None else end - clock.monotonic()
            if self.stopped or (left is not None and left <= 0):
                return False
            self.turn(left)
        return True

    def turn(self, timeout: float | None = None) -> None:
        """Turn the session once, and let the stages act whose deadline has passed.

        Raises:
            WscliError: if a stage complained, as about a pattern that had to be abandoned.
        """
        self.session.turn(self._pipeline.wait(timeout))
        self._pipeline.tick()
        # Only now: a stage that raised within the turn would take the batch from the sinks.
        self._raise_complaint()

    def _raise_complaint(self) -> None:
        if self._complaints:
            raise self._complaints[0]

    def _is_over(self) -> bool:
        late = self._limit is not None and self.env.clock.monotonic() >= self._limit
        return late or self.stopped


def usual_error(outcome: End | WscliError) -> WscliError | None:
    """Return the error for the end of a connection, or for an attempt to connect that failed."""
    return outcome if isinstance(outcome, WscliError) else error_of(outcome)


class SessionCommand(NamedTuple):
    """A command that needs a session: its work, and the receivers of the events.

    ``sink`` writes to stdout; ``stages`` stand before it and everything else that gets the events.
    ``judge`` returns the error for an outcome, or None if the command asked for that outcome.
    """

    session: SessionOptions
    work: Callable[[CommandSession], None]
    sink: Sink
    stages: Sequence[Stage] = ()
    limit: TimeLimit = _NO_LIMIT
    judge: Callable[[End | WscliError], WscliError | None] = usual_error


def run_session(command: SessionCommand, env: Env) -> ExitStatus:
    """Open a session, do the work, and close; errors are reported here, and nowhere else."""
    with Interrupts(command.session.connect.close_timeout) as interrupts:
        try:
            return _run(command, env, interrupts)
        except KeyboardInterrupt:
            # Before the connection was open. Nothing is reported: the user knows.
            return interrupts.status or ExitStatus.INTERRUPTED
        except BrokenPipeError:
            # As a shell reports a program that SIGPIPE ended (128 + 13), and as quietly. SIGPIPE
            # itself, which Python ignores, would leave no time for a Close.
            return ExitStatus.READER_GONE


def _run(command: SessionCommand, env: Env, interrupts: Interrupts) -> ExitStatus:
    output, connect, limit = command.session.output, command.session.connect, command.limit
    started = env.clock.monotonic()
    # For an error of the recording itself, which the other sinks come after.
    pipeline = Pipeline(command.stages, [command.sink], env.clock)
    # -v writes to stderr while connecting, and nobody may be reading that.
    interrupts.limit_writes(connect.connect_timeout)
    with ExitStack() as stack:
        try:
            recorder = stack.enter_context(recording(output, env))
            # A batch goes to one sink after the other. A write to stdout may fail, so the recording
            # comes before it: it misses nothing.
            sinks = [*talk_sinks(output, env), *recorder, command.sink]
            pipeline = Pipeline(command.stages, sinks, env.clock)
            url = stack.enter_context(demo.resolve(command.session.url))
            session = _open(command, url, env, pipeline)
            if session is None:
                return ExitStatus.OK
            # From here on a signal no longer raises: there is something to close.
            interrupts.guard(session)
            left = limit.left(env.clock.monotonic() - started)
            interrupts.limit_writes(left, limit.status)
            running = CommandSession(session, pipeline, env, interrupts, left)
            _conduct(running, command, connect.close_timeout)
        except WscliError as error:
            # On stderr first: the event goes to stdout, and writing that may fail.
            report(error, env, output.colour)
            pipeline.failed(failure(error, env, started))
            return status_of(error)
    return interrupts.status or ExitStatus.OK


def _open(command: SessionCommand, url: str, env: Env, pipeline: Pipeline) -> ThreadDriver | None:
    """Connect; return None if that failed as the command wants it to."""
    connect, started = command.session.connect, env.clock.monotonic()
    try:
        return open_driver(url, connect, clock=env.clock, environ=env.environ, bus=pipeline)
    except WscliError as error:
        if (judged := command.judge(error)) is not None:
            raise judged from None
        pipeline.failed(failure(error, env, started))
        return None


def _conduct(running: CommandSession, command: SessionCommand, close_timeout: float) -> None:
    session = running.session
    # Each branch sends Close before it passes its error on: without one, the peer would have to
    # report 1006, an abnormal end (RFC 6455 §7.1.5), for a failure that is not its own.
    try:
        _watch_reader(session, running.env)
        session.start()
        command.work(running)
        session.close(_close_code(running))
    except BrokenPipeError:
        # RFC 6455 §7.4.1: 1001 "indicates that an endpoint is 'going away'".
        session.close(CloseCode.GOING_AWAY)
        raise
    except OutputStalled:
        # Interrupts has waited for the reader of stdout for half of the close timeout.
        session.end_within(close_timeout / 2)
        session.close(CloseCode.GOING_AWAY)
        raise
    except TimedOut:
        # The command is late already, and a peer that does not answer messages may not answer Close
        # either. Bytes that leave restart the short wait, so it has a limit of its own.
        session.end_within(close_timeout)
        session.close(timeout=_LAST_WORD)
        raise
    except WscliError:
        session.close()
        raise
    finally:
        # Without effect once the connection has ended. A second error in a branch above, or an
        # exception that is a bug, must not leave the socket open.
        session.abort()
    if session.end is None or running.interrupted:
        return  # after a signal the end is wanted, however the peer answers
    if (judged := command.judge(session.end)) is not None:
        raise judged


def _close_code(running: CommandSession) -> CloseCode:
    # 1001 tells a server that is still pushing that its messages were not all wanted; a quiet
    # conversation that Ctrl-C ends is over.
    quiet = running.env.clock.monotonic() - running.session.last_message
    if running.interrupted and quiet < _STILL_COMING:
        return CloseCode.GOING_AWAY
    return CloseCode.NORMAL_CLOSURE


def _watch_reader(session: ThreadDriver, env: Env) -> None:
    """Notice that nobody reads stdout any more, even while there is nothing to write."""
    # `wscli listen URL | head -1` would otherwise run until the next push. poll reports POLLERR and
    # POLLHUP whether or not they are asked for; files and terminals have no reader that goes away.
    descriptor = env.stdout.fileno()
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        session.watch(descriptor, 0, _reader_gone)


def _reader_gone() -> None:
    raise BrokenPipeError
