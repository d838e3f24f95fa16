"""The events that a receiver makes of frames: messages, pings, pongs, Close and violations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wscli.wire.codes import Opcode
from wscli.wire.rules import Violation


# One event for many messages: a busy stream has hundreds of thousands a second, and an object for
# each would cost more than its payload. Not a NamedTuple like the others, since ``decoded`` is set
# later.
class Messages:
    """Whole data messages of one opcode, in order; a text payload is valid UTF-8.

    ``decoded`` belongs to the layers above, which keep the decoded messages there, so that all
    users of the batch share them. It is ignored when two batches are compared.
    """

    __slots__ = ("decoded", "opcode", "payloads")

    def __init__(self, opcode: int, payloads: list[bytes]) -> None:
        self.opcode = opcode
        self.payloads = payloads
        self.decoded: Sequence[object] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Messages) and (
            (self.opcode, self.payloads) == (other.opcode, other.payloads)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Messages({self.opcode!r}, {self.payloads!r})"

    def select(self, indexes: Sequence[int]) -> Messages:
        """Return the messages at these indexes, with their decoded forms."""
        part = Messages(self.opcode, [self.payloads[index] for index in indexes])
        if self.decoded is not None:
            part.decoded = [self.decoded[index] for index in indexes]
        return part


class Ping(NamedTuple):
    """A ping (RFC 6455 §5.5.2)."""

    payload: bytes

    @property
    def opcode(self) -> Opcode:
        """The opcode of its frame."""
        return Opcode.PING


class Pong(NamedTuple):
    """A pong (RFC 6455 §5.5.3); ``rtt`` is in seconds, or None if it answers no ping of ours."""

    payload: bytes
    rtt: float | None = None

    @property
    def opcode(self) -> Opcode:
        """The opcode of its frame."""
        return Opcode.PONG


class Close(NamedTuple):
    """A Close frame (RFC 6455 §5.5.1); ``code`` is 1005 if the frame has none (§7.1.5)."""

    code: int  # not a CloseCode: a peer may send any registered or private code
    reason: str


Event = Messages | Ping | Pong | Close | Violation
