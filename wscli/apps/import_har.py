"""``wscli import``: the WebSockets of a HAR file as commands of wscli, or as a recording."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wscli.apps.command_lines import wscli_commands
from wscli.apps.env import Env
from wscli.apps.export import selected_events, write_pieces
from wscli.apps.formats import OutputFile
from wscli.apps.report import say
from wscli.records.connections import read_connections
from wscli.records.events import Recorded
from wscli.records.files import open_file
from wscli.records.reading import read_recording
from wscli.records.writing import recording_pieces
from wscli.status import ExitStatus
from wscli.text import visible


class ImportOptions(NamedTuple):
    """The HAR file, and the number of its only WebSocket to import, None for all.

    With ``output`` it becomes a recording; otherwise commands are printed.
    """

    file: str
    entry: int | None = None
    output: OutputFile | None = None


def run(options: ImportOptions, env: Env) -> ExitStatus:
    """Print commands or write a recording, and return the exit status.

    Raises:
        UsageError: if the file cannot be read, or the recording cannot be written.
    """

    def remark(sentence: str) -> None:
        say(env, f"wscli: {visible(sentence)}")

    with open_file(options.file, env.stdin) as file:
        recorded = read_recording(file, options.file, remark)
        events = selected_events(recorded, options.entry, options.file, "WebSocket")
        if options.output is None:
            pieces = _command_lines(events, options.file)
        else:
            pieces = recording_pieces(events, env.clock.time())
        return write_pieces(pieces, options.file, options.output or OutputFile(), env)


def _command_lines(events: Iterator[Recorded], file: str) -> Iterator[bytes]:
    separator = ""
    for connection in read_connections(events):
        yield f"{separator}{wscli_commands(connection, file)}".encode()
        separator = "\n"
