"""Small endpoints for testing a client: a burst of messages, its own request, a close code."""

from __future__ import annotations

from wscli.server.channel import Channel, Endpoint
from wscli.server.endpoints.echo import Echo
from wscli.server.http import compact_json
from wscli.wire.codes import CloseCode, Opcode
from wscli.wire.head import Request

# Per turn of the loop: many, so that a turn costs little per message, but few enough that the
# other connections do not have to wait.
_BATCH = 256  # messages
_BATCH_SIZE = 64 << 10  # bytes; a larger message has a turn of its own


class Push(Endpoint):
    """Pushes ``count`` messages of ``size`` bytes as fast as the client reads, then closes.

    Each begins with its number, as far as ``size`` permits, so that a client can check the order.
    """

    def __init__(self, opcode: Opcode, count: int, size: int) -> None:
        self._opcode = opcode
        self._count = count
        self._size = size
        self._next = 1

    def opened(self, channel: Channel) -> None:
        """Push the first messages."""
        super().opened(channel)
        self.resumed()

    def resumed(self) -> None:
        """Push a batch, then let other connections have a turn before the next one."""
        # While the stream is full, nothing is scheduled: the channel calls this again when the
        # client has read.
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
    """Sends the upgrade request as it arrived, then closes: shows what proxies have changed."""

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
            # A list, since names may occur twice, and their order may matter.
            "headers": [[name, value] for name, value in self._request.headers],
        }
        channel.send(Opcode.TEXT, [compact_json(seen)])
        channel.close(CloseCode.NORMAL_CLOSURE)


class TimedClose(Echo):
    """An echo that closes with a code, valid or not, after some seconds."""

    def __init__(self, code: int, reason: str, after: float) -> None:
        self._code = code
        self._reason = reason
        self._after = after

    def opened(self, channel: Channel) -> None:
        """Schedule the Close."""
        super().opened(channel)
        self.later(self._after, lambda: channel.close(self._code, self._reason))
