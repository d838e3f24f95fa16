"""A console for terminals that cannot move their cursor: lines in, lines out."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from types import FrameType

from wscli.errors import UsageError, WscliError
from wscli.repl.editor import edit_text
from wscli.repl.shell import Shell
from wscli.sinks.output import Output

_CHUNK = 64 << 10
_LONGEST_LINE = 4095  # bytes: of a longer line a terminal of Linux keeps the rest to itself


class PlainConsole:
    """Reads lines as the terminal hands them over, and writes what is displayed as it comes."""

    shows_state = False

    def __init__(self, shell: Shell, output: Output) -> None:
        self._shell = shell
        self._output = output
        self._stdin = shell.env.stdin.fileno()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._editing = False
        self._rest = b""
        self._left = False

    def wake(self) -> None:
        """Catch up and draw, in the main thread; from any thread."""
        with suppress(BlockingIOError):  # it is full of wake-ups already
            os.write(self._waker, b"\0")

    def leave(self) -> None:
        """Make ``run`` return."""
        self._left = True

    def edit(self, text: str) -> None:
        """Let the user edit a text, and send it: there is no prompt to put it into."""
        self._editing = True
        try:
            text = edit_text(text, self._shell.env.environ)
        except WscliError as error:
            self._shell.report(error)
        else:
            self._shell.enter(text)
        finally:
            self._editing = False

    def run(self) -> None:
        """Read, and write what there is to write."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        poll.register(self._stdin, select.POLLIN)
        signal.signal(signal.SIGINT, self._note)
        self.wake()
        while not self._left:
            ready = [fd for fd, _ in poll.poll(0 if self._shell.display.waiting else None)]
            if self._woken in ready:
                os.read(self._woken, _CHUNK)
            if self._stdin in ready and not self._read():
                poll.unregister(self._stdin)
            self._shell.catch_up()
            self._output.write(self._shell.display.draw(_CHUNK).encode())

    def finish(self) -> None:
        """Write what is left to write."""
        while text := self._shell.display.draw(_CHUNK):
            self._output.write(text.encode())

    def _note(self, number: int, frame: FrameType | None) -> None:
        if not self._editing:  # else it is meant for the editor
            self._shell.call_soon(self._interrupt)

    def _interrupt(self) -> None:
        self._rest = b""  # and the terminal has cleared the line
        self._shell.interrupt(typed=False)

    def _read(self) -> bool:
        """Enter the lines that have been typed; tell whether there may be more."""
        try:
            data = os.read(self._stdin, _CHUNK)
        except OSError:  # the terminal has gone
            data = b""
        if not data:
            self._shell.leave()
            return False
        self._shell.interrupted = False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._enter(line)
        return True

    def _enter(self, line: bytes) -> None:
        if len(line) >= _LONGEST_LINE:
            what = f"the terminal cuts a line at {_LONGEST_LINE:,} bytes, so it is not sent"
            self._shell.report(UsageError(what, hint="/text @FILE, or a TERM other than dumb"))
            return
        text = line.decode(errors="surrogateescape")
        if text:
            self._shell.history.append(text)
        self._shell.enter(text)
