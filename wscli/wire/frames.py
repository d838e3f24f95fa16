"""Frames as they are on the wire (RFC 6455 §5.2): cut from a stream of chunks, and built.

Nothing here judges: a frame that breaks a rule is parsed and built like any other.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence

from wscli.wire.buffer import PayloadBuffer
from wscli.wire.codes import Opcode
from wscli.wire.masking import apply_mask, xor

_LENGTH_16 = struct.Struct("!H")
_LENGTH_64 = struct.Struct("!Q")
_FIN = 0x80
_MASKED = 0x80
_SHORT = 126  # payloads below this have their length in the second byte

# First bytes of frames that a run may hold: FIN, text or binary, compressed (RSV1) or not.
_RUN_STARTS = frozenset({0x81, 0x82, 0xC1, 0xC2})
_RUN_SIZE = 96 << 10  # bytes on the wire after which a run ends, so that it holds few objects


class Frame:
    """One frame, received or to be sent.

    ``rsv`` holds RSV1, RSV2 and RSV3 as the bits 4, 2 and 1. ``payload`` is unmasked; ``mask_key``
    is None where the MASK bit is off. ``length`` is the payload's length as the header declares
    it: the payload is shorter where a received frame is incomplete. ``length_form`` is the width
    in bits of the length field (7, 16 or 64), by default the shortest that fits.
    """

    __slots__ = ("fin", "length", "length_form", "mask_key", "opcode", "payload", "rsv")

    def __init__(
        self,
        opcode: int,
        payload: bytes = b"",
        *,
        fin: bool = True,
        rsv: int = 0,
        mask_key: bytes | None = None,
        length: int | None = None,
        length_form: int | None = None,
    ) -> None:
        self.opcode = opcode
        self.payload = payload
        self.fin = fin
        self.rsv = rsv
        self.mask_key = mask_key
        self.length = len(payload) if length is None else length
        self.length_form = length_form or shortest_length_form(self.length)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frame) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"Frame({fields})"

    @property
    def complete(self) -> bool:
        """Whether the payload has the length that the header declares."""
        return len(self.payload) == self.length

    @property
    def header_size(self) -> int:
        """Bytes before the payload: 2 to 14."""
        return 2 + (self.length_form >= 16) * (self.length_form // 8) + 4 * bool(self.mask_key)

    @property
    def wire_size(self) -> int:
        """Bytes of the frame on the wire, as far as it has arrived."""
        return self.header_size + len(self.payload)

    def to_bytes(self) -> bytes:
        """Return the frame as it is on the wire; a parsed frame is returned byte for byte."""
        first = self.fin << 7 | self.rsv << 4 | self.opcode
        mask_bit = _MASKED if self.mask_key is not None else 0
        length = self.length
        if self.length_form == 7:
            header = bytes([first, mask_bit | length])
        elif self.length_form == 16:
            header = bytes([first, mask_bit | 126]) + _LENGTH_16.pack(length)
        else:
            header = bytes([first, mask_bit | 127]) + _LENGTH_64.pack(length)
        if self.mask_key is None:
            return header + self.payload
        return b"".join((header, self.mask_key, apply_mask(self.payload, self.mask_key)))


def shortest_length_form(length: int) -> int:
    """Return the width in bits of the shortest length field for a payload (§5.2)."""
    return 7 if length < _SHORT else 16 if length < 1 << 16 else 64


class MessageRun:
    """Consecutive whole data messages, one frame each, that share their first byte.

    What a busy stream consists of: kept as one object, so that nothing is paid for each frame.
    """

    __slots__ = ("first_byte", "first_key", "payloads")

    def __init__(self, first_byte: int, first_key: bytes | None, payloads: list[bytes]) -> None:
        self.first_byte = first_byte
        self.first_key = first_key
        self.payloads = payloads

    @property
    def masked(self) -> bool:
        """Whether all frames are masked, each with its own key, or none is."""
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


class PartialFrame:
    """A frame whose header has arrived, and whose payload has not arrived completely.

    ``latest`` is the part of the payload that arrived last, unmasked.
    """

    __slots__ = ("_frame", "_pieces", "latest")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self.latest = b""
        self._pieces = PayloadBuffer()

    @property
    def header(self) -> Frame:
        """The frame without its payload."""
        return self._frame

    @property
    def received(self) -> int:
        """Bytes of the payload that have arrived."""
        return self._pieces.size

    @property
    def missing(self) -> int:
        """Bytes of the payload that have yet to arrive."""
        return self._frame.length - self._pieces.size

    def take(self, data: bytes) -> int:
        """Take what belongs to this frame from the start of ``data``; return how much that was."""
        missing = self.missing
        piece = data[:missing] if len(data) > missing else data
        if self._frame.mask_key is not None:
            piece = apply_mask(piece, self._frame.mask_key, self.received)
        self.latest = piece
        self._pieces.add(piece)
        return len(piece)

    def frame(self) -> Frame:
        """Return the frame with the payload that has arrived; take nothing more afterwards."""
        self._frame.payload = self._pieces.join()
        return self._frame


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
            if self._runs and data[pos] in _RUN_STARTS:
                masked = end - pos > 1 and data[pos + 1] >= _MASKED
                payloads, stop = (_masked_run if masked else _unmasked_run)(data, pos, end)
                if payloads:
                    key = _first_key(data, pos) if masked else None
                    yield MessageRun(data[pos], key, payloads)
                    del payloads
                    pos = stop
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
    if second & _MASKED:
        start += 4
    if start > end:
        return None
    if form == 16:
        length = _LENGTH_16.unpack_from(data, pos + 2)[0]
    elif form == 64:
        length = _LENGTH_64.unpack_from(data, pos + 2)[0]
    frame = Frame(
        first & 0xF,
        fin=bool(first & _FIN),
        rsv=first >> 4 & 7,
        mask_key=data[key_start:start] if second & _MASKED else None,
        length=length,
        length_form=form,
    )
    return frame, start


def _first_key(data: bytes, pos: int) -> bytes:
    """Return the mask key of a frame that begins a run."""
    start = pos + (4 if data[pos + 1] == _MASKED | _SHORT else 2)
    return data[start : start + 4]


def _unmasked_run(data: bytes, pos: int, end: int) -> tuple[list[bytes], int]:
    """Cut whole unmasked frames that share their first byte, as long as they are short."""
    payloads: list[bytes] = []
    append = payloads.append
    first = data[pos]
    last = min(end - 1, pos + _RUN_SIZE)
    while pos < last and data[pos] == first:
        length = data[pos + 1]
        if length < _SHORT:
            start = pos + 2
        elif length == _SHORT and pos + 4 <= end:
            start = pos + 4
            length = data[pos + 2] << 8 | data[pos + 3]
            if length < _SHORT:
                break
        else:
            break
        stop = start + length
        if stop > end:
            break
        append(data[start:stop])
        pos = stop
    return payloads, pos


def _masked_run(data: bytes, pos: int, end: int) -> tuple[list[bytes], int]:
    """Cut whole masked frames that share their first byte, as long as they are short."""
    begin = pos
    first = data[pos]
    last = min(end - 5, pos + _RUN_SIZE)
    bounds: list[tuple[int, int]] = []
    mask: list[bytes] = []
    while pos < last and data[pos] == first:
        length = data[pos + 1] - _MASKED
        if 0 <= length < _SHORT:
            start = pos + 6
        elif length == _SHORT and end - pos >= 8:
            start = pos + 8
            length = data[pos + 2] << 8 | data[pos + 3]
            if length < _SHORT:
                break
        else:
            break
        stop = start + length
        if stop > end:
            break
        mask.append(bytes(start - pos))
        mask.append((data[start - 4 : start] * (length // 4 + 1))[:length])
        bounds.append((start - begin, stop - begin))
        pos = stop
    plain = xor(data[begin:pos], b"".join(mask))
    return [plain[start:stop] for start, stop in bounds], pos


def _short_headers(mask_bit: int) -> dict[int, list[bytes]]:
    """Return the two bytes before a short message, by first byte and length."""
    return {
        first: [bytes([first, mask_bit | length]) for length in range(_SHORT)]
        for first in (_FIN | Opcode.TEXT, _FIN | Opcode.BINARY)
    }


_MASKED_HEADERS = _short_headers(_MASKED)
_UNMASKED_HEADERS = _short_headers(0)
_KEY = struct.Struct("4s")
_SIX_ZEROS = bytes(6)  # the header and key of a short masked frame are not masked themselves


def encode_masked(opcode: int, payloads: Sequence[bytes]) -> bytes:
    """Encode whole messages as a client does, each frame masked with a fresh key (§5.3)."""
    count = len(payloads)
    keys = [key for (key,) in _KEY.iter_unpack(os.urandom(4 * count))]
    if count == 1 or max(map(len, payloads), default=0) >= _SHORT:
        return b"".join(
            [
                Frame(opcode, payload, mask_key=key).to_bytes()
                for payload, key in zip(payloads, keys, strict=True)
            ]
        )
    headers = _MASKED_HEADERS[_FIN | opcode]
    plain = [b""] * (3 * count)
    plain[0::3] = [headers[len(payload)] for payload in payloads]
    plain[1::3] = keys
    plain[2::3] = payloads
    mask = [_SIX_ZEROS] * (2 * count)
    mask[1::2] = [(key * 32)[: len(payload)] for payload, key in zip(payloads, keys, strict=True)]
    return xor(b"".join(plain), b"".join(mask))


def encode_unmasked(opcode: int, payloads: Sequence[bytes]) -> bytes:
    """Encode whole messages as a server does."""
    headers = _UNMASKED_HEADERS[_FIN | opcode]
    return b"".join(
        [
            headers[len(payload)] + payload
            if len(payload) < _SHORT
            else Frame(opcode, payload).to_bytes()
            for payload in payloads
        ]
    )
