"""Messages that are sent automatically: answers to received messages, and repeated messages.

This is how a user keeps a connection alive by hand where the protocol on top has heartbeats of its
own: Engine.IO's ``2`` is answered with ``3``, NATS's ``PING`` with ``PONG``, and STOMP expects a
line feed at intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from wscli.errors import ConnectionClosed, UsageError
from wscli.net.clock import Clock
from wscli.payload.matching import Matcher, PatternTimeout, parse_matcher
from wscli.payload.message import Message, received
from wscli.session.bus import Batch, Sink
from wscli.session.thread_driver import OUTBOX_HIGH_WATER, ThreadDriver
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages


class AutoReply(NamedTuple):
    """Send ``reply`` whenever a message matches."""

    matcher: Matcher
    reply: bytes


class Repeat(NamedTuple):
    """Send ``message`` every ``interval`` seconds, first after one interval."""

    interval: float
    message: bytes


class Automation(Sink):
    """Post answers and repeated messages on a session.

    Put it on the session's bus, ``attach`` each new session before its ``start``, and call
    ``turn`` instead of the session's own. Nothing is posted while too much waits to be sent, so
    that a peer that does not read cannot fill the memory.

    ``failure`` is set when a pattern had to be abandoned; its answer is no longer sent.
    ``stopped`` may be replaced by a function that ends the matching of a batch early.
    """

    def __init__(
        self,
        clock: Clock,
        opcode: Opcode = Opcode.TEXT,
        answers: Sequence[AutoReply] = (),
        repeats: Sequence[Repeat] = (),
    ) -> None:
        self.failure: UsageError | None = None
        self.stopped: Callable[[], bool] = lambda: False
        self._clock = clock
        self._opcode = opcode
        self._answers = list(answers)
        self._repeats = list(repeats)
        self._due: list[float] = []
        self._session: ThreadDriver | None = None

    def attach(self, session: ThreadDriver) -> None:
        """Use a session, which is about to start, in place of an earlier one."""
        now = self._clock.monotonic()
        self._session = session
        self._due = [now + repeat.interval for repeat in self._repeats]

    def turn(self, timeout: float | None = None) -> None:
        """Run one turn of the session, then post the messages that have become due."""
        session = self._session
        if session is None:
            return
        waits = [max(0.0, due - self._clock.monotonic()) for due in self._due]
        waits += [] if timeout is None else [timeout]
        session.turn(min(waits, default=None))
        self._repeat()

    def batch(self, batch: Batch) -> None:
        """Answer the messages of a batch."""
        if not batch.incoming or not self._answers:
            return
        for item in batch.items:
            if isinstance(item, Messages):
                self._answer(received(item, batch.subprotocol))

    def is_answered(self, message: Message) -> bool:
        """Return True if a message matches the pattern of an answer."""
        return any(self._matches(answer, message) for answer in list(self._answers))

    def _answer(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if self.stopped():
                return
            for answer in list(self._answers):
                if self._matches(answer, message):
                    self._post(answer.reply)
                    break

    def _matches(self, answer: AutoReply, message: Message) -> bool:
        try:
            return answer.matcher.matches(message)
        except PatternTimeout as error:
            self._answers.remove(answer)
            self.failure = UsageError(str(error), hint="a simpler pattern for --answer")
            return False

    def _repeat(self) -> None:
        now = self._clock.monotonic()
        for index, repeat in enumerate(self._repeats):
            if self._due[index] <= now:
                self._post(repeat.message)
                # After a pause of the whole process they are not sent in a burst.
                self._due[index] = max(self._due[index] + repeat.interval, now)

    def _post(self, message: bytes) -> None:
        session = self._session
        if session is not None and session.pending < OUTBOX_HIGH_WATER:
            with suppress(ConnectionClosed):  # how it ended is reported elsewhere
                session.post(self._opcode, [message])


def split_answer(text: str) -> tuple[Matcher, str]:
    r"""Split ``MATCH=REPLY`` at the first ``=`` before which there is a complete pattern.

    So ``(?=x)``, ``[^=]`` and ``$[?@.id==1]`` need no escaping; ``\=`` is a literal ``=``.

    Raises:
        ValueError: if there is no such ``=``.
    """
    reason = "write 'MATCH=REPLY'"
    end = text.find("=")
    while end > 0:
        try:
            return parse_matcher(text[:end]), text[end + 1 :]
        except ValueError as error:
            reason = str(error)
        end = text.find("=", end + 1)
    raise ValueError(f"{text!r} is not an answer: {reason}")
