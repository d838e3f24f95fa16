"""Bytes in hex, sixteen a line, as ``hexdump -C`` shows them."""

from __future__ import annotations

from collections.abc import Iterator

from wscli.session.events import Batch
from wscli.session.pipeline import Sink
from wscli.sinks.output import Output
from wscli.wire.events import Messages

# Bytes that are dumped at once. The dump is five times as large, so that of a whole message could
# take gigabytes.
_BLOCK = 64 << 10
# A table for ``bytes.translate``: every byte that is not printable ASCII becomes a dot, so that a
# dump is safe at a terminal.
_PRINTABLE = bytes(octet if 32 <= octet < 127 else ord(".") for octet in range(256))


def hexdump(data: bytes, start: int = 0) -> Iterator[str]:
    """Yield lines of an offset (from ``start``), sixteen bytes in hex, and the same as ASCII."""
    # All bytes are converted by two calls, and the results cut into lines. It takes half the time
    # of converting line by line.
    digits = data.hex(" ")
    characters = data.translate(_PRINTABLE).decode()
    for at in range(0, len(data), 16):
        left, right = digits[3 * at : 3 * at + 23], digits[3 * at + 24 : 3 * at + 47]
        yield f"{start + at:08x}  {left:23}  {right:23}  |{characters[at : at + 16]}|"


def hexdump_blocks(data: bytes, mark: str = "") -> Iterator[str]:
    """Yield the dump of ``data`` in blocks of lines; each line begins with ``mark``."""
    for start in range(0, len(data), _BLOCK):
        rows = hexdump(data[start : start + _BLOCK], start)
        yield "".join([f"{mark}{row}\n" for row in rows])


class HexSink(Sink):
    """Writes each received or sent message as a hex dump; an empty message is an empty line."""

    def __init__(self, output: Output, *, outgoing: bool = False) -> None:
        self.wants_outgoing = outgoing
        self._output = output

    def batch(self, batch: Batch) -> None:
        """Write the messages of a batch."""
        if batch.incoming == self.wants_outgoing:
            return
        for item in batch.items:
            if isinstance(item, Messages):
                for payload in item.payloads:
                    for block in hexdump_blocks(payload) if payload else ["\n"]:
                        self._output.write(block.encode())
