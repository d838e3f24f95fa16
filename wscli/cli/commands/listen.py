"""``wscli listen``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from wscli.apps.env import Env
from wscli.cli import types
from wscli.cli.command import Command, Option
from wscli.cli.options import connection_options, output_options, sending_options, url_argument
from wscli.cli.params import read_sending, read_session
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.cli.param_types import MessageParams


def _run(
    env: Env, *, count: int | None, duration: float | None, **params: Unpack[MessageParams]
) -> ExitStatus:
    from wscli.apps import listen

    sending = read_sending(params, env)
    options = listen.ListenOptions(
        read_session(params, env, sending), sending=sending, limit=count, duration=duration
    )
    return listen.run(options, env)


command = Command(
    "listen",
    examples=[
        ("wscli listen wss://example.com/feed | jq .", "each message as a line"),
        ("wscli listen -n 10 --json URL", "ten messages, each an event in JSON"),
        ("wscli listen --for 1m URL > minute.txt", "all messages of one minute"),
    ],
    params=[
        url_argument(),
        Option("-n", "--count", type=types.count, metavar="N", help="End after N messages."),
        # Not --timeout: without -n the end of this time is a success.
        Option(
            "--for",
            "duration",
            type=types.duration,
            metavar="DURATION",
            help="End after this time; exit 6 if fewer than -n messages have arrived.",
        ),
        *sending_options(),
        *output_options(),
        *connection_options(),
    ],
    run=_run,
)
