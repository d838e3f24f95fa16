"""The bus: hands what happens on a connection to everything that looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wscli.errors import WscliError
from wscli.net.opening import Opening
from wscli.session.end import End
from wscli.wire.receiver import Item


class Batch(NamedTuple):
    """What came with one recv, or left with one send.

    ``time`` is in seconds since the epoch, ``elapsed`` in seconds since the dial began. Frames
    are among the items only where a sink asked for them; else short messages come as Run.
    ``subprotocol`` is the one that was agreed on; it may determine how messages read.
    """

    incoming: bool
    time: float
    elapsed: float
    items: Sequence[Item]
    subprotocol: str | None = None


class Sink:
    """Looks at a session and never changes it; the methods are called in one thread at a time."""

    wants_frames = False
    wants_outgoing = False

    def step(self, opening: Opening, step: str) -> None:
        """Hear of a step of the opening as it is done, see ``net.attempt.Observer``."""

    def opened(self, opening: Opening, time: float, elapsed: float) -> None:
        """Hear that the connection is open."""

    def batch(self, batch: Batch) -> None:
        """See what came or left."""

    def ended(self, end: End) -> None:
        """Hear how the connection ended."""

    def failed(self, error: WscliError, time: float, elapsed: float) -> None:
        """Hear of an error that ends the command."""

    def close(self) -> None:
        """Finish what is to be finished: nothing more will come."""


class Bus(Sink):
    """A sink that is many sinks."""

    def __init__(self, sinks: Sequence[Sink] = ()) -> None:
        self._sinks = list(sinks)
        self.wants_frames = any(sink.wants_frames for sink in sinks)
        self.wants_outgoing = any(sink.wants_outgoing for sink in sinks)

    def step(self, opening: Opening, step: str) -> None:
        """Pass on a step of the opening."""
        for sink in self._sinks:
            sink.step(opening, step)

    def opened(self, opening: Opening, time: float, elapsed: float) -> None:
        """Pass on that the connection is open."""
        for sink in self._sinks:
            sink.opened(opening, time, elapsed)

    def batch(self, batch: Batch) -> None:
        """Pass on what came or left."""
        for sink in self._sinks:
            sink.batch(batch)

    def ended(self, end: End) -> None:
        """Pass on how the connection ended."""
        for sink in self._sinks:
            sink.ended(end)

    def failed(self, error: WscliError, time: float, elapsed: float) -> None:
        """Pass on an error."""
        for sink in self._sinks:
            sink.failed(error, time, elapsed)

    def close(self) -> None:
        """Close every sink."""
        for sink in self._sinks:
            sink.close()
