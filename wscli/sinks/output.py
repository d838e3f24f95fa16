"""Where sinks write: a raw stream, to which every byte goes, or an error says why not."""

from __future__ import annotations

import select
from typing import Protocol


class RawStream(Protocol):
    """A stream without a buffer, such as ``FileIO``; ``write`` may take less than it is given."""

    def write(self, data: bytes | memoryview, /) -> int | None:
        """Return how much was taken; None where nothing can be without waiting."""

    def fileno(self) -> int:
        """Return the file's descriptor."""


class Output:
    """Write whole batches to a stream, also to one that another process made non-blocking."""

    def __init__(self, stream: RawStream) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            OSError: as the stream does; BrokenPipeError if the reader has gone.
        """
        written = self._stream.write(data) or 0
        while written < len(data):
            self._wait()
            written += self._stream.write(memoryview(data)[written:]) or 0

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._stream.fileno(), select.POLLOUT)
        poll.poll()
