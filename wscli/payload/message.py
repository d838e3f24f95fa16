"""A message with its decoded forms, each computed once.

A received message may be read by patterns that answer it or end a wait, by the search for a reply
with its id, and by a view. ``received`` gives all of them the same ``Message`` objects, which keep
their text and the values parsed from it, so that no payload is decoded twice.

``Messages.decoded`` owns the objects, so they live as long as their batch. A journal keeps only
payloads, and the display calls ``forget_values`` on messages that wait to be drawn: a parsed value
may take twenty times the memory of its payload, which no limit counts. Batches are read in one
thread, so nothing is locked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from wscli.wire.codes import Opcode
from wscli.wire.events import Messages

_T = TypeVar("_T")

# Read for each message of a flood: reading a member of an enum takes 0.2 µs in Python 3.11.
_TEXT = int(Opcode.TEXT)


class Message:
    """A data message; ``subprotocol`` is that of its connection, or None."""

    __slots__ = ("_decoded", "_text", "opcode", "payload", "subprotocol")

    def __init__(
        self,
        opcode: int,
        payload: bytes,
        subprotocol: str | None = None,
        text: str | None = None,  # the decoded payload, where a batch was decoded together
    ) -> None:
        self.opcode = opcode
        self.payload = payload
        self.subprotocol = subprotocol
        self._text = text
        self._decoded: dict[Callable[[Message], Any], Any] | None = None

    @property
    def text(self) -> str:
        """The decoded payload: UTF-8 of a text message, one character for each byte of another.

        Raises:
            UnicodeDecodeError: for a text message that is not UTF-8, which is never received.
        """
        if self._text is None:
            encoding = "utf-8" if self.opcode == _TEXT else "latin-1"
            self._text = self.payload.decode(encoding)
        return self._text

    def once(self, decode: Callable[[Message], _T]) -> _T:
        """Return ``decode(self)``, which is computed at the first call for this function."""
        # The function is the key, so that a new decoder needs no field here.
        decoded = self._decoded
        if decoded is None:  # most messages of a flood never need a dict
            decoded = self._decoded = {}
        elif decode in decoded:
            return cast("_T", decoded[decode])
        value = decoded[decode] = decode(self)
        return value

    def forget_values(self) -> None:
        """Forget the results of ``once``, and keep the text."""
        self._decoded = None


def received(messages: Messages, subprotocol: str | None = None) -> list[Message]:
    """Return the messages of a batch, which are the same objects at each call."""
    if messages.decoded is None:
        messages.decoded = _decode(messages, subprotocol)
    return cast("list[Message]", messages.decoded)


def _decode(messages: Messages, subprotocol: str | None) -> list[Message]:
    opcode, payloads = messages.opcode, messages.payloads
    # A large message comes alone: it is decoded only if something reads its text.
    if opcode != _TEXT or len(payloads) < 2:
        return [Message(opcode, payload, subprotocol) for payload in payloads]
    return [
        Message(opcode, payload, subprotocol, text)
        for payload, text in zip(payloads, _decode_texts(payloads), strict=True)
    ]


def _decode_texts(payloads: list[bytes]) -> list[str]:
    # Decoding all at once and splitting takes half of decoding each. It is not possible if a
    # payload contains a line feed, as indented JSON does. The text that the UTF-8 check decoded is
    # not kept for this: keeping it made reading take a fifth longer, for those who do not need it.
    text = b"\n".join(payloads).decode()
    if text.count("\n") == len(payloads) - 1:
        return text.split("\n")
    return [payload.decode() for payload in payloads]
