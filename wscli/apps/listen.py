"""Print what the server pushes."""

from __future__ import annotations

from typing import NamedTuple

from wscli.apps.common import SessionOptions
from wscli.apps.env import Env
from wscli.apps.message import Sending
from wscli.apps.run import RunningCommand, TimeLimit, run_session
from wscli.errors import TimedOut
from wscli.status import ExitStatus


class ListenOptions(NamedTuple):
    """When to end: after ``limit`` messages or ``duration`` seconds, or when the server closes.

    It is an error if the time is up before ``limit`` messages have arrived.
    """

    common: SessionOptions
    sending: Sending = Sending()
    limit: int | None = None
    duration: float | None = None


def run(options: ListenOptions, env: Env) -> ExitStatus:
    """Listen, and return the exit status."""

    def listen(work: RunningCommand) -> None:
        done = work.wait(lambda: work.goal.reached, options.duration)
        if not done and not work.stopped and options.limit is not None:
            raise TimedOut(
                f"{work.goal.seen:,} of {options.limit:,} messages came "
                f"within {options.duration:g} s",
                hint="--for waits longer; -n says how many messages to wait for",
            )

    late = ExitStatus.OK if options.limit is None else ExitStatus.TIMEOUT
    return run_session(
        options.common,
        env,
        listen,
        count=options.limit,
        automation=options.sending.automation(env),
        limit=TimeLimit(options.duration, late),
    )
