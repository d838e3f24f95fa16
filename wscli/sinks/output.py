"""Where sinks write: a raw stream, to which every byte goes, or an error says why not."""

from __future__ import annotations

import select
from typing import Protocol

from wscli.errors import OutputError


class RawStream(Protocol):
    """A stream without a buffer, such as ``FileIO``; ``write`` may take less than it is given."""

    def write(self, data: bytes | memoryview, /) -> int | None:
        """Return how much was taken; None where nothing can be without waiting."""

    def fileno(self) -> int:
        """Return the file's descriptor."""


class Output:
    """Write whole batches to a stream, also to one that another process made non-blocking.

    When the reader has gone, the first write says so, and later ones are let go: what closes the
    connection then may still have something to say.
    """

    def __init__(self, stream: RawStream, name: str | None = "the output") -> None:
        """Write to a stream; one without a name is talk, and that nobody hears it is no error."""
        self._stream = stream
        self._name = name
        self._gone = False

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            BrokenPipeError: if the reader has gone.
            OutputError: if it cannot be written for another reason.
        """
        if self._gone:
            return
        try:
            written = self._stream.write(data) or 0
            while written < len(data):
                self._wait()
                written += self._stream.write(memoryview(data)[written:]) or 0
        except OSError as error:
            self._gone = True
            if self._name is None:
                return
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(f"cannot write {self._name}", error.strerror or str(error)) from None

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._stream.fileno(), select.POLLOUT)
        poll.poll()
