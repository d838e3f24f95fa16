"""Write a recording as a HAR file that Chrome's DevTools import, and ``records.har`` reads back.

DevTools drop all messages of an entry if one of them is not an object, and ignore one without
exactly these fields: type, time, opcode, data. Everything else is in fields of our own:
``_closeCode``, ``_closeReason``, and ``_wscli`` with the events that HAR has no place for. The
heads are only where HAR has them, since programs that remove secrets from a HAR would not look for
them elsewhere. Frames are left out.

An entry is written when its connection has ended. Until then its messages are in a temporary file,
so that a recording of any length needs little memory.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring
from tempfile import SpooledTemporaryFile
from typing import Self

from wscli import __version__
from wscli.net.opening import Opening
from wscli.records.events import Recorded, to_json
from wscli.records.exportable import with_openings
from wscli.records.fields import Json, Remark, dumps, encode
from wscli.records.har_entry import (
    describe_request,
    describe_response,
    describe_timings,
    kept_fields,
    server_address,
    total_time,
)
from wscli.records.har_messages import VENDOR
from wscli.records.roles import recorder_role
from wscli.records.sent_bytes import close_payloads
from wscli.session.end import End
from wscli.session.events import Batch, Event, Failed, Opened
from wscli.text import iso_time
from wscli.wire.closing import Side
from wscli.wire.codes import Opcode, Role
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.rules import Violation

_IN_MEMORY = 1 << 20  # bytes of messages that need no file
_PIECE = 256 << 10


def har_pieces(
    recorded: Iterable[Recorded], remark: Remark, *, control: bool = False
) -> Iterator[bytes]:
    """Yield a recording as a HAR file; with ``control``, pings, pongs and Close are messages too.

    ``remark`` receives a sentence about each connection that is left out.
    """
    creator = {"name": "wscli", "version": __version__}
    log = dumps({"version": "1.2", "creator": creator, "pages": []})
    yield f'{{"log":{log[:-1]},"entries":['.encode()
    separator = b"\n"
    for entry in _entries(recorded, remark, control):
        with entry:
            yield separator
            yield from entry.pieces()
        separator = b",\n"
    yield b"\n]}}\n"


def _entries(recorded: Iterable[Recorded], remark: Remark, control: bool) -> Iterator[_EntryWriter]:
    """Yield the entry of each connection when it ends, and those without an end at last."""
    entries: dict[int, _EntryWriter] = {}
    for number, event in with_openings(recorded, remark):
        if isinstance(event, Opened | Failed) and event.opening is not None:
            if number in entries:  # the end of the earlier connection was not recorded
                yield entries.pop(number)
            entries[number] = _EntryWriter(number, event, event.opening, control)
        elif (entry := entries.get(number)) is not None:
            entry.add(event)
        if isinstance(event, End | Failed) and number in entries:
            yield entries.pop(number)
    yield from entries.values()


class _EntryWriter:
    """Collects the messages and the other events of one connection; then yields its entry."""

    def __init__(
        self, number: int, first: Opened | Failed, opening: Opening, control: bool
    ) -> None:
        self._number = number
        self._first = first
        self._opening = opening
        self._role = recorder_role(opening)
        self._control = control
        self._messages = _ListFile()
        self._events = _ListFile()
        self._last = first.time
        self._end: End | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._messages.close()
        self._events.close()

    def add(self, event: Event) -> None:
        """Take a batch, or the end."""
        self._last = max(self._last, event.time)
        if isinstance(event, Batch):
            self._add_batch(event)
        elif isinstance(event, End):
            self._add_end(event)

    def _add_batch(self, batch: Batch) -> None:
        # HAR is written from the client's point of view, also if the server made the recording.
        incoming = batch.incoming is (self._role is Role.CLIENT)
        for item in batch.items:
            if isinstance(item, Messages):
                self._add_messages(incoming, batch.time, item.opcode, item.payloads)
            elif isinstance(item, Ping | Pong | Violation):
                self._keep(batch._replace(incoming=incoming, items=[item]))
            if self._control and isinstance(item, Ping | Pong):
                self._add_messages(incoming, batch.time, item.opcode, [item.payload])

    def _add_end(self, end: End) -> None:
        self._end = end
        if self._control:
            for sender, payload in close_payloads(end):
                incoming = (sender is Side.REMOTE) is (self._role is Role.CLIENT)
                self._add_messages(incoming, end.time, Opcode.CLOSE, [payload])
        if self._role is Role.CLIENT:  # an End has no other point of view
            self._keep(end)

    def _add_messages(
        self, incoming: bool, time: float, opcode: int, payloads: list[bytes]
    ) -> None:
        kind = "receive" if incoming else "send"
        start = f'{{"type":"{kind}","time":{time:.6f},"opcode":{opcode:d},"data":'
        quote = _quote_text if opcode == Opcode.TEXT else _quote_base64
        self._messages.add([f"{start}{quote(payload)}}}".encode() for payload in payloads])

    def _keep(self, event: Event) -> None:
        """Keep an event as it is in a recording, with the number of messages before it."""
        self._events.add([to_json(event, {"after": self._messages.count}).rstrip()])

    def pieces(self) -> Iterator[bytes]:
        """Yield the entry."""
        yield encode(dumps(self._fields())[:-1])
        yield b',"_webSocketMessages":['
        yield from self._messages.pieces()
        kept = dumps({"open": kept_fields(self._opening, self._first.elapsed, self._role)})
        yield encode(f'],"{VENDOR}":{kept[:-1]},"events":[')
        yield from self._events.pieces()
        yield b"]}}"

    def _fields(self) -> Json:
        first, opening, end = self._first, self._opening, self._end
        open_for = max(0.0, self._last - first.time)
        error = first.message if isinstance(first, Failed) else ""
        timings = describe_timings(opening, open_for)
        fields: Json = {
            "startedDateTime": iso_time(max(0.0, first.time - first.elapsed)),
            "time": total_time(timings),
            "request": describe_request(opening),
            "response": describe_response(opening, error),
            "cache": {},
            "timings": timings,
            **server_address(opening, self._role),
            "connection": str(self._number),
            "_resourceType": "websocket",
        }
        if end is not None:
            fields |= {"_closeCode": end.code, "_closeReason": end.reason}
        return fields


def _quote_text(payload: bytes) -> str:
    return encode_basestring(payload.decode())


def _quote_base64(payload: bytes) -> str:
    return f'"{b64encode(payload).decode()}"'


class _ListFile:
    """The items of a JSON list, in memory or in a temporary file that only we can read."""

    def __init__(self) -> None:
        self.count = 0
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 it is closed by close()

    def add(self, items: list[bytes]) -> None:
        """Append items, each on a line of its own."""
        self._file.write((b",\n" if self.count else b"\n") + b",\n".join(items))
        self.count += len(items)

    def pieces(self) -> Iterator[bytes]:
        """Yield all items, with commas between them."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
