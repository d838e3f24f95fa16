"""The shell: runs the lines that the user enters, and reports the state of the connection.

Two threads use it. In the main thread the console hands over lines, and commands run. In the link's
thread the ``link_...`` methods are called as connections open and end. These do not touch the
console: they put text on the display, which any thread may do, and leave the rest to the main
thread with ``call_soon``. The main thread runs these calls in ``catch_up``, which the console calls
after ``request_update``.

The link connects while the main thread still imports prompt_toolkit. Until ``attach`` there is no
console: text waits on the display, and calls wait in the queue.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Literal, NamedTuple, Protocol

from wscli.apps.display import message_view
from wscli.apps.env import Env
from wscli.apps.message import Sending, read_message, read_typed
from wscli.apps.options import SessionOptions
from wscli.apps.recording import payload_redactor, redactor
from wscli.apps.report import hint_for, report
from wscli.errors import ConnectionClosed, UsageError, WscliError
from wscli.payload.typed import terminated
from wscli.repl.commands import is_command, run_command
from wscli.repl.display import Display
from wscli.repl.history import LineHistory
from wscli.repl.link import Link, LinkState, Retry
from wscli.repl.notices import DisplayOptions, describe_retry
from wscli.repl.playback import SessionPlayback
from wscli.session.end import End, error_of
from wscli.session.thread_driver import ThreadDriver
from wscli.sinks.human.messages import Entry
from wscli.sinks.recording import Recorder
from wscli.sinks.stats import Stats
from wscli.status import ExitStatus, status_of
from wscli.wire.codes import Opcode

# Bytes that wait to be sent, above which no message is accepted. The other commands wait until the
# peer reads; a prompt must not block, and without a limit a peer that never reads fills the memory.
_MAX_PENDING = 64 << 20


class ReplOptions(NamedTuple):
    """The options of the interactive session.

    ``reconnect`` is "auto" for reconnecting unless the server refuses this client. ``on_open`` are
    lines to enter whenever a connection opens. ``max_lines`` is the number of rows that a message
    is cut to; None is half the screen.
    """

    session: SessionOptions
    sending: Sending = Sending()
    reconnect: Literal["never", "auto", "always"] = "never"
    on_open: tuple[str, ...] = ()
    exit_on_close: bool = False
    history: bool = True
    vi: bool = False
    max_lines: int | None = None


class Console(Protocol):
    """The part that reads the user's lines and draws the display.

    All methods but ``request_update`` are called in the main thread.
    """

    shows_state: bool
    """Whether the state of the connection is always in view, so that no remark need repeat it."""

    def request_update(self) -> None:
        """Ask the main thread to call ``catch_up`` and draw; any thread may call this."""

    def run(self) -> None:
        """Hand lines to the shell until ``leave`` is called."""

    def leave(self) -> None:
        """Make ``run`` return."""

    def finish(self) -> None:
        """Draw the rest of the display, after ``run`` has returned and the link has stopped."""

    def edit(self, text: str) -> None:
        """Open the text in the user's editor, and put the result in the prompt."""


class Shell:
    """The state of a session that lines and commands work on, and the listener of the link.

    Output to the streams of ``env`` is always drawn. Output to those of ``bulk_env`` is skipped if
    the terminal does not keep up.
    """

    link: Link
    console: Console

    def __init__(self, options: ReplOptions, env: Env, history_name: str | None) -> None:
        output = options.session.output
        self._request_update: Callable[[], None] = lambda: None  # until there is a console
        self._silent = output.quiet or output.form == "json"
        # The sink of -v writes each opening and end then; they would be there twice.
        shows_handshake = bool(output.verbosity) and env.stderr_tty
        self.display = Display(
            message_view(output, env),
            env.clock,
            # Through a lambda, since ``attach`` replaces the function.
            lambda: self._request_update(),
            DisplayOptions(
                messages=output.form != "json",
                announces=not (shows_handshake or self._silent),
                every_ping=output.verbosity == 1,
            ),
        )
        self.display.cut_at = options.max_lines
        self.env = _displayed(env, self.display.say)
        self.bulk_env = _displayed(env, self.display.say_in_bulk)
        self.history = LineHistory(history_name, self.note)
        self.stats = Stats()
        self.recorder = Recorder(
            self.report,
            steps=output.verbosity >= 1,
            frames=output.verbosity >= 2,
            numbered=True,
            redact=redactor(output.redact),
        )
        self.playback = SessionPlayback(self.note)
        self.failure: WscliError | None = None  # of the first attempt, if it was the only one
        self.crash: Exception | None = None  # a bug
        self.interrupted = False  # whether Ctrl-C was the last key
        self._options = options
        self._has_been_open = False
        self._last_failure = ""  # of an attempt to connect since the last connection
        self._leaving = False
        self._outcome = ExitStatus.OK  # of the latest connection
        self._leave_status = ExitStatus.OK
        # Unlike ``Queue``, ``SimpleQueue.put`` is reentrant: a signal handler may call it while the
        # same thread is in a call of it.
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    @property
    def status(self) -> ExitStatus:
        """The program's exit status: that of the signal, or else of the last connection."""
        return self._leave_status or self._outcome

    def attach(self, console: Console) -> None:
        """Use a console from now on."""
        self.console = console
        self._request_update = console.request_update

    # In the main thread: lines and commands

    def enter(self, line: str) -> bool:
        """Send a line or run its command; return True if it should stay in the prompt."""
        # No error of a line ends the session: it is reported, and the next line can be entered.
        try:
            if is_command(line):
                run_command(self, line)
            # An empty line sends nothing; /text sends an empty message.
            elif line:
                self._send_line(line[1:] if line.startswith("//") else line)
        except UnicodeEncodeError:
            # The terminal's bytes that are not UTF-8 arrive as lone surrogates (PEP 383).
            self.report(UsageError("the line is not UTF-8, as text must be"))
        except MemoryError:
            # As of /text @FILE with a file of many gigabytes; nothing else was lost.
            self.report(UsageError("there is not enough memory for that"))
        except WscliError as error:
            self.report(error)
            # A text that took effort to type can be sent after reconnecting.
            return isinstance(error, ConnectionClosed) and not is_command(line)
        return False

    def _send_line(self, line: str) -> None:
        sending = self._options.sending
        # Only commands read files. A line that begins with @ is sent unchanged: it may be pasted
        # from anywhere, and must not send the content of a file.
        self.send(sending.opcode, read_typed(line, sending.opcode, escapes=sending.escapes))

    def send(self, opcode: Opcode, payload: bytes) -> None:
        """Send a message, with the terminator of ``--end`` added if it lacks that.

        Raises:
            ConnectionClosed: if there is no open connection, or too much waits to be sent.
        """
        session = self.session()
        if session.pending > _MAX_PENDING:
            waiting = f"{session.pending:,} bytes wait to be sent"
            raise ConnectionClosed(f"the peer is not reading: {waiting}", 0)
        session.post(opcode, [terminated(payload, self._options.sending.end)])

    def session(self) -> ThreadDriver:
        """Return the open session.

        Raises:
            ConnectionClosed: if there is none.
        """
        # The link may take the session away at any moment: it is read once.
        session = self.link.session
        if session is not None and session.end is None:
            return session
        if self.link.state is LinkState.CONNECTING:
            raise ConnectionClosed("not connected yet", 0, hint="try again when it is connected")
        raise ConnectionClosed("not connected", 0, hint="/reconnect")

    def read_payload(self, text: str, opcode: Opcode, *, escapes: bool = False) -> bytes:
        """Return the payload for a text, as ``read_message`` does.

        Raises:
            UsageError: if it cannot be read or decoded.
        """
        if text == "@-":
            raise UsageError("stdin is the terminal here", hint="@FILE")
        # There is no shell that would expand it.
        if text.startswith("@~"):
            text = f"@{os.path.expanduser(text[1:])}"
        return read_message(text, opcode, self.env, escapes=escapes)

    def line_for(self, opcode: int, payload: bytes) -> str:
        """Return the line that sends a message, without the terminator that is added to it."""
        sending = self._options.sending
        payload = payload.removesuffix(sending.end)
        if opcode != Opcode.TEXT:
            return f"/binary 0x{payload.hex()}"
        text = payload.decode()
        if text and sending.opcode == Opcode.TEXT and not sending.escapes:
            return f"/{text}" if text.startswith("/") else text
        return f"/text {'@' * text.startswith('@')}{text}"

    def without_secrets(self, entries: list[Entry]) -> list[Entry]:
        """Return messages as a recording has them: with ``--redact``, without secrets."""
        patterns = self._options.session.output.redact
        if patterns is None:
            return entries
        # Not the recorder's redactor: that is used in the recording's thread.
        redact = payload_redactor(patterns, self.link.opening)
        return [entry._replace(payload=redact(entry.payload)) for entry in entries]

    def edit(self, text: str) -> None:
        """Open the text in the user's editor, and put the result in the prompt."""
        self.console.edit(text)

    def leave(self, status: ExitStatus = ExitStatus.OK) -> None:
        """Close the connection and leave; when called again, leave at once."""
        # The status of the first signal stays, as in the other commands.
        self._leave_status = self._leave_status or status
        session = self.link.session
        if self._leaving or session is None or session.end is not None:
            self.console.leave()
        else:
            # After a signal a peer that reads slowly must not hold the end up. Ctrl-D waits until
            # all that was entered has been sent.
            if status:
                session.end_within(self._options.session.connect.close_timeout)
            # The prompt stays until the connection has ended (see ``_continue_after``): messages
            # that the peer sends before its own Close are still shown.
            session.begin_close()
        self._leaving = True

    def interrupt(self, *, typed: bool) -> None:
        """Handle Ctrl-C: leave at the second in a row; ``typed`` is whether it cleared a text."""
        # One Ctrl-C clears the line, as in a shell, and so must not leave by accident.
        if self.interrupted:
            self.leave(ExitStatus.INTERRUPTED)
        elif not typed:
            self.note("press Ctrl-C again to leave, or Ctrl-D")
        self.interrupted = True

    def catch_up(self) -> None:
        """Run the calls that other threads and signal handlers have left."""
        while True:
            try:
                call = self._calls.get_nowait()
            except Empty:
                return
            call()

    # In any thread

    def say(self, text: str) -> None:
        """Show lines."""
        self.display.say(text)

    def note(self, text: str) -> None:
        """Show a remark."""
        self.display.note(text)

    def report(self, error: WscliError) -> None:
        """Show an error."""
        report(error, self.env, self._options.session.output.colour)

    def call_soon(self, call: Callable[[], None]) -> None:
        """Schedule a call in the main thread; signal handlers may use this, too."""
        self._calls.put(call)
        self._request_update()

    def leave_soon(self, status: ExitStatus) -> None:
        """Leave as soon as the main thread can."""
        self.call_soon(lambda: self.leave(status))

    # In the link's thread

    def link_opened(self, session: ThreadDriver) -> None:
        """Enter the lines of ``--on-open``."""
        self._has_been_open = True
        self._last_failure = ""
        self.call_soon(self._enter_on_open)

    def link_ended(self, outcome: End | WscliError, retry: Retry | None) -> None:
        """Report the outcome and the next attempt."""
        error = outcome if isinstance(outcome, WscliError) else error_of(outcome)
        # A session that never had a connection ends. ``app`` reports the error once the prompt is
        # gone, as any other command would.
        if not self._has_been_open and retry is None:
            self.failure = error
        # While the server is down, each attempt fails in the same way, and one report is enough.
        elif retry is None or not self._is_repeated(outcome):
            self._report_outcome(outcome, error)
        self.call_soon(lambda: self._continue_after(error, retry))

    def link_complains(self, error: WscliError) -> None:
        """Show an error that does not end the connection."""
        self.report(error)

    def link_crashed(self, error: Exception) -> None:
        """Leave because of a bug."""
        self.crash = error
        self.call_soon(lambda: self.console.leave())

    def _report_outcome(self, outcome: End | WscliError, error: WscliError | None) -> None:
        if error is not None and not self._is_announced(outcome):
            self.report(error)
        elif error is not None and (hint := hint_for(error, self.env)):
            self.note(f"try: {hint}")

    def _is_announced(self, outcome: End | WscliError) -> bool:
        """Return True if the display's line about an end has all of its error but the hint."""
        return isinstance(outcome, End) and outcome.violation is None and not self._silent

    def _is_repeated(self, outcome: End | WscliError) -> bool:
        """Return True if the previous attempt to connect failed for the same reason."""
        before, self._last_failure = self._last_failure, getattr(outcome, "what", "")
        return bool(before) and before == self._last_failure

    # Calls that the link's thread leaves to the main thread

    def _enter_on_open(self) -> None:
        self._outcome = ExitStatus.OK
        for line in self._options.on_open:
            self.enter(line)

    def _continue_after(self, error: WscliError | None, retry: Retry | None) -> None:
        self._outcome = status_of(error) if error is not None else ExitStatus.OK
        if self._leaving or (retry is None and (self._options.exit_on_close or self.failure)):
            self.console.leave()
        elif retry is None:
            self.note("/reconnect connects again, Ctrl-D leaves")
        # The toolbar counts the attempts; a dumb terminal has none.
        elif not self.console.shows_state:
            self.note(f"reconnecting: {', '.join(describe_retry(retry))}")


class DisplayStream(io.RawIOBase):
    """A stream that stands for stdout or stderr in a session, and writes to the display.

    So sinks and reports that know only streams can be used in a session unchanged.
    """

    def __init__(self, say: Callable[[str], None], descriptor: int) -> None:
        self._say = say
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor of the terminal."""
        return self._descriptor

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Display whole lines."""
        # Every sink writes whole lines at once, so nothing has to be kept for the next call.
        self._say(data.decode(errors="backslashreplace").removesuffix("\n"))
        return len(data)


def _displayed(env: Env, say: Callable[[str], None]) -> Env:
    """Return an environment whose stdout and stderr are the display."""
    stream = DisplayStream(say, env.stdout.fileno())
    return env._replace(stdout=stream, stderr=stream, stderr_tty=True)
