"""The connections of a recording, each as its client saw it: the input of a replay.

A recording may have been made at either end of a connection, or by a browser. Here a message is
from the client or from the server, whoever wrote the recording, and times count from the opening of
the connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from wscli.errors import UsageError
from wscli.net.opening import Opening
from wscli.records.events import Recorded
from wscli.records.roles import recorder_role
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.wire.closing import Side
from wscli.wire.codes import CloseCode, Opcode, Role
from wscli.wire.events import Messages, Ping

_SHOWN = 10  # connections that an error lists


class RecordedItem(NamedTuple):
    """A message of either side, or a ping of the client; ``at`` is seconds after the opening."""

    from_client: bool
    opcode: int
    payload: bytes
    at: float


class Ending(NamedTuple):
    """How a connection ended; ``by`` is the side that sent the first Close frame, if it is known.

    ``code`` and ``reason`` are those of that frame. A connection that was lost has code 1006.
    """

    by: Role | None
    code: int
    reason: str
    at: float = 0.0

    @property
    def lost(self) -> bool:
        """Whether no Close frame was sent."""
        return self.code == CloseCode.ABNORMAL_CLOSURE

    @property
    def by_server(self) -> bool:
        """Whether the server ended the connection, or the network did."""
        return self.by is Role.SERVER or self.lost


class RecordedConnection:
    """One connection, or one attempt to connect that failed.

    ``opening`` is None for messages that were saved without it, and ``ending`` if the recording
    does not have the end. ``failed`` is the error of an attempt that failed.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.opening: Opening | None = None
        self.opened = False
        self.items: list[RecordedItem] = []
        self.ending: Ending | None = None
        self.failed: Failed | None = None
        self._origin: float | None = None  # when it opened, in seconds since the dial

    @property
    def role(self) -> Role:
        """The end of the connection that was recorded."""
        return Role.CLIENT if self.opening is None else recorder_role(self.opening)

    def sent(self) -> list[RecordedItem]:
        """Return the messages and pings of the client."""
        return [item for item in self.items if item.from_client]

    def received(self) -> list[RecordedItem]:
        """Return the messages of the server."""
        return [item for item in self.items if not item.from_client]

    def add(self, event: Step | Opened | Batch | End | Failed) -> None:
        """Take the next event of the connection."""
        if isinstance(event, Batch):
            self._add_batch(event)
        elif isinstance(event, Opened):
            self.opening, self.opened, self._origin = event.opening, True, event.elapsed
        elif isinstance(event, End):
            self.ending = ending_of(event, self.role, self._since_opening(event.elapsed))
        elif isinstance(event, Failed) and not self.opened:
            self.failed, self.opening = event, event.opening or self.opening

    def _add_batch(self, batch: Batch) -> None:
        from_client = batch.incoming == (self.role is Role.SERVER)
        at = self._since_opening(batch.elapsed)
        self.opened = True
        for item in batch.items:
            if isinstance(item, Messages):
                self.items += [
                    RecordedItem(from_client, item.opcode, payload, at) for payload in item.payloads
                ]
            elif isinstance(item, Ping) and from_client:
                self.items.append(RecordedItem(True, Opcode.PING, item.payload, at))

    def _since_opening(self, elapsed: float) -> float:
        if self._origin is None:
            self._origin = elapsed
        return max(0.0, round(elapsed - self._origin, 6))  # recordings have microseconds

    def __str__(self) -> str:
        target = "" if self.opening is None else f" to {self.opening.url.shown}"
        if not self.opened:
            return f"{self.number}: an attempt{target} that failed"
        sent, received = len(self.sent()), len(self.received())
        return f"{self.number}: {sent:,} sent, {received:,} received{target}"


def ending_of(end: End, role: Role = Role.CLIENT, at: float = 0.0) -> Ending:
    """Return how a connection ended, from the view of the end that ``role`` names."""
    if end.began is None:
        return Ending(None, end.code, end.reason, at)
    if end.began is Side.REMOTE:
        return Ending(role.peer, end.code, end.reason, at)
    # A client records the code of its own Close alone, a server code and reason.
    code = end.code if end.sent is None else end.sent
    return Ending(role, code, end.reason if role is Role.SERVER else "", at)


def read_connections(events: Iterable[Recorded]) -> list[RecordedConnection]:
    """Return the connections of a recording; raises as the reader of the events does."""
    connections: dict[int, RecordedConnection] = {}
    for event, number in events:
        key = number or 1
        if key not in connections:
            connections[key] = RecordedConnection(key)
        connections[key].add(event)
    return list(connections.values())


def choose_connection(
    connections: Sequence[RecordedConnection], number: int | None, hint: str
) -> RecordedConnection:
    """Return the connection with a number, or the only one; ``hint`` says how to give the number.

    An attempt that failed counts only if no connection was opened.

    Raises:
        UsageError: if there is none, or several to choose from; it lists them.
    """
    if not connections:
        raise UsageError("the recording has no connection")
    found = [each for each in connections if each.number == number]
    if number is None:
        found = [each for each in connections if each.opened] or [*connections]
    if len(found) == 1:
        return found[0]
    what = f"the recording has {len(connections)} connections"
    if number is not None:
        what = f"the recording has no connection {number}"
    listed = [str(each) for each in connections[:_SHOWN]]
    more = [f"and {len(connections) - _SHOWN:,} more"] if len(connections) > _SHOWN else []
    raise UsageError(what, "\n".join([*listed, *more]), hint)
