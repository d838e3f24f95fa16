"""What frames amount to, named as in RFC 6455: messages, pings, pongs and Close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wscli.wire.rules import Violation


class Messages:
    """Whole data messages of one opcode, in order; a text payload is valid UTF-8."""

    __slots__ = ("opcode", "payloads")

    def __init__(self, opcode: int, payloads: list[bytes]) -> None:
        self.opcode = opcode
        self.payloads = payloads

    def select(self, indexes: Sequence[int]) -> Messages:
        """Return some of the messages."""
        return Messages(self.opcode, [self.payloads[index] for index in indexes])


class Ping(NamedTuple):
    """A ping (RFC 6455 §5.5.2)."""

    payload: bytes


class Pong(NamedTuple):
    """A pong (RFC 6455 §5.5.3); ``rtt`` is in seconds where it answers a ping of ours."""

    payload: bytes
    rtt: float | None = None


class Close(NamedTuple):
    """A Close frame (RFC 6455 §5.5.1); ``code`` is 1005 where the frame carried none."""

    code: int
    reason: str


Event = Messages | Ping | Pong | Close | Violation
