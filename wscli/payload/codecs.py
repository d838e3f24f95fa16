"""Codecs: how a payload reads, and how typed text becomes a payload.

Every place that shows, searches or types a payload asks a codec, so that all of them agree:

* A view and a regular expression call ``show``, which takes the codec that suits the message best,
  by the number that each returns from ``priority``. With ``as_hex`` or ``bare`` a view names it.
* A JSONPath query, the search for a reply by its id and the rules of a script call ``value_of``,
  which asks all codecs that can read the message.
* What a user types is read by ``parse`` of the codec that the command or the prefix names.

A new codec is a class and an entry in ``CODECS``. Its priority may depend on the subprotocol: more
than ``FITS_BETTER`` if that one names its format. What a codec returns is data: laying it out is
the task of the views, so nothing here knows of a terminal.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple, Protocol

from wscli.payload.message import Message
from wscli.wire.codes import Opcode

# Read for each message of a flood: reading a member of an enum takes 0.2 µs in Python 3.11.
_TEXT: Final = int(Opcode.TEXT)

NEVER: Final = 0.0
"""The priority of a codec that cannot read a payload."""

POSSIBLE: Final = 0.1
"""It can, but only a user who names it expects it; its value still serves queries."""

FITS: Final = 0.5
"""It suits every payload of this kind."""

FITS_BETTER: Final = 1.0
"""It suits this payload by its content; only a subprotocol gives a codec more."""

_LONGEST_EXAMPLE = 16  # digits that an error message repeats

_BRACKETS: Final = (b"{", b"[")  # how most JSON begins: a quicker test than a regular expression

NO_VALUE: Final = object()
"""The value of a payload that is not data of numbers, strings, lists and dicts."""


class ShownText(NamedTuple):
    """Lines of text."""

    text: str


class ShownJson(NamedTuple):
    """Text that begins as JSON (RFC 8259), with each token as it came.

    It has not been parsed, since a view parses no more than it shows. If it turns out to be
    something else, it is lines of text.
    """

    text: str


class ShownBytes(NamedTuple):
    """Bytes that have no better form than their digits."""

    message: Message

    @property
    def data(self) -> bytes:
        """The bytes."""
        return self.message.payload

    @property
    def text(self) -> str:
        """A character for each byte, in which a pattern can be searched for."""
        return self.message.text


Shown = ShownText | ShownJson | ShownBytes


class Codec(Protocol):
    """One way to read payloads, and to write them.

    ``changes_text`` is False if ``show`` leaves the text of a message that the codec suits best as
    it is, so that a search need not call it.
    """

    changes_text: bool

    def priority(self, subprotocol: str | None, opcode: int, payload: bytes) -> float:
        """Return how well the codec suits a payload: ``NEVER`` if it cannot read it.

        It is called for each message of a flood, and must not parse it.
        """

    def show(self, message: Message) -> Shown:
        """Return the form that a view lays out and that patterns are searched in."""

    def value(self, message: Message) -> Any:
        """Return the data in a payload, for queries and ids, or ``NO_VALUE``."""

    def parse(self, text: str) -> bytes:
        """Return the payload that a typed text stands for.

        Raises:
            ValueError: with the reason, if the text does not stand for one.
        """


class TextCodec:
    """Text as it is (UTF-8)."""

    changes_text = False

    def priority(self, subprotocol: str | None, opcode: int, payload: bytes) -> float:
        """Suit every text message."""
        return FITS if opcode == _TEXT else POSSIBLE

    def show(self, message: Message) -> ShownText:
        r"""Return the text; ``\xff`` stands for a byte of a binary message that is not UTF-8."""
        if message.opcode == _TEXT:
            return ShownText(message.text)
        return ShownText(message.payload.decode(errors="backslashreplace"))

    def value(self, message: Message) -> Any:
        """Return ``NO_VALUE``."""
        return NO_VALUE

    def parse(self, text: str) -> bytes:
        """Return the text in UTF-8; the bytes of a command line that are not UTF-8 stay.

        Raises:
            ValueError: for half of a surrogate pair, which UTF-8 cannot express.
        """
        return _encode(text, "surrogateescape")


class JsonCodec:
    """JSON (RFC 8259)."""

    changes_text = False

    # Parsers "MAY ignore the presence of a byte order mark" (RFC 8259 §8.1). UTF-16 is full of NUL;
    # Python's parser reads it, and with it NaN and Infinity, which some peers do send.
    _may_begin_value = re.compile(
        rb'(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\0 \t\r\n]*[{["\dtfnNI-]'
    ).match
    _begins_container = re.compile(rb"[ \t\r\n]*[{[]").match
    _outside_strings = r'("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+'

    def priority(self, subprotocol: str | None, opcode: int, payload: bytes) -> float:
        """Suit a text message that begins as an object or array.

        A number or a string alone is text for people, but still a value. So is JSON in a binary
        message, of which a view shows the bytes.
        """
        if opcode == _TEXT and (payload.startswith(_BRACKETS) or self._begins_container(payload)):
            return FITS_BETTER
        return POSSIBLE

    def show(self, message: Message) -> ShownJson:
        """Return the text with every token as it is: 1.0e5, and a key that is there twice."""
        return ShownJson(message.text)

    def value(self, message: Message) -> Any:
        """Return the parsed value: of a key that is there twice, the last.

        It is ``NO_VALUE`` for what is not JSON, is nested too deeply or has an integer of more
        digits than Python converts (4,300): the time for that grows with their square.
        """
        payload = message.payload
        if not (payload.startswith(_BRACKETS) or self._may_begin_value(payload)):
            return NO_VALUE  # most text that is not JSON, without loading a parser
        is_text = message.opcode == _TEXT
        try:
            return _json().loads(message.text.removeprefix("\ufeff") if is_text else payload)
        except (ValueError, RecursionError):
            return NO_VALUE

    def parse(self, text: str) -> bytes:
        """Return JSON without white space between its tokens, which stay as they are typed.

        A byte order mark is left out, since one must not be sent (RFC 8259 §8.1).

        Raises:
            ValueError: if it is not JSON, or nested too deeply to be checked.
        """
        text = text.removeprefix("\ufeff")
        try:
            # No number is converted: it stays as it is typed, and may have any number of digits.
            _json().loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
        except ValueError as error:
            raise ValueError(f"this is not JSON: {error}") from None
        except RecursionError:
            raise ValueError("this JSON is nested too deeply to be checked") from None
        return _encode(re.sub(self._outside_strings, lambda match: match[1] or "", text))


@cache
def _json() -> Any:
    """Import the parser when a payload needs it: few one-shot commands do.

    An import statement for each message of a flood would take a tenth of the parser's time.
    """
    import json

    return json


def _encode(text: str, errors: str = "strict") -> bytes:
    try:
        return text.encode(errors=errors)
    except UnicodeEncodeError as error:
        code, place = ord(text[error.start]), error.start + 1
        raise ValueError(
            f"U+{code:04X} at character {place:,} is half of a surrogate pair"
        ) from None


def _refuse_constant(constant: str) -> None:
    # Python's parser takes NaN and Infinity, which RFC 8259 §6 does not permit.
    raise ValueError(f"{constant} is not a JSON value")


class HexCodec:
    """Bytes as hexadecimal digits."""

    changes_text = False

    def priority(self, subprotocol: str | None, opcode: int, payload: bytes) -> float:
        """Suit every binary message."""
        return POSSIBLE if opcode == _TEXT else FITS

    def show(self, message: Message) -> ShownBytes:
        """Return the bytes."""
        return ShownBytes(message)

    def value(self, message: Message) -> Any:
        """Return ``NO_VALUE``."""
        return NO_VALUE

    def parse(self, text: str) -> bytes:
        """Read two digits for each byte; there may be ASCII white space between bytes.

        Raises:
            ValueError: for anything else, with the reason.
        """
        try:
            return bytes.fromhex(text)
        except ValueError:  # Python names a position, and 3.14 counts digits that it has skipped
            raise ValueError(_why_not_hex(re.sub(r"(?a)\s", "", text))) from None


def _why_not_hex(digits: str) -> str:
    if wrong := digits.strip("0123456789abcdefABCDEF"):
        return f"{wrong[0]!r} is not a hexadecimal digit"
    if len(digits) % 2:
        example = f", as in 0x0{digits}" if len(digits) <= _LONGEST_EXAMPLE else ""
        return f"{len(digits):,} hexadecimal digits: each byte has two{example}"
    return "a space separates the two digits of a byte"


TEXT: Final = TextCodec()
JSON: Final = JsonCodec()
HEX: Final = HexCodec()

CODECS: list[Codec] = [JSON, TEXT, HEX]
"""All codecs; of those with the same priority the first is asked first."""


def show(message: Message) -> Shown:
    """Return how a message reads, by the codec that suits it best."""
    return _best_for(message).show(message)


def searched_text(message: Message) -> str:
    """Return ``show(message).text``, in which a pattern is searched for.

    A codec is chosen only if one that can read the message may change its text: choosing takes as
    long as searching a short message.
    """
    subprotocol, opcode, payload = message.subprotocol, message.opcode, message.payload
    for codec in CODECS:
        if codec.changes_text and codec.priority(subprotocol, opcode, payload) > NEVER:
            return show(message).text
    return message.text


def _best_for(message: Message) -> Codec:
    subprotocol, opcode, payload = message.subprotocol, message.opcode, message.payload
    best: Codec = HEX  # reads everything
    highest = NEVER
    for codec in CODECS:  # max() with a key takes twice as long, for each message of a flood
        priority = codec.priority(subprotocol, opcode, payload)
        if priority > highest:
            best, highest = codec, priority
            if priority >= FITS_BETTER and subprotocol is None:
                break  # no other codec suits it better
    return best


def value_of(message: Message) -> Any:
    """Return the data in a message, or ``NO_VALUE``; it is parsed once.

    The codecs that can read the payload are asked by priority until one has a value. So a query
    also finds JSON in a binary message, of which a view shows the bytes.
    """
    return message.once(_read_value)


def _read_value(message: Message) -> Any:
    best = _best_for(message)
    value = best.value(message)
    if value is not NO_VALUE:
        return value  # nearly always, if there is a value at all; ranking the codecs takes longer
    ranked = [
        (codec.priority(message.subprotocol, message.opcode, message.payload), codec)
        for codec in CODECS
        if codec is not best
    ]
    able = sorted((pair for pair in ranked if pair[0] > NEVER), key=lambda pair: -pair[0])
    values = (codec.value(message) for _, codec in able)
    return next((value for value in values if value is not NO_VALUE), NO_VALUE)
