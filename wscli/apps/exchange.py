"""Track the replies and the pattern matches that ``send`` waits for.

WebSocket has no replies: a message is just a message. ``payload.replies`` knows the ids of some
protocols on top; where a sent message has none of them, its reply is the next message that is not
a reply to another. The rest of the module decides which messages count, which are printed, and when
the wait is over (``Exchange.reached``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from wscli.errors import UsageError
from wscli.payload.matching import Matcher, PatternTimeout
from wscli.payload.message import Message, received
from wscli.payload.replies import Call, read_call
from wscli.session.events import Batch
from wscli.session.pipeline import MessageStage, select
from wscli.wire.events import Messages


class TrackedMessage:
    """A message that was sent; ``call`` recognises its reply, or is None if that is the next one.

    ``awaited`` is False if the user waits for a pattern after it instead of for its reply.
    """

    def __init__(self, number: int, payload: bytes, *, awaited: bool) -> None:
        self.number = number
        self.call: Call | None = read_call(payload)
        self.awaited = awaited
        self.answered = False

    def __str__(self) -> str:
        return f"message {self.number}" + (f" ({self.call.label})" if self.call else "")


class Exchange(MessageStage):
    """Assigns each received message to the sent message that it answers, and passes it on.

    ``replies`` counts replies, and ``others`` the other messages received after the first one was
    sent; messages that are answered automatically count as neither. ``expected`` holds the patterns
    that further messages must match, in order. ``count`` is the number of replies to wait for, or
    None for one reply to each awaited message. Once everything has been sent, no message is passed
    on after a match of ``until`` or after ``count`` replies. With ``only_replies`` the others are
    never passed on.

    A later message with an id that was answered already, such as the next event of a GraphQL
    subscription, also counts as a reply for ``count``. If no sent message has an id, any message
    does.
    """

    def __init__(
        self,
        count: int | None = None,
        until: Matcher | None = None,
        *,
        only_replies: bool = False,
        is_automatic: Callable[[Message], bool] | None = None,
    ) -> None:
        self.reached = False
        self.replies = 0
        self.others = 0
        self.errors: list[tuple[TrackedMessage, str]] = []
        self.sent: list[TrackedMessage] = []
        self.expected: list[Matcher] = []
        self._calls: list[tuple[TrackedMessage, Call]] = []
        self._plain: deque[TrackedMessage] = deque()  # without a call, and not answered yet
        self._count = count
        self._until = until
        # With a count or a pattern the user says where the output ends. Otherwise messages that
        # come while the connection closes are still printed: they may be part of the answer.
        self._ends = count is not None or until is not None
        self._found = False
        self._abandoned = False  # a pattern timed out, and the command is about to fail
        self._all_sent = False
        self._only_replies = only_replies
        self._is_automatic = is_automatic

    def send(self, payload: bytes, *, awaited: bool) -> TrackedMessage:
        """Record a message that is about to be sent."""
        message = TrackedMessage(len(self.sent) + 1, payload, awaited=awaited)
        self.sent.append(message)
        if message.call is None:
            self._plain.append(message)
        else:
            self._calls.append((message, message.call))
        return message

    def finish(self) -> None:
        """Record that no further message will be sent."""
        self._all_sent = True
        # The last reply may have come already; no other event would notice that.
        self._update()

    @property
    def unanswered(self) -> list[TrackedMessage]:
        """The messages whose replies are missing."""
        return [message for message in self.sent if message.awaited and not message.answered]

    @property
    def came(self) -> int:
        """The number of messages received, except those that are answered automatically."""
        # A heartbeat that --answer takes care of must not count as traffic: the silence that ends
        # a wait would never come.
        return self.replies + self.others

    @property
    def wanted(self) -> int:
        """The number of replies to wait for in all."""
        if self._count is not None:
            return self._count
        return sum(message.awaited for message in self.sent) if self.sent else 1

    def keep(self, batch: Batch, messages: Messages) -> Messages | None:
        """Record received messages, and pass on those that are printed."""
        if not batch.incoming:
            return messages
        taken = map(self._take, received(messages, batch.subprotocol))
        return select(messages, [index for index, passes in enumerate(taken) if passes])

    def _take(self, message: Message) -> bool:
        """Record a received message, and return True if it is passed on."""
        # Checked for each message, not each batch: one read may hold the last reply and more.
        if self._count == 0 or (self.reached and self._ends):
            return False
        is_reply = self._is_reply(message)
        # The first pattern alone: they are to match in their order, each another message.
        if self.expected and self._matches(self.expected[0], message):
            del self.expected[0]
            is_reply = True
        # A match that came before the last message was sent cannot be the result of that message.
        if self._all_sent and self._until and self._matches(self._until, message):
            self._found = is_reply = True
        # Nothing else can end the wait, and in a flood most messages are not replies.
        if is_reply:
            self._update()
        return is_reply or not self._only_replies

    def _is_reply(self, message: Message) -> bool:
        """Assign a received message to the one that it answers, and count it."""
        # An id is certain, so it is looked at first, even before the patterns of --answer.
        if self._answers_a_call(message):
            self.replies += 1
            return True
        # A heartbeat is not the reply to a message without an id, although it is the next message.
        if self._is_automatic is not None and self._is_automatic(message):
            return False
        if not self._answers_the_next() and not self._counts_any():
            # Messages received before the first one was sent cannot be a reaction to it.
            self.others += bool(self.sent)
            return False
        self.replies += 1
        return True

    def _answers_the_next(self) -> bool:
        if not self._plain:
            return False
        self._plain.popleft().answered = True
        return True

    def _counts_any(self) -> bool:
        # `send URL` without a message waits for whatever the server pushes. With messages that all
        # have ids, -n counts replies to these ids alone.
        if not self.sent:
            return self._all_sent
        return self._count is not None and len(self._calls) < len(self.sent)

    def _answers_a_call(self, message: Message) -> bool:
        # Calls that are answered stay in the list: a subscription has many replies with its id.
        for sent, call in self._calls:
            reply = call.reply(message)
            if reply is not None:
                sent.answered = True
                if reply.error:
                    self.errors.append((sent, reply.error))
                return True
        return False

    def _matches(self, matcher: Matcher, message: Message) -> bool:
        if self._abandoned or self.context.is_over():
            return False
        try:
            return matcher.matches(message)
        except PatternTimeout as error:
            # The complaint ends the command after this batch. Its other messages still have to be
            # printed, and must not take a tenth of a second each.
            self._abandoned = True
            hint = "use a pattern with fewer nested repetitions"
            self.context.complain(UsageError(str(error), hint=hint))
            return False

    def _update(self) -> None:
        if not self._all_sent or self.expected:
            return
        if self._until is not None and self._count is None:
            self.reached = self._found
        elif self._count is not None or not self.sent:
            self.reached = self._found or self.replies >= self.wanted
        else:
            self.reached = not self.unanswered
