"""Misbehaviour on purpose: what a client must notice, survive, or put up with."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from wscli.server.endpoints.echo import Echo
from wscli.server.endpoints.endpoint import Endpoint
from wscli.wire.codes import Opcode
from wscli.wire.frames import Frame
from wscli.wire.runs import encode_unmasked

if TYPE_CHECKING:
    from wscli.server.channel import Channel, ClientStream

_STEP = 0.01  # seconds from byte to byte of a slow server
_SLOW_LIMIT = 64 << 10  # bytes that a slow server keeps before it stops reading
_GRACE = 0.1  # seconds for a client to read what comes before the drop


class BadFrame(Echo):
    """Begins with a frame that breaks a rule, and for a client that bears it is an echo."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def opened(self, channel: Channel) -> None:
        """Send the bad frame."""
        super().opened(channel)
        channel.write(self._frame.to_bytes())


class BadAccept(Echo):
    """Answers another key than the client's."""

    def accept(self, response: bytes) -> bytes:
        """Spoil the answer."""
        return response.replace(b"Sec-WebSocket-Accept: ", b"Sec-WebSocket-Accept: wrong")


class Drop(Endpoint):
    """Resets TCP in the middle of a frame."""

    def opened(self, channel: Channel) -> None:
        """Send half a frame, and let the client read it before the reset."""
        super().opened(channel)
        frame = Frame(Opcode.TEXT, b"half of this message is missing".ljust(200, b".")).to_bytes()
        channel.write(frame[: len(frame) // 2])
        self.later(_GRACE, channel.line.reset)


class Stall(Endpoint):
    """Never says a word after the upgrade, whatever it is asked."""

    answers = False


class NoClose(Endpoint):
    """Says something, and ends TCP with no Close frame."""

    def opened(self, channel: Channel) -> None:
        """Say it, and end."""
        super().opened(channel)
        channel.send(Opcode.TEXT, [b"after this comes no Close"])
        channel.line.finish()


class Slow(Echo):
    """An echo whose every byte takes its time."""

    def line(self, line: ClientStream) -> ClientStream:
        """Put the brake in between."""
        return _Trickle(line)

    def opened(self, channel: Channel) -> None:
        """Say something, slowly."""
        super().opened(channel)
        channel.write(encode_unmasked(Opcode.TEXT, [b"one byte every 10 ms"]))


class _Trickle:
    """A line that lets one byte through at a time."""

    def __init__(self, line: ClientStream) -> None:
        self._line = line
        self._waiting = bytearray()
        self._size = 0  # bytes that have been written so far, of which _sent have left
        self._sent = 0
        self._ends: deque[tuple[int, int]] = deque()  # where messages end, and how many
        self._trickling = False
        self._finishing = False

    @property
    def full(self) -> bool:
        return bool(self._waiting) or self._line.full

    @property
    def over(self) -> bool:
        return self._line.over

    @property
    def backlog(self) -> int:
        return len(self._waiting) + self._line.backlog

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
        self._line.hold(held or len(self._waiting) > _SLOW_LIMIT)

    def pause(self, paused: bool) -> None:
        self._line.pause(paused)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self._line.after(seconds, action)

    def expire(self, seconds: float) -> None:
        self._line.expire(seconds)

    def finish(self) -> None:
        self._finishing = True
        if not self._trickling:
            self._line.finish()

    def reset(self) -> None:
        self._line.reset()

    def _trickle(self) -> None:
        if self._waiting and not self.over:
            self._send_byte()
            self.hold(False)
            asyncio.get_running_loop().call_later(_STEP, self._trickle)
            return
        self._trickling = False
        if self._finishing and not self.over:
            self._line.finish()

    def _send_byte(self) -> None:
        self._sent += 1
        ended = self._ends[0][0] == self._sent
        messages = self._ends.popleft()[1] if ended else 0
        self._line.write(bytes(self._waiting[:1]), messages)
        del self._waiting[:1]


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
KINDS = (*FRAMES, *BEHAVIOURS)
"""What may go wrong, by the name that is its path."""


def make_fault(kind: str) -> Endpoint:
    """Return the endpoint that misbehaves so.

    Raises:
        LookupError: if there is no such kind.
    """
    if kind in FRAMES:
        return BadFrame(FRAMES[kind]())
    return BEHAVIOURS[kind]()
