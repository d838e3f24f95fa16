"""``wscli connect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack

import click

from wscli.apps.env import Env
from wscli.cli.command import Command, Option, in_section, off_switch
from wscli.cli.options import connection_options, output_options, sending_options, url_argument
from wscli.cli.params import read_sending, read_session
from wscli.cli.types import claim_stdin, count
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.cli.param_types import MessageParams


def _run(
    env: Env,
    *,
    reconnect: Literal["never", "auto", "always"],
    on_open: tuple[str, ...],
    exit_on_close: bool,
    history: bool,
    vi: bool,
    max_lines: int | None,
    **params: Unpack[MessageParams],
) -> ExitStatus:
    from wscli.repl import app
    from wscli.repl.shell import ReplOptions
    from wscli.sinks.human.messages import NO_LIMIT

    # Before ``read_sending``, which reads the files of --answer and --every: @- is the terminal.
    claim_stdin("the session")
    sending = read_sending(params, env)
    options = ReplOptions(
        read_session(params, env, sending, records_later=True),
        sending=sending,
        reconnect=reconnect,
        on_open=on_open,
        exit_on_close=exit_on_close,
        history=history,
        vi=vi,
        max_lines=NO_LIMIT if max_lines == 0 else max_lines,
    )
    return app.run(options, env)


def _max_lines(value: str) -> int:
    """Read a number of lines, or ``off``, which is 0."""
    # It stands for ``NO_LIMIT``, whose module the help does not need.
    return 0 if value == "off" else count(value)


command = Command(
    "connect",
    text="Each line is sent as a text message. A line that begins with / is a command; /help lists "
    "the commands.",
    # The section "Session" comes before the shared options, as "Options" does in other commands.
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
        *in_section(
            "Session",
            Option(
                "--reconnect",
                type=click.Choice(["never", "auto", "always"]),
                default="never",
                bare="auto",
                metavar="[=always]",
                help="Connect again when the connection is lost, after a random delay of at most "
                "0.5s, doubled for each attempt up to 30s; =always does so even if the server "
                "refuses this client (1008, 4000 to 4999, HTTP 4xx).",
            ),
            Option(
                "--on-open",
                multiple=True,
                metavar="LINE",
                help="Enter LINE whenever the connection opens; repeatable.",
            ),
            Option("--exit-on-close", is_flag=True, help="Leave when the connection ends."),
            off_switch(
                "--no-history",
                "history",
                help="Do not save the lines entered; by default they are kept in a file per host.",
            ),
            Option("--vi", is_flag=True, help="Use the keys of vi; by default inputrc decides."),
            Option(
                "--max-lines",
                type=_max_lines,
                metavar="N|off",
                help="Cut messages to N lines; half the screen by default. /show N shows message N "
                "in full.",
            ),
        ),
        *sending_options(),
        *output_options(),
        *connection_options(),
    ],
    run=_run,
)
