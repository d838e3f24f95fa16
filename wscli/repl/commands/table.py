"""The table of slash commands: what feeds the help, the completion, and the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from wscli.errors import UsageError

if TYPE_CHECKING:
    from wscli.repl.shell import Shell

FILE = "FILE"
"""Among a command's words: the name of a file."""

AT_FILE = "@FILE"
"""Among a command's words: the name of a file behind ``@``."""

Run = Callable[["Shell", str], None]


class CommandEntry(NamedTuple):
    """A slash command.

    ``usage`` shows its arguments; ``summary`` and ``details`` say what it does; ``words`` are the
    completions of its arguments, and ``values`` the completions after some of these words.
    """

    name: str
    usage: str
    summary: str
    details: str
    words: tuple[str, ...]
    run: Run
    values: Mapping[str, tuple[str, ...]] = MappingProxyType({})


COMMANDS: dict[str, CommandEntry] = {}
"""The commands by name, in the order of the help."""


def command(
    name: str,
    usage: str = "",
    *,
    words: tuple[str, ...] = (),
    values: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Callable[[Run], Run]:
    """Put a function into the table; its docstring is the command's help."""

    def enter(run: Run) -> Run:
        summary, _, details = (run.__doc__ or "").partition("\n")
        details = "\n".join(line.strip() for line in details.strip().split("\n"))
        COMMANDS[name] = CommandEntry(name, usage, summary, details, words, run, values)
        return run

    return enter


def find_command(name: str) -> CommandEntry:
    """Return a command.

    Raises:
        UsageError: if there is none of this name; it names the nearest.
    """
    if name in COMMANDS:
        return COMMANDS[name]
    from difflib import get_close_matches

    nearest = get_close_matches(name, COMMANDS, n=1) or [
        known for known in COMMANDS if name and known.startswith(name)
    ]
    hint = f"/{nearest[0]}" if nearest else "/help lists them"
    raise UsageError(f"there is no command /{name}", hint=f"{hint}; //{name} sends it as a message")


def run_command(shell: Shell, name: str, argument: str) -> None:
    """Run a command.

    Raises:
        WscliError: if there is none of this name, or it fails.
    """
    found = find_command(name)
    if argument.strip() and not found.usage:
        raise UsageError(f"/{name} takes no argument", hint=f"/help {name}")
    found.run(shell, argument)
