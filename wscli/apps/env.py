"""The environment of a command: streams, terminal, variables and clock, as one value."""

from __future__ import annotations

import io
import os
import select
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, NamedTuple

from wscli.net.clock import Clock

Colour = Literal["auto", "always", "never"]
"""When to use colour; auto is at a terminal only."""

_CHUNK = 1 << 20  # bytes of one read of stdin; more than a pipe holds (64 KiB on Linux)


class Env(NamedTuple):
    """Unbuffered streams, properties of the terminal, environment variables, the clock.

    Unbuffered: a message has to reach the reader of a pipe when it arrives, and ``poll`` on stdin
    must not miss bytes that a buffer has already taken. ``options`` are the names of the running
    command's options, which hints may mention; None outside of a command.
    """

    stdin: io.RawIOBase
    stdout: io.RawIOBase
    stderr: io.RawIOBase
    environ: Mapping[str, str]
    clock: Clock = Clock()
    stdin_tty: bool = False
    stdout_tty: bool = False
    stderr_tty: bool = False
    width: int = 80
    options: frozenset[str] | None = None

    @classmethod
    def of_process(cls) -> Env:
        """Return the environment of this process; /dev/null stands in for a closed stream."""
        stdin, stdout, stderr = _stream(0, "rb"), _stream(1, "wb"), _stream(2, "wb")
        return cls(
            stdin,
            stdout,
            stderr,
            os.environ,
            stdin_tty=stdin.isatty(),
            stdout_tty=stdout.isatty(),
            stderr_tty=stderr.isatty(),
            width=_width(),
        )

    def read_stdin(self) -> bytes:
        """Return all of stdin, even if it is non-blocking."""
        pieces = []
        # O_NONBLOCK belongs to the open file, not to the descriptor: any process that shares the
        # terminal or pipe (ssh and Node.js do) may have set it. A read then returns None.
        while (piece := self.stdin.read(_CHUNK)) != b"":
            if piece is None:
                poll = select.poll()
                poll.register(self.stdin, select.POLLIN)
                poll.poll()
            else:
                pieces.append(piece)
        return b"".join(pieces)

    @property
    def debug(self) -> bool:
        """Whether an error shows its traceback."""
        return bool(self.environ.get("WSCLI_DEBUG"))

    def wants_colour(self, when: Colour, *, tty: bool) -> bool:
        """Return True if a stream should have colour."""
        # An option takes precedence over the environment. Both variables count only if they are not
        # empty (no-color.org, force-color.org).
        if when != "auto":
            return when == "always"
        if self.environ.get("NO_COLOR"):
            return False
        if self.environ.get("FORCE_COLOR"):
            return True
        return tty and self.environ.get("TERM") != "dumb"


def _width() -> int:
    """Return the width of the terminal in columns, 80 if there is none; COLUMNS overrides it."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    # Any of the three may be redirected while the terminal is still there.
    for fd in (1, 2, 0):
        with suppress(OSError):
            # A serial line or a pty whose size nobody has set reports 0 columns.
            return os.get_terminal_size(fd).columns or 80
    return 80


def _stream(fd: int, mode: str) -> io.RawIOBase:
    try:
        return io.FileIO(fd, mode, closefd=False)
    except OSError:
        # Closed, as with `wscli … >&-`. Were it left closed, the next socket or file would get its
        # number, and the payloads would be written to that.
        return io.FileIO(os.devnull, mode)
