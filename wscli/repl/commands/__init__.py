"""The slash commands: each module adds its commands to one table (see ``table``).

A command is a function with ``@command``. It gets the shell and the text behind its name, exactly
as it was typed: a payload may begin or end with spaces. It runs in the main thread, so it must not
wait: it posts to the connection, which the link's thread owns, and shows the rest on the display.
"""

from wscli.repl.commands import sending  # noqa: I001 - the order is that of the help
from wscli.repl.commands import again
from wscli.repl.commands import viewing
from wscli.repl.commands import recordings
from wscli.repl.commands import control
from wscli.repl.commands.table import COMMANDS, CommandEntry, is_command, run_command

__all__ = [
    "COMMANDS",
    "CommandEntry",
    "again",
    "control",
    "is_command",
    "recordings",
    "run_command",
    "sending",
    "viewing",
]
