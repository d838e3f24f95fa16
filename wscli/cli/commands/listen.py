"""``wscli listen``."""

from __future__ import annotations

from typing import Any

from wscli.apps.env import Env
from wscli.cli.command import Command, Option
from wscli.cli.options import (
    connection_options,
    read_common,
    read_sending,
    seeing_options,
    sending_options,
    url_argument,
)
from wscli.cli.types import count, duration
from wscli.status import ExitStatus


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    from wscli.apps import listen

    sending = read_sending(params, env)
    options = listen.ListenOptions(
        read_common(params, env, sending),
        sending=sending,
        limit=params["count"],
        duration=params["duration"],
    )
    return listen.run(options, env)


command = Command(
    "listen",
    summary="Print what the server pushes, until it closes.",
    examples=[
        ("wscli listen wss://example.com/feed | jq .", "each message a line"),
        ("wscli listen -n 10 --json URL", "ten messages, each an event in JSON"),
        ("wscli listen --for 1m URL > minute.txt", "all messages of one minute"),
    ],
    params=[
        url_argument(),
        Option("-n", "--count", type=count, metavar="N", help="End after N messages."),
        Option(
            "--for",
            "duration",
            type=duration,
            metavar="DURATION",
            help="End after this time; exit 6 if fewer messages than -n came.",
        ),
        *sending_options(),
        *seeing_options(),
        *connection_options(),
    ],
    run=_run,
)
