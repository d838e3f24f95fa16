"""``wscli export``: a recording as a file for other programs, or as a command."""

from __future__ import annotations

import os
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from wscli.apps.env import Env
from wscli.apps.export_source import ExportSource
from wscli.apps.formats import FORMATS, Export, ExportOptions, OutputFile
from wscli.apps.options import Existing
from wscli.apps.recording import open_recording
from wscli.errors import UsageError
from wscli.records.files import open_file
from wscli.sinks.ndjson import escape_unsafe
from wscli.sinks.output import Output
from wscli.status import ExitStatus

_PIECE = 256 << 10  # bytes that are written at once


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


def write_pieces(pieces: Iterable[bytes], source: str, output: OutputFile, env: Env) -> ExitStatus:
    """Write to stdout, or to a file that only its owner can read; ``source`` must stay as it is.

    Raises:
        UsageError: if the file cannot be written, or is the source.
        OutputError: if not everything could be written, as on a full disk.
    """
    if output.name is None:
        try:
            _write_all(pieces, Output(env.stdout))
        except BrokenPipeError:  # which click would make a status of its own
            return ExitStatus.READER_GONE
        return ExitStatus.OK
    if all(map(os.path.exists, (output.name, source))) and os.path.samefile(output.name, source):
        raise UsageError(f"{output.name} is the file that is read", hint="another name")
    existing: Existing = "replace" if output.replace else "refuse"
    with open_recording(output.name, existing, "--force replaces it") as stream:
        _write_all(pieces, Output(stream, output.name))
    return ExitStatus.OK


def _write_all(pieces: Iterable[bytes], output: Output) -> None:
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _PIECE:
            output.write(b"".join(waiting))
            waiting, size = [], 0
    output.write(b"".join(waiting))
