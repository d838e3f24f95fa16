"""Every event as one JSON object a line: for programs, and for recordings."""

from __future__ import annotations

import re
from json.encoder import encode_basestring_ascii

from wscli.net.opening import Opening
from wscli.records.events import VERSION, json_pieces
from wscli.session.end import End
from wscli.session.events import Batch, Event, Failed, Opened, Step
from wscli.session.pipeline import Sink
from wscli.sinks.output import Output
from wscli.text import UNSAFE


class NdjsonSink(Sink):
    """Writes events as lines of JSON in UTF-8.

    With ``steps`` each step of an attempt to connect is an event too, and with ``frames`` each
    frame. With ``escape`` control characters and invisible ones are escaped. ``connection`` is a
    number that each event bears, where there are several.
    """

    wants_outgoing = True

    def __init__(
        self,
        output: Output,
        *,
        steps: bool = False,
        frames: bool = False,
        escape: bool = False,
        connection: int | None = None,
    ) -> None:
        self.wants_frames = frames
        self._extra = {} if connection is None else {"connection": connection}
        self._steps = steps
        self._frames = frames
        self._output = output
        self._escape = escape
        self._version = {"v": VERSION}  # for the first event
        self._attempt: Opening | None = None

    def step(self, step: Step) -> None:
        """Write the event ``step``, and remember the attempt in case it fails."""
        self._attempt = step.opening
        if self._steps:
            self._write(step)

    def opened(self, opened: Opened) -> None:
        """Write the event ``open``."""
        self._attempt = None
        self._write(opened)

    def batch(self, batch: Batch) -> None:
        """Write a batch, each message as an event."""
        for piece in json_pieces(batch, self._extra, frames=self._frames):
            self._write_piece(piece)

    def ended(self, end: End) -> None:
        """Write the event ``close``."""
        self._write(end)

    def failed(self, failed: Failed) -> None:
        """Write the event ``error``, with the attempt that failed."""
        self._write(failed._replace(opening=failed.opening or self._attempt))

    def _write(self, event: Event) -> None:
        for piece in json_pieces(event, self._extra | self._version):
            self._write_piece(piece)

    def _write_piece(self, piece: bytes) -> None:
        self._version = {}
        if self._escape:
            # The symbols that a terminal is shown elsewhere would change the value.
            piece = re.sub(UNSAFE, _escape_character, piece.decode()).encode()
        self._output.write(piece)


def _escape_character(match: re.Match[str]) -> str:
    return encode_basestring_ascii(match[0])[1:-1]
