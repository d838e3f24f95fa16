"""Messages for people: direction, time, kind and size in a dim column, then the payload.

A ``MessageView`` lays out one message as lines, and ``HumanSink`` writes them. The interactive
session uses the same view; its messages have numbers, by which a message that was cut can be shown
again (``/show``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from wscli.payload.codecs import HEX, TEXT, Shown, ShownBytes, ShownJson, show
from wscli.payload.message import Message, received
from wscli.session.events import Batch
from wscli.session.pipeline import Sink
from wscli.sinks.hexdump import hexdump
from wscli.sinks.human.jsontext import Abridgement, pretty_json
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.wrapping import plain_width, wrap
from wscli.sinks.output import Output
from wscli.text import clock_time, show_size, visible
from wscli.wire.codes import opcode_name
from wscli.wire.events import Messages

MAX_SHOWN = 1 << 20
"""The largest message, in bytes, that ``/show`` repeats; a larger one can be saved to a file."""

_META_WIDTH = 32  # columns of the arrow, the time, the kind, the size and the spaces after them
_NUMBER_WIDTH = 6
_ROOM_BESIDE = 80  # columns that a payload of several lines needs to stand beside its metadata
_INDENT = "  "
_LEAST_WIDTH = 20  # columns; lines are laid out for at least this width
_MAX_SCANNED = 1 << 20  # characters of a long JSON text that are parsed to show its beginning

# All messages of a batch have the same time, and strftime takes longer than the layout of a short
# message.
_clock_time = lru_cache(maxsize=1)(clock_time)

NO_LIMIT = 1 << 40
"""A number of rows that no message reaches."""


class Entry(NamedTuple):
    """A message to be shown; ``number`` is None if it cannot be shown again.

    ``time`` is in seconds since the epoch, ``elapsed`` in seconds since the dial began.
    ``message`` is given if the payload may have been decoded already.
    """

    incoming: bool
    time: float
    opcode: int
    payload: bytes
    number: int | None = None
    elapsed: float = 0.0
    subprotocol: str | None = None
    message: Message | None = None

    def as_message(self) -> Message:
        """Return the message for codecs and patterns."""
        return self.message or Message(self.opcode, self.payload, self.subprotocol)


class MessageView:
    """Lays out messages, safe for a terminal of ``width`` columns; its settings may change.

    ``as_hex`` shows text as a hex dump as well; ``pretty`` lays out JSON; ``bare`` shows the
    payload alone, without breaking its lines. A message that has a number is cut if it takes more
    than ``rows``, and so are long strings inside JSON.
    """

    def __init__(self, palette: Palette, width: int) -> None:
        self.palette = palette
        self.width = width
        self.rows = NO_LIMIT
        self.as_hex = False
        self.pretty = True
        self.bare = False

    @property
    def width(self) -> int:
        """The columns of the layout; a terminal with fewer than 20 breaks the lines itself."""
        return self._width

    @width.setter
    def width(self, columns: int) -> None:
        # With fewer columns there would be no room beside an indent, and wide characters would not
        # fit into a row.
        self._width = max(_LEAST_WIDTH, columns)

    def lines(self, entry: Entry, *, whole: bool = False) -> list[str]:
        """Return the lines of a message: beside its metadata if they fit, else below."""
        column = _META_WIDTH + (_NUMBER_WIDTH if entry.number is not None else 0)
        # A message without a number could not be shown again, so it is never cut.
        rows = NO_LIMIT if whole or entry.number is None else self.rows
        beside = self.width - column >= _ROOM_BESIDE
        body, cut = self._body(entry, rows, self.width - (column if beside else len(_INDENT)))
        if cut:
            body.append(self.palette.paint("dim", f"… {_how_to_see_all(entry)}"))
        if self.bare:
            return body
        kind = opcode_name(entry.opcode)
        order = "" if entry.number is None else f"{entry.number:>{_NUMBER_WIDTH - 1}} "
        meta = self._meta(entry.incoming, entry.time, kind, len(entry.payload), order)
        if beside and len(body) > 1:
            return [f"{meta}  {body[0]}", *(" " * column + line for line in body[1:])]
        return self._join(meta, body, column)

    def event(self, incoming: bool, when: float, kind: str, size: int, text: str) -> list[str]:
        """Return the lines of a control frame, aligned with numbered messages."""
        meta = self._meta(incoming, when, kind, size, " " * _NUMBER_WIDTH)
        return self._join(meta, [text] if text else [], _META_WIDTH + _NUMBER_WIDTH)

    def _join(self, meta: str, body: list[str], column: int) -> list[str]:
        if not body or (len(body) == 1 and plain_width(body[0]) <= self.width - column):
            return ["  ".join([meta, *body])]
        room = self.width - len(_INDENT)
        return [meta, *(_INDENT + row for line in body for row in wrap(line, room))]

    def _meta(self, incoming: bool, when: float, kind: str, size: int, order: str) -> str:
        """Return the dim column."""
        arrow = self.palette.paint(*(("in", "←") if incoming else ("out", "→")))
        rest = f"{order}{_clock_time(when)} {kind:<6} {show_size(size):>8}"
        return f"{arrow} {self.palette.paint('dim', rest)}"

    def _body(self, entry: Entry, rows: int, room: int) -> tuple[list[str], bool]:
        """Return the payload's lines for a width of ``room``, and whether some are left out."""
        shown = self._show(entry.as_message())
        if isinstance(shown, ShownBytes):
            data = shown.data[: rows * 16]  # a row of a dump has 16 bytes
            return list(hexdump(data)), len(data) < len(shown.data)
        if isinstance(shown, ShownJson) and self.pretty:
            laid_out = self._json(shown.text, rows, room)
            if laid_out is not None:
                return laid_out
        return self._text(shown.text, rows, room)

    def _show(self, message: Message) -> Shown:
        """Return the message as shown by the codec of the settings, or else by its own."""
        if self.as_hex:
            return HEX.show(message)
        return TEXT.show(message) if self.bare else show(message)

    def _text(self, text: str, rows: int, room: int) -> tuple[list[str], bool]:
        # The usual short message, with nothing to make safe or to break. Beyond ASCII, Python calls
        # some of the invisible characters printable.
        if len(text) <= room and text.isascii() and text.isprintable():
            return [text], False
        # No more than can be shown is made safe and broken into rows, however large the message.
        head = text[: rows * room]
        lines: list[str] = []
        for line in visible(head, keep="\t\n").split("\n"):
            lines += [line] if self.bare else wrap(line, room)
            if len(lines) > rows:
                break
        return lines[:rows], len(head) < len(text) or len(lines) > rows

    def _json(self, text: str, rows: int, room: int) -> tuple[list[str], bool] | None:
        """Return the lines of JSON, and whether anything is left out, or None for other text."""
        abridgement = None if rows >= NO_LIMIT else Abridgement(rows, room)
        head = text if abridgement is None else text[:_MAX_SCANNED]
        more = len(head) < len(text)
        lines = pretty_json(head, room, self.palette, cut=more, abridgement=abridgement)
        if lines is None:
            return None
        # One line more than fits is enough to know whether any row is left out.
        fitting = [row for line in lines[: rows + 1] for row in wrap(line, room, _indent_of(line))]
        more = more or len(fitting) > rows or (abridgement is not None and abridgement.used)
        return fitting[:rows], more


def _indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]


def _how_to_see_all(entry: Entry) -> str:
    size = len(entry.payload)
    if size > MAX_SHOWN:
        return f"/save FILE {entry.number} writes all {show_size(size)}"
    return f"/show {entry.number} shows all {show_size(size)}"


class HumanSink(Sink):
    """Writes each message of both directions as its view lays it out."""

    # A conversation is easier to read with both sides. In a pipe only received messages are data.
    wants_outgoing = True

    def __init__(self, output: Output, view: MessageView) -> None:
        self._output = output
        self._view = view

    def batch(self, batch: Batch) -> None:
        """Write the messages of a batch at once."""
        lines: list[str] = []
        for item in batch.items:
            if isinstance(item, Messages):
                # The same objects that other sinks and stages get, so that each is decoded once.
                for message in received(item, batch.subprotocol):
                    entry = Entry(
                        batch.incoming, batch.time, item.opcode, message.payload, message=message
                    )
                    lines += self._view.lines(entry)
        if lines:
            self._output.write("\n".join([*lines, ""]).encode())
