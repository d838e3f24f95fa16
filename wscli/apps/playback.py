"""Send a recorded client's messages again, each when it is due: the stage that keeps the pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from wscli.payload.codecs import value_of
from wscli.payload.ids import Id, IdMap
from wscli.payload.matching import JsonPathQuery
from wscli.payload.message import Message
from wscli.payload.replies import is_id
from wscli.records.connections import RecordedItem
from wscli.session.events import Batch
from wscli.session.pipeline import Stage
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages

Pace = Literal["recorded", "reply", "none"]
"""When to send a message: as long after the opening as it was then; when as many messages have come
as had come then; at once."""

_RETRY = 0.02  # seconds after which a message is offered again that the outbox did not take


class Cue(NamedTuple):
    """A message or ping to send: ``at`` seconds after the opening or later.

    It waits until ``after`` messages of the server have come.
    """

    opcode: int
    payload: bytes
    at: float
    after: int


def make_cues(
    items: Iterable[RecordedItem],
    pace: Pace,
    speed: float = 1.0,
    mapped: Sequence[JsonPathQuery] = (),
) -> list[Cue]:
    """Return a cue for each message and ping of the client.

    ``mapped`` are the places in which the server gives ids. A message with such an id waits for the
    message that gives it, whatever the pace.
    """
    cues: list[Cue] = []
    came = 0
    given = _GivenIds(mapped)
    for item in items:
        if item.from_client:
            at = item.at / speed if pace == "recorded" else 0.0
            after = came if pace == "reply" else given.needed_by(item)
            cues.append(Cue(item.opcode, item.payload, at, after))
        else:
            came += 1
            given.add(item, came)
    return cues


class _GivenIds:
    """The ids that a recorded server has given, each with the number of the message it came in."""

    def __init__(self, mapped: Sequence[JsonPathQuery]) -> None:
        self._mapped = mapped
        self._ids = IdMap()
        self._numbers: dict[Id, int] = {}

    def add(self, item: RecordedItem, number: int) -> None:
        if not self._mapped:
            return
        value = value_of(Message(item.opcode, item.payload))
        for query in self._mapped:
            for _, found in query.select(value):
                if is_id(found) and self._ids.learn(found, found):
                    self._numbers[found] = number

    def needed_by(self, item: RecordedItem) -> int:
        """Return the number of the last message in which an id of this one came, 0 if none did."""
        if not self._numbers or item.opcode != Opcode.TEXT:
            return 0
        found = self._ids.find(item.payload.decode())
        return max((self._numbers[each] for each in found), default=0)


class Playback(Stage):
    """Sends cues in their order, when they are due; passes everything on.

    ``sent`` is how many messages have been sent, not counting pings.
    """

    def __init__(self) -> None:
        self.sent = 0
        self._left: deque[Cue] = deque()
        self._start = 0.0
        self._came = 0
        self._retry = 0.0  # when to offer the next message again

    def play(self, cues: Sequence[Cue], now: float) -> None:
        """Send cues on the present connection, in place of any that are left."""
        self._left = deque(cues)
        self.sent, self._start, self._came, self._retry = 0, now, 0, 0.0

    @property
    def unsent(self) -> int:
        """How many messages have not been sent."""
        return sum(cue.opcode != Opcode.PING for cue in self._left)

    def batch(self, batch: Batch, now: float) -> Iterable[Batch]:
        """Count the messages that come, and send the cues that waited for them."""
        if self._left and batch.incoming:
            self._came += sum(
                len(item.payloads) for item in batch.items if isinstance(item, Messages)
            )
            self.send_due(now)
        return (batch,)

    def next_deadline(self) -> float | None:
        """Return when to send the next cue."""
        return self.next_due()

    def next_due(self) -> float | None:
        """Return when the next cue is due, or None if it waits for a message."""
        if not self._left or self._left[0].after > self.came():
            return None
        return max(self.time_of(self._left[0].at), self._retry)

    def tick(self, now: float) -> Iterable[Batch]:
        """Send the cues that have become due."""
        self.send_due(now)
        return ()

    def time_of(self, at: float) -> float:
        """Return the time that is ``at`` seconds after the start."""
        return self._start + at

    def came(self) -> int:
        """Return how many of the recorded messages have come."""
        return self._came

    def translate(self, cue: Cue) -> bytes:
        """Return the payload to send for a cue."""
        return cue.payload

    def send_due(self, now: float) -> None:
        """Send the cues that are due, as far as the outbox has room for them."""
        while (due := self.next_due()) is not None and due <= now:
            cue = self._left[0]
            if not self._post(cue):
                self._retry = now + _RETRY
                return
            self._left.popleft()
            self.sent += cue.opcode != Opcode.PING

    def _post(self, cue: Cue) -> bool:
        if cue.opcode == Opcode.PING:
            return self.context.post_ping(cue.payload)
        return self.context.post(cue.opcode, self.translate(cue))
