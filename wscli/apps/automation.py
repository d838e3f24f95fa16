"""Messages that are sent automatically: answers to received messages, and repeated messages.

This is how a user keeps a connection alive by hand where the protocol on top has heartbeats of its
own: Engine.IO's ``2`` is answered with ``3``, NATS's ``PING`` with ``PONG``, and STOMP expects a
line feed at intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wscli.errors import UsageError
from wscli.payload.matching import Matcher, PatternTimeout, parse_matcher
from wscli.payload.message import Message, received
from wscli.session.events import Batch
from wscli.session.pipeline import Stage, StageContext
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


class Automation(Stage):
    """Posts answers to received messages, and repeated messages; changes nothing that passes.

    Each received message is answered by the first of ``answers`` that matches. An answer whose
    pattern had to be abandoned is no longer sent.
    """

    def __init__(
        self,
        opcode: Opcode = Opcode.TEXT,
        answers: Sequence[AutoReply] = (),
        repeats: Sequence[Repeat] = (),
    ) -> None:
        self._opcode = opcode
        self._answers = list(answers)
        self._repeats = list(repeats)
        self._due: list[float] = []

    def attach(self, context: StageContext, now: float) -> None:
        """Answer on a connection, and count the intervals from now."""
        super().attach(context, now)
        self._due = [now + repeat.interval for repeat in self._repeats]

    def batch(self, batch: Batch, now: float) -> Iterable[Batch]:
        """Answer the messages of a batch, and pass it on."""
        if batch.incoming and self._answers:
            for item in batch.items:
                if isinstance(item, Messages):
                    self._answer(received(item, batch.subprotocol))
        return (batch,)

    def next_deadline(self) -> float | None:
        """Return when the next message is to be repeated."""
        return min(self._due, default=None)

    def tick(self, now: float) -> Iterable[Batch]:
        """Post the messages that have become due."""
        for index, repeat in enumerate(self._repeats):
            if self._due[index] <= now:
                self.context.post(self._opcode, repeat.message)
                # After a pause of the whole process they are not sent in a burst.
                self._due[index] = max(self._due[index] + repeat.interval, now)
        return ()

    def is_answered(self, message: Message) -> bool:
        """Return True if a message matches the pattern of an answer."""
        return any(self._matches(answer, message) for answer in list(self._answers))

    def _answer(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if self.context.is_over():
                return
            for answer in list(self._answers):
                if self._matches(answer, message):
                    self.context.post(self._opcode, answer.reply)
                    break

    def _matches(self, answer: AutoReply, message: Message) -> bool:
        try:
            return answer.matcher.matches(message)
        except PatternTimeout as error:
            self._answers.remove(answer)
            self.context.complain(UsageError(str(error), hint="a simpler pattern for --answer"))
            return False


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
