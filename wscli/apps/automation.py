"""Messages that are sent automatically: answers to received messages, and repeated messages.

With them a user can speak a protocol that has heartbeats of its own, above WebSocket's pings:
Engine.IO's ``2`` is answered with ``3``, NATS's ``PING`` with ``PONG``, and STOMP expects a line
feed at intervals.
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
    """Posts answers to received messages, and repeated messages; passes every batch on unchanged.

    Each received message is answered by the first of ``answers`` that matches. An answer whose
    pattern had to be abandoned is no longer sent.

    It posts from within a turn, without waiting, so a peer that does not read cannot stop the
    reading; ``StageContext.post`` drops messages once too much waits to be sent.
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
        self._due: list[float] = []  # when each of the repeats is sent next, in their order

    def attach(self, context: StageContext, now: float) -> None:
        """Answer on a connection, and count the intervals from now."""
        super().attach(context, now)
        # Again for each connection of a session: the intervals of the last one have passed.
        self._due = [now + repeat.interval for repeat in self._repeats]

    def batch(self, batch: Batch, now: float) -> Iterable[Batch]:
        """Answer the messages of a batch, and pass it on."""
        # Only the peer's messages: an answer that matches its own pattern would be answered too.
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
                # Counted from when it was due, so that lateness does not add up. After the process
                # was stopped for a while, the missed ones are not sent in a burst.
                self._due[index] = max(self._due[index] + repeat.interval, now)
        return ()

    def is_answered(self, message: Message) -> bool:
        """Return True if a message matches the pattern of an answer."""
        # A copy of the list: a pattern that is abandoned removes its answer from it.
        return any(self._matches(answer, message) for answer in list(self._answers))

    def _answer(self, messages: Sequence[Message]) -> None:
        for message in messages:
            # A batch may hold thousands of messages, and each search may take a tenth of a second:
            # a time limit that passes meanwhile has to end it.
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
            # It would time out on the next message too, and hold up the connection each time.
            self._answers.remove(answer)
            self.context.complain(UsageError(str(error), hint="use a simpler --answer pattern"))
            return False


def split_answer(text: str) -> tuple[Matcher, str]:
    r"""Split ``MATCH=REPLY`` at the first ``=`` that leaves a complete pattern before it.

    So ``(?=x)``, ``[^=]`` and ``$[?@.id==1]`` need no escaping; ``\=`` is a literal ``=``.

    Raises:
        ValueError: if there is no such ``=``.
    """
    reason = "write 'MATCH=REPLY'"
    end = text.find("=")
    # Not at 0: an empty pattern would match, and answer, every message.
    while end > 0:
        # Neither syntax can be scanned for its end without parsing it, so each candidate is tried:
        # a pattern that is cut off inside a group, a class, a filter or after a backslash fails.
        try:
            return parse_matcher(text[:end]), text[end + 1 :]
        except ValueError as error:
            reason = str(error)
        end = text.find("=", end + 1)
    raise ValueError(f"{text!r} is not an answer: {reason}")
