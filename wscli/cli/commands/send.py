"""``wscli send``."""

from __future__ import annotations

from typing import Any

import click

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
from wscli.cli.types import count_or_zero, duration, pattern
from wscli.errors import ExitStatus


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    from wscli.apps import send

    sending = read_sending(params, env)
    options = send.SendOptions(
        read_common(params, env),
        messages=[sending.read(text, env) for text in params["messages"]],
        sending=sending,
        replies=params["replies"],
        until=params["until"],
        timeout=params["timeout"],
    )
    return send.run(options, env)


command = Command(
    "send",
    summary="Connect, send each MESSAGE, print the replies, close.",
    text="Waits for as many replies as messages are sent, and at least for one. MESSAGE may be "
    "@FILE, or @- for stdin; with --binary also 0xHEX or b64:BASE64. A text that begins with @ "
    "is written @@.",
    examples=[
        ("wscli send demo: hello", "to the embedded server, which echoes"),
        ('wscli send -v wss://example.com/ws \'{"op":"ping"}\'', "with the handshake on stderr"),
        ("wscli send -b URL 0x01ff @image.png", "two binary messages"),
        ("wscli send --until '\"done\":true' URL @job.json", "all replies up to one that matches"),
    ],
    params=[
        url_argument(),
        click.Argument(["messages"], nargs=-1, metavar="[MESSAGE]..."),
        Option(
            "-n",
            "--replies",
            type=count_or_zero,
            metavar="N",
            help="How many replies to wait for; 0 waits for none.",
        ),
        Option(
            "--until", type=pattern, metavar="REGEX", help="Wait for a message that this finds."
        ),
        Option(
            "--timeout",
            type=duration,
            default="10s",
            show_default=True,
            metavar="DURATION",
            help="For all of it; exit 6 if replies are missing then.",
        ),
        *sending_options(),
        *seeing_options(),
        *connection_options(),
    ],
    run=_run,
)
