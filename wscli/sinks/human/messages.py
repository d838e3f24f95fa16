"""Messages for people: time, direction, kind and size in a quiet column, then the payload."""

from __future__ import annotations

import time

from wscli.session.bus import Batch, Sink
from wscli.sinks.hexdump import hexdump
from wscli.sinks.human.jsontext import pretty_json
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.safe import visible
from wscli.sinks.output import Output
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages

_META_WIDTH = 34
_INDENT = "  "


class HumanSink(Sink):
    """Writes each message, both ways, safe for a terminal of ``width`` columns.

    JSON is laid out, and binary is a hex dump; with ``as_hex`` text is one too.
    """

    wants_outgoing = True

    def __init__(
        self, output: Output, palette: Palette, width: int, *, as_hex: bool = False
    ) -> None:
        self._output = output
        self._palette = palette
        self._width = width
        self._as_hex = as_hex

    def batch(self, batch: Batch) -> None:
        """Write the messages of a batch at once."""
        lines: list[str] = []
        for item in batch.items:
            if isinstance(item, Messages):
                for payload in item.payloads:
                    lines += self._show(batch, item.opcode, payload)
        if lines:
            self._output.write("\n".join([*lines, ""]).encode())

    def _show(self, batch: Batch, opcode: int, payload: bytes) -> list[str]:
        """Return a message's lines: beside its meta data if it fits there, else below."""
        kind = "text" if opcode == Opcode.TEXT else "binary"
        arrow = self._palette.paint(*(("in", "←") if batch.incoming else ("out", "→")))
        when = self._palette.paint("dim", clock_time(batch.time))
        meta = self._palette.paint("dim", f"{kind:<6} {show_size(len(payload)):>9}")
        first = f"{when} {arrow} {meta}"
        if opcode != Opcode.TEXT or self._as_hex:
            return [first, *(_INDENT + line for line in hexdump(payload))]
        text = payload.decode()
        if text.isprintable() and len(text) <= self._width - _META_WIDTH and text[:1] not in "{[":
            return [f"{first}  {text}"]
        laid_out = pretty_json(text, self._width - len(_INDENT), self._palette)
        lines = (laid_out or visible(text, keep="\t\n")).split("\n")
        if len(lines) == 1 and len(text) <= self._width - _META_WIDTH:
            return [f"{first}  {lines[0]}"]
        return [first, *(_INDENT + line for line in lines)]


def clock_time(seconds: float) -> str:
    """Write the local time of day to the millisecond."""
    whole, milli = divmod(round(seconds * 1000), 1000)
    return f"{time.strftime('%H:%M:%S', time.localtime(whole))}.{milli:03d}"


def show_size(size: int) -> str:
    """Write a number of bytes with three digits and a unit."""
    amount, units = float(size), ["B", "KiB", "MiB", "GiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.1f} {units[0]}" if size >= 1024 else f"{size} B"
