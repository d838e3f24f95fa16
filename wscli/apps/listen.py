"""Print what the server pushes."""

from __future__ import annotations

from typing import NamedTuple

from wscli.apps.common import Common
from wscli.apps.env import Env
from wscli.apps.run import TimeLimit, Work, run_session
from wscli.errors import ExitStatus


class ListenOptions(NamedTuple):
    """``limit`` messages or ``duration`` seconds end it, or the server does."""

    common: Common
    limit: int | None = None
    duration: float | None = None


def run(options: ListenOptions, env: Env) -> ExitStatus:
    """Listen, and return the exit status."""

    def listen(work: Work) -> None:
        work.wait(lambda: work.goal.reached, options.duration)

    limit = TimeLimit(options.duration, ExitStatus.OK)
    return run_session(options.common, env, listen, count=options.limit, limit=limit)
