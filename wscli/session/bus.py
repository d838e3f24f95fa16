"""The bus: hands the events of a session to the sinks."""

from __future__ import annotations

from collections.abc import Sequence

from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step

__all__ = ["Batch", "Bus", "Sink"]


class Sink:
    """Observes a session and never changes it; the methods are called in one thread at a time."""

    wants_frames = False
    wants_outgoing = False

    def step(self, step: Step) -> None:
        """Receive a step of an attempt to connect."""

    def opened(self, opened: Opened) -> None:
        """Receive the opening of the connection."""

    def batch(self, batch: Batch) -> None:
        """Receive the frames and messages that came or left together."""

    def ended(self, end: End) -> None:
        """Receive the end of the connection."""

    def failed(self, failed: Failed) -> None:
        """Receive the error that ends the command, or an attempt to connect."""


class Bus(Sink):
    """A sink that is many sinks."""

    def __init__(self, sinks: Sequence[Sink] = ()) -> None:
        self._sinks = list(sinks)
        self.wants_frames = any(sink.wants_frames for sink in sinks)
        self.wants_outgoing = any(sink.wants_outgoing for sink in sinks)

    def step(self, step: Step) -> None:
        """Pass on a step."""
        for sink in self._sinks:
            sink.step(step)

    def opened(self, opened: Opened) -> None:
        """Pass on that the connection is open."""
        for sink in self._sinks:
            sink.opened(opened)

    def batch(self, batch: Batch) -> None:
        """Pass on a batch."""
        for sink in self._sinks:
            sink.batch(batch)

    def ended(self, end: End) -> None:
        """Pass on how the connection ended."""
        for sink in self._sinks:
            sink.ended(end)

    def failed(self, failed: Failed) -> None:
        """Pass on an error."""
        for sink in self._sinks:
            sink.failed(failed)
