"""The report of an opening handshake: both heads, every header explained, and the timings."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wscli.net.opening import PHASES, Opening
from wscli.session.events import Failed, Opened, Step
from wscli.session.pipeline import Sink
from wscli.sinks.explanation import explain_connection, explain_request, explain_response
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.text import visible
from wscli.wire.diagnosis import show_body
from wscli.wire.head import decode_head

_UNLIMITED = 10_000  # columns if the output is not a terminal; rich needs some number


class InspectionSink(Sink):
    """Writes a report when the connection is open, or when it could not be opened.

    The heads are written byte for byte, except to a terminal or in colour: then control characters
    are escaped. ``width`` is that of the terminal, None for a pipe or file.
    """

    def __init__(self, output: Output, palette: Palette, width: int | None) -> None:
        self._output = output
        self._palette = palette
        self._width = width
        self._opening: Opening | None = None
        self._done = False

    def step(self, step: Step) -> None:
        """Keep the attempt, and report one that was redirected before the next begins."""
        previous = self._opening
        # Only a redirect is followed by another attempt. Identity does not tell one attempt from
        # another: in a recording, each step has an opening of its own.
        if previous is not None and previous.response and not step.opening.response:
            self._report()
        self._opening = step.opening

    def opened(self, opened: Opened) -> None:
        """Write the report."""
        self._opening = opened.opening
        self._report(opened.time)

    def failed(self, failed: Failed) -> None:
        """Write the report as far as the attempt got, unless it has been written."""
        # A connection that was open, and so has its report, may fail as well.
        if not self._done:
            self._report(failed.time)

    def _report(self, now: float = 0.0) -> None:
        opening = self._opening
        if opening is None:
            return
        self._done = True
        heads = self._show_head("out", _request_bytes(opening))
        heads += self._show_head("in", self._response_bytes(opening))
        sections = (
            self._section("request", explain_request(opening)),
            self._section("response", explain_response(opening)),
            self._section("connection", explain_connection(opening, now)),
            self._section("timings", _explain_timings(opening)),
        )
        # A section without rows is left out: an attempt may have ended at any step.
        self._output.write(heads + "\n".join(filter(None, sections)).encode())

    def _response_bytes(self, opening: Opening) -> bytes:
        """Return the response with the part of its body that was read.

        Without a valid response, return the bytes that were received. The body is laid out for a
        terminal; elsewhere it is unchanged.
        """
        received = opening.received
        if opening.response is not None:
            body = opening.body
            if self._width is not None:
                shown = show_body(opening.response, body)
                body = f"{shown}\n\n".encode() if shown else b""
            # Interim responses, such as 103, came before it (RFC 9110 §15.2).
            received = opening.interim + opening.response.raw + body
        return received if received.endswith(b"\n") or not received else received + b"\n"

    def _show_head(self, style: str, head: bytes) -> bytes:
        # Colour is meant for a terminal, even if it goes through a pipe first, as with ``less -R``.
        if self._width is None and not self._palette.colour:
            return head
        lines = visible(decode_head(head).replace("\r\n", "\n"), keep="\n\t").split("\n")
        return "\n".join(self._palette.paint(style, line) for line in lines).encode()

    def _section(self, title: str, rows: Iterator[tuple[str, ...]]) -> str:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for row in rows:
            # As Text, since rich would read markup such as [red] in a str. Long values are folded,
            # not cut, so that they can be copied.
            table.add_row("", *(Text(visible(cell), overflow="fold") for cell in row))
        if not table.row_count:
            return ""
        # rich only lays out; the sink writes, so that errors of the output are handled there.
        page = io.StringIO()
        Console(file=page, width=self._width or _UNLIMITED, color_system=None).print(table)
        lines = [line.rstrip() for line in page.getvalue().splitlines()]
        return "\n".join([self._palette.paint("bold", title), *lines, ""])


def _request_bytes(opening: Opening) -> bytes:
    return opening.request.raw if opening.request else b""


def _explain_timings(opening: Opening) -> Iterator[tuple[str, ...]]:
    for phase in PHASES:
        if phase in opening.timings:
            yield phase, f"{opening.timings[phase] * 1000:9.1f} ms"
    if opening.timings:
        yield "total", f"{sum(opening.timings.values()) * 1000:9.1f} ms"
