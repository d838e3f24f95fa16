"""The slash commands: each module adds its commands to one table."""

from wscli.repl.commands import sending  # noqa: I001 - the order is that of the help
from wscli.repl.commands import again
from wscli.repl.commands import viewing
from wscli.repl.commands import control
from wscli.repl.commands.table import COMMANDS, CommandEntry, is_command, run_command

__all__ = [
    "COMMANDS",
    "CommandEntry",
    "again",
    "control",
    "is_command",
    "run_command",
    "sending",
    "viewing",
]
