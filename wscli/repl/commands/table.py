"""The table of slash commands, from which help, completion and dispatch are made.

Commands know the shell only as a ``CommandShell``, and the shell knows only the table, so neither
imports the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from wscli.apps.env import Env
from wscli.errors import UsageError
from wscli.repl.display import Display
from wscli.repl.history import LineHistory
from wscli.repl.link import Link
from wscli.repl.playback import SessionPlayback
from wscli.session.thread_driver import ThreadDriver
from wscli.sinks.human.messages import Entry
from wscli.sinks.recording import Recorder
from wscli.sinks.stats import Stats
from wscli.wire.codes import Opcode

_COMMAND = r"(?s)/(\S*)\s?(.*)"
_SOFT_BREAK = r"(?<!\n)\n(?![\n/]|.* {2})"  # not before an example or a row of a table

FILE = "FILE"
"""In a command's words, stands for any file name."""

AT_FILE = "@FILE"
"""In a command's words, stands for ``@`` and any file name."""

NUMBER = "[0-9]{1,15}"
"""A pattern: the number of a message."""


class CommandShell(Protocol):
    """The part of the shell that commands use; all in the main thread."""

    link: Link
    display: Display
    stats: Stats
    recorder: Recorder
    playback: SessionPlayback
    history: LineHistory
    env: Env

    def session(self) -> ThreadDriver:
        """Return the open session, or raise ``ConnectionClosed``."""

    def send(self, opcode: Opcode, payload: bytes) -> None:
        """Send a message, with the terminator of ``--end`` added if it lacks that."""

    def read_payload(self, text: str, opcode: Opcode, *, escapes: bool = False) -> bytes:
        """Return the payload for a text: the text itself, a file, hex or base64."""

    def without_secrets(self, entries: list[Entry]) -> list[Entry]:
        """Return messages as a recording has them: with ``--redact``, without secrets."""

    def say(self, text: str) -> None:
        """Show lines."""

    def note(self, text: str) -> None:
        """Show a remark."""

    def line_for(self, opcode: int, payload: bytes) -> str:
        """Return the line that sends a message."""

    def edit(self, text: str) -> None:
        """Open the text in the user's editor, and put the result in the prompt."""

    def leave(self) -> None:
        """Close the connection and leave."""


CommandFunction = Callable[[CommandShell, str], None]
"""Runs a command with the text after its name, exactly as it was typed."""


class CommandEntry(NamedTuple):
    """A slash command.

    ``usage`` shows its arguments; ``summary`` and ``details`` are its help. ``words`` are the
    completions of its arguments, and ``values`` the completions after some of these words.
    """

    name: str
    usage: str
    summary: str
    details: str
    words: tuple[str, ...]
    run: CommandFunction
    values: Mapping[str, tuple[str, ...]] = MappingProxyType({})


COMMANDS: dict[str, CommandEntry] = {}
"""The commands by name, in the order of the help."""


def command(
    name: str,
    usage: str = "",
    *,
    words: tuple[str, ...] = (),
    values: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Callable[[CommandFunction], CommandFunction]:
    """Put a function into the table; its docstring is the command's help."""

    def enter(run: CommandFunction) -> CommandFunction:
        """Put ``run`` into the table, and return it."""
        summary, _, details = (run.__doc__ or "").partition("\n")
        details = "\n".join(line.strip() for line in details.strip().split("\n"))
        # The lines of a paragraph are joined, since each terminal breaks them at its own width.
        details = re.sub(_SOFT_BREAK, " ", details)
        COMMANDS[name] = CommandEntry(name, usage, summary, details, words, run, values)
        return run

    return enter


def find_command(name: str) -> CommandEntry:
    """Return a command.

    Raises:
        UsageError: if there is no command of this name; it names the nearest.
    """
    if name in COMMANDS:
        return COMMANDS[name]
    from difflib import get_close_matches

    # Abbreviations such as /s are far from any name by difflib's measure.
    nearest = get_close_matches(name, COMMANDS, n=1) or [
        known for known in COMMANDS if name and known.startswith(name)
    ]
    hint = f"/{nearest[0]}" if nearest else "/help lists them"
    # It is never sent by itself: a mistyped /quit must not reach the server. But it may be a path.
    raise UsageError(f"there is no command /{name}", hint=f"{hint}; //{name} sends it as a message")


def is_command(line: str) -> bool:
    """Return True if a line calls a command; ``//`` begins a text that begins with a slash."""
    return line.startswith("/") and not line.startswith("//")


def run_command(shell: CommandShell, line: str) -> None:
    """Run the command that a line calls.

    Raises:
        WscliError: if there is no command of this name, or it fails.
    """
    name, argument = split_command(line)
    found = find_command(name)
    # Ignored, it would hide a mistake: "/stats on" does not switch anything on.
    if argument.strip() and not found.usage:
        raise UsageError(f"/{name} takes no argument", hint=f"/help {name}")
    found.run(shell, argument)


def split_command(line: str) -> tuple[str, str]:
    """Return the name of a command and its argument, without the space between them."""
    match = re.fullmatch(_COMMAND, line)
    return (match[1], match[2]) if match else ("", "")
