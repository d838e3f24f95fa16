"""Write a recording, or a selection of its events, as a page for a browser."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from wscli.apps.player import Player
from wscli.apps.selection import Selection
from wscli.records.events import Recorded
from wscli.session.events import Event
from wscli.sinks.html import page_pieces
from wscli.sinks.ndjson import EventSink


def page_of(events: Iterable[Recorded], file: str) -> Iterator[bytes]:
    """Yield the page of a recording in pieces; ``file`` is its name, or ``-``."""
    return page_pieces(events, "stdin" if file == "-" else os.path.basename(file))


def selected_messages(events: Iterable[Recorded], selection: Selection) -> Iterator[Recorded]:
    """Yield events without the messages and frames that a selection leaves out."""
    collector = _Collector()
    player = Player([collector], selection.stages, collector.change)
    for recorded in events:
        player.play(recorded)
        yield from collector.take()


class _Collector(EventSink):
    """Keeps the events that have passed the stages, with the number of their connection."""

    def __init__(self) -> None:
        super().__init__(steps=True, frames=True)
        self._connection = 0
        self._collected: list[Recorded] = []

    def change(self, connection: int) -> None:
        self._connection = connection

    def write(self, event: Event) -> None:
        """Keep an event."""
        self._collected.append(Recorded(event, self._connection))

    def take(self) -> list[Recorded]:
        """Return the events that were kept, and forget them."""
        collected, self._collected = self._collected, []
        return collected
