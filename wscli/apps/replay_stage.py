"""The stage of ``wscli replay``: sends the recorded messages, and compares those that come.

The replay is finished when everything has been sent, all recorded messages have come, and the
connection has ended or is to be closed as it was then. It also finishes when nothing expected has
come for ``timeout`` seconds. So no peer can hold it up for longer, whether it is silent, floods the
connection with other messages, or does not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from wscli.apps.playback import Cue, Playback
from wscli.errors import UsageError
from wscli.payload.alignment import Alignment, Finding
from wscli.payload.comparison import MessageComparison
from wscli.payload.matching import PatternTimeout
from wscli.payload.message import Message, received
from wscli.records.connections import Ending
from wscli.session.events import Batch
from wscli.session.pipeline import StageContext
from wscli.wire.events import Messages

# A server that answers twice is noticed, even if the second answer comes while the connection is
# being closed. One that pushes as fast as it can is not listed in full.
_MOST_LATE = 10


class ReplayScript(NamedTuple):
    """The cues of the client, the messages expected from the server, and the end of the connection.

    All times are in seconds after the opening, at the pace of the replay. ``last`` is when the
    server last sent or ended something, and ``end`` when the connection ended.
    """

    cues: Sequence[Cue]
    expected: Sequence[Message]
    ending: Ending | None
    last: float
    end: float

    @property
    def ends_by_server(self) -> bool:
        """Whether the server ended the connection, or the network did."""
        return self.ending is not None and self.ending.by_server


ReportFindings = Callable[[Sequence[Finding], float, float], None]
"""Takes findings, the time, and the seconds since the dial."""


class ReplayStage(Playback):
    """Plays a script on each connection that it is attached to, which should be one.

    ``finished`` is True when waiting is over, and ``gave_up`` if that is because the time was up.
    """

    def __init__(
        self,
        script: ReplayScript,
        comparison: MessageComparison,
        timeout: float,
        report: ReportFindings,
        *,
        ordered: bool = True,
    ) -> None:
        super().__init__()
        self.finished = False
        self.gave_up = False
        self.alignment = Alignment(script.expected, comparison, ordered=ordered)
        self._script = script
        self._comparison = comparison
        self._timeout = timeout
        self._report = report
        self._progress = 0.0  # when something expected came, or something was sent
        self._late = 0  # messages that came after waiting was over
        self._pending = 0  # bytes in the outbox at that time, or at the latest check

    def attach(self, context: StageContext, now: float) -> None:
        """Begin."""
        super().attach(context, now)
        self._progress = now
        self.play(self._script.cues, now)

    def batch(self, batch: Batch, now: float) -> Iterator[Batch]:
        """Pass the batch on, compare its messages, and send the cues that waited for them."""
        yield batch  # a message comes before its differences in the output
        if not batch.incoming or self._late > _MOST_LATE:
            return
        before = self.alignment.reached, self.alignment.outstanding
        self._compare(batch)
        if before != (self.alignment.reached, self.alignment.outstanding):
            self._progress = now
        if not self.finished:
            self._advance(now)

    def next_deadline(self) -> float | None:
        """Return when something is due, or waiting ends."""
        if self.finished:
            return None
        due = self.next_due()
        return self._end() if due is None else min(due, self._end())

    def tick(self, now: float) -> Iterable[Batch]:
        """Send the cues that have become due, or stop waiting."""
        self._advance(now)
        return ()

    def came(self) -> int:
        """Return how many of the recorded messages have come, or will not come any more."""
        return self.alignment.reached

    def translate(self, cue: Cue) -> bytes:
        """Return the payload with the ids that the server has given now."""
        return self._comparison.ids.translate_message(Message(cue.opcode, cue.payload))

    def compare_rest(self, time: float, elapsed: float) -> None:
        """Report the differences that remain once no more messages will come.

        Raises:
            UsageError: if a query takes too long.
        """
        try:
            self._report(self.alignment.finish(), time, elapsed)
        except PatternTimeout as error:
            raise slow_query(error) from None

    def _compare(self, batch: Batch) -> None:
        try:
            for item in batch.items:
                if isinstance(item, Messages):
                    for message in received(item, batch.subprotocol):
                        self._late += self.finished
                        if findings := self.alignment.take(message):
                            self._report(findings, batch.time, batch.elapsed)
        except PatternTimeout as error:
            self.finished, self._late = True, _MOST_LATE + 1
            self.context.complain(slow_query(error))

    def _advance(self, now: float) -> None:
        left = len(self._left)
        self.send_due(now)
        if len(self._left) != left:
            self._progress, self._pending = now, self.context.pending
        if self._end() > now:
            return
        if self._is_draining():
            self._progress = now
            return
        self.finished, self.gave_up = True, not self._is_complete

    @property
    def _is_complete(self) -> bool:
        return not (self._left or self.alignment.outstanding or self._script.ends_by_server)

    def _end(self) -> float:
        """Return when to stop waiting, as far as is known now."""
        if self._is_complete:
            return self.time_of(self._script.end)
        expected = self._left[0].at if self._left else self._script.last
        return max(self._progress, self.time_of(expected)) + self._timeout

    def _is_draining(self) -> bool:
        """Return True if the peer has read some of the waiting bytes since the last call."""
        before, self._pending = self._pending, self.context.pending
        return 0 < self._pending < before


def slow_query(error: PatternTimeout) -> UsageError:
    """Return the error for a query with a regular expression that takes too long."""
    return UsageError(str(error), hint="a simpler query for --ignore or --map")
