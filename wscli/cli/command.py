"""Additions to click's commands: sections of options, examples, and output through Env."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
    "inspect": "Show the upgrade request and response, header by header",
    "ping": "Measure round-trip times with ping frames, like ping(8)",
    "view": "Show a recording, or part of it, as the session showed it",
    "replay": "Send what a recording's client sent, and compare the answers",
    "export": "Write a recording for other tools: HAR, Wireshark, curl, Python",
    "import": "Turn the WebSockets of a HAR file into commands or a recording",
    "serve": "Run a test server: echo, hub, faults, a page for the browser",
    "compare": "Compare polling, long polling and WebSocket on one feed",
    "completion": "Print the completion script for bash, zsh or fish",
}
"""The commands with their summaries, for the list of commands and the help of each.

They are here rather than with each command so that the list imports no command's module.
"""

_HYPHEN, _UNBROKEN_HYPHEN = "-", "\u2011"


class HelpFormatter(click.HelpFormatter):
    """A formatter that breaks lines between words, and not after a hyphen.

    Option names and the names of faults have hyphens; half of one cannot be typed or searched for.
    """

    # click breaks lines with a TextWrapper that callers cannot configure. The wrapper takes U+2011,
    # the non-breaking hyphen, for a letter.

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.replace(_HYPHEN, _UNBROKEN_HYPHEN))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write a table of terms and their descriptions."""
        unbroken = [(term, text.replace(_HYPHEN, _UNBROKEN_HYPHEN)) for term, text in rows]
        super().write_dl(unbroken, col_max, col_spacing)

    def getvalue(self) -> str:
        """Return the text."""
        return super().getvalue().replace(_UNBROKEN_HYPHEN, _HYPHEN)


class Context(click.Context):
    """click's context, with the formatter above."""

    formatter_class = HelpFormatter


class Option(click.Option):
    """An option that is shown in a section of the help.

    ``bare`` is the value of an option whose value is optional, and stands behind ``=``, if it has
    none.
    """

    section = "Options"

    def __init__(self, *names: str, bare: str | None = None, **attributes: Any) -> None:
        super().__init__(names, **attributes)
        self.bare = bare


def in_section(title: str, *options: Option) -> list[Option]:
    """Return options after moving them to a section of the help."""
    for option in options:
        option.section = title
    return list(options)


def off_switch(*names: str, help: str) -> Option:
    """Return an option that makes a parameter False, which is True by default."""
    # --no-proxy sets ``environment_proxies``: code that reads the parameter needs no double
    # negative.
    return Option(*names, is_flag=True, flag_value=False, default=True, help=help)


class Command(click.Command):
    """A command; ``run`` gets the environment, and each parameter by its name."""

    context_class = Context

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
            context_settings={"help_option_names": ["-h", "--help"]},  # click has no -h by default
        )
        self.examples = examples
        self.run = run

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Accept an optional value only after ``=``: the next word may be the URL."""
        bare = {
            name: f"{name}={option.bare}"
            for option in self.params
            if isinstance(option, Option) and option.bare is not None
            for name in option.opts
        }
        end = args.index("--") if "--" in args else len(args)
        args = [*(bare.get(word, word) for word in args[:end]), *args[end:]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> ExitStatus:
        """Run the command with the parsed parameters."""
        # A hint must not name an option that this command does not have.
        options = frozenset(name for param in self.params for name in param.opts)
        env: Env = ctx.obj._replace(options=options)
        return self.run(env, **ctx.params)

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """Return an option that shows the help on the environment's stdout."""
        # click's own would write to sys.stdout, see ``show``.
        return help_option()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, then options by section."""
        # Before the options: most readers look for a call that they can change, and there are too
        # many options to scroll past.
        with formatter.section("Examples"):
            for command, meaning in self.examples:
                # Never wrapped, so that a line can be copied.
                formatter.write(f"  # {meaning}\n  {command}\n")
        # In the order in which the options were declared: those of the command come first.
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
    # click adds the help option only when it is asked for the parameters in a context.
    with click.Context(command) as context:
        params = command.get_params(context)
    options = [param for param in params if isinstance(param, click.Option)]
    return {name: option for option in options for name in (*option.opts, *option.secondary_opts)}


def takes_value(option: click.Option) -> bool:
    """Return True if the word after an option is its value."""
    return not (option.is_flag or option.count or has_optional_value(option))


def has_optional_value(option: click.Option) -> bool:
    """Return True if a value must be attached with ``=``, as in ``--reconnect[=always]``."""
    # By the metavar: click knows no such option, and `connect` makes one of its own.
    return (option.metavar or "").startswith("[=")


def help_option() -> Option:
    """Return ``-h`` and ``--help``."""
    option = Option(
        "-h",
        "--help",
        is_flag=True,
        is_eager=True,  # before the types of other parameters complain
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
    # Not click.echo, which writes to sys.stdout: a test, or a program, gives its own stream.
    env: Env = ctx.find_root().obj
    try:
        Output(env.stdout).write(f"{text}\n".encode())
    except BrokenPipeError:
        # As in `wscli --help | head -1`. click would exit with 1, the status of a bug.
        ctx.exit(ExitStatus.READER_GONE)
    ctx.exit()
