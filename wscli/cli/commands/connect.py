"""``wscli connect``."""

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
from wscli.cli.types import claim_stdin, count
from wscli.status import ExitStatus


class _Connect(Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let ``--reconnect`` have a value only behind ``=``: what follows may be the URL."""
        args = ["--reconnect=auto" if word == "--reconnect" else word for word in args]
        return super().parse_args(ctx, args)


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    from wscli.repl import app
    from wscli.repl.options import ReplOptions
    from wscli.sinks.human.messages import NO_LIMIT

    claim_stdin("the session")
    sending = read_sending(params, env)
    options = ReplOptions(
        read_common(params, env, sending),
        sending=sending,
        reconnect=params["reconnect"],
        on_open=params["on_open"],
        exit_on_close=params["exit_on_close"],
        history=params["history"],
        vi=params["vi"],
        max_lines=NO_LIMIT if params["max_lines"] == 0 else params["max_lines"],
    )
    return app.run(options, env)


def _max_lines(value: str) -> int:
    """Read a number of lines, or ``off``, which is 0."""
    return 0 if value == "off" else count(value)


_SECTION = "Session"

command = _Connect(
    "connect",
    summary="The interactive session: a prompt that sends, pushes that appear above it.",
    text="What is typed is sent as a text message; a line that begins with / is a command, and "
    "/help lists them.",
    examples=[
        ("wscli connect demo:", "talk to the embedded server, which echoes"),
        ("wscli wss://example.com/ws", "the same command, in short"),
        (
            'wscli connect --reconnect --on-open \'{"subscribe":"trades"}\' URL',
            "stay connected, and subscribe again each time",
        ),
    ],
    params=[
        url_argument(),
        Option(
            "--reconnect",
            section=_SECTION,
            type=click.Choice(["never", "auto", "always"]),
            default="never",
            metavar="[=always]",
            help="Connect again when the connection is lost, after a random part of 0.5s, later "
            "of up to 30s; with =always even if the server refuses it (1008, 4000 to 4999, "
            "HTTP 4xx).",
        ),
        Option(
            "--on-open",
            section=_SECTION,
            multiple=True,
            metavar="LINE",
            help="Enter a line whenever the connection is open; again for another.",
        ),
        Option(
            "--exit-on-close",
            section=_SECTION,
            is_flag=True,
            help="Leave when the connection ends.",
        ),
        Option(
            "--no-history",
            "history",
            section=_SECTION,
            is_flag=True,
            flag_value=False,
            default=True,
            help="Keep no lines in a file; otherwise each host has one.",
        ),
        Option(
            "--vi", section=_SECTION, is_flag=True, help="Keys as in vi, whatever inputrc says."
        ),
        Option(
            "--max-lines",
            section=_SECTION,
            type=_max_lines,
            metavar="N|off",
            help="Cut messages to N lines instead of half the screen; /show shows a whole one.",
        ),
        *sending_options(),
        *seeing_options(),
        *connection_options(),
    ],
    run=_run,
)
