"""Single frames as they are on the wire (RFC 6455 §5.2), complete or not.

Nothing here judges: a frame that breaks a rule is parsed and built like any other.
"""

from __future__ import annotations

import struct

from wscli.wire.buffer import PayloadBuffer
from wscli.wire.masking import apply_mask

_LENGTH_16 = struct.Struct("!BBH")
_LENGTH_64 = struct.Struct("!BBQ")
FIN = 0x80
MASKED = 0x80


class Frame:
    """One frame, received or to be sent.

    ``rsv`` holds RSV1, RSV2 and RSV3 as the bits 4, 2 and 1. ``payload`` is unmasked; ``mask_key``
    is None if the MASK bit is off. ``length`` is the length that the header declares; the payload
    is shorter if a received frame is incomplete. ``length_form`` is the width in bits of the length
    field (7, 16 or 64), by default the shortest that fits.
    """

    # Key and length form are kept although a decoder needs neither: a user can see them, the rules
    # judge them, and ``to_bytes`` has to return a received frame byte for byte.
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
        """Return the frame as it is on the wire; for a parsed frame, the bytes that were parsed."""
        first = self.fin << 7 | self.rsv << 4 | self.opcode
        # None and not falsy: a key of four zeros is a key, and has the MASK bit.
        mask_bit = MASKED if self.mask_key is not None else 0
        header = build_header(first, mask_bit, self.length, self.length_form)
        if self.mask_key is None:
            return header + self.payload
        return b"".join((header, self.mask_key, apply_mask(self.payload, self.mask_key)))


def build_header(first_byte: int, mask_bit: int, length: int, length_form: int) -> bytes:
    """Return the header of a frame without its mask key."""
    if length_form == 7:
        return bytes([first_byte, mask_bit | length])
    if length_form == 16:
        return _LENGTH_16.pack(first_byte, mask_bit | 126, length)
    return _LENGTH_64.pack(first_byte, mask_bit | 127, length)


def shortest_length_form(length: int) -> int:
    """Return the width in bits of the shortest length field for a payload (§5.2)."""
    # 126 and 127 in the seven bits announce the longer fields, so 125 is the longest short length.
    return 7 if length < 126 else 16 if length < 1 << 16 else 64


class PartialFrame:
    """A frame whose header has arrived and whose payload is incomplete.

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
        """Bytes of the payload that are still to come."""
        return self._frame.length - self._pieces.size

    def take(self, data: bytes) -> int:
        """Take the bytes of this frame from the start of ``data``; return how many there were."""
        missing = self.missing
        piece = data[:missing] if len(data) > missing else data
        # Unmasked as it arrives: the UTF-8 check reads each piece, and unmasking a large payload at
        # the end would need its memory twice.
        if self._frame.mask_key is not None:
            piece = apply_mask(piece, self._frame.mask_key, self.received)
        self.latest = piece
        self._pieces.add(piece)
        return len(piece)

    def frame(self) -> Frame:
        """Return the frame with the payload that has arrived; call ``take`` no more after this."""
        self._frame.payload = self._pieces.join()
        return self._frame
