"""Leave out events that an export cannot contain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wscli.records.events import Recorded
from wscli.records.fields import Remark
from wscli.session.end import End
from wscli.session.events import Batch, Event, Failed, Opened
from wscli.wire.frames import Frame


def with_openings(recorded: Iterable[Recorded], remark: Remark) -> Iterator[tuple[int, Event]]:
    """Yield events, each with the number of its connection; the first has the opening.

    A connection whose opening was not recorded is left out, and ``remark`` receives a sentence
    about it. That is so where the first lines of a recording have been cut off.
    """
    opened: set[int] = set()
    missing: set[int] = set()
    for event, connection in recorded:
        number = connection or 1
        if isinstance(event, Opened | Failed) and event.opening is not None:
            opened.add(number)
        if number in opened:
            yield number, event
        elif isinstance(event, Batch | End) and number not in missing:
            missing.add(number)
            remark(f"connection {number} is left out: its opening was not recorded")


def without_frames(recorded: Iterable[Recorded]) -> Iterator[Recorded]:
    """Yield events without frames; the messages are still among them."""
    for each in recorded:
        event = each.event
        if isinstance(event, Batch):
            items = [item for item in event.items if not isinstance(item, Frame)]
            if not items:
                continue
            event = event._replace(items=items)
        yield Recorded(event, each.connection)
