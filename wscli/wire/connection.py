"""One connection's protocol without its socket: bytes in, frames and events out; and the reverse.

Both roles, both directions: what was sent can be read by a Receiver of the other role.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice

from wscli.wire.codes import DEFAULT_MAX_SIZE, CloseCode, Opcode, Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.events import Close, Event
from wscli.wire.frames import Frame, FrameParser, Run, encode_masked, encode_unmasked
from wscli.wire.messages import Assembler, Broken
from wscli.wire.rules import Case, Violation, judge

Item = Frame | Run | Event

_PIECE_FRAMES = 1024  # frames that are encoded together
_PIECE_SIZE = 64 << 10  # bytes of payload that are, or one frame


class Receiver:
    """Read what the other role sends.

    A strict receiver stops at the first violation, as RFC 6455 §7.1.7 has it, and at a Close
    frame (§1.4): what comes after is not looked at. One that is not strict goes on, and takes
    no notice of a frame before it is whole.
    """

    def __init__(
        self,
        role: Role,
        *,
        deflate: PerMessageDeflate | None = None,
        max_size: int = DEFAULT_MAX_SIZE,
        frames: bool = False,
        strict: bool = True,
    ) -> None:
        self._role = role
        self._strict = strict
        self._compression = deflate is not None
        self._parser = FrameParser(runs=not frames)
        self._assembler = Assembler(max_size, deflate.inflater(role.peer) if deflate else None)
        self._judged_partial = False
        self.done = False

    @classmethod
    def of_sent(cls, role: Role, deflate: PerMessageDeflate | None, *, frames: bool) -> Receiver:
        """Return what reads again all that the other role has sent, whatever it breaks."""
        return cls(role, deflate=deflate, max_size=1 << 62, frames=frames, strict=False)

    @property
    def mid_message(self) -> bool:
        """Whether the bytes so far end inside a frame or inside a fragmented message."""
        return self._parser.mid_frame or self._assembler.in_message

    def receive(self, data: bytes) -> list[Item]:
        """Return frames and, each behind the frame that completes it, events.

        Whole short messages come as Run without their frames; with ``frames`` each is a Frame.
        The last item of a strict receiver's last batch is a Close or a Violation.
        """
        items: list[Item] = []
        if self.done:
            return items
        for part in self._parser.feed(data):
            items.append(part)
            try:
                event = self._run(part) if isinstance(part, Run) else self._frame(part)
            except Broken as broken:
                if broken.good is not None:
                    items.append(broken.good)
                event = broken.violation
            if event is not None:
                items.append(event)
            if self._strict and isinstance(event, Close | Violation):
                self.done = True
                return items
        violation = self._partial() if self._strict else None
        if violation is not None:
            items.append(violation)
            self.done = True
        return items

    def _run(self, run: Run) -> Event | None:
        # All headers of a run are alike, so the first stands for all.
        violation = self._judge(run.first_frame, len(run.payloads[0]))
        return violation or self._assembler.run(run)

    def _frame(self, frame: Frame) -> Event | None:
        judged, self._judged_partial = self._judged_partial, False
        violation = None if judged else self._judge(frame, len(frame.payload))
        return violation or self._assembler.frame(frame)

    def _partial(self) -> Violation | None:
        partial = self._parser.partial
        if partial is None:
            return None
        if not self._judged_partial:
            self._judged_partial = True
            violation = self._judge(partial.frame, partial.length)
            if violation is not None:
                return violation
        try:
            self._assembler.partial(partial)
        except Broken as broken:
            return broken.violation
        return None

    def _judge(self, frame: Frame, length: int) -> Violation | None:
        in_message = self._assembler.in_message
        return judge(Case(frame, length, self._role, self._compression, in_message))


class Connection(Receiver):
    """One end of an open connection: reads what comes, and encodes what is to be sent.

    ``fragment`` is how many bytes of payload a data frame has at most, else messages are whole.
    """

    def __init__(
        self,
        role: Role,
        *,
        deflate: PerMessageDeflate | None = None,
        max_size: int = DEFAULT_MAX_SIZE,
        frames: bool = False,
        fragment: int | None = None,
    ) -> None:
        super().__init__(role, deflate=deflate, max_size=max_size, frames=frames)
        self._deflater = deflate.deflater(role) if deflate else None
        self._fragment = fragment
        self._encode = encode_masked if role is Role.CLIENT else encode_unmasked
        self.close_sent = False

    def messages(self, opcode: int, payloads: Sequence[bytes]) -> bytes:
        """Encode whole data messages, compressed where that was negotiated."""
        if self._deflater is None and not self._fragment:
            return self._encode(opcode, payloads)
        return b"".join([piece for payload in payloads for piece in self.pieces(opcode, payload)])

    def pieces(self, opcode: int, payload: bytes) -> Iterator[bytes]:
        """Return the frames of one message, encoded some at a time as the iterator is advanced.

        The message is compressed at once, since each depends on those before it (RFC 7692 §7.2.1).
        """
        rsv = 0
        if self._deflater is not None:
            payload, rsv = self._deflater.compress(payload), 4
        return self._pieces(self._frames(opcode, payload, rsv))

    def _pieces(self, frames: Iterator[Frame]) -> Iterator[bytes]:
        count = max(1, min(_PIECE_FRAMES, _PIECE_SIZE // (self._fragment or _PIECE_SIZE)))
        while piece := b"".join([self.frame(each) for each in islice(frames, count)]):
            yield piece

    def _frames(self, opcode: int, payload: bytes, rsv: int) -> Iterator[Frame]:
        """Return a message's frames: the first has its opcode and its RSV1 (RFC 7692 §6.1)."""
        size = self._fragment or len(payload)
        yield Frame(opcode, payload[:size], fin=size >= len(payload), rsv=rsv)
        for start in range(size, len(payload), size):
            end = start + size
            yield Frame(Opcode.CONTINUATION, payload[start:end], fin=end >= len(payload))

    def ping(self, payload: bytes = b"") -> bytes:
        """Encode a ping of at most 125 bytes."""
        return self.frame(Frame(Opcode.PING, payload))

    def pong(self, payload: bytes = b"") -> bytes:
        """Encode a pong of at most 125 bytes."""
        return self.frame(Frame(Opcode.PONG, payload))

    def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> bytes:
        """Encode a Close frame; 1005 stands for one without a code. Cuts a reason too long."""
        self.close_sent = True
        payload = b""
        if code != CloseCode.NO_STATUS_RECEIVED:
            payload = code.to_bytes(2, "big") + cut_utf8(reason.encode(), 123)
        return self.frame(Frame(Opcode.CLOSE, payload))

    def frame(self, frame: Frame) -> bytes:
        """Encode one frame, masked with a fresh key if this end is a client's (§5.3)."""
        if self._role is Role.CLIENT:
            frame.mask_key = os.urandom(4)
        return frame.to_bytes()


def cut_utf8(data: bytes, size: int) -> bytes:
    """Return at most ``size`` bytes of UTF-8, cut between characters."""
    return data[:size].decode(errors="ignore").encode()
