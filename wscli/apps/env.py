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

_CHUNK = 1 << 20


class Env(NamedTuple):
    """Unbuffered streams, properties of the terminal, environment variables, the clock."""

    stdin: io.RawIOBase
    stdout: io.RawIOBase
    stderr: io.RawIOBase
    environ: Mapping[str, str]
    clock: Clock = Clock()
    stdin_tty: bool = False
    stdout_tty: bool = False
    stderr_tty: bool = False
    width: int = 80

    @classmethod
    def of_process(cls) -> Env:
        """Return the world of this process; a stream that is closed is as good as /dev/null."""
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
        """Return all of stdin, also where somebody made it non-blocking."""
        pieces = []
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
        """Return True if a stream is to have colour."""
        if when != "auto":
            return when == "always"
        if self.environ.get("NO_COLOR"):
            return False
        if self.environ.get("FORCE_COLOR"):
            return True
        return tty and self.environ.get("TERM") != "dumb"


def _width() -> int:
    """Return the columns of the terminal, where there is one; COLUMNS overrides it."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    for fd in (1, 2, 0):
        with suppress(OSError):
            return os.get_terminal_size(fd).columns or 80
    return 80


def _stream(fd: int, mode: str) -> io.RawIOBase:
    try:
        return io.FileIO(fd, mode, closefd=False)
    except OSError:
        return io.FileIO(os.devnull, mode)
