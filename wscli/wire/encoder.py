"""Encode messages and control frames as one end of a connection sends them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice

from wscli.wire.codes import CloseCode, Opcode, Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.frames import FIN, MASKED, Frame, build_header, shortest_length_form
from wscli.wire.masking import KEY_SIZE, apply_mask, mask_frames

_MAX_SHORT = 125  # bytes of the longest payload whose length is in the second byte of the header

# Limits for the frames that are encoded together when a message is streamed: few enough to cost
# little memory, and enough that the caller writes them with one system call.
_PIECE_FRAMES = 1024
_PIECE_SIZE = 64 << 10  # bytes of payload; a longer frame is a piece of its own


class Encoder:
    """Encode the messages and frames that one end sends.

    ``fragment`` is the maximum payload of a data frame in bytes; without it, no message is
    fragmented.
    """

    def __init__(
        self,
        role: Role,
        *,
        deflate: PerMessageDeflate | None = None,
        fragment: int | None = None,
    ) -> None:
        self._role = role
        self._deflater = deflate.deflater(role) if deflate else None
        self._fragment = fragment
        self._encode = encode_masked if role is Role.CLIENT else encode_unmasked

    def messages(self, opcode: int, payloads: Sequence[bytes]) -> bytes:
        """Encode whole data messages, compressed where that was negotiated."""
        # The usual case is the fast one: no Frame is made, and all payloads are masked at once.
        if self._deflater is None and not self._fragment:
            return self._encode(opcode, payloads)
        return b"".join([piece for payload in payloads for piece in self.pieces(opcode, payload)])

    def pieces(self, opcode: int, payload: bytes) -> Iterator[bytes]:
        """Return the frames of one message, encoded some at a time as the iterator is advanced.

        The message is compressed at once, before the first piece is requested.
        """
        # A compressed message refers to those before it, so messages must be compressed in the
        # order in which they leave (RFC 7692 §7.1.1). The caller may advance the iterator later.
        rsv = 0
        if self._deflater is not None:
            payload, rsv = self._deflater.compress(payload), 4
        return self._pieces(self._frames(opcode, payload, rsv))

    def _pieces(self, frames: Iterator[Frame]) -> Iterator[bytes]:
        count = max(1, min(_PIECE_FRAMES, _PIECE_SIZE // (self._fragment or _PIECE_SIZE)))
        while piece := b"".join([self.frame(each) for each in islice(frames, count)]):
            yield piece

    def _frames(self, opcode: int, payload: bytes, rsv: int) -> Iterator[Frame]:
        """Yield a message's frames: only the first has its opcode and RSV1 (RFC 7692 §6.1)."""
        # RFC 7692 §6.1 compresses the message as a whole and then splits the result into frames,
        # so ``size`` is the size on the wire.
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
        """Encode a Close frame; 1005 stands for one without a code. A long reason is cut."""
        payload = b""
        if code != CloseCode.NO_STATUS_RECEIVED:
            # 125 bytes for any control frame (§5.5), less two for the code. Cut and not refused,
            # since an error here would prevent the close; ``session`` checks a caller's reason.
            payload = code.to_bytes(2, "big") + cut_utf8(reason.encode(), 123)
        return self.frame(Frame(Opcode.CLOSE, payload))

    def frame(self, frame: Frame) -> bytes:
        """Encode one frame, masked with a fresh key if this end is a client's (§5.3)."""
        if self._role is Role.CLIENT:
            # "The masking key MUST be derived from a strong source of entropy" (§5.3): whoever
            # can predict it can choose the bytes on the wire, and poison a caching proxy (§10.3).
            frame.mask_key = os.urandom(4)
        return frame.to_bytes()


def cut_utf8(data: bytes, size: int) -> bytes:
    """Return at most ``size`` bytes of UTF-8, cut between characters."""
    # Only the end can be invalid, since ``data`` is UTF-8: that is what gets ignored.
    return data[:size].decode(errors="ignore").encode()


# A look-up takes a sixth of the time of building a header. Only headers of short payloads are
# kept, since lengths up to 64 Ki would be that many objects for a gain that long messages hide.
class _HeadersByLength(dict[int, bytes]):
    """Headers of whole messages by the length of the payload, without a mask key."""

    def __init__(self, first_byte: int, mask_bit: int) -> None:
        self._bits = first_byte, mask_bit
        super().__init__({length: self[length] for length in range(_MAX_SHORT + 1)})

    def __missing__(self, length: int) -> bytes:
        return build_header(*self._bits, length, shortest_length_form(length))


def _headers(mask_bit: int) -> dict[int, _HeadersByLength]:
    return {
        opcode: _HeadersByLength(FIN | opcode, mask_bit) for opcode in (Opcode.TEXT, Opcode.BINARY)
    }


_MASKED_HEADERS = _headers(MASKED)
_UNMASKED_HEADERS = _headers(0)


def encode_masked(opcode: int, payloads: Sequence[bytes]) -> bytes:
    """Encode whole messages as a client does, each frame masked with a fresh key (§5.3)."""
    headers = _MASKED_HEADERS[opcode]
    # "The client MUST pick a fresh masking key" for each frame (§5.3). One system call gets the
    # keys of all of them; a call for each would take longer than masking a short message.
    random = os.urandom(KEY_SIZE * len(payloads))
    if len(payloads) == 1:
        (payload,) = payloads
        return b"".join((headers[len(payload)], random, apply_mask(payload, random)))
    return mask_frames(headers, random, payloads)


def encode_unmasked(opcode: int, payloads: Sequence[bytes]) -> bytes:
    """Encode whole messages as a server does."""
    headers = _UNMASKED_HEADERS[opcode]
    return b"".join([headers[len(payload)] + payload for payload in payloads])
