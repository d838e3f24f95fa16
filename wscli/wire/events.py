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

    ``text`` is the payloads of text messages, joined with line feeds and decoded, where the
    UTF-8 of all of them was checked in one go. ``decoded`` is for what a layer above has decoded of
    each message, so that everybody to whom the batch is passed shares it.
    """

    __slots__ = ("_text", "_texts", "decoded", "opcode", "payloads")

    def __init__(self, opcode: int, payloads: list[bytes], text: str | None = None) -> None:
        self.opcode = opcode
        self.payloads = payloads
        self._text = text
        self._texts: list[str] | None = None
        self.decoded: Sequence[_HasText] | None = None

    @property
    def texts(self) -> list[str]:
        """The payloads of text messages, decoded when this is first read."""
        if self._texts is None:
            self._texts = self._decode()
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

    def _decode(self) -> list[str]:
        if self.decoded is not None:
            return [message.text for message in self.decoded]
        # Splitting a text that is already decoded takes a third of decoding each payload. It is
        # not possible if a payload contains a line feed, as indented JSON does.
        if self._text is not None and self._text.count("\n") == len(self.payloads) - 1:
            return self._text.split("\n")
        return [payload.decode() for payload in self.payloads]


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
