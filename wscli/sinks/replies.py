"""How long replies took: the time from a request to the message that answers it."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import NamedTuple

from wscli.payload.message import Message, received
from wscli.payload.replies import Call, read_call
from wscli.records.roles import recorder_role
from wscli.session.end import End
from wscli.session.events import Batch, Opened
from wscli.session.pipeline import Sink
from wscli.wire.codes import Role
from wscli.wire.events import Messages

_STEP = math.log(1.05)  # a quantile is exact to 5%
_LEAST = 1e-6  # seconds: times are recorded to the microsecond
_MOST_PENDING = 100  # requests of a connection whose replies are waited for


class Distribution:
    """Durations in seconds; ``least`` and ``most`` are exact."""

    def __init__(self) -> None:
        self.count = 0
        self.least = math.inf
        self.most = 0.0
        self._counts: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count a duration."""
        seconds = max(seconds, _LEAST)
        self.count += 1
        self.least, self.most = min(self.least, seconds), max(self.most, seconds)
        self._counts[math.floor(math.log(seconds) / _STEP)] += 1

    def quantile(self, share: float) -> float:
        """Return the duration that a share of all does not exceed, from 0 to 1."""
        left = share * self.count
        for step, count in sorted(self._counts.items()):
            left -= count
            if left <= 0:
                middle = math.exp((step + 0.5) * _STEP)
                return min(max(middle, self.least), self.most)
        return self.most

    def between(self, low: float, high: float) -> int:
        """Return about how many durations are at least ``low`` and less than ``high``."""
        first, end = (math.floor(math.log(edge) / _STEP) for edge in (low, high))
        return sum(self._counts[step] for step in range(first, end))


class _PendingRequest(NamedTuple):
    at: float
    call: Call | None


class ReplyTimes(Sink):
    """Measures replies, in connections that ``change`` tells apart.

    A request is a message of the client. Its reply has its id or, if it has none, is the next
    message, as ``send`` counts replies.
    """

    wants_outgoing = True

    def __init__(self) -> None:
        self.times = Distribution()
        self._connection = 0
        self._servers: set[int] = set()  # connections that were recorded at the server
        self._pending: dict[int, deque[_PendingRequest]] = {}

    def change(self, connection: int) -> None:
        """Receive the number of the connection that the following events belong to."""
        self._connection = connection

    def opened(self, opened: Opened) -> None:
        """Note which end was recorded."""
        if recorder_role(opened.opening) is Role.SERVER:
            self._servers.add(self._connection)

    def batch(self, batch: Batch) -> None:
        """Look for requests, and for replies to them."""
        is_request = batch.incoming == (self._connection in self._servers)
        for item in batch.items:
            if not isinstance(item, Messages):
                continue
            if is_request:
                self._note(item, batch.elapsed)
            elif self._connection in self._pending:
                self._match(item, batch)

    def ended(self, end: End) -> None:
        """Forget a connection."""
        self._pending.pop(self._connection, None)
        self._servers.discard(self._connection)

    def _note(self, messages: Messages, at: float) -> None:
        pending = self._pending.setdefault(self._connection, deque(maxlen=_MOST_PENDING))
        # Of a flood only the latest requests are kept, so that no more need to be read.
        for payload in messages.payloads[-_MOST_PENDING:]:
            pending.append(_PendingRequest(at, read_call(payload)))

    def _match(self, messages: Messages, batch: Batch) -> None:
        pending = self._pending[self._connection]
        for message in received(messages, batch.subprotocol):
            if not pending:
                del self._pending[self._connection]
                return
            request = _answered(pending, message)
            if request is not None:
                pending.remove(request)
                self.times.add(batch.elapsed - request.at)


def _answered(pending: deque[_PendingRequest], message: Message) -> _PendingRequest | None:
    for request in pending:
        if request.call is not None and request.call.reply(message) is not None:
            return request
    return next((request for request in pending if request.call is None), None)
