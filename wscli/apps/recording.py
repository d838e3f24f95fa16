"""Recordings: the file, which only its owner may read, and the sink that writes events to it."""

from __future__ import annotations

import errno
import io
import os
import stat
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from wscli.apps.options import Existing
from wscli.errors import OutputError, UsageError
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.session.pipeline import Sink
from wscli.sinks.output import Output

if TYPE_CHECKING:
    from wscli.sinks.ndjson import NdjsonSink

_MODE = 0o600  # a recording has credentials in its headers
_IS_LINK = (errno.ELOOP, errno.EMLINK, errno.ENOENT)  # FreeBSD says EMLINK


def open_recording(
    name: str,
    existing: Existing = "refuse",
    hint: str = "--force replaces it, --append adds to it",
) -> io.FileIO:
    """Open a file for a recording, with mode 0600 even if the file existed.

    ``existing`` applies to a file that is not empty; ``hint`` names the options for the others.
    Pipes and devices are written to directly, also through a symbolic link (a shell replaces
    ``>(gzip)`` with one such as /dev/fd/63); a link to a regular file is not followed.

    Raises:
        UsageError: if it cannot be written.
    """
    if name == "-":
        raise UsageError(
            "a recording must go to a file, not to stdout (-)",
            hint="--json prints the events on stdout; ./- is a file of that name",
        )
    try:
        return io.FileIO(name, "w", opener=lambda path, _: _open(path, existing, hint))
    except OSError as error:
        raise UsageError(f"cannot write {name}", error.strerror or str(error)) from None


def _open(path: str, existing: Existing, hint: str) -> int:
    fd = _open_directly(path, os.O_APPEND if existing == "append" else 0)
    try:
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode):
            if status.st_size and existing == "refuse":
                raise UsageError(f"{path} is not empty", f"{status.st_size:,} bytes", hint)
            os.fchmod(fd, _MODE)
            if existing == "append":
                _end_line(path, fd, status.st_size)
            else:
                os.ftruncate(fd, 0)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _open_directly(path: str, flags: int) -> int:
    """Open a file without emptying it; refuse a symbolic link to a regular file."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, _MODE)
    except OSError as error:
        if error.errno not in _IS_LINK or not os.path.islink(path):
            raise
    if os.path.exists(path) and not os.path.isfile(path):
        fd = os.open(path, os.O_WRONLY | flags)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
    raise UsageError(
        f"cannot write {path}: it is a symbolic link to a file",
        f"it points to {os.path.realpath(path)}",
        "the name of the file itself",
    )


def _end_line(path: str, fd: int, size: int) -> None:
    """End a line that was cut off, so that the events which follow are not part of it."""
    if size == 0:
        return
    with open(path, "rb") as file:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            os.write(fd, b"\n")


class Recorder(Sink):
    """Records into one file at a time; a failure stops it, and is passed to ``complain``."""

    wants_outgoing = True

    def __init__(
        self, complain: Callable[[OutputError], None], *, steps: bool, frames: bool
    ) -> None:
        self.wants_frames = frames
        self._steps = steps
        self.path: str | None = None
        self._complain = complain
        self._lock = threading.Lock()  # commands start and stop it, the reader feeds it
        self._stream: io.FileIO | None = None
        self._sink: NdjsonSink | None = None
        self._opened: Opened | None = None

    def start(self, path: str, stream: io.FileIO) -> None:
        """Start recording into an open file, with the opening of the current connection first."""
        from wscli.sinks.ndjson import NdjsonSink

        with self._lock:
            self._drop()
            self.path, self._stream = path, stream
            output = Output(stream, f"the recording {path}")
            self._sink = NdjsonSink(
                output, steps=self._steps, frames=self.wants_frames, escape=stream.isatty()
            )
            if (opened := self._opened) is not None:
                self._write(lambda sink: sink.opened(opened))

    def stop(self) -> None:
        """Stop recording."""
        with self._lock:
            self._drop()

    def step(self, step: Step) -> None:
        """Record a step of an attempt to connect."""
        with self._lock:
            self._write(lambda sink: sink.step(step))

    def opened(self, opened: Opened) -> None:
        """Record that a connection is open."""
        with self._lock:
            self._opened = opened
            self._write(lambda sink: sink.opened(opened))

    def batch(self, batch: Batch) -> None:
        """Record a batch."""
        with self._lock:
            self._write(lambda sink: sink.batch(batch))

    def ended(self, end: End) -> None:
        """Record how the connection ended."""
        with self._lock:
            self._opened = None
            self._write(lambda sink: sink.ended(end))

    def failed(self, failed: Failed) -> None:
        """Record that the connection could not be established, or the error it ended with."""
        with self._lock:
            self._write(lambda sink: sink.failed(failed))

    def _write(self, write: Callable[[NdjsonSink], None]) -> None:
        if self._sink is None:
            return
        try:
            write(self._sink)
        except BrokenPipeError:
            self._fail(OutputError(f"cannot write the recording {self.path}", "its reader is gone"))
        except OutputError as error:
            self._fail(error)

    def _fail(self, error: OutputError) -> None:
        self._drop()
        remark = "the recording ends here; the connection goes on"
        self._complain(OutputError(error.what, f"{error.evidence}\n{remark}"))

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self.path = self._stream = self._sink = None
