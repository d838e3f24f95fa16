"""The shell: runs what the user enters, and hears what becomes of the connection."""

from __future__ import annotations

import os
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

from wscli.apps.display import message_view
from wscli.apps.env import Env
from wscli.apps.message import read_message
from wscli.apps.recording import Recorder
from wscli.apps.report import report
from wscli.errors import ConnectionClosed, ExitStatus, UsageError, WscliError
from wscli.payload.typed import terminated
from wscli.repl.commands import run_command
from wscli.repl.display import Display, DisplayStream
from wscli.repl.history import LineHistory
from wscli.repl.lines import SlashCommand, parse_line
from wscli.repl.link import Link, Retry
from wscli.repl.options import ReplOptions
from wscli.session.end import End, error_of
from wscli.session.session import Session
from wscli.sinks.stats import Stats
from wscli.wire.codes import Opcode

_MAX_PENDING = 64 << 20  # bytes that wait to be sent, above which nothing more is taken
_SOON = 0.05  # seconds: a wait that would be shown as 0.0 is not worth showing


class Console(Protocol):
    """Where the user types, and where what is displayed goes; for the main thread."""

    shows_state: bool
    """Whether the state of the connection is always in view."""

    def wake(self) -> None:
        """Have the shell ``catch_up`` and what it displays drawn; from any thread."""

    def run(self) -> None:
        """Hand lines to the shell until ``leave`` is called."""

    def leave(self) -> None:
        """Make ``run`` return."""

    def finish(self) -> None:
        """Write what is still to be displayed, when nothing more comes."""

    def edit(self, text: str) -> None:
        """Let the user edit a text in an editor, and have it as what is being typed."""


class Shell:
    """Lines and commands run in the main thread; the link tells of itself in its own.

    What goes to the streams of ``env`` is drawn however much comes; what goes to those of
    ``stream_env`` may be given up.
    """

    link: Link
    console: Console

    def __init__(self, options: ReplOptions, env: Env, history_of: str | None) -> None:
        output = options.common.output
        self._wake: Callable[[], None] = lambda: None
        self.display = Display(message_view(output, env), env.clock, self.wake)
        self.display.draws_messages = output.form != "json"
        self.display.cut_at = options.max_lines
        self.display.verbose = output.verbosity == 1
        talks_here = output.verbosity and env.stderr_tty
        self._silent = output.quiet or output.form == "json"
        self.display.tells = not (talks_here or self._silent)
        self.env = _displayed(env, self.display.say)
        self.stream_env = _displayed(env, self.display.talk)
        self.history = LineHistory(history_of, self.note)
        self.stats = Stats()
        self.recorder = Recorder(
            self.report, steps=output.verbosity >= 1, frames=output.verbosity >= 2
        )
        self.failure: WscliError | None = None
        self.crash: Exception | None = None
        self._options = options
        self.interrupted = False  # whether Ctrl-C was the last key
        self._been_open = False
        self._last_failure = ""  # to connect, since there was a connection
        self._leaving = False
        self._outcome = ExitStatus.OK  # of the latest connection
        self._left_with = ExitStatus.OK
        self._mail: SimpleQueue[Callable[[], None]] = SimpleQueue()

    @property
    def status(self) -> ExitStatus:
        """What the program is to end with: why the user left, or how the connection ended."""
        return self._left_with or self._outcome

    def attach(self, console: Console) -> None:
        """Take the place where the user types; until then, what happens is kept."""
        self.console = console
        self._wake = console.wake

    def wake(self) -> None:
        """Make the console draw; from any thread."""
        self._wake()

    # What the user does

    def enter(self, line: str) -> bool:
        """Send a line or run its command; return True if it is to stay in the prompt."""
        call = parse_line(line)
        try:
            if isinstance(call, SlashCommand):
                run_command(self, call.name, call.argument)
            elif call:
                self._send_line(call)
        except UnicodeEncodeError:
            self.report(UsageError("the line is not UTF-8, as text must be"))
        except MemoryError:
            self.report(UsageError("there is not enough memory for that"))
        except WscliError as error:
            self.report(error)
            return isinstance(error, ConnectionClosed) and not isinstance(call, SlashCommand)
        return False

    def _send_line(self, line: str) -> None:
        sending = self._options.sending
        literal = f"@{line}" if line.startswith("@") else line  # only commands read files
        payload = read_message(literal, sending.opcode, self.env, escapes=sending.escapes)
        self.send(sending.opcode, payload)

    def send(self, opcode: Opcode, payload: bytes) -> None:
        """Send a message, with the terminator that messages are to have.

        Raises:
            ConnectionClosed: if there is no open connection, or it takes no more.
        """
        session = self.session()
        if session.pending > _MAX_PENDING:
            raise ConnectionClosed(f"the peer does not read: {session.pending:,} bytes wait", 0)
        session.post(opcode, [terminated(payload, self._options.sending.end)])

    def session(self) -> Session:
        """Return the open session.

        Raises:
            ConnectionClosed: if there is none.
        """
        session = self.link.session
        if session is not None and session.end is None:
            return session
        hint = "wait for it" if self.link.state == "connecting" else "/reconnect"
        raise ConnectionClosed("not connected", 0, hint=hint)

    def read_payload(self, text: str, opcode: Opcode, *, escapes: bool = False) -> bytes:
        """Return a payload: the text itself, or what it stands for, see ``read_message``.

        Raises:
            UsageError: if it cannot be read or decoded.
        """
        if text == "@-":
            raise UsageError("stdin is the terminal here", hint="@FILE")
        if text.startswith("@~"):
            text = f"@{os.path.expanduser(text[1:])}"
        return read_message(text, opcode, self.env, escapes=escapes)

    def leave(self, status: ExitStatus = ExitStatus.OK) -> None:
        """Close the connection and leave; when called again, leave at once."""
        self._left_with = self._left_with or status
        session = self.link.session
        if self._leaving or session is None or session.end is not None:
            self.console.leave()
        else:
            if status:  # interrupted or terminated: a peer that reads slowly cannot hold us up
                session.end_within(self._options.common.connect.close_timeout)
            session.begin_close()
        self._leaving = True

    def interrupt(self, *, typed: bool) -> None:
        """Leave at the second Ctrl-C in a row; the first clears what is typed, if anything is."""
        if self.interrupted:
            self.leave(ExitStatus.INTERRUPTED)
        elif not typed:
            self.note("Ctrl-C again leaves, so does Ctrl-D")
        self.interrupted = True

    def leave_soon(self, status: ExitStatus) -> None:
        """Leave, as soon as the main thread can; from a signal handler."""
        self.call_soon(lambda: self.leave(status))

    # What is said

    def say(self, text: str) -> None:
        """Show lines."""
        self.display.say(text)

    def note(self, text: str) -> None:
        """Show a remark."""
        self.display.note(text)

    def report(self, error: WscliError) -> None:
        """Show an error."""
        report(error, self.env, self._options.common.output.colour)

    # In the thread of the link

    def link_up(self, session: Session) -> None:
        """Enter the lines that each connection begins with."""
        self._been_open = True
        self._last_failure = ""
        self.call_soon(self._begin)

    def link_down(self, outcome: End | WscliError, retry: Retry | None) -> None:
        """Report the outcome, unless the last attempt failed alike, and announce the next step."""
        error = outcome if isinstance(outcome, WscliError) else error_of(outcome)
        if not self._been_open and retry is None:
            self.failure = error
        elif retry is None or not self._is_repeated(outcome):
            self._report_outcome(outcome, error)
        self.call_soon(lambda: self._after(error, retry))

    def link_complains(self, error: WscliError) -> None:
        """Show an error that does not end the connection."""
        self.report(error)

    def link_crashed(self, error: Exception) -> None:
        """Give up because of a bug."""
        self.crash = error
        self.call_soon(lambda: self.console.leave())

    def _report_outcome(self, outcome: End | WscliError, error: WscliError | None) -> None:
        if error is not None and not self._is_told(outcome):
            self.report(error)
        elif error is not None and error.hint:
            self.note(f"try: {error.hint}")

    def _is_told(self, outcome: End | WscliError) -> bool:
        """Return True if the line about an end has told everything except the hint."""
        return isinstance(outcome, End) and outcome.violation is None and not self._silent

    def _is_repeated(self, outcome: End | WscliError) -> bool:
        """Return True if the previous attempt to connect failed for the same reason."""
        before, self._last_failure = self._last_failure, getattr(outcome, "what", "")
        return bool(before) and before == self._last_failure

    # For the main thread

    def call_soon(self, function: Callable[[], None]) -> None:
        """Have something done in the main thread; from any thread, or a signal handler."""
        self._mail.put(function)
        self._wake()

    def catch_up(self) -> None:
        """SlashCommand the functions that wait for the main thread."""
        while True:
            try:
                function = self._mail.get_nowait()
            except Empty:
                return
            function()

    def _begin(self) -> None:
        self._outcome = ExitStatus.OK
        for line in self._options.on_open:
            self.enter(line)

    def _after(self, error: WscliError | None, retry: Retry | None) -> None:
        self._outcome = error.status if error is not None else ExitStatus.OK
        if self._leaving or (retry is None and (self._options.exit_on_close or self.failure)):
            self.console.leave()
        elif retry is None:
            self.note("/reconnect connects again, Ctrl-D leaves")
        elif not self.console.shows_state:
            self.note(f"reconnecting: {', '.join(describe_retry(retry))}")


def describe_retry(retry: Retry) -> list[str]:
    """Return the number of the next attempt, the last failure, and the time until then."""
    parts = [f"attempt {retry.attempt}", *filter(None, [retry.reason])]
    if retry.left >= _SOON:
        parts.append(f"again in {retry.left:.1f} s")
    return parts


def _displayed(env: Env, draw: Callable[[str], None]) -> Env:
    """Return an environment in which what goes to stdout and stderr is drawn."""
    stream = DisplayStream(draw, env.stdout.fileno())
    return env._replace(stdout=stream, stderr=stream, stderr_tty=True)
