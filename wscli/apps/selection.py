"""Select a part of a recording: by connection and time, and messages by their kind or text.

The connection and the time apply to every event. Direction, opcode and pattern apply to messages
and frames: the opening and the end of a connection are always shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from wscli.errors import UsageError
from wscli.payload.matching import Matcher, PatternTimeout
from wscli.payload.message import received
from wscli.quantities import parse_duration
from wscli.session.events import Batch, Event
from wscli.session.pipeline import Stage, select
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.receiver import Item

_TIME_OF_DAY = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?"
_HALF_A_DAY = 43_200  # seconds
_DATA = (Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY)
_CONTROL = (Opcode.CLOSE, Opcode.PING, Opcode.PONG)

Moment = Callable[[float], float]
"""Returns a time in seconds since the epoch, for a recording that begins at such a time."""


def parse_moment(text: str) -> Moment:
    """Read ``+2.5s`` after the beginning, ``12:00:30`` local time, or a time of RFC 3339.

    A time of day is on the day of the recording's beginning, or on the next one if it would be more
    than twelve hours before the beginning.

    Raises:
        ValueError: with the forms that are valid.
    """
    if text.startswith("+"):
        seconds = parse_duration(text[1:])
        return lambda start: start + seconds
    if match := re.fullmatch(_TIME_OF_DAY, text):
        hours, minutes, whole = int(match[1]), int(match[2]), int(match[3] or 0)
        if hours < 24 and minutes < 60 and whole < 60:
            return _time_of_day(hours, minutes, whole + float(match[4] or 0))
    try:
        time = datetime.fromisoformat(text).timestamp()
    except ValueError:
        forms = "write 12:00, 12:00:30.5, 2026-01-31T12:00:00Z, or +90s after the beginning"
        raise ValueError(f"{text!r} is not a time; {forms}") from None
    return lambda _start: time


def _time_of_day(hours: int, minutes: int, seconds: float) -> Moment:
    def moment(start: float) -> float:
        day = datetime.fromtimestamp(start).replace(hour=0, minute=0, second=0, microsecond=0)
        time = day + timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if time.timestamp() < start - _HALF_A_DAY:
            time += timedelta(days=1)
        return time.timestamp()

    return moment


class Selection(NamedTuple):
    """The part of a recording that is shown; without a value, everything.

    ``opcodes`` are those of messages and frames. Events at or after ``until`` are left out.
    """

    matcher: Matcher | None = None
    incoming: bool | None = None
    opcodes: frozenset[int] = frozenset()
    since: Moment | None = None
    until: Moment | None = None
    connection: int | None = None

    def stages(self) -> list[Stage]:
        """Return stages that select messages and frames of one connection."""
        stages: list[Stage] = []
        if self.incoming is not None or self.opcodes:
            stages.append(ItemFilter(self.incoming, self.opcodes))
        if self.matcher is not None:
            stages.append(MatchFilter(self.matcher))
        return stages

    @property
    def has_control_frames(self) -> bool:
        """Whether control frames were asked for, which are not shown otherwise."""
        return bool(self.opcodes.intersection(_CONTROL))


class Window:
    """The events of a selection's connection and time; the first event determines the times."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._since: float | None = None
        self._until: float | None = None
        self._begun = False
        self._passed: set[int | None] = set()  # the connections that are not shown
        self._found = selection.connection is None
        self.restricts = any((selection.since, selection.until, selection.connection))

    def admits(self, event: Event, connection: int | None) -> bool:
        """Return True if an event is shown."""
        if not self._begun:
            self._begin(event.time - event.elapsed)
        wanted = self._selection.connection
        if wanted is not None and wanted != connection:
            self._passed.add(connection)
            return False
        self._found = True
        return (self._since is None or event.time >= self._since) and (
            self._until is None or event.time < self._until
        )

    def require_connection(self) -> None:
        """Check, after all events, that the connection exists.

        Raises:
            UsageError: if there was no event of it, at any time.
        """
        if not self._found:
            what = f"the recording has no connection {self._selection.connection}"
            raise UsageError(what, f"it has {len(self._passed):,}")

    def _begin(self, start: float) -> None:
        self._begun = True
        since, until = self._selection.since, self._selection.until
        self._since = None if since is None else since(start)
        self._until = None if until is None else until(start)


class ItemFilter(Stage):
    """Passes on messages and frames of one direction and of some opcodes."""

    def __init__(self, incoming: bool | None, opcodes: frozenset[int]) -> None:
        self._incoming = incoming
        self._opcodes = opcodes

    def batch(self, batch: Batch, now: float) -> tuple[Batch, ...]:
        """Pass on the items that were asked for."""
        if self._incoming not in (None, batch.incoming):
            return ()
        if not self._opcodes:
            return (batch,)
        kept = [item for item in batch.items if _opcode_of(item) in self._opcodes]
        return (batch._replace(items=kept),) if kept else ()


def _opcode_of(item: Item) -> int | None:
    return item.opcode if isinstance(item, Messages | Frame | Ping | Pong) else None


class MatchFilter(Stage):
    """Passes on the messages that match a pattern, each with the frames that it came in.

    Frames stand before their message and may have come in earlier batches, so they are held back
    until the message decides. Control frames pass.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._held: dict[bool, list[Batch]] = {True: [], False: []}

    def batch(self, batch: Batch, now: float) -> Iterator[Batch]:
        """Pass on matching messages and their frames."""
        held = self._held[batch.incoming]
        kept: list[Item] = []
        frames: list[Item] = []
        for item in batch.items:
            if isinstance(item, Messages):
                matching = self._select(item, batch.subprotocol)
                if matching is not None:
                    yield from held
                    kept += [*frames, matching]
                held.clear()
                frames = []
            elif isinstance(item, Frame) and item.opcode in _DATA:
                frames.append(item)
            else:
                kept.append(item)
        if kept:
            yield batch._replace(items=kept)
        if frames:
            held.append(batch._replace(items=frames))

    def _select(self, messages: Messages, subprotocol: str | None) -> Messages | None:
        try:
            matches = map(self._matcher.matches, received(messages, subprotocol))
            return select(messages, [index for index, found in enumerate(matches) if found])
        except PatternTimeout as error:
            # The user asked for these messages alone, so there is nothing to show without it.
            self.context.complain(UsageError(str(error), hint="--filter with a simpler pattern"))
            return messages


class ControlFramesAsMessages(Stage):
    """Makes pings and pongs messages, for sinks that show nothing else."""

    def batch(self, batch: Batch, now: float) -> tuple[Batch, ...]:
        """Pass on the batch, or one with messages in place of pings and pongs."""
        if not any(isinstance(item, Ping | Pong) for item in batch.items):
            return (batch,)
        items = [
            Messages(item.opcode, [item.payload]) if isinstance(item, Ping | Pong) else item
            for item in batch.items
        ]
        return (batch._replace(items=items),)
