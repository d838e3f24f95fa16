"""Streams that collect small writes, for a source that never waits: a recording.

A live session writes each batch at once. A recording has a million batches in a second, so their
output is collected. It is flushed when nothing more can be read at once, and before anything is
written to stderr, so that both streams are in order where they go to the same place.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from wscli.apps.env import Env
from wscli.sinks.output import Output

_MAX_COLLECTED = 64 << 10  # bytes


class _WrappedStream(io.RawIOBase):
    """A stream on top of another one, with the same descriptor."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream

    def fileno(self) -> int:
        """Return the descriptor of the other stream."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """Return True."""
        return True


class BufferedStream(_WrappedStream):
    """A stream that writes to another one when it is flushed, or has collected enough."""

    def __init__(self, stream: io.RawIOBase) -> None:
        super().__init__(stream)
        self._output = Output(stream)
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Collect data, or write it with the data collected before.

        Raises:
            BrokenPipeError, OutputError: as ``Output.write``.
        """
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= _MAX_COLLECTED:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Write the collected data."""
        if self._pieces:
            pieces, self._pieces, self._size = self._pieces, [], 0
            self._output.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))


class FlushingStream(_WrappedStream):
    """A stream that calls a function before each write to another one."""

    def __init__(self, stream: io.RawIOBase, before: Callable[[], None]) -> None:
        super().__init__(stream)
        self._before = before

    def write(self, data: bytes) -> int | None:  # type: ignore[override]
        """Write to the other stream."""
        self._before()
        return self._stream.write(data)


class Headings:
    """The heading above the next lines; the first one is not written."""

    def __init__(self) -> None:
        self._current = ""
        self._written: str | None = None

    def change(self, heading: str) -> None:
        """Use another heading from now on."""
        self._current = heading
        if self._written is None:
            self._written = heading

    def due(self) -> bytes:
        """Return the heading as a line, if it has changed since the last call."""
        if self._written in (None, self._current):
            return b""
        self._written = self._current
        return f"{self._current}\n".encode()


class HeadedStream(_WrappedStream):
    """A stream that writes the heading above its next lines, whenever it has changed."""

    def __init__(self, stream: io.RawIOBase, headings: Headings) -> None:
        super().__init__(stream)
        self._headings = headings

    def write(self, data: bytes) -> int | None:  # type: ignore[override]
        """Write to the other stream."""
        if heading := self._headings.due():
            self._stream.write(heading)
        return self._stream.write(data)


def buffered(env: Env) -> tuple[Env, BufferedStream]:
    """Return an environment whose stdout is buffered, and that stdout."""
    stdout = BufferedStream(env.stdout)
    stderr = FlushingStream(env.stderr, stdout.flush)
    return env._replace(stdout=stdout, stderr=stderr), stdout
