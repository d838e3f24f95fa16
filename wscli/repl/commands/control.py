"""Commands for the session itself: reconnect, edit, help, quit."""

from __future__ import annotations

import re

from wscli.errors import UsageError
from wscli.repl.commands.table import (
    COMMANDS,
    NUMBER,
    CommandEntry,
    CommandShell,
    command,
    find_command,
)
from wscli.repl.link import LinkState

_NAMES_WIDTH = 25
_KEYS = """\
Any other line is sent as text; // begins a text that begins with /.
Tab completes, Ctrl-R searches; Alt-Enter adds a line, a paste is one message.
Ctrl-V inserts the next key as it is, even a control character.
Ctrl-C clears the line and twice leaves; Ctrl-D closes and leaves."""


@command("reconnect")
def connect_again(shell: CommandShell, _argument: str) -> None:
    """Connect again; closes what is open."""
    if shell.link.state is LinkState.CONNECTING:
        raise UsageError("it is connecting already")
    shell.link.connect_now()


@command("edit", "[N|TEXT]")
def edit_line(shell: CommandShell, argument: str) -> None:
    """Write a message in $EDITOR, or change message N."""
    journal = shell.display.journal
    if re.fullmatch(NUMBER, argument.strip()) and 0 < int(argument) <= journal.last:
        (entry,) = journal.find(int(argument), int(argument))
        argument = shell.line_for(entry.opcode, entry.payload)
    shell.edit(argument)


@command("help", "[COMMAND]")
def show_help(shell: CommandShell, argument: str) -> None:
    """Show all commands, or one of them in full."""
    name = argument.strip().removeprefix("/")
    if name:
        found = find_command(name)
        shell.display.say_table([_row(found), *(f"  {row}" for row in found.details.splitlines())])
    else:
        shell.display.say_table([*map(_row, COMMANDS.values()), "", *_KEYS.splitlines()])


def _row(found: CommandEntry) -> str:
    return f"{f'/{found.name} {found.usage}':<{_NAMES_WIDTH}} {found.summary}"


@command("quit")
def leave(shell: CommandShell, _argument: str) -> None:
    """Close and leave, as Ctrl-D does."""
    shell.leave()
