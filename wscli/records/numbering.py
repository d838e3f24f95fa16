"""The numbers of connections, from 1: a new attempt after the end of a connection is the next."""

from __future__ import annotations

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
        if isinstance(event, Batch):  # the usual case
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
