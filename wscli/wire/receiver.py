"""Read the bytes of one direction of a connection: bytes in, frames and events out, in batches.

Each end has one for the bytes of its peer. A second, lenient one may read the bytes that the end
itself sends, so that the sinks see the outgoing traffic as it is on the wire.
"""

from __future__ import annotations

from collections.abc import Iterator

from wscli.wire.codes import DEFAULT_MAX_SIZE, Opcode, Role
from wscli.wire.deflate import Inflater, PerMessageDeflate
from wscli.wire.events import Close, Event, Messages, Ping, Pong
from wscli.wire.frames import Frame, PartialFrame
from wscli.wire.messages import InvalidPayload, PartialMessage, read_close
from wscli.wire.parser import FrameParser, MessageRun
from wscli.wire.rules import FrameContext, Violation, judge

Item = Frame | MessageRun | Event

_BATCH_FRAMES = 8192  # frames of a batch at most
_BATCH_SIZE = 1 << 20  # inflated bytes of a batch, after which it is passed on


class Receiver:
    """Read the bytes that the other role sends.

    A strict receiver stops at the first violation (RFC 6455 §7.1.7) and at a Close frame (§1.4):
    later bytes are not read. A lenient one continues, and ignores incomplete frames.
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
        self._legal: set[tuple[int, bool, int, bool, bool]] = set()
        self._legal_run: tuple[int, bool, bool] | None = None
        self.done = False

    @classmethod
    def of_sent(cls, role: Role, deflate: PerMessageDeflate | None, *, frames: bool) -> Receiver:
        """Return a lenient receiver for observing outgoing traffic."""
        return cls(role, deflate=deflate, max_size=1 << 62, frames=frames, strict=False)

    @property
    def mid_message(self) -> bool:
        """Whether the bytes so far end inside a frame or inside a fragmented message."""
        return self._parser.mid_frame or self._assembler.in_message

    def receive(self, data: bytes) -> Iterator[list[Item]]:
        """Yield frames and, each after the frame that completes it, events, in batches.

        A batch is decoded when it is requested: one read may inflate to gigabytes. It holds at
        most some thousand frames, and about 1 MiB of inflated messages beyond the last of them.
        Take all batches before the next call.

        Whole short messages come as MessageRun without frames; with ``frames`` each is a Frame.
        The last item of a strict receiver's last batch is a Close or a Violation; a Violation
        follows the frame that breaks the rule, which may be incomplete.
        """
        items: list[Item] = []
        frames = size = 0
        for item in self._items(data):
            if isinstance(item, Frame | MessageRun):
                if frames >= _BATCH_FRAMES:
                    yield items
                    items, frames, size = [], 0, 0
                frames += len(item.payloads) if isinstance(item, MessageRun) else 1
            elif self._compression and isinstance(item, Messages):
                size += sum(map(len, item.payloads))
            items.append(item)
            del item  # or it would be kept while the next one is inflated
            if size >= _BATCH_SIZE:
                yield items
                items, frames, size = [], 0, 0
        if items:
            yield items

    def _items(self, data: bytes) -> Iterator[Item]:
        if self.done:
            return
        for part in self._parser.feed(data):
            yield part
            if isinstance(part, MessageRun):
                yield from self._run(part)
            elif (event := self._frame(part)) is not None:
                yield event
                del event
            if self.done:
                return
        if self._strict:
            yield from self._partial()

    def _run(self, run: MessageRun) -> Iterator[Event]:
        # All headers of a run are alike, so the first stands for all. One message after another is
        # a run each, nearly always like the last one: then its frame is not built to be judged.
        shape = (run.first_byte, run.masked, self._assembler.in_message)
        violation = None if shape == self._legal_run else self._judge(run.first_frame)
        if violation is None:
            self._legal_run = shape
            try:
                yield from self._assembler.run(run)
            except InvalidPayload as broken:
                violation = broken.violation
        if violation is not None:
            self._end_at(violation)
            yield violation

    def _frame(self, frame: Frame) -> Event | None:
        judged, self._judged_partial = self._judged_partial, False
        event: Event | None = None if judged else self._judge(frame)
        if event is None:
            try:
                event = self._assembler.frame(frame)
            except InvalidPayload as broken:
                event = broken.violation
        self._end_at(event)
        return event

    def _partial(self) -> Iterator[Item]:
        """Yield an incomplete frame and the violation, where it breaks a rule already."""
        partial = self._parser.partial
        if partial is None:
            return
        violation = None if self._judged_partial else self._judge(partial.header)
        self._judged_partial = True
        if violation is None:
            try:
                self._assembler.partial(partial)
                return
            except InvalidPayload as broken:
                violation = broken.violation
        self._end_at(violation)
        yield partial.frame()
        yield violation

    def _judge(self, frame: Frame) -> Violation | None:
        # Most frames are short and like an earlier one that was legal: the rules need not be
        # checked for each of a million fragments.
        in_message = self._assembler.in_message
        shape = (frame.opcode, frame.fin, frame.rsv, frame.mask_key is None, in_message)
        short = frame.length_form == 7
        if short and shape in self._legal:
            return None
        violation = judge(FrameContext(frame, self._role, self._compression, in_message))
        if short and violation is None:
            self._legal.add(shape)
        return violation

    def _end_at(self, event: Event | None) -> None:
        self.done = self._strict and isinstance(event, Close | Violation)


class Assembler:
    """Turn frames whose headers have been checked into events.

    A message may have at most ``max_size`` bytes, both on the wire and inflated.
    """

    def __init__(self, max_size: int, inflater: Inflater | None = None) -> None:
        self._max_size = max_size
        self._inflater = inflater
        self._message: PartialMessage | None = None

    @property
    def in_message(self) -> bool:
        """Whether the next data frame must be a continuation."""
        return self._message is not None

    def run(self, run: MessageRun) -> Iterator[Messages]:
        """Yield the messages of a run, inflated as they are requested.

        Raises:
            InvalidPayload: at the message that breaks a rule, after those before it.
        """
        # A payload of a run is below 64 KiB, so that only a smaller limit is checked for each.
        together = not run.rsv and self._max_size >= 1 << 16
        messages = _checked_together(run) if together else None
        if messages is None:
            yield from self._one_by_one(run)
        else:
            yield messages

    def _one_by_one(self, run: MessageRun) -> Iterator[Messages]:
        good: list[bytes] = []
        size = 0
        broken = None
        for payload in run.payloads:
            message = PartialMessage(
                run.opcode, self._max_size, self._inflater if run.rsv else None
            )
            try:
                message.add(Frame(run.opcode, payload))
            except InvalidPayload as error:
                broken = error
                break
            good.append(message.payload())
            size += message.size
            if size >= _BATCH_SIZE:
                del message  # or it would be kept while the next one is inflated
                yield Messages(run.opcode, good)
                good, size = [], 0
        if good:
            yield Messages(run.opcode, good)
        if broken is not None:
            raise broken

    def frame(self, frame: Frame) -> Event | None:
        """Return the event that a frame completes, if any.

        Raises:
            InvalidPayload: if its payload breaks a rule; the message it belongs to is given up.
        """
        if frame.opcode == Opcode.CLOSE:
            return read_close(frame.payload)
        if frame.opcode == Opcode.PING:
            return Ping(frame.payload)
        if frame.opcode == Opcode.PONG:
            return Pong(frame.payload)
        message = self._message or self._begin(frame)
        try:
            message.add(frame)
        except InvalidPayload:
            self._message = None
            raise
        if not frame.fin:
            return None
        self._message = None
        return Messages(message.opcode, [message.payload()])

    def partial(self, partial: PartialFrame) -> None:
        """Check the part of an incomplete frame that has arrived.

        Raises:
            InvalidPayload: at the first invalid octet, however much is still to come.
        """
        if partial.header.opcode & 0x8:
            return
        self._message = self._message or self._begin(partial.header)
        self._message.check_partial(partial)

    def _begin(self, frame: Frame) -> PartialMessage:
        self._message = PartialMessage(
            frame.opcode, self._max_size, self._inflater if frame.rsv & 4 else None
        )
        return self._message


def _checked_together(run: MessageRun) -> Messages | None:
    """Return the messages of a run, or None if a text among them is not valid UTF-8."""
    if run.opcode == Opcode.TEXT:
        try:
            # Joined with line feeds, all are checked in one go: a line feed is never part of a
            # longer sequence, so it does not complete one that the end of a payload cuts.
            b"\n".join(run.payloads).decode()
        except UnicodeDecodeError:
            return None
    return Messages(run.opcode, run.payloads)
