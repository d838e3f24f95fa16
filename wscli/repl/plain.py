"""A console for terminals that cannot move their cursor: lines in, lines out."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress

from wscli.errors import ExitStatus, WscliError
from wscli.repl.editor import edit_text
from wscli.repl.shell import Shell
from wscli.sinks.output import Output

_CHUNK = 64 << 10


class PlainConsole:
    """Reads lines as the terminal hands them over, and writes what is displayed as it comes."""

    def __init__(self, shell: Shell, output: Output) -> None:
        self._shell = shell
        self._output = output
        self._stdin = shell.env.stdin.fileno()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
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
        try:
            self._shell.enter(edit_text(text, self._shell.env.environ))
        except WscliError as error:
            self._shell.report(error)

    def run(self) -> None:
        """Read, and write what there is to write."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        poll.register(self._stdin, select.POLLIN)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.wake()
        while not self._left:
            try:
                ready = [fd for fd, _ in poll.poll()]
                if self._woken in ready:
                    os.read(self._woken, _CHUNK)
                if self._stdin in ready and not self._read():
                    poll.unregister(self._stdin)
                self._shell.catch_up()
                self._draw()
            except KeyboardInterrupt:
                self._shell.leave(ExitStatus.INTERRUPTED)

    def _read(self) -> bool:
        """Enter the lines that have been typed; tell whether there may be more."""
        data = os.read(self._stdin, _CHUNK)
        if not data:
            self._shell.leave()
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._shell.enter(line.decode(errors="surrogateescape"))
        return True

    def _draw(self) -> None:
        while text := self._shell.display.draw(_CHUNK):
            self._output.write(text.encode())
