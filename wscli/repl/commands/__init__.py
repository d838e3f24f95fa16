"""The slash commands: one table, filled by the modules that it is made of."""

from wscli.repl.commands import sending  # noqa: I001 - the order is that of the help
from wscli.repl.commands import viewing
from wscli.repl.commands import control
from wscli.repl.commands.table import COMMANDS, CommandEntry, run_command

__all__ = ["COMMANDS", "CommandEntry", "control", "run_command", "sending", "viewing"]
