"""Write events as a recording again, such as those of a HAR file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wscli import __version__
from wscli.records.events import Recorded, header_line, json_pieces


def recording_pieces(recorded: Iterable[Recorded], time: float) -> Iterator[bytes]:
    """Yield a recording in which each event has the number of its connection.

    ``time`` is that of its header, in seconds since the epoch: when it was written.
    """
    yield header_line(time, __version__)
    for event, connection in recorded:
        yield from json_pieces(event, {"connection": connection})
