"""``wscli export``: a recording as a file for other programs, or as a command."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain

from wscli.apps.env import Env
from wscli.apps.formats import FORMATS, ExportOptions, OutputFile
from wscli.apps.recording import open_recording
from wscli.apps.report import say
from wscli.errors import UsageError
from wscli.records.events import Recorded
from wscli.records.files import open_file
from wscli.records.reading import read_recording
from wscli.records.selection import only_connection
from wscli.sinks.output import Output
from wscli.status import ExitStatus
from wscli.text import visible

_PIECE = 256 << 10  # bytes that are written at once


def run(options: ExportOptions, env: Env) -> ExitStatus:
    """Write the recording in the chosen format, and return the exit status.

    Raises:
        UsageError: if the recording cannot be read, or the output cannot be written.
        BrokenPipeError: if the reader of stdout has gone.
    """
    chosen = FORMATS[options.format]
    if chosen.binary and options.output.name is None and env.stdout_tty:
        what = f"{options.format} is binary, and stdout is a terminal"
        raise UsageError(what, hint="-o FILE writes it to a file")

    def remark(sentence: str) -> None:
        say(env, f"wscli: {visible(sentence)}")

    with open_file(options.file, env.stdin) as file:
        recorded = read_recording(file, options.file, remark)
        events = selected_events(recorded, options.connection)
        write_pieces(chosen.write(events, options, remark), options.file, options.output, env)
    return ExitStatus.OK


def selected_events(recorded: Iterator[Recorded], connection: int | None) -> Iterator[Recorded]:
    """Return the events of one connection, or all; the first has been read.

    Raises:
        UsageError: if there is none, or the file is not a recording.
    """
    events = recorded if connection is None else only_connection(recorded, connection)
    first = next(events, None)
    if first is None:
        which = "" if connection is None else f" {connection}"
        raise UsageError(f"the recording has no connection{which}")
    return chain([first], events)


def write_pieces(pieces: Iterable[bytes], source: str, output: OutputFile, env: Env) -> None:
    """Write to a file that only its owner can read, or to stdout; ``source`` must stay as it is.

    Raises:
        UsageError: if the file cannot be written, or is the source.
        OutputError: if not everything could be written, as on a full disk.
    """
    if output.name is None:
        _write_all(pieces, Output(env.stdout))
        return
    if os.path.exists(output.name) and os.path.exists(source):
        if os.path.samefile(output.name, source):
            raise UsageError(f"{output.name} is the file that is read", hint="another name")
    existing = "replace" if output.replace else "refuse"
    with open_recording(output.name, existing, "--force replaces it") as stream:
        _write_all(pieces, Output(stream, output.name))


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
