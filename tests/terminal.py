"""A terminal for the real program: a pseudo-terminal, and the screen that it shows."""

import fcntl
import os
import sys
import termios
import time
from pathlib import Path

import pexpect
import pyte
from coverage import Coverage

ROOT = Path(__file__).parent.parent
COVERAGE = ["-m", "coverage", "run", f"--rcfile={Path(__file__).parent.parent}/pyproject.toml"]
# Few tests call the parts of the interactive session: the rest of its coverage is found here.
WSCLI = [sys.executable, *(COVERAGE if Coverage.current() else []), "-m", "wscli"]

KEYS = {
    "enter": "\r",
    "alt-enter": "\x1b\r",
    "tab": "\t",
    "up": "\x1b[A",
    "right": "\x1b[C",
    "escape": "\x1b",
    "backspace": "\x7f",
}


PTY_BUFFER = 4095
"""Bytes that the kernel keeps for a terminal that nobody reads."""


class Screen(pyte.Screen):
    """A screen that keeps the rows that scroll away, as most terminals do."""

    def __init__(self, columns, rows):
        self.above = []
        super().__init__(columns, rows)

    def resize(self, lines, columns):
        """Break rows that no longer fit into several, as most terminals do."""
        rows, cursor = [], self.cursor
        at = (0, 0)
        for y in range(self.lines):
            cells = [self.buffer[y][x] for x in range(self.columns)]
            while cells and cells[-1].data == " ":
                cells.pop()
            if y == cursor.y:
                at = (len(rows) + cursor.x // columns, cursor.x % columns)
            rows += [cells[x : x + columns] for x in range(0, max(1, len(cells)), columns)]
        gone = max(0, at[0] + 1 - lines)
        for row in rows[:gone]:
            self.above.append("".join(cell.data for cell in row).rstrip())
        super().resize(lines, columns)
        self.buffer.clear()
        for y, row in enumerate(rows[gone : gone + lines]):
            self.buffer[y].update(enumerate(row))
        cursor.y, cursor.x = at[0] - gone, at[1]
        self.dirty.update(range(lines))

    def index(self):
        if self.cursor.y == self.lines - 1:
            line = self.buffer[0]
            self.above.append("".join(line[x].data for x in range(self.columns)).rstrip())
        super().index()


class Terminal:
    """Runs ``wscli`` with these arguments; the output is read from its screen."""

    def __init__(self, *args, rows=24, columns=80, screen=None, env=None, command=None):
        """Run it in a terminal of this size; ``screen`` is the real size if it differs."""
        shown_rows, shown_columns = screen or (rows, columns)
        self._screen = Screen(shown_columns, shown_rows)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        program, *arguments = command or [*WSCLI, *map(str, args)]
        self._child = pexpect.spawn(
            program,
            arguments,
            env={**os.environ, **(env or {})},
            dimensions=(rows, columns),
            timeout=20,
        )
        self._child.delaybeforesend = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._child.close(force=True)

    @property
    def screen(self):
        """The text on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def text(self):
        """The text on the screen, and the rows that have scrolled away above it."""
        return "\n".join([*self._screen.above, self.screen]).rstrip()

    @property
    def cells(self):
        """The rows of the screen, each a list of pyte's characters with their colours."""
        buffer = self._screen.buffer
        return [
            [buffer[row][column] for column in range(self._screen.columns)]
            for row in range(self._screen.lines)
        ]

    def type(self, text):
        self._child.send(text)

    def press(self, *names):
        for name in names:
            key = KEYS.get(name)
            if key is None and name.startswith("ctrl-"):
                key = chr(ord(name[-1].upper()) - 64)
            self._child.send(key)

    def enter(self, line):
        self.type(f"{line}\r")

    def paste(self, text):
        """Paste as terminals do: between marks, and with CR for a line feed."""
        self._child.send("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")

    def resize(self, rows, columns):
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def signal(self, number):
        """Send a signal to the program, or to its child if it is a shell."""
        children = Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children").read_text()
        os.kill(int(children) if children else self._child.pid, number)

    @property
    def unread(self):
        """The number of bytes that the program has written and nobody has read."""
        count = fcntl.ioctl(self._child.child_fd, termios.FIONREAD, bytes(4))
        return int.from_bytes(count, sys.byteorder)

    @property
    def echoes(self):
        """Whether the terminal echoes what is typed, as it does for a shell."""
        return bool(termios.tcgetattr(self._child.child_fd)[3] & termios.ECHO)

    @property
    def has_exited(self):
        """Whether the program has ended, even if its output has not been read."""
        return not self._child.isalive()

    def hang_up(self):
        """Close the terminal under the program."""
        self._child.ptyproc.fileobj.close()

    def until(self, condition, timeout=40):
        """Wait until the screen or what is above it has a text, or until a condition holds."""
        met = condition if callable(condition) else lambda: condition in self.text
        deadline = time.monotonic() + timeout
        while not met():
            left = deadline - time.monotonic()
            assert left > 0, f"{condition!r} is not on the screen:\n{self.text[-4000:]}"
            self._read(min(left, 1))

    def ended(self, timeout=20):
        """Wait until the program has ended; return its exit status."""
        deadline = time.monotonic() + timeout
        while not self._child.flag_eof:
            assert time.monotonic() < deadline, f"it has not ended:\n{self.text[-4000:]}"
            self._read(1)
        self._child.close()
        signal = self._child.signalstatus
        return self._child.exitstatus if signal is None else -signal

    def _read(self, seconds):
        try:
            data = self._child.read_nonblocking(65536, seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.written += data
        self._stream.feed(data)
