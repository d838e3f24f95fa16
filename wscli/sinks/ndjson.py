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


class EventSink(Sink):
    """Passes each event to ``write``, and adds the attempt that failed to an error.

    The steps of an attempt to connect are passed on only with ``steps``.
    """

    wants_outgoing = True

    def __init__(self, *, steps: bool, frames: bool) -> None:
        self.wants_frames = frames
        self._steps = steps
        self._attempt: Opening | None = None

    def write(self, event: Event) -> None:
        """Write an event."""
        raise NotImplementedError

    def step(self, step: Step) -> None:
        """Write a step, and remember the attempt in case it fails."""
        self._attempt = step.opening
        if self._steps:
            self.write(step)

    def opened(self, opened: Opened) -> None:
        """Write that the connection is open."""
        self._attempt = None
        self.write(opened)

    def batch(self, batch: Batch) -> None:
        """Write a batch."""
        self.write(batch)

    def ended(self, end: End) -> None:
        """Write how the connection ended."""
        self.write(end)

    def failed(self, failed: Failed) -> None:
        """Write an error, with the attempt that failed."""
        self.write(failed._replace(opening=failed.opening or self._attempt))


class NdjsonSink(EventSink):
    """Writes events as lines of JSON in UTF-8, each message as an event.

    With ``steps`` each step of an attempt to connect is an event too, and with ``frames`` each
    frame. With ``escape`` control characters and invisible ones are escaped. ``connection`` is a
    number that each event has, if it is not None; it may change.
    """

    def __init__(
        self,
        output: Output,
        *,
        steps: bool = False,
        frames: bool = False,
        escape: bool = False,
        connection: int | None = None,
    ) -> None:
        super().__init__(steps=steps, frames=frames)
        self.connection = connection
        self._output = output
        self._escape = escape
        self._version = {"v": VERSION}  # for the first event

    def write(self, event: Event) -> None:
        """Write an event."""
        extra = {} if self.connection is None else {"connection": self.connection}
        if not isinstance(event, Batch):
            extra |= self._version
        for piece in json_pieces(event, extra, frames=self.wants_frames):
            self._write_piece(piece)

    def _write_piece(self, piece: bytes) -> None:
        self._version = {}
        if self._escape:
            piece = escape_unsafe(piece.decode()).encode()
        self._output.write(piece)


def escape_unsafe(json: str) -> str:
    """Escape control characters and invisible ones in the strings of JSON, for a terminal.

    The symbols that a terminal is shown elsewhere would change the value.
    """
    return re.sub(UNSAFE, lambda match: encode_basestring_ascii(match[0])[1:-1], json)
