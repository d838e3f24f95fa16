"""Print the messages that a server pushes."""

from __future__ import annotations

from typing import NamedTuple

from wscli.apps.display import data_sink
from wscli.apps.env import Env
from wscli.apps.message import Sending
from wscli.apps.options import SessionOptions
from wscli.apps.run import CommandSession, SessionCommand, TimeLimit, run_session
from wscli.errors import TimedOut
from wscli.session.pipeline import StopAfter
from wscli.status import ExitStatus


class ListenOptions(NamedTuple):
    """When to end: after ``limit`` messages or ``duration`` seconds, or when the server closes.

    It is an error if the time is up before ``limit`` messages have arrived.
    """

    session: SessionOptions
    sending: Sending = Sending()
    limit: int | None = None
    duration: float | None = None


def run(options: ListenOptions, env: Env) -> ExitStatus:
    """Listen, and return the exit status."""
    stop = StopAfter(options.limit)

    def listen(running: CommandSession) -> None:
        """Wait for the messages, which the sink prints."""
        done = running.wait(lambda: stop.reached, options.duration)
        if not done and not running.stopped and options.limit is not None:
            raise TimedOut(
                f"{stop.seen:,} of {options.limit:,} messages came within {options.duration:g} s",
                hint="increase --for, or reduce -n",
            )

    # `--for 1m` alone asks for the messages of a minute, so its end is a success. With -n it limits
    # the wait for messages that a script needs.
    late = ExitStatus.OK if options.limit is None else ExitStatus.TIMEOUT
    command = SessionCommand(
        options.session,
        listen,
        data_sink(options.session.output, env, stop),
        options.sending.stages(),
        TimeLimit(options.duration, late),
    )
    return run_session(command, env)
