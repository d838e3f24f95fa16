"""Read a recording as events: JSON Lines or HAR, from a file or stdin, compressed or not.

The process that wrote a recording may have been killed, so its last line may be cut off. That is
not an error: the events before it are read, and a remark says what is missing. A line that is
damaged anywhere else is an error.

Connections are numbered from 1. A recording of several has their numbers; in one without them, an
attempt to connect after the end of a connection begins the next. A recording that was appended to
another goes on with its numbers.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, cast

from wscli.errors import UsageError
from wscli.records.events import Recorded, read_line
from wscli.records.fields import MalformedEvent, Remark
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step

_GZIP = b"\x1f\x8b"  # RFC 1952 §2.3.1
_HAR = rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:'
_PEEKED = 4096  # bytes at the beginning of a file, by which its format is recognised
_SHOWN = 60  # bytes of a file that is not a recording, for the error


def open_file(name: str, stdin: io.RawIOBase) -> BinaryIO:
    """Open a recording to read it; ``-`` is stdin, and gzip is decompressed.

    Raises:
        UsageError: if it cannot be opened.
    """
    if name == "-":
        return _decompressed(io.BufferedReader(stdin))
    try:
        return _decompressed(open(name, "rb"))
    except OSError as error:
        raise _unreadable(name, error) from None


def _decompressed(file: io.BufferedReader) -> BinaryIO:
    if file.peek(len(_GZIP))[: len(_GZIP)] != _GZIP:
        return file
    return cast("BinaryIO", io.BufferedReader(_GzipFile(file)))


class _GzipFile(gzip.GzipFile):
    """Closes the file that it decompresses, unlike its base."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__(fileobj=file)
        self._file = file

    def close(self) -> None:
        super().close()
        self._file.close()


def _unreadable(name: str, error: OSError) -> UsageError:
    hint = "wscli COMMAND --record FILE writes a recording"
    return UsageError(f"cannot read {name}", error.strerror or str(error), hint)


def _ignore(_text: str) -> None:
    pass


def read_recording(
    stream: BinaryIO, name: str = "the file", remark: Remark = _ignore
) -> Iterator[Recorded]:
    """Yield the events of a recording, each with the number of its connection.

    The format is recognised by the content; ``name`` is for errors and remarks.

    Raises:
        UsageError: if the file is neither, or cannot be read; a MalformedEvent has the line.
    """
    try:
        start = stream.read(_PEEKED)
        if re.match(_HAR, start):
            from wscli.records.har import read_har

            yield from read_har(start + stream.read(), remark)
        else:
            lines = chain((start + stream.readline()).splitlines(keepends=True), stream)
            yield from _read_lines(lines, name, remark)
    except (OSError, EOFError) as error:  # EOFError: gzip that is cut off
        raise UsageError(f"cannot read {name}", str(error)) from None


def _read_lines(lines: Iterator[bytes], name: str, remark: Remark) -> Iterator[Recorded]:
    numbers = ConnectionNumbers()
    number = 0
    for number, line in enumerate(lines, 1):
        try:
            recorded = read_line(line) if line.strip() else None
        except MalformedEvent as error:
            if number > 1 and not line.endswith(b"\n"):
                remark(f"{name} ends in the middle of line {number:,}, which is left out")
                return
            if number == 1:
                raise _not_a_recording(line, name) from None
            raise MalformedEvent(error.evidence, number) from None
        if recorded is not None:
            yield Recorded(recorded.event, numbers.number(recorded))
    if number == 0:
        raise UsageError(f"{name} is empty", hint="wscli COMMAND --record FILE writes a recording")


def _not_a_recording(line: bytes, name: str) -> UsageError:
    shown = line[:_SHOWN].decode(errors="backslashreplace").rstrip()
    return UsageError(
        f"{name} is neither a recording nor a HAR file",
        f"it begins with {shown}",
        "wscli COMMAND --record FILE writes a recording",
    )


class ConnectionNumbers:
    """Numbers the connections of a recording that does not number them itself."""

    def __init__(self) -> None:
        self._last = 1
        self._opened = False
        self._ended = False

    def number(self, recorded: Recorded) -> int:
        """Return the number of the connection that an event belongs to."""
        event, connection = recorded
        if connection is not None:
            return connection
        if isinstance(event, Step | Opened) and (self._opened or self._ended):
            self._last += 1
            self._opened = self._ended = False
        self._opened = self._opened or isinstance(event, Opened | Batch)
        self._ended = self._ended or isinstance(event, End | Failed)
        return self._last
