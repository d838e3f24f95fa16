"""Payloads and nothing else: the output for scripts."""

from __future__ import annotations

from collections.abc import Sequence

from wscli.payload.typed import terminated
from wscli.session.events import Batch
from wscli.session.pipeline import Sink
from wscli.sinks.output import Output
from wscli.text import iso_time
from wscli.wire.events import Messages

_LARGE = 256 << 10  # bytes, from which on a second write costs less than a copy of the payload


class PayloadSink(Sink):
    """Writes each received message, byte for byte, with ``end`` after it.

    With ``outgoing`` the sent messages are written instead. With ``timestamps`` each begins with
    its time, and a space. With ``only_missing`` the end is not written after messages that end with
    it already.
    """

    def __init__(
        self,
        output: Output,
        end: bytes,
        *,
        timestamps: bool = False,
        only_missing: bool = False,
        outgoing: bool = False,
    ) -> None:
        self.wants_outgoing = outgoing
        self._output = output
        self._end = end
        self._timestamps = timestamps
        self._only_missing = only_missing

    def batch(self, batch: Batch) -> None:
        """Write the messages of a batch with one write for each run of the same opcode."""
        if batch.incoming == self.wants_outgoing:
            return
        # Formatted once: all messages of a batch arrived in the same read.
        prefix = f"{iso_time(batch.time)} ".encode() if self._timestamps else b""
        for item in batch.items:
            if isinstance(item, Messages) and item.payloads:
                self._write(prefix, item.payloads)

    def _write(self, prefix: bytes, payloads: Sequence[bytes]) -> None:
        if len(payloads) == 1 and len(payloads[0]) >= _LARGE:
            self._write_large(prefix, payloads[0])
        elif self._only_missing:
            lines = [prefix + terminated(payload, self._end) for payload in payloads]
            self._output.write(b"".join(lines))
        else:
            # One join for the whole batch: this is the inner loop of ``listen`` in a pipe.
            between = self._end + prefix
            self._output.write(b"".join((prefix, between.join(payloads), self._end)))

    def _write_large(self, prefix: bytes, payload: bytes) -> None:
        # Joined to its end, the payload would take its memory twice.
        has_end = self._only_missing and payload.endswith(self._end)
        for piece in (prefix, payload, b"" if has_end else self._end):
            if piece:
                self._output.write(piece)
