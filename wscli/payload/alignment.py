"""Pair received messages with those of a recording: one by one, as they come.

Most messages equal the next recorded one. Any other is looked for among the recorded messages after
that, and held if it is not there. When a later message is found, the messages held are paired in
order with the recorded ones that have been passed over. Those left over on either side are missing,
or were not recorded. A recorded message that was passed over may still come: then it has moved.

    recorded   a  b  c  d              recorded   a  b  c  d
    now        a  B  c  x  d           now        a  c  b  d
                  |     |                         |
                  |     +-- not recorded          +-- b is moved
                  +-- b has changed
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from wscli.payload.comparison import Difference, MessageComparison, whole_difference
from wscli.payload.message import Message

_WINDOW = 32  # messages that are held, and recorded messages among which one is looked for

FindingKind = Literal["changed", "missing", "extra", "moved"]
"""How a message differs: extra is one that was not recorded, moved one that came late."""


class Finding(NamedTuple):
    """A message that differs from the recording.

    ``recorded`` and ``now`` are its numbers, from 1, among the messages received then and now.
    """

    kind: FindingKind
    recorded: int | None
    now: int | None
    differences: list[Difference]


class _Held(NamedTuple):
    number: int
    message: Message


class Alignment:
    """Pairs messages one by one; unless ``ordered``, one that comes late is as recorded.

    Each method may raise PatternTimeout, as the comparison does.
    """

    def __init__(
        self, recorded: Sequence[Message], comparison: MessageComparison, *, ordered: bool = True
    ) -> None:
        self._recorded = recorded
        self._comparison = comparison
        self._ordered = ordered
        self._next = 0  # index of the first recorded message that has not been passed over
        self._came = 0
        self._held: deque[_Held] = deque()
        self._skipped: dict[int, None] = {}  # indexes of messages that have not come, ascending
        self._differing = 0

    @property
    def came(self) -> int:
        """How many messages have come."""
        return self._came

    @property
    def equal(self) -> int:
        """How many messages have come that equal a recorded one, as far as is known."""
        return self._came - self._differing - len(self._held)

    @property
    def reached(self) -> int:
        """How many recorded messages have come or been passed over."""
        return min(self._next + len(self._held), len(self._recorded))

    @property
    def outstanding(self) -> int:
        """How many recorded messages have no counterpart yet, not even one that differs."""
        return len(self._skipped) + len(self._recorded) - self.reached

    def take(self, message: Message) -> list[Finding]:
        """Take the next message; return the differences that are certain by now."""
        self._came += 1
        if not self._held and self._equals(self._next, message):
            self._pass_to(self._next + 1)
            return []
        return list(self._place(message))

    def finish(self) -> list[Finding]:
        """Return all further differences, since no more messages will come."""
        findings = list(self._close_gap(len(self._recorded)))
        for index in self._skipped:
            lost = whole_difference(self._recorded[index], None)
            findings.append(Finding("missing", index + 1, None, [lost]))
        self._skipped.clear()
        return findings

    def _equals(self, index: int, message: Message) -> bool:
        if index == len(self._recorded):
            return False
        return self._comparison.are_equal(self._recorded[index], message)

    def _place(self, message: Message) -> Iterator[Finding]:
        if (index := self._find(message)) is not None:
            yield from self._close_gap(index)
            self._pass_to(index + 1)
        elif (late := self._find_skipped(message)) is not None:
            del self._skipped[late]
            if self._ordered:
                yield Finding("moved", late + 1, self._came, [])
        else:
            self._held.append(_Held(self._came, message))
            yield from self._limit_held()

    def _find(self, message: Message) -> int | None:
        """Return the index of an equal message among the next recorded ones, if there is one.

        Of several it is the nearest to where the message would be if none were missing or new.
        """
        usual = self._next + len(self._held)
        window = range(self._next, min(self._next + _WINDOW, len(self._recorded)))
        nearest = sorted(window, key=lambda index: abs(index - usual))
        return next((index for index in nearest if self._equals(index, message)), None)

    def _find_skipped(self, message: Message) -> int | None:
        latest = islice(reversed(self._skipped), _WINDOW)
        return next((index for index in latest if self._equals(index, message)), None)

    def _close_gap(self, end: int) -> Iterator[Finding]:
        """Pair the messages held with the recorded ones up to ``end``, which is passed over."""
        while self._held and self._next < end:
            yield from self._pair_oldest()
        yield from self._drop_held()
        self._skipped.update(dict.fromkeys(range(self._next, end)))
        self._pass_to(end)

    def _pass_to(self, end: int) -> None:
        for index in range(self._next, end):
            # A parsed value may take twenty times the memory of its payload.
            self._recorded[index].forget_values()
        self._next = end

    def _limit_held(self) -> Iterator[Finding]:
        if self._next == len(self._recorded):
            yield from self._drop_held()
        elif len(self._held) > _WINDOW:
            yield from self._pair_oldest()

    def _pair_oldest(self) -> Iterator[Finding]:
        number, message = self._held.popleft()
        differences = self._comparison.differences(self._recorded[self._next], message)
        self._pass_to(self._next + 1)
        if differences:  # none where an id has become known that explains them
            self._differing += 1
            yield Finding("changed", self._next, number, differences)

    def _drop_held(self) -> Iterator[Finding]:
        self._differing += len(self._held)
        for number, message in self._held:
            yield Finding("extra", None, number, [whole_difference(None, message)])
        self._held.clear()
