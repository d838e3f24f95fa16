"""What frames amount to, named as in RFC 6455: messages, pings, pongs and Close."""

from __future__ import annotations

from typing import NamedTuple

from wscli.wire.rules import Violation


class Messages:
    """Whole data messages of one opcode, in order; a text payload is valid UTF-8."""

    __slots__ = ("opcode", "payloads")

    def __init__(self, opcode: int, payloads: list[bytes]) -> None:
        self.opcode = opcode
        self.payloads = payloads

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Messages) and (
            (self.opcode, self.payloads) == (other.opcode, other.payloads)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Messages({self.opcode!r}, {self.payloads!r})"


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
