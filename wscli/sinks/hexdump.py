"""Bytes in hex, sixteen a line, as ``hexdump -C`` shows them."""

from __future__ import annotations

from collections.abc import Iterator

from wscli.session.bus import Batch, Sink
from wscli.sinks.output import Output
from wscli.wire.events import Messages

_PRINTABLE = bytes(octet if 32 <= octet < 127 else ord(".") for octet in range(256))


def hexdump(data: bytes) -> Iterator[str]:
    """Yield lines of offset, sixteen bytes in hex, and the same bytes as ASCII."""
    for offset in range(0, len(data), 16):
        row = data[offset : offset + 16]
        digits = f"{row[:8].hex(' '):23}  {row[8:].hex(' '):23}"
        yield f"{offset:08x}  {digits}  |{row.translate(_PRINTABLE).decode()}|"


class HexSink(Sink):
    """Writes each message that comes as a hex dump; an empty one is an empty line."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def batch(self, batch: Batch) -> None:
        """Write the messages of a batch."""
        if not batch.incoming:
            return
        for item in batch.items:
            if isinstance(item, Messages):
                for payload in item.payloads:
                    lines = "\n".join(hexdump(payload)) + "\n"
                    self._output.write(lines.encode())
