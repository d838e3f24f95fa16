"""The console for terminals that cannot move their cursor (TERM=dumb): lines in, lines out.

There is no event loop. The main thread polls stdin and a pipe of its own; other threads, and signal
handlers, write a byte to the pipe when there is something to draw or to call (the "self-pipe
trick"). The terminal stays in its canonical mode: it echoes, edits, and hands over whole lines.
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

_CHUNK = 64 << 10  # bytes of a read, and characters that are drawn before stdin is looked at again
_LONGEST_LINE = 4095  # bytes; a terminal of Linux discards the rest of a longer line


class PlainConsole:
    """Read lines from a terminal that echoes and edits them, and write the display between."""

    shows_state = False

    def __init__(self, shell: Shell, output: Output) -> None:
        self._shell = shell
        self._output = output
        self._stdin = shell.env.stdin.fileno()
        self._updates, self._update = os.pipe()
        # A signal handler runs in the thread that empties the pipe, and must not wait for it.
        os.set_blocking(self._update, False)
        self._editing = False
        self._line = b""  # the beginning of a line whose end has not been read
        self._has_left = False

    def request_update(self) -> None:
        """Ask the main thread to catch up and draw; any thread may call this."""
        with suppress(BlockingIOError):  # the pipe is full of requests that have not been read
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
        # The link may have connected before this console was attached.
        self.request_update()
        while not self._has_left:
            # One piece of the display for each round, so that lines are read during a flood, too.
            ready = [fd for fd, _ in poll.poll(0 if self._shell.display.waiting else None)]
            if self._updates in ready:
                os.read(self._updates, _CHUNK)
            # At its end stdin would be ready for ever.
            if self._stdin in ready and not self._read():
                poll.unregister(self._stdin)
            self._shell.catch_up()
            self._output.write(self._shell.display.draw(_CHUNK).encode())

    def finish(self) -> None:
        """Draw the rest of the display."""
        while text := self._shell.display.draw(_CHUNK):
            self._output.write(text.encode())

    def _handle_interrupt(self, number: int, frame: FrameType | None) -> None:
        # The terminal sends SIGINT to the editor and to this process, and it is meant for the
        # editor. Handled later, since the main thread may be in the middle of drawing.
        if not self._editing:
            self._shell.call_soon(self._interrupt)

    def _interrupt(self) -> None:
        # The terminal has cleared its part of the line. It does not say if there was any, so the
        # remark about leaving is always shown.
        self._line = b""
        self._shell.interrupt(typed=False)

    def _read(self) -> bool:
        """Enter the lines that have been typed; return False at the end of stdin."""
        # EIO: the terminal was closed. An end of stdin is Ctrl-D; both leave.
        try:
            data = os.read(self._stdin, _CHUNK)
        except OSError:
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
        # A line of this length has most likely lost its rest. Half a message is worse than none.
        if len(line) >= _LONGEST_LINE:
            what = f"the line was not sent: the terminal cuts lines at {_LONGEST_LINE:,} bytes"
            self._shell.report(UsageError(what, hint="/text @FILE, or a TERM other than dumb"))
            return
        text = line.decode(errors="surrogateescape")
        if text:
            self._shell.history.append(text)
        self._shell.enter(text)
