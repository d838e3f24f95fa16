"""Read a recording as events: JSON Lines or HAR, recognised by the content.

The process that wrote a recording may have been killed, so its last line may be cut off. That is
not an error: the events before it are read, and a remark names the line. The same applies to
a line that was cut off before another recording was appended. A line that is damaged anywhere else
is an error.

Connections are numbered from 1. A recording of several has their numbers; in one without them, an
attempt to connect after the end of a connection begins the next. A recording that was appended to
another goes on with its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from wscli.errors import UsageError
from wscli.records.events import HEADER, LOST, VERSION, Recorded, read_event, read_fields, to_json
from wscli.records.fields import Fields, Json, MalformedEvent, Remark, dumps, encode
from wscli.records.files import HOW_TO_RECORD, read_blocks
from wscli.records.numbering import ConnectionTable
from wscli.records.runs import read_batch, run_end
from wscli.text import visible

_HAR = rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:'
_TOO_SHORT = b"\xef\xbb\xbf{ \t\r\n"  # the beginning of JSON of either format
_EVENT = rb'\s*\{\s*"event"\s*:'
_SHOWN = 60  # bytes of a line that is not an event, for the error


def _ignore(_text: str) -> None:
    pass


def _pass(_recorded: Recorded) -> None:
    pass


def _do_nothing() -> None:
    pass


def read_recording(
    stream: BinaryIO, name: str = "the file", remark: Remark = _ignore
) -> Iterator[Recorded]:
    """Yield the events of a recording, each with the number of its connection.

    Messages that came or left together are one batch, as they were live. ``name`` is for errors
    and remarks.

    Raises:
        UsageError: if the file is neither JSON Lines nor HAR, or cannot be read; a MalformedEvent
            has the number of the line.
    """
    return RecordingReader(stream, name, remark).events()


class RecordingReader:
    """Reads a recording once: as events, or as the lines of JSON that it has.

    ``before_read`` is called before each read of the stream, which may wait.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        remark: Remark = _ignore,
        before_read: Callable[[], None] = _do_nothing,
    ) -> None:
        self._stream = stream
        self._name = name
        self._remark = remark
        self._before_read = before_read
        self._line = 0  # the number of the latest line
        self._begun = False  # whether a line was an event
        self._damaged: MalformedEvent | None = None  # unless the next line excuses it
        self._connections = ConnectionTable()

    @property
    def numbered(self) -> bool:
        """Whether the events read so far need numbers to tell their connections apart."""
        return self._connections.numbered

    def events(self) -> Iterator[Recorded]:
        """Yield the events, see ``read_recording``."""
        blocks = self._blocks()
        first = next(blocks, b"")
        if re.match(_HAR, first):
            yield from self._har_events(first + b"".join(blocks))
            return
        for block in chain([first], blocks):
            yield from self._block_events(block)
        self._finish()

    def lines(self, watch: Callable[[Recorded], None] = _pass) -> Iterator[bytes]:
        """Yield the lines, checked but mostly not read: the header is left out.

        ``watch`` is called with each event that is read: all but most of the messages.

        Raises:
            UsageError: as ``read_recording``.
        """
        blocks = self._blocks()
        first = next(blocks, b"")
        if re.match(_HAR, first):
            for recorded in self._har_events(first + b"".join(blocks)):
                watch(recorded)
                yield to_json(recorded.event, {"connection": recorded.connection})
            return
        for block in chain([first], blocks):
            yield from self._block_lines(block, watch)
        self._finish()

    def _blocks(self) -> Iterator[bytes]:
        """Yield blocks; the first is long enough to recognise the format."""
        blocks = read_blocks(self._stream, self._name, self._remark, self._before_read)
        first = next(blocks, b"")
        while not first.strip(_TOO_SHORT) and (more := next(blocks, b"")):
            first += more
        return chain([first], blocks)

    def _har_events(self, data: bytes) -> Iterator[Recorded]:
        from wscli.records.har import read_har

        return read_har(data, self._remark)

    def _block_events(self, block: bytes) -> Iterator[Recorded]:
        # Bytes that are not UTF-8 are an error of one line: only reading line by line finds it.
        has_runs = _is_utf8(block)
        start = 0
        while start < len(block):
            if has_runs and (found := read_batch(block, start)):
                batch, connection, start, lines = found
                self._pass_lines(lines)
                yield self._connections.number_batch(batch, connection)
                continue
            end = block.find(b"\n", start) + 1 or len(block)
            line = block[start:end]
            fields = self._read_fields(line)
            start = end
            if fields is not None and (recorded := self._read_event(fields, line)):
                yield self._connections.number(recorded)

    def _block_lines(self, block: bytes, watch: Callable[[Recorded], None]) -> Iterator[bytes]:
        has_runs = _is_utf8(block)
        start = 0
        while start < len(block):
            end = run_end(block, start) if has_runs and not self._connections.offset else start
            if end > start:
                self._pass_lines(block.count(b"\n", start, end))
                self._connections.pass_messages()
                yield block[start:end]
            else:
                end = block.find(b"\n", start) + 1 or len(block)
                yield from self._copy_line(block[start:end], watch)
            start = end

    def _copy_line(self, line: bytes, watch: Callable[[Recorded], None]) -> Iterator[bytes]:
        fields = self._read_fields(line)
        if fields is None or fields.get("event", str) == HEADER:
            return
        recorded = self._read_event(fields, line)
        if recorded is not None:
            recorded = self._connections.number(recorded)
            watch(recorded)
        if recorded is not None and self._connections.offset:
            yield to_json(recorded.event, {"connection": recorded.connection})
        else:  # also an event that is unknown
            yield line if line.endswith(b"\n") else line + b"\n"

    def _read_fields(self, line: bytes) -> Fields | None:
        """Return the fields of a line, or None for one that is empty or was cut off."""
        self._line += 1
        if not line.strip():
            return None
        try:
            fields = read_fields(line)
            name = fields.require("event", str)
        except MalformedEvent as error:
            self._excuse(line, error)
            return None
        self._begun = True
        # --append ends a line that was cut off, and then writes a header.
        if name == HEADER:
            self._begin_recording()
        self._raise_damage()
        self._check_version(fields)
        if name == LOST:
            self._report_lost(fields)
        return fields

    def _excuse(self, line: bytes, error: MalformedEvent) -> None:
        """Leave out a last line that was cut off; any other damage is raised with the next line."""
        self._raise_damage()
        if not self._begun and not re.match(_EVENT, line):
            raise self._not_a_recording(line)
        self._damaged = self._malformed(line, error)
        if not line.endswith(b"\n"):
            self._leave_out()

    def _leave_out(self) -> None:
        if self._damaged is not None:
            what = f"line {self._damaged.line:,} of {self._name} was cut off, and is left out"
            self._remark(what)
        self._damaged = None

    def _begin_recording(self) -> None:
        """Begin a recording, which may have been appended to one that was cut off."""
        self._leave_out()
        self._connections.begin_recording()

    def _raise_damage(self) -> None:
        if self._damaged is not None:
            raise self._damaged

    def _read_event(self, fields: Fields, line: bytes) -> Recorded | None:
        try:
            return read_event(fields)
        except MalformedEvent as error:
            raise self._malformed(line, error) from None

    def _malformed(self, line: bytes, error: MalformedEvent) -> MalformedEvent:
        evidence = f"{error.evidence}\nit begins with {_beginning(line)}"
        return MalformedEvent(evidence, self._line, self._name)

    def _pass_lines(self, count: int) -> None:
        if self._damaged is not None:
            raise self._damaged
        self._begun = True
        self._line += count

    def _check_version(self, fields: Fields) -> None:
        version = fields.get("v", int) or VERSION
        if version > VERSION:
            what = f"{self._name} has version {version} of the format"
            raise UsageError(what, f"this wscli reads version {VERSION}", "upgrade wscli")

    def _report_lost(self, fields: Fields) -> None:
        count = fields.get("events", int) or 0
        self._remark(
            f"{self._name} lacks {count:,} events before line {self._line:,}: "
            "it was written too slowly"
        )

    def _finish(self) -> None:
        self._raise_damage()
        if self._line == 0:
            raise UsageError(f"{self._name} is empty", hint=HOW_TO_RECORD)

    def _not_a_recording(self, line: bytes) -> UsageError:
        return UsageError(
            f"{self._name} is neither a recording nor a HAR file",
            f"it begins with {_beginning(line)}",
            HOW_TO_RECORD,
        )


def _beginning(line: bytes) -> str:
    line = line.strip()
    shown = visible(line[:_SHOWN].decode(errors="backslashreplace"))
    return f"{shown}…" if len(line) > _SHOWN else shown


def with_version(line: bytes) -> bytes:
    """Return a line, the first of several, with the version of the format."""
    fields: Json = read_fields(line).as_json()
    if "v" in fields:
        return line
    names = list(fields)
    at = names.index("elapsed") + 1 if "elapsed" in fields else len(names)
    fields["v"] = VERSION
    fields = {name: fields[name] for name in (*names[:at], "v", *names[at:])}
    return encode(f"{dumps(fields)}\n")


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
