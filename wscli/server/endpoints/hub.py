"""The hub: every message goes to all members of a room, and a slow member delays no other.

A simple hub awaits one write after another, so that one member who does not read stops it for all.
Here each member has a bounded queue, and is dropped when it is full (``Channel.push``).

A message is encoded once for all members, and their queues refer to the same bytes. So a message of
15 MiB to 200 slow members takes 15 MiB. Compression would prevent that, since every connection has
parameters and a context of its own (RFC 7692 §7.1).
"""

from __future__ import annotations

import asyncio

from wscli.server.channel import Channel, Endpoint
from wscli.wire.encoder import encode_unmasked
from wscli.wire.events import Messages


class Rooms:
    """The rooms that have members, by name."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def join(self, name: str, channel: Channel) -> Room:
        """Add a member to a room, which is created for its first member."""
        room = self._rooms.setdefault(name, Room())
        room.members.add(channel)
        return room

    def leave(self, name: str, channel: Channel) -> None:
        """Remove a member from a room, which is deleted with its last member."""
        room = self._rooms[name]
        room.members.discard(channel)
        if not room.members:
            del self._rooms[name]


class Room:
    """The members of one room.

    All messages of one turn of the loop, from any number of members, are one write per member. In a
    busy room this saves most of the system calls: each member gets everything anyway.
    """

    def __init__(self) -> None:
        self.members: set[Channel] = set()
        self._waiting: list[bytes] = []
        self._count = 0

    def broadcast(self, messages: Messages) -> None:
        """Send messages to all members, including the sender, at the end of this turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(encode_unmasked(messages.opcode, messages.payloads))
        self._count += len(messages.payloads)

    def flush(self) -> None:
        """Send the waiting messages now rather than at the end of the turn."""
        data, count = b"".join(self._waiting), self._count
        self._waiting.clear()
        self._count = 0
        # A copy, since a push drops a slow member, which then leaves the room.
        for member in tuple(self.members) if data else ():
            member.push(data, count)


class Hub(Endpoint):
    """A member of a room."""

    compresses = False  # one encoding serves all members

    def __init__(self, rooms: Rooms, name: str) -> None:
        self._rooms = rooms
        self._name = name

    def opened(self, channel: Channel) -> None:
        """Join the room."""
        super().opened(channel)
        self._room = self._rooms.join(self._name, channel)

    def received(self, messages: Messages) -> None:
        """Broadcast the messages to the room."""
        self._room.broadcast(messages)

    def before_close(self) -> None:
        """Send the last messages of this turn, which may be the member's own."""
        # A member that sends a message and Close at once gets that message before its own Close.
        self._room.flush()

    def closed(self) -> None:
        """Leave the room."""
        super().closed()
        self._rooms.leave(self._name, self.channel)
