"""The recorder: writes every event to a file, from when it is asked to until it is not."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from wscli.apps.display import open_recording
from wscli.errors import OutputError, WscliError
from wscli.net.opening import Opening
from wscli.session.bus import Batch, Sink
from wscli.session.end import End
from wscli.sinks.output import Output

if TYPE_CHECKING:
    from wscli.sinks.ndjson import NdjsonSink


class Recorder(Sink):
    """Records into one file at a time; where that fails it stops, and tells ``complain``."""

    wants_outgoing = True

    def __init__(self, complain: Callable[[OutputError], None], *, frames: bool) -> None:
        self.wants_frames = frames
        self.path: str | None = None
        self._complain = complain
        self._lock = threading.Lock()  # commands start and stop it, the reader feeds it
        self._stream: io.FileIO | None = None
        self._sink: NdjsonSink | None = None
        self._opening: tuple[Opening, float, float] | None = None

    def start(self, path: str) -> None:
        """Write to a file from now on, the event of the present opening first.

        Raises:
            WscliError: if it cannot be written.
        """
        from wscli.sinks.ndjson import NdjsonSink

        stream = open_recording(path)
        with self._lock:
            self._drop()
            self.path, self._stream = path, stream
            output = Output(stream, f"the recording {path}")
            self._sink = NdjsonSink(output, frames=self.wants_frames)
            if self._opening is not None:
                opening, time, elapsed = self._opening
                self._write(lambda sink: sink.opened(opening, time, elapsed))

    def stop(self) -> None:
        """Write no more."""
        with self._lock:
            self._drop()

    def opened(self, opening: Opening, time: float, elapsed: float) -> None:
        """Record that a connection is open."""
        with self._lock:
            self._opening = opening, time, elapsed
            self._write(lambda sink: sink.opened(opening, time, elapsed))

    def batch(self, batch: Batch) -> None:
        """Record what came or left."""
        with self._lock:
            self._write(lambda sink: sink.batch(batch))

    def ended(self, end: End) -> None:
        """Record how the connection ended."""
        with self._lock:
            self._opening = None
            self._write(lambda sink: sink.ended(end))

    def failed(self, error: WscliError, time: float, elapsed: float) -> None:
        """Record that no connection came about."""
        with self._lock:
            self._write(lambda sink: sink.failed(error, time, elapsed))

    def _write(self, write: Callable[[NdjsonSink], None]) -> None:
        if self._sink is None:
            return
        try:
            write(self._sink)
        except (OutputError, BrokenPipeError) as error:
            self._drop()
            lost = OutputError("nobody reads the recording any more")
            self._complain(error if isinstance(error, OutputError) else lost)

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self.path = self._stream = self._sink = None
