"""Payloads and nothing else: the form for scripts."""

from __future__ import annotations

from wscli.net.clock import iso_time
from wscli.payload.typed import terminated
from wscli.session.bus import Batch, Sink
from wscli.sinks.output import Output
from wscli.wire.events import Messages


class PayloadSink(Sink):
    """Writes each message that comes, byte for byte, with ``end`` after it.

    With ``timestamps`` each begins with the time at which it came, and a space. With
    ``only_missing`` the end is not written after messages that have it already.
    """

    def __init__(
        self, output: Output, end: bytes, *, timestamps: bool = False, only_missing: bool = False
    ) -> None:
        self._output = output
        self._end = end
        self._timestamps = timestamps
        self._only_missing = only_missing

    def batch(self, batch: Batch) -> None:
        """Write the messages of a batch at once."""
        if not batch.incoming:
            return
        prefix = f"{iso_time(batch.time)} ".encode() if self._timestamps else b""
        for item in batch.items:
            if isinstance(item, Messages) and item.payloads and self._only_missing:
                lines = [prefix + terminated(payload, self._end) for payload in item.payloads]
                self._output.write(b"".join(lines))
            elif isinstance(item, Messages) and item.payloads:
                between = self._end + prefix
                self._output.write(
                    b"".join((prefix, between.join(item.payloads), self._end))
                    if prefix or self._end or len(item.payloads) > 1
                    else item.payloads[0]
                )
