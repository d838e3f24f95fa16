"""The parser: cuts a stream of bytes into frames (RFC 6455 §5.2), or into runs of short messages.

A busy stream consists of whole short messages. Parsing their frames one by one takes microseconds
for each, nearly all of it the interpreter's. In a run a frame takes a few operations, and next to
none if frames of one size follow one another. Figures in the comments are nanoseconds for a
message of 64 bytes, for which a loop that slices frame after frame takes 330.

There are three ways through this module, from the general to the fast: ``_parse_header`` for any
frame, ``_cut_unmasked`` and ``_cut_masked`` for short messages of different sizes, and
``_cut_equal_bodies`` for those of one size. The tests check that they give the same frames.
"""

from __future__ import annotations

from collections.abc import Iterator

from wscli.wire.codes import Opcode
from wscli.wire.frames import FIN, MASKED, Frame, PartialFrame
from wscli.wire.masking import KEY_SIZE, apply_mask, cut_fields, unmask_frames

_RSV1 = 0x40
_LENGTH_16 = 126  # in the second byte: the length is in the two bytes that follow
_LENGTH_64 = 127  # in the second byte: the length is in the eight bytes that follow

# Bytes on the wire after which a run ends. Empty messages are the worst case: two bytes on the wire
# become an object in a list, so a run of this size holds 49,152 of them.
_RUN_SIZE = 96 << 10
_BLOCK = 16  # this many frames of one size in a row are worth cutting together

# FIN, text or binary, and RSV1 or not: whether RSV1 is allowed is for the rules to judge. All other
# first bytes belong to frames that are rare, or have a state (fragments), or need an answer.
_RUN_STARTS = frozenset(
    FIN | rsv | opcode for rsv in (0, _RSV1) for opcode in (Opcode.TEXT, Opcode.BINARY)
)


class MessageRun:
    """Consecutive whole data messages, one frame each, that share their first byte.

    They are one object, since an object for each frame would cost more than its payload.
    """

    # Of the keys only the first is kept: it shows that the run is masked, and is evidence if a
    # frame breaks a rule. A sink that shows keys asks the parser for frames in place of runs.
    __slots__ = ("first_byte", "first_key", "payloads")

    def __init__(self, first_byte: int, first_key: bytes | None, payloads: list[bytes]) -> None:
        self.first_byte = first_byte
        self.first_key = first_key
        self.payloads = payloads

    @property
    def masked(self) -> bool:
        """Whether the frames are masked, each with its own key: all of them are, or none is."""
        return self.first_key is not None

    @property
    def first_frame(self) -> Frame:
        """The first of the frames, as it was on the wire."""
        return Frame(self.opcode, self.payloads[0], rsv=self.rsv, mask_key=self.first_key)

    @property
    def opcode(self) -> int:
        """Text or binary."""
        return self.first_byte & 0xF

    @property
    def rsv(self) -> int:
        """RSV1 as 4 where it is set (a compressed message, RFC 7692 §6), else 0."""
        return self.first_byte >> 4 & 7


class FrameParser:
    """Cut a stream of bytes into frames; any split into chunks gives the same frames.

    With ``runs``, whole short data messages in a row come as a MessageRun; without it, each frame
    comes as a Frame with every field that was on the wire.
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
            # A payload that comes in many reads is collected, not parsed again at each read: that
            # would take quadratic time for a large message.
            pos = self.partial.take(data)
            if self.partial.missing:
                return
            frame, self.partial = self.partial.frame(), None
            yield frame
            del frame  # the caller alone decides how long a payload is kept
        if self._buffer:
            # At most 13 bytes: the part of a header that the last read ended in.
            data = self._buffer + data[pos:]
            self._buffer = b""
            pos = 0
        yield from self._cut(data, pos)

    def _cut(self, data: bytes, pos: int) -> Iterator[Frame | MessageRun]:
        end = len(data)
        while pos < end:
            if self._runs and (cut := _cut_run(data, pos)) is not None:
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
    """Count the data messages that end in some bytes, which must begin with a frame."""
    # Fragments count when the last one ends. RSV bits and masks do not matter here: the bytes
    # are our own, and only their number is reported.
    count = 0
    for item in FrameParser().feed(data):
        if isinstance(item, MessageRun):
            count += len(item.payloads)
        elif item.fin and item.opcode < Opcode.CLOSE:
            count += 1
    return count


def _parse_header(data: bytes, pos: int, end: int) -> tuple[Frame, int] | None:
    """Return a frame without its payload, and the payload's position; None if bytes are missing."""
    if end - pos < 2:
        return None
    first, second = data[pos], data[pos + 1]
    length, form, start = second & 0x7F, 7, pos + 2
    if length == _LENGTH_16:
        form, start = 16, pos + 4
    elif length == _LENGTH_64:
        form, start = 64, pos + 10
    key_start = start
    if second & MASKED:
        start += 4
    if start > end:
        return None
    # The value is not judged: neither a length that a shorter field could hold, nor one with the
    # top bit set (§5.2). ``rules`` rejects both, when the sinks can see the frame already.
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


def _cut_run(data: bytes, pos: int) -> tuple[MessageRun, int] | None:
    """Cut whole data messages below 64 KiB, one frame each, that share their first byte.

    Return the run, all of it masked or none, and where it ends; None if no message is complete.
    """
    if data[pos] not in _RUN_STARTS or len(data) < pos + 2:
        return None
    # ``or``: nearly every stream is one of equal sizes or not, and the first function sees within
    # a few operations that it is not.
    if data[pos + 1] & MASKED:
        bodies, stop = _cut_equal_bodies(data, pos, KEY_SIZE) or _cut_masked(data, pos)
        key, payloads = (bodies[0][:KEY_SIZE], unmask_frames(bodies)) if bodies else (None, [])
    else:
        payloads, stop = _cut_equal_bodies(data, pos, 0) or _cut_unmasked(data, pos)
        key = None
    return (MessageRun(data[pos], key, payloads), stop) if payloads else None


# The two loops below differ in little, and look as they do for speed: local names, a bound
# ``append``, no call and no slice of the header. One loop for both was measured to be a fifth
# slower. They stop at any frame that is not of the run, and leave it to ``_parse_header``.


def _cut_unmasked(data: bytes, pos: int) -> tuple[list[bytes], int]:
    """Cut the payloads of frames of any sizes; return them and where the last frame ends."""
    payloads: list[bytes] = []
    append = payloads.append
    first, end = data[pos], len(data)
    last = min(end - 1, pos + _RUN_SIZE)
    while pos < last and data[pos] == first:
        length = data[pos + 1]
        if length < _LENGTH_16:
            start = pos + 2
        elif length == _LENGTH_16 and pos + 4 <= end:
            start = pos + 4
            length = data[pos + 2] << 8 | data[pos + 3]
            if length < _LENGTH_16:
                break  # not the shortest form, which the evidence of the violation has to show
        else:
            break
        stop = start + length
        if stop > end:
            break
        append(data[start:stop])
        pos = stop
    return payloads, pos


def _cut_masked(data: bytes, pos: int) -> tuple[list[bytes], int]:
    """Cut keys, each with its masked payload; return them and where the last frame ends."""
    bodies: list[bytes] = []
    append = bodies.append
    first, end = data[pos], len(data)
    last = min(end - 1, pos + _RUN_SIZE)
    while pos < last and data[pos] == first:
        length = data[pos + 1] - MASKED  # negative for a frame that is not masked
        if 0 <= length < _LENGTH_16:
            start = pos + 2
        elif length == _LENGTH_16 and pos + 4 <= end:
            start = pos + 4
            length = data[pos + 2] << 8 | data[pos + 3]
            if length < _LENGTH_16:
                break
        else:
            break
        stop = start + KEY_SIZE + length
        if stop > end:
            break
        append(data[start:stop])
        pos = stop
    return bodies, pos


def _cut_equal_bodies(data: bytes, pos: int, key_size: int) -> tuple[list[bytes], int] | None:
    """Cut frames with the same short header, if at least ``_BLOCK`` follow one another: takes 40.

    Return the bytes after each header, key included, and where the last frame ends.
    """
    # If all frames have one size, their headers are in columns of the data, at a fixed distance.
    # A slice with that step has the first byte of each frame, another one the second.
    frame_size = 2 + key_size + (data[pos + 1] & ~MASKED)
    probe = pos + (_BLOCK - 1) * frame_size  # the last header of the first block
    if probe >= len(data) or frame_size >= 2 + key_size + _LENGTH_16:
        return None
    # One comparison, which nearly every stream of different sizes fails. A payload that happens to
    # look like a header is found below.
    if data[probe : probe + 2] != data[pos : pos + 2]:
        return None
    whole = pos + min(len(data) - pos, _RUN_SIZE) // frame_size * frame_size
    alike = min(_count_alike(data[pos + i : whole : frame_size]) for i in range(2))
    if alike < _BLOCK:
        return None
    stop = pos + alike * frame_size
    return cut_fields(data[pos:stop], 2, frame_size - 2), stop


def _count_alike(column: bytes) -> int:
    """Count the bytes at the start that are equal."""
    # lstrip() compares in C; a loop would run in the interpreter for each frame.
    return len(column) - len(column.lstrip(column[:1]))
