"""Additions to click's commands: sections of options, examples, and output through Env."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from wscli.apps.env import Env
from wscli.sinks.output import Output
from wscli.status import ExitStatus

COMMANDS = {
    "connect": "Talk to a server in an interactive session",
    "send": "Send messages, print the replies, close",
    "listen": "Print the messages that a server pushes, until it closes",
    "pipe": "Send each line of stdin, print each message as a line",
    "inspect": "Show only the upgrade request and response, header by header",
    "ping": "Measure round-trip times with ping frames, like ping(8)",
    "replay": "Send what a recording's client sent, and compare the answers",
    "serve": "Run a test server: echo, hub, faults, a page for the browser",
    "export": "Write a recording for other tools: HAR, Wireshark, curl, Python",
    "import": "Turn the WebSockets of a HAR file into commands or a recording",
    "compare": "Compare polling, long polling and WebSocket on one feed",
    "completion": "Print the script that completes commands in bash, zsh or fish",
}
"""The commands with their summaries, for the list of commands and the help of each.

They are here rather than with each command so that the list imports no command's module.
"""


class Option(click.Option):
    """An option that is shown in a section of the help."""

    section = "Options"

    def __init__(self, *names: str, **attributes: Any) -> None:
        super().__init__(names, **attributes)


def in_section(title: str, *options: Option) -> list[Option]:
    """Return options after moving them to a section of the help."""
    for option in options:
        option.section = title
    return list(options)


def off_switch(*names: str, help: str) -> Option:
    """Return an option that makes a parameter False, which is True by default."""
    return Option(*names, is_flag=True, flag_value=False, default=True, help=help)


class Command(click.Command):
    """A command; ``run`` gets the environment, and each parameter by its name."""

    def __init__(
        self,
        name: str,
        *,
        text: str = "",
        examples: Sequence[tuple[str, str]],
        params: list[click.Parameter],
        run: Callable[..., ExitStatus],
    ) -> None:
        super().__init__(
            name,
            params=params,
            help=f"{COMMANDS[name]}.\n\n{text}",
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.examples = examples
        self.run = run

    def invoke(self, ctx: click.Context) -> ExitStatus:
        """Run the command with the parsed parameters."""
        # A hint must not name an option that this command does not have.
        options = frozenset(name for param in self.params for name in param.opts)
        env: Env = ctx.obj._replace(options=options)
        return self.run(env, **ctx.params)

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """Return an option that shows the help on the environment's stdout."""
        return help_option()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, then options by section."""
        with formatter.section("Examples"):
            for command, meaning in self.examples:
                formatter.write(f"  # {meaning}\n  {command}\n")
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "section", Option.section), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def options_of(command: click.Command) -> dict[str, click.Option]:
    """Return the options of a command by each of their names, help included."""
    with click.Context(command) as context:
        params = command.get_params(context)
    options = [param for param in params if isinstance(param, click.Option)]
    return {name: option for option in options for name in (*option.opts, *option.secondary_opts)}


def takes_value(option: click.Option) -> bool:
    """Return True if the word after an option is its value."""
    return not (option.is_flag or option.count or has_optional_value(option))


def has_optional_value(option: click.Option) -> bool:
    """Return True if a value must be attached with ``=``, as in ``--reconnect[=always]``."""
    return (option.metavar or "").startswith("[=")


def help_option() -> Option:
    """Return ``-h`` and ``--help``."""
    option = Option(
        "-h",
        "--help",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_help,
        help="Show this help.",
    )
    option.section = "Other"
    return option


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        show(ctx, ctx.get_help())


def show(ctx: click.Context, text: str) -> None:
    """Write a text on stdout, and end."""
    env: Env = ctx.find_root().obj
    try:
        Output(env.stdout).write(f"{text}\n".encode())
    except BrokenPipeError:  # which click would make a status of its own
        ctx.exit(ExitStatus.READER_GONE)
    ctx.exit()
