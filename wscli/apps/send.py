"""One shot: connect, send each message when the one before it has its reply, print, close.

``Sender`` decides when to send and how long to wait; ``Exchange``, a stage in front of stdout,
decides which received message is a reply. Both run in one thread, and a message is recorded in
the ``Exchange`` before it is posted, so that its reply cannot come too early.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from wscli.apps.display import data_sink
from wscli.apps.env import Env
from wscli.apps.exchange import Exchange, TrackedMessage
from wscli.apps.message import Sending
from wscli.apps.options import SessionOptions
from wscli.apps.report import remark
from wscli.apps.run import CommandSession, SessionCommand, TimeLimit, run_session
from wscli.errors import CallFailed, ConnectionClosed, TimedOut, WscliError
from wscli.payload.matching import Matcher
from wscli.session.end import describe_close, error_of
from wscli.status import ExitStatus

_DEFAULT_WAIT = 1.0  # seconds for a reply before the next message is sent, unless --wait is given


class SendOptions(NamedTuple):
    """The messages to send, and the conditions to wait for.

    ``steps`` are messages, and patterns to wait for between them. After ``wait`` seconds without a
    reply the next message is sent anyway; 0 sends all at once. If other messages arrive but no
    reply is recognised, ``wait`` seconds of silence end the command.

    ``replies`` is how many replies to wait for, by default one to each message, and at least one;
    ``until`` waits for a match instead. ``timeout`` limits the whole exchange, in seconds.
    """

    session: SessionOptions
    sending: Sending = Sending()
    steps: Sequence[bytes | Matcher] = ()
    replies: int | None = None
    until: Matcher | None = None
    wait: float | None = None
    only_replies: bool = False
    timeout: float | None = 10.0


def run(options: SendOptions, env: Env) -> ExitStatus:
    """Send, wait for the replies, and return the exit status."""
    automation = options.sending.automation()
    exchange = Exchange(
        options.replies,
        options.until,
        only_replies=options.only_replies,
        is_automatic=automation.is_answered if options.sending.answers else None,
    )
    sender = Sender(options, env, exchange)
    command = SessionCommand(
        _within_timeout(options),
        sender.run,
        data_sink(options.session.output, env, exchange),
        [automation],
        TimeLimit(options.timeout, ExitStatus.TIMEOUT, connecting=True),
    )
    return run_session(command, env)


def _within_timeout(options: SendOptions) -> SessionOptions:
    """Limit the time for connecting to the time limit of the command."""
    # As with curl's --max-time, the limit includes the time for connecting.
    connect = options.session.connect
    limits = [limit for limit in (connect.connect_timeout, options.timeout) if limit is not None]
    limited = connect._replace(connect_timeout=min(limits, default=None))
    return options.session._replace(connect=limited)


class _Round(NamedTuple):
    """A message, and the patterns to wait for once it has been sent."""

    payload: bytes
    expected: list[Matcher]


def _rounds(steps: Sequence[bytes | Matcher]) -> list[_Round]:
    """Group steps by message; the first round has none."""
    rounds = [_Round(b"", [])]
    for step in steps:
        if isinstance(step, bytes):
            rounds.append(_Round(step, []))
        else:
            rounds[-1].expected.append(step)
    return rounds


class Sender:
    """Runs the steps, then waits for the missing replies."""

    def __init__(self, options: SendOptions, env: Env, exchange: Exchange) -> None:
        self._options = options
        self._env = env
        self._exchange = exchange
        self._pace = options.wait
        # With -n 0 the user expects no replies, so there is nothing to wait for between messages.
        if self._pace is None:
            self._pace = 0.0 if options.replies == 0 else _DEFAULT_WAIT
        # --wait 0 is about the pace of sending. As a measure of silence it would end the command
        # at the first message that is not a reply.
        self._silence = options.wait or _DEFAULT_WAIT
        started = env.clock.monotonic()
        self._deadline = None if options.timeout is None else started + options.timeout
        self._last_sent = self._last_came = started
        # Set before the connection opens: a greeting may come in the same read as the 101.
        first, *self._rounds = _rounds(options.steps)
        exchange.expected = list(first.expected)
        if not self._rounds:
            exchange.finish()

    def run(self, running: CommandSession) -> None:
        """Send and wait.

        Raises:
            CallFailed: if a message was answered with an error.
            TimedOut: if a reply or a match did not arrive in time.
            WscliError: if the connection ended with an error before.
        """
        try:
            self._send_all(running)
            self._wait_for_rest(running)
        except (TimedOut, ConnectionClosed):
            # An error reply explains why nothing else came, or why the peer closed.
            self._raise_error_reply(running)
            raise
        self._raise_error_reply(running)

    def _send_all(self, running: CommandSession) -> None:
        if self._rounds:
            self._wait_for_expected(running)
        for index, (payload, expected) in enumerate(self._rounds):
            if running.stopped:
                return
            # Everything is recorded before the message is posted: the reply, or a match of
            # --expect, may come in the turn in which the message leaves.
            message = self._exchange.send(payload, awaited=not expected)
            self._exchange.expected = list(expected)
            is_last = index == len(self._rounds) - 1
            if is_last:
                self._exchange.finish()
            # If the connection is closing, the wait below ends and reports how.
            with suppress(ConnectionClosed):
                running.session.post(self._options.sending.opcode, [payload])
            if not is_last:
                self._wait_between(running, message)
            self._last_sent = self._env.clock.monotonic()

    def _wait_between(self, running: CommandSession, message: TrackedMessage) -> None:
        if not message.awaited:
            self._wait_for_expected(running)
        elif self._pace:
            # The wait for a reply begins when the message has left: a large one may take longer
            # than --wait to send.
            running.wait(lambda: not running.session.pending, self._left())
            running.wait(lambda: message.answered, self._at_most(self._pace))

    def _wait_for_expected(self, running: CommandSession) -> None:
        done = running.wait(lambda: not self._exchange.expected, self._left())
        if not done and not running.interrupted:
            raise self._unanswered(running)

    def _wait_for_rest(self, running: CommandSession) -> None:
        while not self._is_complete(running):
            quiet = self._quiet_for()
            if quiet is not None and quiet <= 0:
                self._mention_unanswered()
                return
            limit = self._left() if quiet is None else self._at_most(quiet)
            if not self._wait_for_more(running, limit) and self._is_over(running):
                if not running.interrupted:
                    raise self._unanswered(running)
                return

    def _wait_for_more(self, running: CommandSession, limit: float | None) -> bool:
        """Wait for one more message, unless everything has arrived; return False at the limit.

        Messages that ``--answer`` answers do not count.
        """
        came = self._exchange.came
        done = running.wait(lambda: self._is_complete(running) or self._exchange.came > came, limit)
        if done:
            self._last_came = self._env.clock.monotonic()
        return done

    def _is_over(self, running: CommandSession) -> bool:
        left = self._left()
        return running.stopped or (left is not None and left <= 0)

    def _is_complete(self, running: CommandSession) -> bool:
        # With -n 0 the exchange is complete at once, while the messages still wait to be sent.
        return self._exchange.reached and not running.session.pending

    def _quiet_for(self) -> float | None:
        """Return the seconds of silence left before the wait ends, None if silence does not end it.

        Silence ends it once enough messages have arrived that are not recognised as replies.
        """
        # For protocols whose ids ``payload.replies`` does not know: the answer was printed, only
        # not recognised. Where the user gave a pattern, only a match of it ends the wait.
        exchange = self._exchange
        patterns = exchange.expected or self._options.until is not None
        if patterns or not exchange.others or exchange.came < exchange.wanted:
            return None
        since = max(self._last_sent, self._last_came)
        return since + self._silence - self._env.clock.monotonic()

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - self._env.clock.monotonic()

    def _at_most(self, seconds: float) -> float:
        left = self._left()
        return seconds if left is None else min(seconds, left)

    def _mention_unanswered(self) -> None:
        names = ", ".join(str(message) for message in self._exchange.unanswered[:3])
        if names and not self._options.session.output.quiet:
            remark(self._env, f"no reply to {names} was recognised; only other messages came")

    def _raise_error_reply(self, running: CommandSession) -> None:
        errors = self._exchange.errors
        if errors and not running.interrupted:
            message, error = errors[0]
            more = f"\nand {len(errors) - 1} more" if len(errors) > 1 else ""
            raise CallFailed(f"{message} was answered with an error", error + more)

    def _unanswered(self, running: CommandSession) -> WscliError:
        exchange = self._exchange
        if exchange.expected:
            received = f"no message that matches {exchange.expected[0].text!r}"
            return self._missing(running, received, _EXPECT_HINT)
        if self._options.until is not None:
            received = f"no message that matches {self._options.until.text!r}"
            return self._missing(running, received, _UNTIL_HINT)
        received = f"{exchange.replies} of {exchange.wanted} replies"
        if exchange.others:
            received += f" and {exchange.others:,} other messages"
        return self._missing(running, received, _COUNT_HINT)

    def _missing(self, running: CommandSession, received: str, hint: str) -> WscliError:
        # An abnormal end is the cause of the missing replies, and has a status of its own.
        end = running.session.end
        if end is not None and (error := error_of(end)) is not None:
            return error
        if end is None:
            limit = f"{self._options.timeout:g} s"
            return TimedOut(
                f"{received} came within {limit}", hint=f"--timeout waits longer; {hint}"
            )
        return TimedOut(
            f"the peer closed with {describe_close(end)} before all replies had come",
            f"{received} came",
            hint,
        )


_COUNT_HINT = "-n sets the number of replies to wait for, 0 for none"
_UNTIL_HINT = "--until applies to messages received after the last MESSAGE was sent"
_EXPECT_HINT = "--expect applies to messages received after the preceding MESSAGE was sent"
