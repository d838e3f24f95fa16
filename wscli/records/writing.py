"""Write events as a recording again, such as those of a HAR file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wscli.records.events import Recorded, json_pieces

VERSION = 1
"""The version of the events; fields are only ever added to one."""


def recording_pieces(recorded: Iterable[Recorded]) -> Iterator[bytes]:
    """Yield a recording in which each event has the number of its connection."""
    first = {"v": VERSION}
    for event, connection in recorded:
        yield from json_pieces(event, {"connection": connection, **first})
        first = {}
