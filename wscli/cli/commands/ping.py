"""``wscli ping``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from wscli.apps.env import Env
from wscli.cli import types
from wscli.cli.command import Command, Option
from wscli.cli.options import connection_options, url_argument, watching_options
from wscli.cli.params import read_session
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.cli.param_types import SessionParams


def _run(
    env: Env, *, count: int | None, interval: float, timeout: float, **params: Unpack[SessionParams]
) -> ExitStatus:
    from wscli.apps import ping

    options = ping.PingOptions(
        read_session(params, env), limit=count, interval=interval, timeout=timeout
    )
    return ping.run(options, env)


command = Command(
    "ping",
    examples=[
        ("wscli ping -c 5 wss://example.com/ws", "five pings, then a summary"),
        ("wscli ping -c 100 -i 10ms demo:", "a hundred in a second"),
    ],
    # -c, -i and -q as in ping(8).
    params=[
        url_argument(),
        Option("-c", "--count", type=types.count, metavar="N", help="End after N pings."),
        Option(
            "-i",
            "--interval",
            type=types.duration,
            default="1s",
            show_default=True,
            metavar="DURATION",
            help="Time from one ping to the next.",
        ),
        Option(
            "--timeout",
            type=types.duration,
            default="10s",
            show_default=True,
            metavar="DURATION",
            help="Time limit for each pong; exit 6 if one is missing.",
        ),
        *watching_options(quiet="Show only the summary."),
        *connection_options(),
    ],
    run=_run,
)
