"""Traffic over time, in memory that does not grow with the recording."""

from __future__ import annotations

from typing import NamedTuple

from wscli.session.events import Batch
from wscli.session.pipeline import Sink
from wscli.wire.events import Messages

_BUCKETS = 1024
_FIRST_WIDTH = 0.001  # seconds that a bucket covers at first


class Traffic(NamedTuple):
    """Messages and bytes of one direction, in columns of ``width`` seconds."""

    messages: list[int]
    size: list[int]
    width: float


class TrafficSeries(Sink):
    """Counts the messages and bytes of both directions over time.

    Time is cut into buckets. When they are used up, each two become one, so that there are always
    enough of them for a plot. ``start`` and ``last`` are in seconds since the epoch.
    """

    wants_outgoing = True

    def __init__(self) -> None:
        self.start: float | None = None
        self.last = 0.0
        self._width = _FIRST_WIDTH
        self._messages = {True: [0] * _BUCKETS, False: [0] * _BUCKETS}  # by whether they came
        self._size = {True: [0] * _BUCKETS, False: [0] * _BUCKETS}

    def batch(self, batch: Batch) -> None:
        """Count the messages of a batch."""
        lists = [item.payloads for item in batch.items if isinstance(item, Messages)]
        if lists:
            index = self._index(batch.time)
            self._messages[batch.incoming][index] += sum(map(len, lists))
            self._size[batch.incoming][index] += sum(sum(map(len, each)) for each in lists)

    def traffic(self, *, incoming: bool, columns: int) -> Traffic:
        """Return the counts of a direction, in at most ``columns`` columns."""
        used = 0 if self.start is None else int((self.last - self.start) / self._width) + 1
        columns = max(1, min(columns, used))
        edges = [used * column // columns for column in range(columns + 1)]
        messages, size = (
            [sum(counts[edges[at] : edges[at + 1]]) for at in range(columns)]
            for counts in (self._messages[incoming], self._size[incoming])
        )
        return Traffic(messages, size, used * self._width / columns)

    def _index(self, time: float) -> int:
        if self.start is None:
            self.start = self.last = time
        self.last = max(self.last, time)
        while time - self.start >= _BUCKETS * self._width:
            self._width *= 2
            for counts in (self._messages, self._size):
                for incoming, buckets in counts.items():
                    counts[incoming] = _halved(buckets)
        return max(0, int((time - self.start) / self._width))


def _halved(buckets: list[int]) -> list[int]:
    pairs = zip(buckets[::2], buckets[1::2], strict=True)
    return [one + other for one, other in pairs] + [0] * (_BUCKETS // 2)
