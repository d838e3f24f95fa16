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

_NAMES_WIDTH = 25  # columns of a name and its arguments; leaves 54 of 80 for the summary
_KEYS = """\
Any other line is sent as a text message; begin it with // to send a leading /.

Tab        Complete a command, a file name or an earlier line.
Ctrl-R     Search the history.
Alt-Enter  Insert a line break; a paste of several lines is one message.
Ctrl-V     Insert the next key as it is, even a control character.
Ctrl-C     Clear the line; twice in a row: close the connection and leave.
Ctrl-D     Close the connection and leave."""


@command("reconnect")
def connect_again(shell: CommandShell, _argument: str) -> None:
    """Close the connection if it is open, and connect again."""
    # Otherwise the request would take effect when the connection that is being made has ended.
    if shell.link.state is LinkState.CONNECTING:
        raise UsageError("already connecting")
    shell.link.connect_now()


@command("edit", "[N|TEXT]")
def edit_line(shell: CommandShell, argument: str) -> None:
    """Write a message in $EDITOR, or change message N."""
    if re.fullmatch(NUMBER, argument.strip()):
        (entry,) = shell.display.journal.find(int(argument), int(argument))
        argument = shell.line_for(entry.opcode, entry.payload)
    shell.edit(argument)


@command("help", "[COMMAND]")
def show_help(shell: CommandShell, argument: str) -> None:
    """List all commands, or explain one."""
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
    """Close the connection and leave, like Ctrl-D."""
    shell.leave()
