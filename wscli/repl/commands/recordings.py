"""The command that shows a recording within a session."""

from __future__ import annotations

import os
from itertools import islice

from wscli.apps.player import Player
from wscli.errors import UsageError
from wscli.payload.message import Message, received
from wscli.records.files import open_file
from wscli.records.reading import read_recording
from wscli.repl.commands.table import FILE, CommandShell, command
from wscli.repl.notices import describe_opening
from wscli.session.end import End, error_of
from wscli.session.events import Batch, Failed, Opened
from wscli.session.pipeline import Sink
from wscli.sinks.human.messages import MAX_SHOWN, Entry, MessageView
from wscli.sinks.human.talk import describe_end
from wscli.sinks.human.wrapping import wrap_words
from wscli.text import show_size, visible
from wscli.wire.codes import opcode_name
from wscli.wire.events import Messages

_MOST_MESSAGES = 500  # at once: the prompt waits meanwhile
_MOST_EVENTS = 10_000
_RULE_WIDTH = 80  # columns of the line above and below, at most


@command("open", "FILE", words=(FILE,))
def open_recording_file(shell: CommandShell, argument: str) -> None:
    """Show a recording, or a HAR file.

    At most its first 500 messages are shown, and they have no numbers: /show and
    /resend are for the messages of this session.
    """
    name = os.path.expanduser(argument.strip())
    if not name:
        raise UsageError("missing file name", hint="/open FILE")
    if name == "-":
        raise UsageError("stdin is the terminal here", hint="/open FILE")
    page = RecordingPage(shell.display.view)
    player = Player([page], changed=page.change)
    with open_file(name, shell.env.stdin) as file:
        events = read_recording(file, visible(name), page.remark)
        for recorded in islice(events, _MOST_EVENTS):
            player.play(recorded)
            if page.messages >= _MOST_MESSAGES:
                break
        if next(events, None) is not None:
            page.remark(f"these are the first {page.messages:,} messages; wscli view shows all")
    shell.say("\n".join(page.lines(visible(name))))


class RecordingPage(Sink):
    """Collects the lines for the events of a recording, as the session shows them."""

    wants_outgoing = True

    def __init__(self, view: MessageView) -> None:
        self.messages = 0
        self._view = view
        self._lines: list[str] = []

    def lines(self, name: str) -> list[str]:
        """Return the lines, between two that name the recording."""
        return [self._rule(name), *self._lines, self._rule(f"end of {name}")]

    def change(self, connection: int) -> None:
        """Begin or go on with a connection of several."""
        if self._lines:
            self._lines.append(self._rule(f"connection {connection}"))

    def remark(self, text: str) -> None:
        """Add a remark."""
        self._note(text)

    def opened(self, opened: Opened) -> None:
        """Add the opening of a connection."""
        self._note(describe_opening(opened.opening, opened.elapsed))

    def batch(self, batch: Batch) -> None:
        """Add messages."""
        for item in batch.items:
            if isinstance(item, Messages):
                for message in received(item, batch.subprotocol)[: _MOST_MESSAGES - self.messages]:
                    self.messages += 1
                    self._add(_entry(batch, message))

    def ended(self, end: End) -> None:
        """Add how a connection ended."""
        self._note(describe_end(end), "error" if error_of(end) else "dim")

    def failed(self, failed: Failed) -> None:
        """Add an error."""
        self._note(failed.message, "error")

    def _add(self, entry: Entry) -> None:
        size = len(entry.payload)
        if size > MAX_SHOWN:
            kind = opcode_name(entry.opcode)
            text = f"{show_size(size)} are too much for a terminal"
            self._lines += self._view.event(entry.incoming, entry.time, kind, size, text)
            return
        lines, rows = self._view.lines(entry), self._view.rows
        self._lines += lines[:rows]
        if len(lines) > rows:
            self._lines.append(self._view.palette.paint("dim", "… wscli view shows all of it"))

    def _note(self, text: str, style: str = "dim") -> None:
        rows = wrap_words(f"* {visible(text)}", self._view.width)
        self._lines += [self._view.palette.paint(style, row) for row in rows]

    def _rule(self, title: str) -> str:
        width = min(self._view.width, _RULE_WIDTH)
        return self._view.palette.paint("bold", f"{f'── {title} ':─<{width}}")


def _entry(batch: Batch, message: Message) -> Entry:
    return Entry(batch.incoming, batch.time, message.opcode, message.payload, message=message)
