"""Frames to messages (RFC 6455 §5.4, §5.5): join fragments, inflate, check UTF-8 on arrival."""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Iterator

from wscli.wire.buffer import PayloadBuffer
from wscli.wire.codes import CloseCode, Opcode, close_code_name, may_be_sent
from wscli.wire.deflate import BrokenDeflate, Inflater, TooBig
from wscli.wire.events import Close, Event, Messages, Ping, Pong
from wscli.wire.frames import Frame, PartialFrame
from wscli.wire.parser import MessageRun
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


BATCH_SIZE = 1 << 20
"""After this many inflated bytes, messages are passed on before more is inflated."""


class InvalidPayload(Exception):
    """A payload breaks a rule."""

    def __init__(self, rule: Rule, evidence: str) -> None:
        super().__init__(evidence)
        self.violation = Violation(rule, evidence)


class Assembler:
    """Turn frames whose headers have been checked into events.

    A message may have at most ``max_size`` bytes, both on the wire and inflated.
    """

    def __init__(self, max_size: int, inflater: Inflater | None = None) -> None:
        self._max_size = max_size
        self._inflater = inflater
        self._message: _PartialMessage | None = None

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
            message = _PartialMessage(
                run.opcode, self._max_size, self._inflater if run.rsv else None
            )
            try:
                message.add(Frame(run.opcode, payload))
            except InvalidPayload as error:
                broken = error
                break
            good.append(message.payload())
            size += message.size
            if size >= BATCH_SIZE:
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

    def _begin(self, frame: Frame) -> _PartialMessage:
        self._message = _PartialMessage(
            frame.opcode, self._max_size, self._inflater if frame.rsv & 4 else None
        )
        return self._message


class _PartialMessage:
    """A data message while its fragments arrive."""

    def __init__(self, opcode: int, max_size: int, inflater: Inflater | None) -> None:
        self.opcode = opcode
        self._inflater = inflater
        self._max_size = max_size
        self._pieces = PayloadBuffer()
        self._utf8 = _Utf8Check() if opcode == Opcode.TEXT else None
        self._checked = 0  # bytes of the present frame that have been through the UTF-8 check

    @property
    def size(self) -> int:
        """Bytes of payload so far."""
        return self._pieces.size

    def add(self, frame: Frame) -> None:
        if not frame.payload and not frame.fin:
            return  # a flood of empty fragments is legal, and should cost little
        self._limit_declared(len(frame.payload))
        if self._inflater is None:
            self._pieces.add(frame.payload)
            if self._utf8 is not None:
                self._utf8.check(frame.payload[self._checked :], last=frame.fin)
        else:
            self._inflate(self._inflater, frame.payload, frame.fin)
        self._checked = 0

    def check_partial(self, partial: PartialFrame) -> None:
        self._limit_declared(partial.header.length)
        if self._inflater is None:
            self._check_utf8(partial.latest, last=False)
            self._checked = partial.received

    def payload(self) -> bytes:
        return self._pieces.join()

    def _check_utf8(self, data: bytes, *, last: bool) -> None:
        if self._utf8 is not None:
            self._utf8.check(data, last=last)

    def _limit_declared(self, length: int) -> None:
        room = self._max_size - self.size
        # Data that cannot be compressed grows a little (zlib's own bound for that).
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
        if last:
            self._check_utf8(b"", last=True)

    def _too_big(self, evidence: str) -> InvalidPayload:
        return InvalidPayload(MESSAGE_SIZE, f"{evidence}; the limit is {self._max_size:,} bytes")


class _Utf8Check:
    """Validate the UTF-8 of a message piece by piece, up to the first invalid octet."""

    def __init__(self) -> None:
        self._decoder: IncrementalDecoder = _utf8_decoder()
        self._passed = 0

    def check(self, data: bytes, *, last: bool) -> None:
        held = self._decoder.getstate()[0]  # octets of a character that is not whole yet
        # Python's decoder waits for the third octet of a surrogate, which is two too late.
        tail = (held + data[-2:])[-2:]
        surrogate = len(tail) == 2 and tail[0] == 0xED and tail[1] >= 0xA0
        try:
            self._decoder.decode(data, last or surrogate)
        except UnicodeDecodeError as error:
            octets = error.object[error.start : error.end + 1].hex(" ")
            offset = self._passed - len(held) + error.start
            evidence = f"{octets} at byte {offset:,} of the message: {error.reason}"
            raise InvalidPayload(TEXT_NOT_UTF8, evidence) from None
        self._passed += len(data)


def _checked_together(run: MessageRun) -> Messages | None:
    """Return the messages of a run, or None if a text among them is not valid UTF-8."""
    if run.opcode == Opcode.TEXT:
        try:
            # Joined with line feeds, all are checked in one go: a line feed is no part of a longer
            # sequence, so it does not complete one that the end of a payload cuts.
            b"\n".join(run.payloads).decode()
        except UnicodeDecodeError:
            return None
    return Messages(run.opcode, run.payloads)


def read_close(payload: bytes) -> Close:
    """Read the payload of a Close frame (RFC 6455 §5.5.1).

    Raises:
        InvalidPayload: for half a code, a code that may not be sent, or a reason that is not UTF-8.
    """
    if not payload:
        return Close(CloseCode.NO_STATUS_RECEIVED, "")
    if len(payload) == 1:
        raise InvalidPayload(CLOSE_LENGTH, f"its payload is the one byte 0x{payload.hex()}")
    code = int.from_bytes(payload[:2], "big")
    if not may_be_sent(code):
        broken = InvalidPayload(CLOSE_CODE, f"{code} {close_code_name(code)}")
        reason = payload[2:].decode(errors="replace")
        broken.violation = broken.violation._replace(reason=reason)
        raise broken
    try:
        return Close(code, payload[2:].decode())
    except UnicodeDecodeError as error:
        raise InvalidPayload(REASON_NOT_UTF8, f"{payload[2:].hex(' ')}: {error.reason}") from None
