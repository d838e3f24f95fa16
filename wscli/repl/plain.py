"""The console for terminals that cannot move their cursor (TERM=dumb): lines in, lines out.

The main thread waits for stdin and for a pipe. The other threads, and the signal handler, write to
the pipe when there is something to draw or to call.
"""

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
_LONGEST_LINE = 4095  # bytes; a terminal of Linux discards the rest of a longer line


class PlainConsole:
    """Read lines from the terminal, which echoes and edits them; write the display as it comes."""

    shows_state = False

    def __init__(self, shell: Shell, output: Output) -> None:
        self._shell = shell
        self._output = output
        self._stdin = shell.env.stdin.fileno()
        self._updates, self._update = os.pipe()
        os.set_blocking(self._update, False)
        self._editing = False
        self._line = b""  # the beginning of a line whose end has not been read
        self._has_left = False

    def request_update(self) -> None:
        """Ask the main thread to catch up and draw; any thread may call this."""
        with suppress(BlockingIOError):  # the pipe is full of requests already
            os.write(self._update, b"\0")

    def leave(self) -> None:
        """Make ``run`` return."""
        self._has_left = True

    def edit(self, text: str) -> None:
        """Open the text in the user's editor, and send it: there is no prompt to put it into."""
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
        """Enter lines and draw the display until ``leave`` is called."""
        poll = select.poll()
        poll.register(self._updates, select.POLLIN)
        poll.register(self._stdin, select.POLLIN)
        signal.signal(signal.SIGINT, self._handle_interrupt)
        self.request_update()
        while not self._has_left:
            ready = [fd for fd, _ in poll.poll(0 if self._shell.display.waiting else None)]
            if self._updates in ready:
                os.read(self._updates, _CHUNK)
            if self._stdin in ready and not self._read():
                poll.unregister(self._stdin)
            self._shell.catch_up()
            self._output.write(self._shell.display.draw(_CHUNK).encode())

    def finish(self) -> None:
        """Draw the rest of the display."""
        while text := self._shell.display.draw(_CHUNK):
            self._output.write(text.encode())

    def _handle_interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._editing:  # else it is meant for the editor
            self._shell.call_soon(self._interrupt)

    def _interrupt(self) -> None:
        self._line = b""  # the terminal has cleared its part of the line
        self._shell.interrupt(typed=False)

    def _read(self) -> bool:
        """Enter the lines that have been typed; return False at the end of stdin."""
        try:
            data = os.read(self._stdin, _CHUNK)
        except OSError:  # the terminal has gone
            data = b""
        if not data:
            self._shell.leave()
            return False
        self._shell.interrupted = False
        *lines, self._line = (self._line + data).split(b"\n")
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
