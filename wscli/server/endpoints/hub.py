"""The hub: every message goes to all members of a room, and nobody waits for anybody.

The classic hub writes to one member after another, and stalls for all when one of them does not
read. Here each member has a bounded queue, and a message is encoded once for all.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wscli.server.endpoints.endpoint import Endpoint
from wscli.wire.events import Messages
from wscli.wire.runs import encode_unmasked

if TYPE_CHECKING:
    from wscli.server.channel import Channel


class Rooms:
    """The rooms that have members, by name."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def join(self, name: str, channel: Channel) -> Room:
        """Make a channel a member of a room, which is there from its first member on."""
        room = self._rooms.setdefault(name, Room())
        room.members.add(channel)
        return room

    def leave(self, name: str, channel: Channel) -> None:
        """Take a channel from a room, which goes with its last member."""
        room = self._rooms[name]
        room.members.discard(channel)
        if not room.members:
            del self._rooms[name]


class Room:
    """Those who hear each other.

    What comes in one turn of the loop, from however many members, leaves as one write a member.
    """

    def __init__(self) -> None:
        self.members: set[Channel] = set()
        self._waiting: list[bytes] = []
        self._count = 0

    def broadcast(self, messages: Messages) -> None:
        """Send messages to all members, the sender too."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(encode_unmasked(messages.opcode, messages.payloads))
        self._count += len(messages.payloads)

    def flush(self) -> None:
        """Send what waits, unless it has been sent."""
        data, count = b"".join(self._waiting), self._count
        self._waiting.clear()
        self._count = 0
        for member in tuple(self.members) if data else ():
            member.push(data, count)


class Hub(Endpoint):
    """A member of a room. Nothing is compressed: then one encoding serves all."""

    compresses = False

    def __init__(self, rooms: Rooms, name: str) -> None:
        self._rooms = rooms
        self._name = name

    def opened(self, channel: Channel) -> None:
        """Register."""
        super().opened(channel)
        self._room = self._rooms.join(self._name, channel)

    def received(self, messages: Messages) -> None:
        """Broadcast."""
        self._room.broadcast(messages)

    def leaving(self) -> None:
        """Hear the last messages of this turn, maybe one's own."""
        self._room.flush()

    def closed(self) -> None:
        """Unregister."""
        super().closed()
        self._rooms.leave(self._name, self.channel)
