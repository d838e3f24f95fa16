"""Full duplex: each line of stdin is a message, each message is a line of stdout."""

from __future__ import annotations

import select
from typing import NamedTuple

from wscli.apps.common import Common
from wscli.apps.env import Env
from wscli.apps.message import Sending, not_utf8
from wscli.apps.report import say
from wscli.apps.run import Work, run_session
from wscli.errors import ConnectionClosed, ExitStatus, UsageError
from wscli.session.session import OUTBOX_HIGH_WATER
from wscli.wire.codes import Opcode

_CHUNK = 64 << 10
_CANONICAL_LIMIT = 4095  # bytes of a line that a terminal keeps, on Linux


class PipeOptions(NamedTuple):
    """How stdin becomes messages, and when it is over.

    ``linger`` is how many seconds of silence, after the end of stdin, end the connection. With
    ``whole`` all of stdin is one message.
    """

    common: Common
    sending: Sending = Sending()
    separator: bytes = b"\n"
    whole: bool = False
    linger: float = 1.0
    limit: int | None = None


def run(options: PipeOptions, env: Env) -> ExitStatus:
    """Pipe, and return the exit status."""

    def pipe(work: Work) -> None:
        feeder = Feeder(work, options)
        try:
            while not (work.stopped or work.goal.reached or feeder.has_lingered()):
                feeder.pace()
                work.turn(feeder.patience())
        finally:
            feeder.stop()
        if feeder.complaint is not None:
            raise feeder.complaint

    return run_session(
        options.common,
        env,
        pipe,
        count=options.limit,
        automation=options.sending.automation(env),
    )


class Feeder:
    """Reads stdin as fast as the connection takes it, and posts a batch of messages at a time.

    What cannot be sent is as good as the end of stdin, and ``complaint`` says what it was.
    """

    def __init__(self, work: Work, options: PipeOptions) -> None:
        self._session = work.session
        self._env = work.env
        self._options = options
        self._max_size = options.common.connect.max_size
        self._rest: list[bytes] = []
        self._posted = 0
        self._watching = False
        self._ended = False
        self._sent_at: float | None = None
        self.complaint: UsageError | None = None

    def pace(self) -> None:
        """Read on, or stop reading for as long as too much waits to be sent."""
        if self._ended and not self._session.pending and self._sent_at is None:
            self._sent_at = self._env.clock.monotonic()
        wanted = not self._ended and self._session.pending < OUTBOX_HIGH_WATER
        if wanted and not self._watching:
            self._session.watch(self._env.stdin.fileno(), select.POLLIN, self._read)
            self._watching = True
        elif not wanted:
            self.stop()

    def stop(self) -> None:
        """Read no more."""
        if self._watching:
            self._session.unwatch(self._env.stdin.fileno())
            self._watching = False

    def patience(self) -> float | None:
        """Return how many seconds of silence are still to pass, or None before the end of stdin."""
        if self._sent_at is None:
            return None
        quiet_since = max(self._sent_at, self._session.last_message)
        return quiet_since + self._options.linger - self._env.clock.monotonic()

    def has_lingered(self) -> bool:
        """Tell whether stdin has ended, and nothing has come for long enough."""
        if self._options.linger == 0:
            return self._ended
        patience = self.patience()
        return patience is not None and patience <= 0

    def _read(self) -> None:
        try:
            data = self._env.stdin.read(_CHUNK)
        except OSError as error:
            self._give_up(UsageError("cannot read stdin", error.strerror or str(error)))
            return
        if data is None:  # somebody made it non-blocking, and there is nothing
            return
        if not data:
            self._ended = True
            rest = b"".join(self._rest)
            if rest or self._options.whole:
                self._post([rest])
            return
        separator = b"" if self._options.whole else self._options.separator
        head, found, tail = data.rpartition(separator) if separator else (b"", b"", data)
        if found:
            block = b"".join([*self._rest, head])
            self._rest = []
            self._post(block.split(separator))
        self._rest.append(tail)
        if sum(map(len, self._rest)) > self._max_size:
            self._give_up(self._too_long())

    def _give_up(self, complaint: UsageError) -> None:
        self.complaint = self.complaint or complaint
        self._ended = True

    def _post(self, messages: list[bytes]) -> None:
        """Post messages, up to the first that cannot be sent."""
        good, complaint = self._check(messages)
        if good:
            try:
                self._session.post(self._options.sending.opcode, good)
            except ConnectionClosed:  # the peer was faster; how it ended is told elsewhere
                self._ended = True
                return
            self._posted += len(good)
        if complaint is not None:
            self._give_up(complaint)
        if self._env.stdin_tty and any(len(line) == _CANONICAL_LIMIT for line in messages):
            say(
                self._env,
                f"wscli: the terminal cuts lines at {_CANONICAL_LIMIT} bytes, and may have cut "
                "this one; send it from a file, or in `wscli connect`",
            )

    def _check(self, messages: list[bytes]) -> tuple[list[bytes], UsageError | None]:
        if max(map(len, messages)) > self._max_size:
            index = next(i for i, line in enumerate(messages) if len(line) > self._max_size)
            return messages[:index], self._too_long(index)
        if self._options.sending.opcode != Opcode.TEXT:
            return messages, None
        try:
            b"\n".join(messages).decode()
        except UnicodeDecodeError:
            return self._before_bad_utf8(messages)
        return messages, None

    def _before_bad_utf8(self, messages: list[bytes]) -> tuple[list[bytes], UsageError | None]:
        for index, line in enumerate(messages):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                name = f"message {self._posted + index + 1:,} of stdin"
                hint = "--binary sends any bytes; what came before has been sent"
                return messages[:index], not_utf8(name, error, hint)
        return messages, None

    def _too_long(self, index: int = 0) -> UsageError:
        return UsageError(
            f"message {self._posted + index + 1:,} of stdin is too long",
            f"more than {self._max_size:,} bytes",
            "--max-size SIZE; what came before has been sent",
        )
