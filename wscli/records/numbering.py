"""The numbers of connections, counted as events happen, and completed where they are missing."""

from __future__ import annotations

from wscli.records.events import Recorded
from wscli.session.end import End
from wscli.session.events import Batch, Event, Failed, Opened, Step


class ConnectionNumbers:
    """Counts connections by their events, one connection after the other."""

    def __init__(self) -> None:
        self._last = 1
        self._opened = False
        self._ended = False

    def number(self, event: Event) -> int:
        """Return the number of the connection that an event belongs to."""
        # A batch never begins a connection, and there may be millions.
        if isinstance(event, Batch):
            self._opened = True
            return self._last
        # Several steps without an end are one attempt that was redirected. An error after an end is
        # that of the connection which has ended.
        if isinstance(event, Step | Opened) and (self._opened or self._ended):
            self.begin()
        self._opened = self._opened or isinstance(event, Opened)
        self._ended = self._ended or isinstance(event, End | Failed)
        return self._last

    def begin(self) -> None:
        """Let the next event be one of another connection."""
        self._last += 1
        self._opened = self._ended = False


class ConnectionTable:
    """Numbers the connections of a file, and gives their batches the subprotocol.

    ``offset`` is added to the numbers of a recording that was appended to others.
    """

    def __init__(self) -> None:
        self.numbered = False
        self.offset = 0
        self._highest = 0
        self._unnumbered = ConnectionNumbers()
        self._subprotocols: dict[int, str] = {}

    def begin_recording(self) -> None:
        """Let numbers begin again, after those of the recording before."""
        self.offset = self._highest
        self._unnumbered = ConnectionNumbers()

    def pass_messages(self) -> None:
        """Count connection 1, whose messages are passed on unread."""
        self._highest = max(self._highest, 1)

    def number(self, recorded: Recorded) -> Recorded:
        """Complete an event, whose number may be missing."""
        event, given = recorded
        if isinstance(event, Batch):
            return self.number_batch(event, given)
        number = self._number(event, given)
        if isinstance(event, Opened):
            agreement = event.opening.agreement
            if agreement is not None and agreement.subprotocol is not None:
                self._subprotocols[number] = agreement.subprotocol
        elif isinstance(event, End):
            self._subprotocols.pop(number, None)
        return Recorded(event, number)

    def number_batch(self, batch: Batch, given: int | None) -> Recorded:
        """Complete a batch: there may be millions."""
        number = self._number(batch, given)
        if self._subprotocols and (subprotocol := self._subprotocols.get(number)):
            batch = batch._replace(subprotocol=subprotocol)
        return Recorded(batch, number)

    def _number(self, event: Event, given: int | None) -> int:
        number = self.offset + (given or self._unnumbered.number(event))
        if given or number > 1:
            self.numbered = True
        if number > self._highest:
            self._highest = number
        return number
