"""Print what the server pushes."""

from __future__ import annotations

from typing import NamedTuple

from wscli.apps.common import Common
from wscli.apps.env import Env
from wscli.apps.message import Sending
from wscli.apps.run import Work, run_session
from wscli.errors import ExitStatus


class ListenOptions(NamedTuple):
    """``limit`` messages or ``duration`` seconds end it, or the server does."""

    common: Common
    sending: Sending = Sending()
    limit: int | None = None
    duration: float | None = None


def run(options: ListenOptions, env: Env) -> ExitStatus:
    """Listen, and return the exit status."""

    def listen(work: Work) -> None:
        work.wait(lambda: work.goal.reached, options.duration)

    return run_session(
        options.common,
        env,
        listen,
        count=options.limit,
        automation=options.sending.automation(env),
    )
