"""``wscli export``: a recording as a file for other programs, or as a command."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from wscli.apps.env import Env
from wscli.apps.export_source import ExportSource
from wscli.apps.formats import FORMATS, Export, ExportOptions
from wscli.apps.output_file import write_pieces
from wscli.errors import UsageError
from wscli.records.files import open_file
from wscli.sinks.ndjson import escape_unsafe
from wscli.status import ExitStatus


def run(options: ExportOptions, env: Env) -> ExitStatus:
    """Write the recording in the chosen format, and return the exit status.

    Raises:
        UsageError: if the recording cannot be read, or the output cannot be written.
    """
    chosen = FORMATS[options.format]
    to_terminal = options.output.name is None and env.stdout_tty
    if to_terminal and chosen.kind == "binary":
        what = f"{options.format} is binary, and stdout is a terminal"
        raise UsageError(what, hint="-o FILE writes it to a file")
    with open_file(options.file, env.stdin) as file:
        source = ExportSource(file, options.file, options.redact, env)
        events = source.events(options.connection)
        pieces = chosen.write(Export(events, options, source.remark, env.clock.time()))
        if to_terminal and chosen.kind == "json":
            pieces = _escaped(pieces)
        status = write_pieces(pieces, options.file, options.output, env)
    source.report_secrets()
    return status


def _escaped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decoder = getincrementaldecoder("utf-8")()  # a piece may end inside a character
    return (escape_unsafe(decoder.decode(piece)).encode() for piece in pieces)
