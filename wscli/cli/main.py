"""The command line as a function: ``main(args, env) -> ExitStatus``.

It never raises and never exits: every error becomes a report on stderr and a status. Errors of a
connection are reported where they occur (``apps.run``); here come those of the command line itself,
and bugs.
"""

from __future__ import annotations

import re
import traceback
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from wscli import __version__
from wscli.apps.env import Env
from wscli.apps.report import report, say
from wscli.cli.command import COMMANDS, Context, Option, help_option, show
from wscli.cli.types import is_url
from wscli.errors import UsageError, WscliError
from wscli.sinks.output import Output
from wscli.status import ExitStatus, status_of

_USAGE = """\
See what your WebSocket does.

`wscli URL` stands for `wscli connect URL` at a terminal, and for `wscli pipe URL` elsewhere. A URL
may be ws://, wss://, http(s)://, HOST[:PORT][/PATH], :PORT[/PATH], or demo: for the embedded
server."""


def load_command(name: str) -> click.Command | None:
    """Import a command; return None if no command has that name."""
    if name not in COMMANDS:
        return None
    module = f"{name}_" if iskeyword(name) else name
    command: click.Command = import_module(f"wscli.cli.commands.{module}").command
    return command


class Group(click.Group):
    """The commands, each imported when it is called."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        return load_command(name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or raise an error that names the one that may be meant."""
        # Before click does: its message has neither a suggestion nor a hint.
        if args[0] not in COMMANDS:
            raise _no_such_command(args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without importing them."""
        # click's own method asks each command for its help.
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """Return an option that shows the help on the environment's stdout."""
        return help_option()


def _no_such_command(args: list[str]) -> UsageError:
    from difflib import get_close_matches

    word = args[0]
    if word.startswith("@"):
        what = f"there is no profile {word!r}: wscli does not have profiles yet"
        return UsageError(what, hint="write the URL")
    nearest = get_close_matches(word, COMMANDS, n=1)
    hint = f"wscli {nearest[0]}" if nearest else "wscli --help lists the commands"
    # `git help` and `go version` have taught people these.
    if word in ("help", "version"):
        hint = f"wscli {' '.join(args[1:2])} --{word}".replace("  ", " ")
    elif word == "demo":
        hint = "wscli demo: is the embedded server"
    # A bare name such as localhost is no URL here, since every misspelt command looks like one.
    elif re.fullmatch("[A-Za-z0-9-]+", word) and not nearest:
        hint = f"wscli ws://{word}, if that is a host; {hint}"
    return UsageError(f"there is no command {word!r}", hint=_meant(args) or hint)


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        show(ctx, f"wscli {__version__}")


def make_group() -> Group:
    """Return the whole command line."""
    # click's version_option would write to sys.stdout, see ``show``.
    version = Option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Show the version.",
    )
    return Group("wscli", help=_USAGE, params=[version], no_args_is_help=False)


def main(args: list[str], env: Env) -> ExitStatus:
    """Run a command line, and return the exit status."""
    try:
        # By an environment variable, since every argument may be a word that is being completed.
        if shell := env.environ.get("_WSCLI_COMPLETE"):
            return _complete(shell, args, env)
        return _run(_with_command(args or ["--help"], env), env)
    except WscliError as error:
        report(error, env)
        return status_of(error)
    except click.UsageError as error:
        report(_explain(error, args, _implied(env)), env)
        return ExitStatus.USAGE
    # click.Abort is Ctrl-C, or the end of input, at the question for a password.
    except (KeyboardInterrupt, click.Abort):
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        return ExitStatus.READER_GONE
    # Not a bug: a message may be as large as --max-size allows.
    except MemoryError:
        report(
            UsageError("out of memory", hint="--max-size limits the size of received messages"), env
        )
        return ExitStatus.USAGE
    except Exception as error:
        return _admit(error, env)


def _run(args: list[str], env: Env) -> ExitStatus:
    # In standalone mode click would print errors itself, and exit with statuses of its own.
    status: Any = make_group().main(args, prog_name="wscli", standalone_mode=False, obj=env)
    # None after --help and --version.
    return ExitStatus(status or 0)


def _complete(shell: str, args: list[str], env: Env) -> ExitStatus:
    from wscli.cli.completion import answer  # only a shell's Tab needs it

    Output(env.stdout).write(answer(shell, args, COMMANDS, load_command).encode())
    return ExitStatus.OK


def _with_command(args: list[str], env: Env) -> list[str]:
    """Insert the command that ``wscli URL`` and ``wscli --OPTION… URL`` stand for."""
    # A command's name goes before a host of that name, which can be written with its scheme.
    first = args[0]
    if first in (*COMMANDS, "-h", "--help", "--version"):
        return args
    # Behind an option only a URL makes sense: the options of wscli itself were excluded above.
    has_url = is_url(first) or (first.startswith("-") and first != "-")
    return [_implied(env), *args] if has_url else args


def _implied(env: Env) -> str:
    """Return the command that a URL alone stands for."""
    # A prompt needs both: a redirected stdin is input for a pipe, and a redirected stdout output.
    return "connect" if env.stdin_tty and env.stdout_tty else "pipe"


def _explain(error: click.UsageError, args: list[str], implied: str) -> UsageError:
    # click's sentences end with a full stop and may have line feeds; ours are clauses of one line.
    what = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.info_name if error.ctx else args[0] if args[0] in COMMANDS else implied
    if isinstance(error, click.NoSuchOption):
        what = f"{command} has no option {error.option_name}"
    call = _meant(args, implied)
    hint = call or (f"wscli {command} --help" if command in COMMANDS else "wscli --help")
    # `wscli send URL -5` looks like an option, as it does to every program that takes options.
    maybe_a_message = command == "send" and isinstance(error, click.NoSuchOption)
    if maybe_a_message and (not call or " -- " in call):
        hint += "; a message that begins with - comes after --"
    return UsageError(what, hint=hint)


def _meant(args: list[str], implied: str = "connect") -> str:
    """Return the call that a wrong command line most likely stands for, or ""."""
    from wscli.cli.translate import meant  # only an error needs it

    return meant(args, implied, load_command)


def _admit(error: Exception, env: Env) -> ExitStatus:
    """Report an exception as a bug in wscli."""
    if env.debug:
        say(env, traceback.format_exc().rstrip())
    # One line, like any other error: a traceback is for the developers, who can ask for one.
    what = f"a bug in wscli: {type(error).__name__}: {error}"
    report(WscliError(what, hint="WSCLI_DEBUG=1 shows where; please report it"), env)
    return ExitStatus.BUG
