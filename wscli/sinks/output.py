"""The output of sinks: a raw stream to which every byte is written, or an error is raised.

A write blocks for as long as the reader takes nothing. That is the back-pressure which slows the
peer down, but a signal or time limit must be able to end it. Two ways to avoid the blocking were
rejected. A non-blocking descriptor would do, but the flag belongs to the open file, and so to every
process that shares it, such as the shell. Writing only as much as ``poll`` promises to be taken
(PIPE_BUF, 4 KiB) is slow. So the main thread blocks in ``write``, and a signal handler that runs
meanwhile may end the write by raising an exception: see ``MainThreadWrites``.
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
        """Return how many bytes were taken; None if the stream would have to wait."""

    def fileno(self) -> int:
        """Return the file's descriptor."""


class _Abandoned(Exception):
    """Raised by a signal handler to end a write that blocks."""

    def __init__(self, status: ExitStatus) -> None:
        super().__init__()
        self.status = status


class MainThreadWrites:
    """The write of the main thread that is in progress, if any.

    Python runs signal handlers in the main thread, between two of its instructions. An exception
    from a handler is therefore raised in whatever the main thread is doing, and this class makes
    sure that it is raised in nothing but a write that blocks. The writes of other threads cannot be
    ended in this way, and are not counted.
    """

    def __init__(self) -> None:
        self._under_way = False
        self._count = 0
        self._count_before = 0

    def begin(self) -> None:
        """Count a write, and let ``abandon_blocked`` end it."""
        if threading.current_thread() is threading.main_thread():
            # In this order: a handler that runs in between must not take it for the write before.
            self._count += 1
            self._under_way = True

    def end(self) -> None:
        """Record that the write has returned."""
        if threading.current_thread() is threading.main_thread():
            self._under_way = False

    def abandon_blocked(self, status: ExitStatus) -> None:
        """End the write in progress if it was already in progress at the last call.

        A signal handler calls this repeatedly once nothing may block any longer. The output then
        raises ``OutputStalled`` with this status.
        """
        # Twice the same write, since one that merely happens to be in progress is about to return.
        blocked = self._under_way and self._count == self._count_before
        self._count_before = self._count
        if blocked:
            # Another signal during the clean-up must not raise a second time.
            self._under_way = False
            raise _Abandoned(status)


main_thread_writes = MainThreadWrites()


class Output:
    """Write whole batches to a stream, even if another process has made it non-blocking.

    When the reader has gone, the first write raises an error, and later ones are dropped: the
    code that closes the connection may still have something to write.
    """

    def __init__(self, stream: RawStream, name: str | None = "the output") -> None:
        """Write to a stream; if ``name`` is None, the loss of its reader is not an error.

        That is for stderr: a command whose remarks nobody reads can still do its work.
        """
        self._stream = stream
        self._name = name
        self._gone = False
        self._written = 0

    @property
    def gone(self) -> bool:
        """Whether nothing can be written any more, so that ``write`` drops its data."""
        return self._gone

    def write(self, data: bytes) -> None:
        """Write all of the data.

        Raises:
            BrokenPipeError: if the reader has gone.
            OutputStalled: if the write was abandoned, see ``MainThreadWrites``.
            OutputError: if the data cannot be written for another reason.
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
            # ``| head -1`` is not an error to report: the command ends quietly, with status 141.
            if isinstance(error, BrokenPipeError):
                raise
            raise OutputError(f"cannot write {self._name}", error.strerror or str(error)) from None

    def _write_all(self, data: bytes) -> None:
        self._written = 0
        try:
            # Inside ``try``: the handler may raise as soon as ``begin`` has set its flag.
            main_thread_writes.begin()
            self._written = self._stream.write(data) or 0
            # A raw stream takes what it can: a part when a signal arrives, and None of a
            # descriptor that was made non-blocking.
            while self._written < len(data):
                self._wait()
                self._written += self._stream.write(memoryview(data)[self._written :]) or 0
        finally:
            main_thread_writes.end()

    def _wait(self) -> None:
        # Until the stream takes more: trying again at once would keep a processor busy.
        poll = select.poll()
        poll.register(self._stream.fileno(), select.POLLOUT)
        poll.poll()
