"""``wscli ping``."""

from __future__ import annotations

from typing import Any

from wscli.apps.env import Env
from wscli.cli.command import Command, Option
from wscli.cli.options import connection_options, read_common, url_argument, watching_options
from wscli.cli.types import count, duration
from wscli.status import ExitStatus


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    from wscli.apps import ping

    options = ping.PingOptions(
        read_common(params, env),
        limit=params["count"],
        interval=params["interval"],
        timeout=params["timeout"],
    )
    return ping.run(options, env)


command = Command(
    "ping",
    summary="Round-trip times of real ping frames, like ping(8).",
    examples=[
        ("wscli ping -c 5 wss://example.com/ws", "five pings, then a summary"),
        ("wscli ping -c 100 -i 10ms demo:", "a hundred in a second"),
    ],
    params=[
        url_argument(),
        Option("-c", "--count", type=count, metavar="N", help="End after N pings."),
        Option(
            "-i",
            "--interval",
            type=duration,
            default="1s",
            show_default=True,
            metavar="DURATION",
            help="From one ping to the next.",
        ),
        Option(
            "--timeout",
            type=duration,
            default="10s",
            show_default=True,
            metavar="DURATION",
            help="How long to wait for a pong; exit 6 if one is missing.",
        ),
        *watching_options(quiet="Leave out the line of each ping, as ping(8) does."),
        *connection_options(),
    ],
    run=_run,
)
