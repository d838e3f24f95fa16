"""``wscli import``: the WebSockets of a HAR file as commands of wscli, or as a recording."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from wscli.apps.command_lines import wscli_commands
from wscli.apps.env import Env
from wscli.apps.export_source import ExportSource
from wscli.apps.options import OutputFile
from wscli.apps.output_file import write_pieces
from wscli.records.connections import read_connections
from wscli.records.events import Recorded
from wscli.records.files import open_file
from wscli.records.writing import recording_pieces
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.payload.matching import RegexReplacer


class ImportOptions(NamedTuple):
    """The HAR file, and the number of its only WebSocket to import, None for all.

    With ``output`` it becomes a recording; otherwise commands are printed. ``redact`` has the
    user's patterns of secrets to leave out; None keeps them.
    """

    file: str
    entry: int | None = None
    output: OutputFile | None = None
    redact: tuple[RegexReplacer, ...] | None = None


def run(options: ImportOptions, env: Env) -> ExitStatus:
    """Print commands or write a recording, and return the exit status.

    Raises:
        UsageError: if the file cannot be read, or the recording cannot be written.
    """
    with open_file(options.file, env.stdin) as file:
        source = ExportSource(file, options.file, options.redact, env)
        events = source.events(options.entry, "WebSocket")
        if options.output is None:
            pieces = _command_lines(events, options.file)
        else:
            pieces = recording_pieces(events, env.clock.time())
        status = write_pieces(pieces, options.file, options.output or OutputFile(), env)
    source.report_secrets()
    return status


def _command_lines(events: Iterator[Recorded], file: str) -> Iterator[bytes]:
    separator = ""
    for connection in read_connections(events):
        yield f"{separator}{wscli_commands(connection, file)}".encode()
        separator = "\n"
