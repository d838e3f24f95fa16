"""Write a file that a command makes from a recording: an export, a page, a recording of a HAR."""

from __future__ import annotations

import os
from collections.abc import Iterable

from wscli.apps.env import Env
from wscli.apps.options import Existing, OutputFile
from wscli.apps.recording import open_recording
from wscli.errors import UsageError
from wscli.sinks.output import Output
from wscli.status import ExitStatus

_PIECE = 256 << 10  # bytes that are written at once


def write_pieces(pieces: Iterable[bytes], source: str, output: OutputFile, env: Env) -> ExitStatus:
    """Write to stdout, or to a file that only its owner can read; ``source`` is not overwritten.

    Raises:
        UsageError: if the file cannot be written, or is the source.
        OutputError: if not everything could be written, as on a full disk.
    """
    if output.name is None:
        try:
            _write_all(pieces, Output(env.stdout))
        except BrokenPipeError:  # click would exit with a status of its own
            return ExitStatus.READER_GONE
        return ExitStatus.OK
    if all(map(os.path.exists, (output.name, source))) and os.path.samefile(output.name, source):
        raise UsageError(f"{output.name} is the file that is read", hint="choose another name")
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
