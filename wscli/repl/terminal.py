"""The terminal: a prompt that nothing breaks, and output in batches above it.

prompt_toolkit's own way of printing above a prompt, ``run_in_terminal`` (also beneath StdoutProxy),
gives the terminal back for each piece of output: it takes the prompt away, turns echo and line
editing on, waits, and redraws the prompt. At twenty batches a second keys are then echoed by the
terminal into the output, and the prompt flickers. Here a batch leaves in one write (the prompt
erased, the output, the prompt again) and the terminal stays as it is.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from prompt_toolkit.application.run_in_terminal import run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import History
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from wscli.errors import WscliError
from wscli.repl.completion import LineCompleter, LineSuggester
from wscli.repl.editor import edit_text
from wscli.repl.history import LineHistory
from wscli.repl.keys import load_keys
from wscli.repl.layout import STYLE, make_layout
from wscli.repl.lines import SlashCommand, parse_line
from wscli.repl.resizing import ErasingApplication, wraps_again
from wscli.repl.shell import Shell
from wscli.repl.toolbar import Toolbar
from wscli.text import visible

_INTERVAL = 0.05  # seconds from one batch to the next, at least
_PATIENCE = 0.02  # seconds that the terminal may take for a batch before the next is smaller
_SMALLEST, _LARGEST = 1 << 10, 32 << 10  # characters of a batch
_REST = 2.0  # times as long as drawing took, to do other things before the next batch
_TICK = 0.5  # seconds from one display of the time left to the next


class SteadyOutput(Vt100_Output):
    """Writes to the terminal, or holds back what is to arrive as one."""

    held = False

    def flush(self) -> None:
        """Write what there is, unless it is held back."""
        if not self.held:
            super().flush()


class KeptHistory(History):
    """Gives prompt_toolkit our lines."""

    def __init__(self, lines: LineHistory) -> None:
        super().__init__()
        self._lines = lines

    def load_history_strings(self) -> list[str]:
        """Return the lines, the latest first."""
        return self._lines.lines[::-1]

    def store_string(self, string: str) -> None:
        """Keep a line."""
        self._lines.append(string)


class Terminal:
    """The console of a terminal that can move its cursor."""

    shows_state = True

    def __init__(self, shell: Shell, toolbar: Toolbar, *, vi: bool, colour: bool) -> None:
        self._shell = shell
        self._display = shell.display
        self._editing = False
        self._woken = False
        self._due = False  # whether a batch will be drawn
        self._ticking = False  # whether the time left will be drawn again
        self._next = 0.0  # when it may be
        self._began = 0.0  # when the drawing of the present one began
        self._batch = ""
        self._size = _LARGEST
        stdin = open(shell.env.stdin.fileno(), encoding="utf-8", closefd=False)  # noqa: SIM115
        stdout = open(shell.env.stdout.fileno(), "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        self._output = SteadyOutput(
            stdout, lambda: _terminal_size(stdout), shell.env.environ.get("TERM"), enable_cpr=False
        )
        self._buffer = Buffer(
            completer=LineCompleter(shell.history),
            history=KeptHistory(shell.history),
            auto_suggest=LineSuggester(lambda: self._output.get_size().columns),
            complete_while_typing=Condition(self._is_naming_command),
            accept_handler=lambda buffer: self._accept(buffer.text),
            on_text_changed=lambda _: self._typed(),
        )
        self._app = ErasingApplication(
            make_layout(self._buffer, self._prompt_style, toolbar.fragments),
            style=STYLE,
            key_bindings=load_keys(
                self._buffer, interrupt=self._interrupt, leave=shell.leave, edit=self.edit
            ),
            editing_mode=EditingMode.VI if vi else EditingMode.EMACS,
            color_depth=ColorDepth.DEPTH_8_BIT if colour else ColorDepth.DEPTH_1_BIT,
            erase_when_done=True,
            input=Vt100Input(stdin),
            output=self._output,
            after_render=lambda _: self._release(),
        )
        self._app.rows_wrap_again = wraps_again(shell.env.environ)

    # For the shell

    def wake(self) -> None:
        """Catch up and draw, in the main thread; from any thread."""
        loop = self._app.loop
        if not self._woken and loop is not None:
            self._woken = True
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(self._catch_up)

    def run(self) -> None:
        """Run the prompt."""
        self._fit()
        with _terminal_may_go():
            self._app.run(pre_run=self._begin, set_exception_handler=False, handle_sigint=False)

    def finish(self) -> None:
        """Write what has not been drawn yet."""
        with _terminal_may_go():
            while self._batch or self._display.waiting:
                self._batch += self._display.draw(_LARGEST)
                self._write_batch()
            self._output.flush()

    def leave(self) -> None:
        """End the prompt."""
        if self._app.future is not None and not self._app.future.done():
            self._app.exit()

    def edit(self, text: str) -> None:
        """Let the user edit a text in an editor, and put it into the prompt."""
        if not self._editing:
            self._editing = True
            self._app.create_background_task(self._edit(text))

    async def _edit(self, text: str) -> None:
        try:
            environ = self._shell.env.environ
            text = await run_in_terminal(lambda: edit_text(text, environ), in_executor=True)
            self._buffer.document = Document(text)
        except WscliError as error:
            self._shell.report(error)
        finally:
            self._editing = False
            self._catch_up()

    # Keys

    def _interrupt(self) -> None:
        if self._editing:  # it is meant for the editor
            return
        typed = bool(self._buffer.text)
        if not self._shell.interrupted:
            self._buffer.reset()
        self._shell.interrupt(typed=typed)

    def _typed(self) -> None:
        self._shell.interrupted = False

    def _accept(self, line: str) -> bool:
        self._shell.interrupted = False
        self._app.vi_state.reset()
        if isinstance(parse_line(line), SlashCommand):  # a message is shown as it leaves
            typed = visible(f"> {line}", keep="\n")
            self._shell.say(self._display.view.palette.paint("dim", typed))
        return self._shell.enter(line)

    def _is_naming_command(self) -> bool:
        return self._buffer.text.startswith("/") and " " not in self._buffer.text

    def _prompt_style(self) -> str:
        return "class:prompt" if self._shell.link.state == "open" else "class:prompt.off"

    # Drawing, in the main thread

    def _begin(self) -> None:
        loop = self._app.loop
        if loop is None:
            return
        loop.set_exception_handler(lambda _, context: self._failed(context))
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.call_soon(self._catch_up)

    def _failed(self, context: Mapping[str, Any]) -> None:
        """Give up because of an error in a callback."""
        error = context.get("exception")
        if isinstance(error, Exception) and not _says_terminal_has_gone(error):
            self._shell.crash = error
        self.leave()

    def _catch_up(self) -> None:
        self._woken = False
        self._shell.catch_up()
        self._draw_soon()
        self._tick()

    def _tick(self) -> None:
        """Redraw the time until the next attempt to connect at each tick."""
        loop = self._app.loop
        if self._shell.link.state == "waiting" and loop is not None and not self._ticking:
            self._ticking = True
            loop.call_later(_TICK, self._tock)

    def _tock(self) -> None:
        self._ticking = False
        self._app.invalidate()
        self._tick()

    def _draw_soon(self) -> None:
        loop = self._app.loop
        if loop is not None and not self._due and not self._editing:
            self._due = True
            self._fit()
            loop.call_at(max(self._next, loop.time()), self._draw)

    def _draw(self) -> None:
        """Add to the batch for a moment, let keys in, and go on; put it above the prompt."""
        loop = self._app.loop
        if self._editing or self._app.is_done or loop is None:
            self._due = False
            return
        if not self._batch:
            self._began = time.monotonic()
        self._batch += self._display.draw(self._size - len(self._batch))
        late = time.monotonic() - self._began > _INTERVAL
        if self._display.waiting and len(self._batch) < self._size and not late:
            loop.call_soon(self._draw)
            return
        self._due = False
        self._next = loop.time() + _INTERVAL
        if self._batch:
            self._output.held = True  # until the prompt below is drawn again
            self._app.erase()
            self._write_batch()
        self._app.invalidate()

    def _write_batch(self) -> None:
        self._output.write_raw(self._batch)
        self._batch = ""

    def _release(self) -> None:
        """Write the batch and the prompt below it; choose when, and how large, the next will be."""
        if not self._output.held:
            return
        self._output.held = False
        written = time.monotonic()
        self._output.flush()
        now = time.monotonic()
        slow = now - written > _PATIENCE
        self._size = max(_SMALLEST, self._size // 2) if slow else min(_LARGEST, self._size * 2)
        if self._app.loop is not None:
            self._next = self._app.loop.time() + max(_INTERVAL, _REST * (now - self._began))
        if self._display.waiting:
            self._draw_soon()

    def _fit(self) -> None:
        """Lay out for the terminal's present size."""
        size = self._output.get_size()
        self._display.fit(size.columns, size.rows)


@contextmanager
def _terminal_may_go() -> Iterator[None]:
    """Take it for no bug that the terminal goes away."""
    try:
        yield
    except (EOFError, OSError) as error:
        if not _says_terminal_has_gone(error):
            raise


def _says_terminal_has_gone(error: Exception) -> bool:
    return isinstance(error, EOFError) or (isinstance(error, OSError) and error.errno == errno.EIO)


def _terminal_size(stream: TextIO) -> Size:
    try:
        size = os.get_terminal_size(stream.fileno())
    except OSError:
        return Size(rows=24, columns=80)
    return Size(rows=size.lines or 24, columns=size.columns or 80)
