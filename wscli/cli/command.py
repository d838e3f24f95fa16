"""What our commands add to click's: sections of options, examples, and output through Env."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from wscli.apps.env import Env
from wscli.sinks.output import Output
from wscli.status import ExitStatus


class Option(click.Option):
    """An option that is shown in a section of the help."""

    def __init__(self, *names: str, section: str = "Options", **attributes: Any) -> None:
        super().__init__(names, **attributes)
        self.section = section


class Command(click.Command):
    """A command whose callback takes the environment and its parameters as a dict."""

    def __init__(
        self,
        name: str,
        *,
        summary: str,
        examples: Sequence[tuple[str, str]],
        params: list[click.Parameter],
        run: Callable[[Env, dict[str, Any]], ExitStatus],
        text: str = "",
    ) -> None:
        super().__init__(
            name,
            params=params,
            help=f"{summary}\n\n{text}" if text else summary,
            short_help=summary,
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self._examples = examples
        self._run = run

    def invoke(self, ctx: click.Context) -> ExitStatus:
        """Run the command with what was parsed."""
        return self._run(ctx.obj, ctx.params)

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """Return an option that shows the help on the environment's stdout."""
        return help_option()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, then options by section."""
        with formatter.section("Examples"):
            for command, meaning in self._examples:
                formatter.write(f"  # {meaning}\n  {command}\n")
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "section", "Options"), []).append(record)
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
    return Option(
        "-h",
        "--help",
        section="Other",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_help,
        help="Show this help.",
    )


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
