"""Small behaviours to try a client with: a burst of messages, its own request, a close code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wscli.server.endpoints.echo import Echo
from wscli.server.endpoints.endpoint import Endpoint
from wscli.server.http import compact_json
from wscli.wire.codes import CloseCode, Opcode
from wscli.wire.head import Request

if TYPE_CHECKING:
    from wscli.server.channel import Channel

_BATCH = 256  # messages a turn of the loop
_BATCH_SIZE = 64 << 10  # bytes a turn, or one message


class Push(Endpoint):
    """Pushes ``count`` messages of ``size`` bytes as fast as the client reads, then closes.

    Each begins with its number, as far as there is room for it.
    """

    def __init__(self, opcode: Opcode, count: int, size: int) -> None:
        self._opcode = opcode
        self._count = count
        self._size = size
        self._next = 1

    def opened(self, channel: Channel) -> None:
        """Begin to push."""
        super().opened(channel)
        self.resumed()

    def resumed(self) -> None:
        """Push some, and let others have a turn before the next."""
        channel = self.channel
        if self._next > self._count:
            channel.close(CloseCode.NORMAL_CLOSURE)
        elif not channel.stream.full:
            batch = max(1, min(_BATCH, _BATCH_SIZE // max(1, self._size)))
            numbers = range(self._next, min(self._next + batch, self._count + 1))
            channel.send(self._opcode, [self._payload(number) for number in numbers])
            self._next = numbers.stop
            self.later(0, self.resumed)

    def _payload(self, number: int) -> bytes:
        return (b"%d " % number).ljust(self._size, b".")[: self._size]


class ShowRequest(Endpoint):
    """Tells the client what its upgrade request looked like here, and closes."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def opened(self, channel: Channel) -> None:
        """Send the request as JSON."""
        super().opened(channel)
        seen = {
            "address": channel.access.address,
            "method": self._request.method,
            "target": self._request.target,
            "version": self._request.version,
            "headers": [[name, value] for name, value in self._request.headers],
        }
        channel.send(Opcode.TEXT, [compact_json(seen)])
        channel.close(CloseCode.NORMAL_CLOSURE)


class TimedClose(Echo):
    """An echo that closes with a code, as good or bad as it may be, after some seconds."""

    def __init__(self, code: int, reason: str, after: float) -> None:
        self._code = code
        self._reason = reason
        self._after = after

    def opened(self, channel: Channel) -> None:
        """Set the time of the end."""
        super().opened(channel)
        self.later(self._after, lambda: channel.close(self._code, self._reason))
