"""The bytes that both ends sent after the upgrade, rebuilt from a recording.

A recording made with ``-vv`` has every frame, and so every byte. Another has messages, pings, pongs
and the end only: each is then sent as one frame, uncompressed even where compression was agreed on
(RFC 7692 §6 leaves that to the sender), and masked with zeros, so that the payload can be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from wscli.session.end import End
from wscli.session.events import Batch
from wscli.wire.closing import Side
from wscli.wire.codes import CloseCode, Opcode, Role
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.receiver import Item

FrameSource = Literal["unknown", "frames", "messages"]
"""Where the frames of a connection come from; unknown before its first message or frame."""

_NO_MASK = b"\0\0\0\0"


class SentFrames(NamedTuple):
    """Frames that one end sent; ``sender`` is LOCAL for the end that made the recording."""

    sender: Side
    data: bytes


class SentBytes:
    """Rebuilds the bytes of one connection; ``role`` is that of the end that recorded it."""

    def __init__(self, role: Role) -> None:
        self._client = Side.LOCAL if role is Role.CLIENT else Side.REMOTE
        self.source: FrameSource = "unknown"

    def of_batch(self, batch: Batch) -> SentFrames:
        """Return the frames of a batch; those of its messages, unless the recording has frames."""
        sender = Side.REMOTE if batch.incoming else Side.LOCAL
        return SentFrames(sender, b"".join(self._of_item(item, sender) for item in batch.items))

    def of_end(self, end: End) -> Iterator[SentFrames]:
        """Yield the Close frames of an end in their order, unless the recording has frames."""
        if self.source != "frames":
            for sender, payload in close_payloads(end):
                yield SentFrames(sender, self._frame(Opcode.CLOSE, payload, sender))

    def _of_item(self, item: Item, sender: Side) -> bytes:
        if isinstance(item, Frame):
            if self.source == "unknown":  # a frame comes before the message that it completes
                self.source = "frames"
            return item.to_bytes() if self.source == "frames" else b""
        if self.source == "frames" or not isinstance(item, Messages | Ping | Pong):
            return b""
        self.source = "messages"
        return b"".join(self._frames(item, sender))

    def _frames(self, item: Messages | Ping | Pong, sender: Side) -> Iterator[bytes]:
        for payload in item.payloads if isinstance(item, Messages) else [item.payload]:
            yield self._frame(item.opcode, payload, sender)

    def _frame(self, opcode: int, payload: bytes, sender: Side) -> bytes:
        key = _NO_MASK if sender is self._client else None
        return Frame(opcode, payload, mask_key=key).to_bytes()


def close_payloads(end: End) -> Iterator[tuple[Side, bytes]]:
    """Yield the Close frames that were sent, in their order: the sender, and the payload.

    The reason of the recording end's own Close is not recorded.
    """
    closes = {Side.LOCAL: _our_close(end), Side.REMOTE: _their_close(end)}
    first = end.began or Side.REMOTE
    for sender in sorted(closes, key=lambda side: side is not first):
        if (payload := closes[sender]) is not None:
            yield sender, payload


def _our_close(end: End) -> bytes | None:
    return None if end.sent is None else _close_payload(end.sent, "")


def _their_close(end: End) -> bytes | None:
    # Where a violation ended the connection, the code of the end is ours.
    if end.violation is not None or end.code == CloseCode.ABNORMAL_CLOSURE:
        return None
    return _close_payload(end.code, end.reason)


def _close_payload(code: int, reason: str) -> bytes:
    if code == CloseCode.NO_STATUS_RECEIVED or not 0 <= code < 1 << 16:  # a file may be damaged
        return b""
    return code.to_bytes(2, "big") + reason.encode(errors="replace")
