"""The output of sinks: a raw stream to which every byte is written, or an error is raised.

A write blocks for as long as the reader takes nothing: that is the back pressure which slows the
peer down. Making the descriptor non-blocking would end that wait, but the flag belongs to the open
file and so to every process that shares it, and writing no more at once than ``poll`` promises
(PIPE_BUF, 4 KiB) is slow. So the main thread blocks in ``write``, and a signal handler that runs
meanwhile may end it: see ``MainThreadWrites``.
"""

from __future__ import annotations

import select
import threading
from typing import Protocol

from wscli.errors import OutputError
from wscli.status import ExitStatus, OutputStalled


class RawStream(Protocol):
    """A stream without a buffer, such as ``FileIO``; ``write`` may take less than it is given."""

    def write(self, data: bytes | memoryview, /) -> int | None:
        """Return how much was taken; None where nothing can be without waiting."""

    def fileno(self) -> int:
        """Return the file's descriptor."""


class _Abandoned(Exception):
    """Raised by a signal handler to end a write that blocks."""

    def __init__(self, status: ExitStatus) -> None:
        super().__init__()
        self.status = status


class MainThreadWrites:
    """The writes of the main thread, which is the one that runs signal handlers."""

    def __init__(self) -> None:
        self._under_way = False
        self._count = 0
        self._count_before = 0

    def begin(self) -> None:
        """Count a write, and let ``abandon_blocked`` end it."""
        if threading.current_thread() is threading.main_thread():
            self._count += 1
            self._under_way = True

    def end(self) -> None:
        """Record that the write has returned."""
        if threading.current_thread() is threading.main_thread():
            self._under_way = False

    def abandon_blocked(self, status: ExitStatus) -> None:
        """End the write in progress if it was already in progress at the last call.

        A signal handler calls this repeatedly once nothing may block any longer: a write that
        merely happens to be in progress is not ended, and one that blocks later is. The output then
        raises ``OutputStalled`` with this status.
        """
        blocked = self._under_way and self._count == self._count_before
        self._count_before = self._count
        if blocked:
            self._under_way = False
            raise _Abandoned(status)


main_thread_writes = MainThreadWrites()


class Output:
    """Write whole batches to a stream, also to one that another process made non-blocking.

    When the reader has gone, the first write raises an error, and later ones are dropped: the
    code that closes the connection may still have something to write.
    """

    def __init__(self, stream: RawStream, name: str | None = "the output") -> None:
        """Write to a stream; if ``name`` is None, the loss of its reader is not an error."""
        self._stream = stream
        self._name = name
        self._gone = False
        self._written = 0

    @property
    def gone(self) -> bool:
        """Whether nothing can be written any more, so that ``write`` drops what it is given."""
        return self._gone

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            BrokenPipeError: if the reader has gone.
            OutputError: if it cannot be written for another reason.
        """
        if self._gone:
            return
        try:
            self._write_all(data)
        except _Abandoned as abandoned:
            self._gone = True
            if self._name is not None:
                unwritten = len(data) - self._written
                raise OutputStalled(self._name, unwritten, abandoned.status) from None
        except OSError as error:
            self._gone = True
            if self._name is None:
                return
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(f"cannot write {self._name}", error.strerror or str(error)) from None

    def _write_all(self, data: bytes) -> None:
        self._written = 0
        try:
            main_thread_writes.begin()
            self._written = self._stream.write(data) or 0
            while self._written < len(data):
                self._wait()
                self._written += self._stream.write(memoryview(data)[self._written :]) or 0
        finally:
            main_thread_writes.end()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._stream.fileno(), select.POLLOUT)
        poll.poll()
