"""Read the bytes of one direction of a connection: bytes in, frames and events out, in batches.

Either end has one for what its peer sends. Another, lenient one may read what an end sends itself,
so that the sinks see the outgoing traffic as it is on the wire.
"""

from __future__ import annotations

from collections.abc import Iterator

from wscli.wire.codes import DEFAULT_MAX_SIZE, Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.events import Close, Event, Messages
from wscli.wire.frames import Frame
from wscli.wire.messages import BATCH_SIZE, Assembler, InvalidPayload
from wscli.wire.parser import FrameParser, MessageRun
from wscli.wire.rules import FrameContext, Violation, judge

Item = Frame | MessageRun | Event

_BATCH_FRAMES = 8192  # frames of a batch at most


class Receiver:
    """Read the bytes that the other role sends.

    A strict receiver stops at the first violation (RFC 6455 §7.1.7) and at a Close frame (§1.4):
    what follows is not read. A lenient one goes on, and ignores incomplete frames.
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

        Whole short messages come as Run without their frames; with ``frames`` each is a Frame.
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
            if size >= BATCH_SIZE:
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
        # All headers of a run are alike, so the first stands for all.
        violation = self._judge(run.first_frame)
        if violation is None:
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
