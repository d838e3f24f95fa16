"""Deliberate faults: violations that a client must detect, and delays that it must survive.

Each fault is wrong in exactly one way, so that a client which does not notice it has one bug. The
rest of the connection is correct: after a bad frame comes an echo, for a client that goes on.

A violation is a frame (``FRAMES``), and all other faults are classes (``BEHAVIOURS``).
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from wscli.server.channel import Channel, Endpoint
from wscli.server.endpoints.echo import Echo
from wscli.wire.codes import Opcode
from wscli.wire.encoder import encode_unmasked
from wscli.wire.frames import Frame

if TYPE_CHECKING:
    from wscli.session.asyncio_driver import ByteStream

_STEP = 0.01  # seconds between two bytes of a slow server
_SLOW_LIMIT = 64 << 10  # bytes that a slow server keeps before it stops reading
_GRACE = 0.1  # seconds for a client to read the half frame before the reset


class BadFrame(Echo):
    """Begins with a frame that breaks a rule; an echo for a client that accepts it."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def opened(self, channel: Channel) -> None:
        """Send the bad frame."""
        super().opened(channel)
        channel.write(self._frame.to_bytes())


class BadAccept(Echo):
    """Sends a Sec-WebSocket-Accept that does not belong to the client's key."""

    def accept(self, response: bytes) -> bytes:
        """Change the value of Sec-WebSocket-Accept."""
        # A client must compare it (RFC 6455 §4.1, item 4 of the checks on the response): the header
        # proves that the server understood the upgrade, and is not a cache.
        return response.replace(b"Sec-WebSocket-Accept: ", b"Sec-WebSocket-Accept: wrong")


class Drop(Endpoint):
    """Resets TCP in the middle of a frame."""

    def opened(self, channel: Channel) -> None:
        """Send half a frame, and let the client read it before the reset."""
        super().opened(channel)
        frame = Frame(Opcode.TEXT, b"half of this message is missing".ljust(200, b".")).to_bytes()
        channel.write(frame[: len(frame) // 2])
        # A reset drops the bytes that the client has not read yet.
        self.later(_GRACE, channel.stream.reset)


class Stall(Endpoint):
    """Sends nothing after the upgrade: it answers neither messages nor pings nor a Close."""

    answers = False


class NoClose(Endpoint):
    """Sends a message, then ends TCP without a Close frame."""

    def opened(self, channel: Channel) -> None:
        """Send the message, and end TCP."""
        super().opened(channel)
        channel.send(Opcode.TEXT, [b"after this comes no Close"])
        # The stream ends TCP after the message, without asking the protocol.
        channel.stream.finish()


class Slow(Echo):
    """An echo that sends one byte at a time: a client must not expect whole frames from a read."""

    def stream(self, stream: ByteStream) -> ByteStream:
        """Return a stream that delays the bytes."""
        return _Trickle(stream)

    def opened(self, channel: Channel) -> None:
        """Send a first message, slowly."""
        super().opened(channel)
        channel.write(encode_unmasked(Opcode.TEXT, [b"one byte every 10 ms"]))


class _Trickle:
    """A ``ByteStream`` that lets one byte through at a time.

    It has a queue of its own, in front of that of the stream, and must report it: as ``backlog``
    and ``full`` for the channel, and by holding the stream for a client that does not wait.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._waiting = bytearray()
        self._size = 0  # bytes that have been written so far, of which _sent have left
        self._sent = 0
        self._ends: deque[tuple[int, int]] = deque()  # where messages end, and how many
        self._trickling = False
        self._finishing = False

    @property
    def full(self) -> bool:
        # While anything waits, more would only wait too.
        return bool(self._waiting) or self._stream.full

    @property
    def over(self) -> bool:
        return self._stream.over

    @property
    def held(self) -> bool:
        return self._stream.held

    @property
    def peer_progress(self) -> int:
        return self._stream.peer_progress

    @property
    def backlog(self) -> int:
        return len(self._waiting) + self._stream.backlog

    def write(self, data: bytes, messages: int = 0) -> None:
        self._waiting += data
        self._size += len(data)
        self._ends.append((self._size, messages))
        self.hold(False)
        if not self._trickling:
            self._trickling = True
            self._trickle()

    def stream(self, pieces: Iterator[bytes], size: int) -> None:
        self.write(b"".join(pieces), 1)

    def hold(self, held: bool) -> None:
        # At a byte every 10 ms, a client that does not wait for its echoes would fill any queue.
        self._stream.hold(held or len(self._waiting) > _SLOW_LIMIT)

    def pause(self, paused: bool) -> None:
        self._stream.pause(paused)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self._stream.after(seconds, action)

    def finish(self) -> None:
        # Later, if bytes wait: the stream takes nothing more once it ends.
        self._finishing = True
        if not self._trickling:
            self._stream.finish()

    def reset(self) -> None:
        self._stream.reset()

    def _trickle(self) -> None:
        if self._waiting and not self.over:
            self._send_byte()
            self.hold(False)
            asyncio.get_running_loop().call_later(_STEP, self._trickle)
            return
        self._trickling = False
        if self._finishing and not self.over:
            self._stream.finish()

    def _send_byte(self) -> None:
        # A message counts as sent with its last byte, as it does without a delay.
        self._sent += 1
        ended = self._ends[0][0] == self._sent
        messages = self._ends.popleft()[1] if ended else 0
        self._stream.write(bytes(self._waiting[:1]), messages)
        del self._waiting[:1]


# The rules that the frames break: RFC 6455 §5.6 and §8.1 (UTF-8), §5.2 (reserved bits and opcodes),
# §5.1 (masking), §5.5 (control frames). Functions, since a mask key is different each time.
FRAMES: dict[str, Callable[[], Frame]] = {
    "bad-utf8": lambda: Frame(Opcode.TEXT, b"caf\xe9 au lait"),
    "reserved-bits": lambda: Frame(Opcode.TEXT, b"RSV2 is set", rsv=2),
    "reserved-opcode": lambda: Frame(0x3, b"opcode 3 is reserved"),
    "masked-frame": lambda: Frame(Opcode.TEXT, b"only clients mask", mask_key=os.urandom(4)),
    "oversize-control": lambda: Frame(Opcode.PING, bytes(126)),
    "fragmented-control": lambda: Frame(Opcode.PING, b"half a ping", fin=False),
}
BEHAVIOURS: dict[str, type[Endpoint]] = {
    "bad-accept": BadAccept,
    "drop": Drop,
    "stall": Stall,
    "slow": Slow,
    "no-close": NoClose,
}


def make_fault(kind: str) -> Endpoint:
    """Return the endpoint of a kind, one of ``route_table.FAULTS``."""
    if kind in FRAMES:
        return BadFrame(FRAMES[kind]())
    return BEHAVIOURS[kind]()
