"""Full duplex: each line of stdin is a message, each message is a line of stdout.

stdin is watched by the same poll as the socket, so one thread does both directions and neither
waits for the other. Back pressure goes both ways: stdin is not read while too much waits to be
sent (``Feeder.pace``), and the socket is not read while stdout blocks.
"""

from __future__ import annotations

import errno
import select
from typing import NamedTuple

from wscli.apps.display import data_sink
from wscli.apps.env import Env
from wscli.apps.message import Sending, not_utf8
from wscli.apps.options import SessionOptions
from wscli.apps.report import hint_for, say
from wscli.apps.run import CommandSession, SessionCommand, run_session
from wscli.errors import ConnectionClosed, Unsent, UsageError
from wscli.net.pump import OUTBOX_HIGH_WATER
from wscli.payload.splitting import Splitter
from wscli.payload.typed import terminated, unescape
from wscli.session.end import describe_close, error_of
from wscli.session.pipeline import StopAfter
from wscli.status import ExitStatus
from wscli.wire.codes import Opcode

_CHUNK = 64 << 10  # bytes of one read of stdin: all that a pipe holds on Linux
_SENT_BEFORE = "the messages before it have been sent"
_UNREAD = "the peer may not have read all of the others"
_COUNTING = 0.5  # seconds spent on counting unsent messages
_PRODUCER = 100  # milliseconds to wait for the process that writes to stdin

# A terminal of Linux that edits lines (ICANON, N_TTY_BUF_SIZE) keeps this many bytes of a line and
# drops the rest without a sign. A line of exactly this length is almost certainly such a piece.
_CANONICAL_LIMIT = 4095


class PipeOptions(NamedTuple):
    """How stdin is split into messages, and when to close.

    A message ends with ``separator``, which is not part of it. If the sending options have a
    terminator, a message ends with that instead, and includes it; with escapes, which are for
    typed text, messages are still lines. With ``whole`` all of stdin is one message. ``linger`` is
    the silence after the end of stdin, in seconds, that ends the connection.
    """

    session: SessionOptions
    sending: Sending = Sending()
    separator: bytes = b"\n"
    whole: bool = False
    linger: float = 1.0
    limit: int | None = None


def run(options: PipeOptions, env: Env) -> ExitStatus:
    """Pipe, and return the exit status."""
    stop = StopAfter(options.limit)

    def pipe(running: CommandSession) -> None:
        """Send stdin, and print messages, until one of the two is over."""
        feeder = Feeder(running, options)
        try:
            while not (running.stopped or stop.reached or feeder.has_lingered()):
                feeder.pace()
                running.turn(feeder.patience())
        finally:
            # Closing turns the session too, and must not read more of stdin meanwhile.
            feeder.stop()
        if feeder.complaint is not None:
            raise feeder.complaint
        if not stop.reached and not running.interrupted:
            _check_all_sent(running, feeder)

    sink = data_sink(options.session.output, env, stop)
    command = SessionCommand(options.session, pipe, sink, options.sending.stages())
    return run_session(command, env)


def _check_all_sent(running: CommandSession, feeder: Feeder) -> None:
    """Raise an error if the peer ended the connection before all of stdin was sent."""
    session = running.session
    # With --linger 0 the last messages may still wait. They leave before Close does, so its
    # handshake shows whether the peer took them.
    if session.pending:
        session.close()
    end = session.end
    # An open connection has sent everything. A broken rule, an unanswered ping and a signal are
    # reasons of their own, which are reported instead.
    if (
        end is None
        or end.violation is not None
        or end.unanswered is not None
        or running.interrupted
    ):
        return
    unsent = feeder.describe_unsent()
    if unsent:
        error = error_of(end)
        what = error.what if error else f"the peer closed with {describe_close(end)}"
        hint = hint_for(error, running.env) if error else ""
        raise Unsent(f"{what} before all of stdin was sent", unsent, hint)


class Feeder:
    """Reads stdin as fast as the connection takes it, and posts a batch of messages at a time.

    Input that cannot be sent ends the reading just as the end of stdin does, so that replies to the
    messages before it are still printed; ``complaint`` is its error.
    """

    def __init__(self, running: CommandSession, options: PipeOptions) -> None:
        self._session = running.session
        self._env = running.env
        self._options = options
        self._max_size = options.session.connect.max_size
        self._splitter = _splitter(options)
        self._posted = 0
        self._refused = 0  # messages that came too late to be posted
        self._watching = False
        self._ended = False  # no more is read, because stdin has ended or cannot be sent
        self._sent_at: float | None = None  # when stdin had ended and all of it had left
        self.complaint: UsageError | None = None

    def pace(self) -> None:
        """Read on, or stop reading for as long as too much waits to be sent."""
        # --linger counts from when the last byte left: a slow peer has not even seen it before.
        if self._ended and not self._session.pending and self._sent_at is None:
            self._sent_at = self._env.clock.monotonic()
        can_send = not self._session.closing and self._session.pending < OUTBOX_HIGH_WATER
        wanted = can_send and not self._ended
        # Not watched at all while it is not wanted: poll would return at once, again and again, as
        # long as stdin is readable.
        if wanted and not self._watching:
            self._session.watch(self._env.stdin.fileno(), select.POLLIN, self._read)
            self._watching = True
        elif not wanted:
            self.stop()

    def stop(self) -> None:
        """Stop reading stdin."""
        if self._watching:
            self._session.unwatch(self._env.stdin.fileno())
            self._watching = False

    def patience(self) -> float | None:
        """Return the seconds of silence that remain to pass; None before the end of stdin."""
        if self._sent_at is None:
            return None
        # A server that is still answering is not cut off, however long the answers take in all.
        quiet_since = max(self._sent_at, self._session.last_message)
        return quiet_since + self._options.linger - self._env.clock.monotonic()

    def has_lingered(self) -> bool:
        """Return True if stdin has ended, and no message has come for ``linger`` seconds."""
        # 0 does not even wait for the outbox: closing sends it first.
        if self._options.linger == 0:
            return self._ended
        patience = self.patience()
        return patience is not None and patience <= 0

    def describe_unsent(self) -> str:
        """Describe how much of stdin was not sent; return "" if everything was.

        It goes on reading for a moment, so that the number is exact if stdin ends.
        """
        # Three places where a message may have stopped: the outbox, a post that was too late, and
        # stdin itself.
        unread, is_all = (0, True) if self._ended else self._count_unread()
        unsent = self._session.unsent_messages() + self._refused + unread
        if not unsent:
            return ""
        unit = "lines" if self._splitter.separator == b"\n" else "messages"
        if is_all:
            total = self._posted + self._refused + unread
            return f"{unsent:,} of {total:,} {unit} were not sent; {_UNREAD}"
        return f"at least {unsent:,} {unit} were not sent, and stdin has more; {_UNREAD}"

    def _count_unread(self) -> tuple[int, bool]:
        """Count the messages left in stdin; the second value is True if its end was reached."""
        count = 0
        # Text that was typed ahead is for the shell that comes next.
        if self._env.stdin_tty:
            return count, False
        clock = self._env.clock
        poll = select.poll()
        poll.register(self._env.stdin.fileno(), select.POLLIN)
        end = clock.monotonic() + _COUNTING
        # Bounded in time and in memory: `yes | wscli pipe URL` has no end, and its lines may have
        # none either.
        while clock.monotonic() < end and self._splitter.pending <= self._max_size:
            data = self._read_chunk() if poll.poll(_PRODUCER) else None
            if data is None:
                break
            if not data:
                return count + len(self._splitter.finish()), True
            count += len(self._splitter.feed(data))
        return count + bool(self._splitter.pending), False

    def _read(self) -> None:
        data = self._read_chunk()
        if data is None:  # another process made it non-blocking, and there is nothing to read
            return
        if not data:
            self._ended = True
            self._post(self._splitter.finish())
            return
        self._post(self._splitter.feed(data))
        # Before the line is whole: one without an end would fill the memory.
        if self._splitter.pending > self._max_size:
            self._give_up(self._too_long())

    def _read_chunk(self) -> bytes | None:
        """Read stdin once; treat it as ended if it is closed or write-only, as under nohup."""
        try:
            return self._env.stdin.read(_CHUNK)
        except OSError as error:
            # nohup opens /dev/null for writing only, in place of a stdin that is a terminal.
            if error.errno != errno.EBADF:
                self._give_up(UsageError("cannot read stdin", error.strerror or str(error)))
            return b""

    def _give_up(self, complaint: UsageError) -> None:
        # The first error is the cause; later ones may follow from it.
        self.complaint = self.complaint or complaint
        self._ended = True

    def _post(self, typed: list[bytes]) -> None:
        """Post messages, up to the first that cannot be sent."""
        if not typed:
            return
        good, complaint = self._check(*self._prepare(typed))
        if good:
            # In one batch: the lines of one read are encoded in one loop and leave in one write.
            try:
                self._session.post(self._options.sending.opcode, good)
            except ConnectionClosed:
                # The peer was faster. Only the count matters here: ``_check_all_sent`` reports how
                # the connection ended.
                self._refused += len(good)
                return
            self._posted += len(good)
        if complaint is not None:
            self._give_up(complaint)
        if self._env.stdin_tty and any(len(line) == _CANONICAL_LIMIT for line in typed):
            say(
                self._env,
                f"wscli: the terminal cuts lines at {_CANONICAL_LIMIT} bytes, and may have cut "
                "this one; send it from a file, or in `wscli connect`",
            )

    def _prepare(self, typed: list[bytes]) -> tuple[list[bytes], UsageError | None]:
        """Replace escapes and add the terminator if the options say so."""
        sending = self._options.sending
        messages: list[bytes] = []
        # Bytes that are not UTF-8 pass through as surrogates; the check that follows decides.
        for line in typed if sending.escapes else ():
            try:
                messages.append(unescape(line.decode(errors="surrogateescape")))
            except ValueError as error:
                name = f"message {self._posted + len(messages) + 1:,} of stdin"
                return messages, UsageError(f"{name} cannot be read", str(error), _SENT_BEFORE)
        messages = messages if sending.escapes else typed
        if sending.end:
            messages = [terminated(message, sending.end) for message in messages]
        return messages, None

    def _check(
        self, messages: list[bytes], complaint: UsageError | None
    ) -> tuple[list[bytes], UsageError | None]:
        """Return the messages before the first that cannot be sent, and the error of that one."""
        if max(map(len, messages), default=0) > self._max_size:
            index = next(i for i, line in enumerate(messages) if len(line) > self._max_size)
            return messages[:index], self._too_long(index)
        if self._options.sending.opcode != Opcode.TEXT:
            return messages, complaint
        # One call of the decoder for the whole batch instead of one for each message. The line feed
        # between them keeps a character cut off in one from being completed by the next.
        try:
            b"\n".join(messages).decode()
        except UnicodeDecodeError:
            return self._before_bad_utf8(messages)
        return messages, complaint

    def _before_bad_utf8(self, messages: list[bytes]) -> tuple[list[bytes], UsageError | None]:
        for index, line in enumerate(messages):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                name = f"message {self._posted + index + 1:,} of stdin"
                hint = f"--binary sends any bytes; {_SENT_BEFORE}"
                return messages[:index], not_utf8(name, error, hint)
        return messages, None

    def _too_long(self, index: int = 0) -> UsageError:
        return UsageError(
            f"message {self._posted + index + 1:,} of stdin is too long",
            f"more than {self._max_size:,} bytes",
            f"--max-size SIZE; {_SENT_BEFORE}",
        )


def _splitter(options: PipeOptions) -> Splitter:
    if options.whole:
        return Splitter(b"")
    # With --escapes stdin is typed text, in which the terminator is an escape such as \0; only line
    # feeds can separate the messages.
    if options.sending.end and not options.sending.escapes:
        return Splitter(options.sending.end, keep=True)
    return Splitter(options.separator)
