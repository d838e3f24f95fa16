"""The console of a terminal that can move its cursor: a prompt, and messages in batches above it.

prompt_toolkit's own way of printing above a prompt, ``run_in_terminal`` (also used by its
StdoutProxy), gives the terminal back for each piece of output: it removes the prompt, turns echo
and line editing on, waits, and redraws the prompt. At twenty batches a second, keys are then echoed
by the terminal into the output, and the prompt flickers. Here a batch leaves in one write (the
prompt erased, the output, the prompt again), and the modes of the terminal never change.

Everything runs in the main thread, on prompt_toolkit's event loop, except ``request_update``. The
steps from a request to the screen::

    request_update -> _update: run the calls that wait for the main thread
                      _schedule_draw: at BatchPace.next_at, at most every 50 ms
                      _draw: lay content out, for 3 ms at a time so that keys are handled between
                      erase the prompt, hold the output back, write the batch
    prompt_toolkit draws the prompt -> _release: all of it leaves in one write
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
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from wscli.errors import WscliError
from wscli.repl.commands import is_command
from wscli.repl.completion import LineCompleter, LineSuggester, PromptHistory
from wscli.repl.editor import edit_text
from wscli.repl.link import LinkState
from wscli.repl.prompt import STYLE, PromptApplication, breaks_rows, load_keys, make_layout
from wscli.repl.shell import Shell
from wscli.repl.toolbar import Toolbar
from wscli.text import visible

_INTERVAL = 0.05  # seconds from one batch to the next, at least
_SLOW_WRITE = 0.02  # seconds to write a batch, above which the next one is smaller
_SMALLEST, _LARGEST = 1 << 10, 32 << 10  # characters of a batch
_PAUSE = 2.0  # times the duration of a batch: two thirds of the main thread's time are for keys
_TICK = 0.5  # seconds between two drawings of the countdown to the next attempt


class SteadyOutput(Vt100_Output):
    """Output to the terminal that can be held back, so that several parts leave in one write."""

    held = False

    def flush(self) -> None:
        """Write the buffered output, unless it is held back."""
        # prompt_toolkit flushes after each step (erase, draw). Between two writes the terminal may
        # show a screen without a prompt, which is the flicker.
        if not self.held:
            super().flush()


class BatchPace:
    """Decides when the next batch is due, and how large it may be, by the duration of the last.

    A slow terminal, or a slow network to it, gets smaller batches: each write blocks the main
    thread, and with it the echo of keys. Times are of ``time.monotonic``.
    """

    def __init__(self) -> None:
        self.size = _LARGEST
        self.next_at = 0.0
        self._began_at = 0.0

    def begin(self) -> None:
        """Record that the laying out of a batch begins."""
        self._began_at = time.monotonic()

    def is_late(self) -> bool:
        """Return True if a batch should be written now even though it could be larger."""
        return time.monotonic() - self._began_at > _INTERVAL

    def end(self, writing: float) -> None:
        """Record that a batch is complete, and how many seconds its write took."""
        now = time.monotonic()
        # Halved and doubled: after a few batches it fits any terminal, and grows again when that
        # becomes faster.
        is_slow = writing > _SLOW_WRITE
        self.size = max(_SMALLEST, self.size // 2) if is_slow else min(_LARGEST, self.size * 2)
        self.next_at = now + max(_INTERVAL, _PAUSE * (now - self._began_at))

    def skip(self) -> None:
        """Record that there was nothing to write."""
        self.next_at = time.monotonic() + _INTERVAL


class Terminal:
    """The console of a terminal that can move its cursor."""

    shows_state = True

    def __init__(
        self, shell: Shell, toolbar: Toolbar, editing_mode: EditingMode, *, colour: bool
    ) -> None:
        self._shell = shell
        self._display = shell.display
        self._pace = BatchPace()
        self._batch = ""
        self._is_editing = False  # in an editor, which has the terminal to itself
        self._is_update_requested = False
        self._is_draw_scheduled = False
        self._is_tick_scheduled = False
        # prompt_toolkit wants text streams, and those of Env are raw. In UTF-8 whatever the locale
        # says: a message is UTF-8 (RFC 6455 §5.6).
        stdin = open(shell.env.stdin.fileno(), encoding="utf-8", closefd=False)  # noqa: SIM115
        stdout = open(shell.env.stdout.fileno(), "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        # Without CPR (the question for the cursor's position): an answer that comes late, over a
        # slow network or after the prompt has ended, would be read as keys.
        self._output = SteadyOutput(
            stdout, lambda: _terminal_size(stdout), shell.env.environ.get("TERM"), enable_cpr=False
        )
        self._buffer = Buffer(
            completer=LineCompleter(shell.history),
            history=PromptHistory(shell.history),
            auto_suggest=LineSuggester(lambda: self._output.get_size().columns),
            # Only names of commands: a menu would cover the messages while a text is typed.
            complete_while_typing=Condition(self._is_naming_command),
            accept_handler=lambda buffer: self._accept(buffer.text),
            on_text_changed=lambda _: self._clear_interrupted(),
        )
        self._app = PromptApplication(
            make_layout(self._buffer, self._prompt_style, toolbar.fragments),
            style=STYLE,
            key_bindings=load_keys(
                self._buffer, interrupt=self._interrupt, leave=shell.leave, edit=self.edit
            ),
            editing_mode=editing_mode,
            color_depth=ColorDepth.DEPTH_8_BIT if colour else ColorDepth.DEPTH_1_BIT,
            # ``finish`` and the report of an error write below the last message.
            erase_when_done=True,
            input=Vt100Input(stdin),
            output=self._output,
            before_render=lambda _: self._fit(),  # the terminal may have been resized
            after_render=lambda _: self._release(),
        )
        self._app.rows_are_broken = breaks_rows(shell.env.environ)

    # For the shell

    def request_update(self) -> None:
        """Ask the main thread to catch up and draw; any thread may call this."""
        loop = self._app.loop
        # Thousands of messages a second come here: one request serves all until it is handled.
        if not self._is_update_requested and loop is not None:
            self._is_update_requested = True
            with suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._update)

    def run(self) -> None:
        """Run the prompt until ``leave`` is called."""
        self._fit()
        # prompt_toolkit's exception handler prints a traceback and asks for Enter; its handler of
        # SIGINT raises KeyboardInterrupt. ``_begin`` sets ours for both.
        with _terminal_may_vanish():
            self._app.run(pre_run=self._begin, set_exception_handler=False, handle_sigint=False)

    def finish(self) -> None:
        """Draw the rest of the display."""
        with _terminal_may_vanish():
            while self._batch or self._display.waiting:
                self._batch += self._display.draw(_LARGEST)
                self._write_batch()
            self._output.flush()

    def leave(self) -> None:
        """End the prompt."""
        # ``exit`` raises an exception if the prompt does not run, or has been told to end already.
        if self._app.future is not None and not self._app.future.done():
            self._app.exit()

    def edit(self, text: str) -> None:
        """Open the text in the user's editor, and put the result in the prompt."""
        if not self._is_editing:
            self._is_editing = True
            self._app.create_background_task(self._edit(text))

    async def _edit(self, text: str) -> None:
        # In another thread, so that the loop still runs: calls of the link, such as --on-open, are
        # handled while the editor is open. Drawing waits, since the editor has the screen.
        try:
            environ = self._shell.env.environ
            text = await run_in_terminal(lambda: edit_text(text, environ), in_executor=True)
            self._buffer.document = Document(text)
        except WscliError as error:
            self._shell.report(error)
        finally:
            self._is_editing = False
            self._update()

    # Keys

    def _interrupt(self) -> None:
        # The terminal sends the signal to the editor and to this process.
        if self._is_editing:
            return
        typed = bool(self._buffer.text)
        if not self._shell.interrupted:
            self._buffer.reset()
        self._shell.interrupt(typed=typed)

    def _clear_interrupted(self) -> None:
        self._shell.interrupted = False

    def _accept(self, line: str) -> bool:
        self._clear_interrupted()
        # In vi mode the next line begins in insert mode, as in readline.
        self._app.vi_state.reset()
        # A message is shown when it leaves; a command would leave no trace above its output.
        if is_command(line):
            typed = visible(f"> {line}", keep="\n")
            self._shell.say(self._display.view.palette.paint("dim", typed))
        return self._shell.enter(line)

    def _is_naming_command(self) -> bool:
        return self._buffer.text.startswith("/") and " " not in self._buffer.text

    def _prompt_style(self) -> str:
        is_open = self._shell.link.state is LinkState.OPEN
        return "class:prompt" if is_open else "class:prompt.off"

    # On the event loop

    def _begin(self) -> None:
        loop = self._app.loop
        if loop is None:
            return
        loop.set_exception_handler(lambda _, context: self._fail(context))
        # Ctrl-C at the prompt is a key; the signal comes from an editor's terminal, or from kill.
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        # Requests that came before there was a loop have been ignored.
        loop.call_soon(self._update)

    def _fail(self, context: Mapping[str, Any]) -> None:
        """Leave because of an error in a callback."""
        error = context.get("exception")
        if isinstance(error, Exception) and not _has_terminal_vanished(error):
            self._shell.crash = error
        self.leave()

    def _update(self) -> None:
        # Before the queues are read: a request that comes while they are must not be lost.
        self._is_update_requested = False
        self._shell.catch_up()
        self._schedule_draw()
        self._schedule_tick()

    def _schedule_tick(self) -> None:
        loop = self._app.loop
        is_waiting = self._shell.link.state is LinkState.WAITING
        if is_waiting and loop is not None and not self._is_tick_scheduled:
            self._is_tick_scheduled = True
            loop.call_later(_TICK, self._tick)

    def _tick(self) -> None:
        """Draw the countdown to the next attempt again."""
        self._is_tick_scheduled = False
        self._app.invalidate()
        self._schedule_tick()

    def _schedule_draw(self) -> None:
        loop = self._app.loop
        if loop is not None and not self._is_draw_scheduled and not self._is_editing:
            self._is_draw_scheduled = True
            loop.call_at(max(self._pace.next_at, loop.time()), self._draw)

    def _draw(self) -> None:
        """Lay out a part of a batch; write the batch when it is complete."""
        loop = self._app.loop
        if self._is_editing or self._app.is_done or loop is None:
            self._is_draw_scheduled = False
            return
        if not self._batch:
            self._pace.begin()
        self._batch += self._display.draw(self._pace.size - len(self._batch))
        has_room = len(self._batch) < self._pace.size and not self._pace.is_late()
        # Back to the loop between two slices, where the keys that wait have their turn.
        if self._display.waiting and has_room:
            loop.call_soon(self._draw)
            return
        self._is_draw_scheduled = False
        # Replaced by ``_release`` if there is a batch: its write counts, too.
        self._pace.skip()
        if self._batch:
            self._output.held = True  # until the prompt below is drawn again
            self._app.erase()
            self._write_batch()
        # Also without a batch: the counts in the toolbar may have changed.
        self._app.invalidate()

    def _write_batch(self) -> None:
        self._output.write_raw(self._batch)
        self._batch = ""

    def _release(self) -> None:
        """Write the batch that is held back, with the prompt that was drawn below it."""
        if not self._output.held:
            return
        self._output.held = False
        began = time.monotonic()
        self._output.flush()
        self._pace.end(writing=time.monotonic() - began)
        if self._display.waiting:
            self._schedule_draw()

    def _fit(self) -> None:
        """Lay out for the terminal's present size."""
        size = self._output.get_size()
        self._display.fit(size.columns, size.rows)


@contextmanager
def _terminal_may_vanish() -> Iterator[None]:
    """Ignore the errors that a terminal causes when it is closed; they are not bugs."""
    try:
        yield
    except (EOFError, OSError) as error:
        if not _has_terminal_vanished(error):
            raise


def _has_terminal_vanished(error: Exception) -> bool:
    # A pty whose master was closed gives EIO. Any other OSError is a bug, or that of a command, and
    # must not end the session in silence.
    return isinstance(error, EOFError) or (isinstance(error, OSError) and error.errno == errno.EIO)


def _terminal_size(stream: TextIO) -> Size:
    # A serial line or a pty whose size nobody has set reports 0 by 0, in which nothing could be
    # drawn; 80 by 24 is the size of a VT100.
    try:
        size = os.get_terminal_size(stream.fileno())
    except OSError:
        return Size(rows=24, columns=80)
    return Size(rows=size.lines or 24, columns=size.columns or 80)
