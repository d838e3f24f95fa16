"""Payloads: of a message while its fragments arrive (RFC 6455 §5.4), and of a Close (§5.5.1).

Fragments are joined, inflated and checked as they arrive, so that a violation is reported at the
first octet that breaks a rule, however much is still to come.
"""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder

from wscli.wire.buffer import PayloadBuffer
from wscli.wire.codes import CloseCode, Opcode, close_code_name, may_be_sent
from wscli.wire.deflate import BrokenDeflate, Inflater, TooBig
from wscli.wire.events import Close
from wscli.wire.frames import Frame, PartialFrame
from wscli.wire.rules import (
    CLOSE_CODE,
    CLOSE_LENGTH,
    DEFLATE_DATA,
    MESSAGE_SIZE,
    REASON_NOT_UTF8,
    TEXT_NOT_UTF8,
    Rule,
    Violation,
)

_utf8_decoder = getincrementaldecoder("utf-8")


class InvalidPayload(Exception):
    """A payload breaks a rule."""

    def __init__(self, rule: Rule, evidence: str) -> None:
        super().__init__(evidence)
        self.violation = Violation(rule, evidence)


class PartialMessage:
    """A data message while its fragments arrive."""

    def __init__(self, opcode: int, max_size: int, inflater: Inflater | None) -> None:
        self.opcode = opcode
        self._inflater = inflater
        self._max_size = max_size
        self._pieces = PayloadBuffer()
        self._utf8 = _Utf8Check() if opcode == Opcode.TEXT else None
        self._checked = 0  # bytes of the current frame that have been through the UTF-8 check

    @property
    def size(self) -> int:
        """Bytes of payload so far."""
        return self._pieces.size

    def add(self, frame: Frame) -> None:
        """Add the payload of a frame.

        Raises:
            InvalidPayload: if the payload breaks a rule; then the message must be abandoned.
        """
        if not frame.payload and not frame.fin:
            return  # a flood of empty fragments is legal, and should cost little
        self._limit_declared(len(frame.payload))
        if self._inflater is None:
            self._pieces.add(frame.payload)
            if self._utf8 is not None:
                # Only the rest: ``check_partial`` has seen what arrived in earlier reads.
                self._utf8.check(frame.payload[self._checked :], last=frame.fin)
        else:
            self._inflate(self._inflater, frame.payload, frame.fin)
        self._checked = 0

    def check_partial(self, partial: PartialFrame) -> None:
        """Check the received part of a frame, which is passed to ``add`` when it is complete.

        Raises:
            InvalidPayload: at the first invalid octet.
        """
        # The header tells the size before the payload arrives, so a frame of 2**60 bytes is
        # rejected with nothing of it in memory (§10.4).
        self._limit_declared(partial.header.length)
        # A compressed frame is inflated only when it is complete: its payload is in memory anyway,
        # and limited by its declared length.
        if self._inflater is None:
            self._check_utf8(partial.latest, last=False)
            self._checked = partial.received

    def payload(self) -> bytes:
        """Return the payload added so far."""
        return self._pieces.join()

    def _check_utf8(self, data: bytes, *, last: bool) -> None:
        if self._utf8 is not None:
            self._utf8.check(data, last=last)

    def _limit_declared(self, length: int) -> None:
        room = self._max_size - self.size
        # Data that cannot be compressed grows a little; a message of just the limit must pass. The
        # terms are those of zlib's own bound, compressBound().
        slack = (room >> 12) + (room >> 14) + 64 if self._inflater is not None else 0
        if length > room + slack:
            raise self._too_big(f"{self.size + length:,} bytes")

    def _inflate(self, inflater: Inflater, data: bytes, last: bool) -> None:
        try:
            for piece in inflater.inflate(data, last=last, room=self._max_size - self.size):
                self._pieces.add(piece)
                self._check_utf8(piece, last=False)
        except BrokenDeflate as error:
            raise InvalidPayload(DEFLATE_DATA, str(error)) from None
        except TooBig:
            raise self._too_big(f"{len(data):,} bytes inflate to more") from None
        # Separate, since the inflater does not say which of its pieces is the last one.
        if last:
            self._check_utf8(b"", last=True)

    def _too_big(self, evidence: str) -> InvalidPayload:
        return InvalidPayload(MESSAGE_SIZE, f"{evidence}; the limit is {self._max_size:,} bytes")


# "Note that a particular text frame might include a partial UTF-8 sequence; however, the whole
# message MUST contain valid UTF-8" (§5.6). So the decoder's state lives as long as the message.
class _Utf8Check:
    """Validate the UTF-8 of a message piece by piece, up to the first invalid octet."""

    def __init__(self) -> None:
        self._decoder: IncrementalDecoder = _utf8_decoder()
        self._passed = 0

    def check(self, data: bytes, *, last: bool) -> None:
        """Check the next piece; raise InvalidPayload at the first invalid octet."""
        held = self._decoder.getstate()[0]  # octets of a character that is not complete yet
        # ED A0 to ED BF begin a surrogate, which UTF-8 excludes (RFC 3629 §3). The second octet is
        # invalid already, but Python's decoder waits for the third before it says so.
        tail = (held + data[-2:])[-2:]
        surrogate = len(tail) == 2 and tail[0] == 0xED and tail[1] >= 0xA0
        try:
            self._decoder.decode(data, last or surrogate)
        except UnicodeDecodeError as error:
            # With the next octet: "c3 28" shows why c3 is wrong. The decoder counts positions
            # from the octets that it held back.
            octets = error.object[error.start : error.end + 1].hex(" ")
            offset = self._passed - len(held) + error.start
            evidence = f"{octets} at byte {offset:,} of the message: {error.reason}"
            raise InvalidPayload(TEXT_NOT_UTF8, evidence) from None
        self._passed += len(data)


def read_close(payload: bytes) -> Close:
    """Read the payload of a Close frame (RFC 6455 §5.5.1).

    Raises:
        InvalidPayload: for half a code, a code that may not be sent, or a reason that is not UTF-8.
    """
    # "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer"
    # (§5.5.1); a Close without a body counts as 1005 (§7.1.5).
    if not payload:
        return Close(CloseCode.NO_STATUS_RECEIVED, "")
    if len(payload) == 1:
        raise InvalidPayload(CLOSE_LENGTH, f"its payload is the one byte 0x{payload.hex()}")
    code = int.from_bytes(payload[:2], "big")
    if not may_be_sent(code):
        # The reason is kept although the frame is illegal: it is the peer's own explanation.
        # Invalid UTF-8 in it is replaced, since one violation is enough.
        broken = InvalidPayload(CLOSE_CODE, f"{code} {close_code_name(code)}")
        reason = payload[2:].decode(errors="replace")
        broken.violation = broken.violation._replace(reason=reason)
        raise broken
    try:
        return Close(code, payload[2:].decode())
    except UnicodeDecodeError as error:
        raise InvalidPayload(REASON_NOT_UTF8, f"{payload[2:].hex(' ')}: {error.reason}") from None
