"""What frames amount to, named as in RFC 6455: messages, pings, pongs and Close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from wscli.wire.rules import Violation


class _HasText(Protocol):
    @property
    def text(self) -> str: ...


class Messages:
    """Whole data messages of one opcode, in order; a text payload is valid UTF-8.

    ``decoded`` is for what a layer above has decoded of each message, so that everybody to whom the
    batch is passed shares it.
    """

    __slots__ = ("_texts", "decoded", "opcode", "payloads")

    def __init__(self, opcode: int, payloads: list[bytes]) -> None:
        self.opcode = opcode
        self.payloads = payloads
        self._texts: list[str] | None = None
        self.decoded: Sequence[_HasText] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Messages) and (
            (self.opcode, self.payloads) == (other.opcode, other.payloads)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Messages({self.opcode!r}, {self.payloads!r})"

    @property
    def texts(self) -> list[str]:
        """The payloads of text messages, decoded when this is first read."""
        if self._texts is None:
            if self.decoded is not None:
                self._texts = [message.text for message in self.decoded]
            else:
                self._texts = _decode(self.payloads)
        return self._texts

    @property
    def has_texts(self) -> bool:
        """Whether ``texts`` has been read."""
        return self._texts is not None

    def select(self, indexes: Sequence[int]) -> Messages:
        """Return some of the messages, with what has been decoded of them."""
        part = Messages(self.opcode, [self.payloads[index] for index in indexes])
        if self._texts is not None:
            part._texts = [self._texts[index] for index in indexes]
        if self.decoded is not None:
            part.decoded = [self.decoded[index] for index in indexes]
        return part


def _decode(payloads: list[bytes]) -> list[str]:
    # Decoding all at once and splitting takes half of decoding each. It is not possible if a
    # payload contains a line feed, as indented JSON does. The text that the UTF-8 check decoded is
    # not kept for this: keeping it made reading take a fifth longer, for those who do not need it.
    text = b"\n".join(payloads).decode()
    if text.count("\n") == len(payloads) - 1:
        return text.split("\n")
    return [payload.decode() for payload in payloads]


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
