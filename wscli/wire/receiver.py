"""Read the bytes of one direction of a connection: bytes in, frames and events out, in batches.

Each end has a ``Receiver`` for the bytes of its peer. A second, lenient one may read the bytes that
the end itself sends, so that the sinks see the outgoing traffic as it is on the wire.

Work is bounded in three places: by the batches here, by the runs of the parser, and by the steps of
the inflater. Without any one of them a peer could make a single call take minutes or gigabytes.
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

# A batch ends at either limit. One read of 512 KiB may hold 260,000 empty fragments, whose objects
# take some fifty times the memory of their bytes.
_BATCH_FRAMES = 8192
_BATCH_SIZE = 1 << 20  # inflated bytes; without compression, a read limits them already


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
        self._judged_partial = False  # whether the header of the incomplete frame has been judged
        self._legal: set[tuple[int, bool, int, bool, bool]] = set()  # see ``_judge``
        self._legal_run: tuple[int, bool, bool] | None = None  # see ``_run``
        self.done = False

    @classmethod
    def of_sent(cls, role: Role, deflate: PerMessageDeflate | None, *, frames: bool) -> Receiver:
        """Return a lenient receiver for observing outgoing traffic; ``role`` is the peer's."""
        # Lenient: forged frames are to be shown, not judged. No limit: what was sent is in memory
        # already.
        return cls(role, deflate=deflate, max_size=1 << 62, frames=frames, strict=False)

    @property
    def mid_message(self) -> bool:
        """Whether the bytes so far end inside a frame or inside a fragmented message."""
        return self._parser.mid_frame or self._assembler.in_message

    def receive(self, data: bytes) -> Iterator[list[Item]]:
        """Yield frames and, each after the frame that completes it, events, in batches.

        A batch is decoded when it is requested: one read may inflate to gigabytes. It holds at
        most some thousand frames, and about 1 MiB of inflated messages plus the last of them. Take
        all batches before the next call.

        Whole short messages come as a MessageRun; with ``frames`` each is a Frame. After a Close or
        a Violation, a strict receiver yields nothing more. A Violation follows the frame that
        breaks the rule, which may be incomplete.
        """
        items: list[Item] = []
        frames = size = 0
        for item in self._items(data):
            # The batch is cut before a frame and never between a frame and its event, so that the
            # sinks see both at the same time.
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
            # "An endpoint MUST NOT continue to attempt to process data [...] after being instructed
            # to Fail the WebSocket Connection" (§7.1.7); after a Close, data is discarded (§1.4).
            if self.done:
                return
        # An incomplete frame is judged already: its payload may take hours to arrive, or never do.
        if self._strict:
            yield from self._partial()

    def _run(self, run: MessageRun) -> Iterator[Event]:
        # The frames of a run differ only in length, key and payload, and the parser has checked the
        # form of the lengths. So the first frame is judged for all of them. Where one message comes
        # at a time, each is a run, nearly always like the last one: its frame is not even built.
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
        # Not twice: the first part of this frame may have begun a message, so the frame would
        # seem to interrupt the message that it belongs to.
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
        """Yield an incomplete frame and the violation, if it breaks a rule already."""
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
        # Most frames are short and like an earlier one that was legal, so the table need not
        # be searched for each of a million fragments. The shape has all that the rules look at but
        # the length, about which a 7-bit length cannot be wrong.
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
    """Turn frames whose headers have been judged into events.

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
        # A payload of a run has less than 64 KiB, so the size of each needs a check only if the
        # limit is lower. Compressed messages must be inflated in order, one after another.
        together = not run.rsv and self._max_size >= 1 << 16
        messages = _checked_together(run) if together else None
        # One by one also to find out which message is not UTF-8: those before it are good.
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
                del message  # or its payload would be kept while the next one is inflated
                yield Messages(run.opcode, good)
                good, size = [], 0
        if good:
            yield Messages(run.opcode, good)
        if broken is not None:
            raise broken

    def frame(self, frame: Frame) -> Event | None:
        """Return the event that a frame completes, if any.

        Raises:
            InvalidPayload: if its payload breaks a rule; its message is abandoned.
        """
        # "Control frames MAY be injected in the middle of a fragmented message" (§5.4), so they
        # leave ``self._message`` as it is.
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
        if partial.header.opcode & 0x8:  # a control frame: at most 125 bytes, soon complete
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
            # Joined with line feeds, all are checked at once. A line feed is never part of a longer
            # sequence, so it cannot complete one that is cut off at the end of a payload.
            b"\n".join(run.payloads).decode()
        except UnicodeDecodeError:
            return None
    return Messages(run.opcode, run.payloads)
