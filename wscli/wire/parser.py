"""The parser: cuts a stream of bytes into frames (RFC 6455 §5.2)."""

from __future__ import annotations

from collections.abc import Iterator

from wscli.wire.codes import Opcode
from wscli.wire.frames import FIN, MASKED, Frame, MessageRun, PartialFrame
from wscli.wire.masking import apply_mask
from wscli.wire.runs import cut_run


class FrameParser:
    """Cut a stream of bytes into frames; any split into chunks gives the same frames.

    With ``runs`` the common case, whole short data messages one after another, comes as MessageRun;
    without it, each frame comes as a Frame with every field that was on the wire.
    """

    def __init__(self, *, runs: bool = True) -> None:
        self._runs = runs
        self._buffer = b""
        self.partial: PartialFrame | None = None

    @property
    def mid_frame(self) -> bool:
        """Whether the bytes fed so far end inside a frame."""
        return bool(self._buffer) or self.partial is not None

    def feed(self, data: bytes) -> Iterator[Frame | MessageRun]:
        """Yield the frames that ``data`` completes; an incomplete one is ``partial``.

        Each is parsed when it is requested. Take them all before the next call.
        """
        pos = 0
        if self.partial is not None:
            pos = self.partial.take(data)
            if self.partial.missing:
                return
            frame, self.partial = self.partial.frame(), None
            yield frame
            del frame  # the caller alone decides how long a payload is kept
        if self._buffer:
            data = self._buffer + data[pos:]
            self._buffer = b""
            pos = 0
        yield from self._cut(data, pos)

    def _cut(self, data: bytes, pos: int) -> Iterator[Frame | MessageRun]:
        end = len(data)
        while pos < end:
            if self._runs and (cut := cut_run(data, pos)) is not None:
                run, pos = cut
                yield run
                del run, cut  # the caller alone decides how long the payloads are kept
                continue
            header = _parse_header(data, pos, end)
            if header is None:
                self._buffer = data[pos:]
                return
            frame, start = header
            pos = start + frame.length
            if pos > end:
                self.partial = PartialFrame(frame)
                self.partial.take(data[start:])
                return
            frame.payload = data[start:pos]
            if frame.mask_key is not None:
                frame.payload = apply_mask(frame.payload, frame.mask_key)
            yield frame


def count_messages(data: bytes) -> int:
    """Count the data messages that end in some bytes; these begin with a frame."""
    count = 0
    for item in FrameParser().feed(data):
        if isinstance(item, MessageRun):
            count += len(item.payloads)
        elif item.fin and item.opcode < Opcode.CLOSE:
            count += 1
    return count


def _parse_header(data: bytes, pos: int, end: int) -> tuple[Frame, int] | None:
    """Return a frame without its payload and where that starts, or None if bytes are missing."""
    if end - pos < 2:
        return None
    first, second = data[pos], data[pos + 1]
    length, form, start = second & 0x7F, 7, pos + 2
    if length == 126:
        form, start = 16, pos + 4
    elif length == 127:
        form, start = 64, pos + 10
    key_start = start
    if second & MASKED:
        start += 4
    if start > end:
        return None
    if form == 16:
        length = int.from_bytes(data[pos + 2 : pos + 4], "big")
    elif form == 64:
        length = int.from_bytes(data[pos + 2 : pos + 10], "big")
    frame = Frame(
        first & 0xF,
        fin=bool(first & FIN),
        rsv=first >> 4 & 7,
        mask_key=data[key_start:start] if second & MASKED else None,
        length=length,
        length_form=form,
    )
    return frame, start
