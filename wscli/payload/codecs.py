"""Codecs: how a payload is shown, and how typed text becomes a payload.

Every place that shows, searches or parses a payload asks a codec, so that all of them agree:

* A view and a regular expression call ``show``, which uses the codec that suits the message best,
  by the number that each returns from ``priority``. With ``as_hex`` or ``bare`` a view names it.
* A JSONPath query, the search for a reply by its id and the rules of a script call ``value_of``,
  which asks all codecs that can read the message.
* Typed text is passed to ``parse`` of the codec that the command or the prefix names.

A new codec is a class and an entry in ``CODECS``. Its priority may depend on the subprotocol, and
is more than ``FITS_BETTER`` if that one names its format. A codec returns data and no layout,
which is the task of the views.
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
"""The priority of a codec that can read a payload, but is used to show it only if it is named."""

FITS: Final = 0.5
"""The priority of a codec that suits every payload of this opcode."""

FITS_BETTER: Final = 1.0
"""The priority of a codec that suits this payload by its content; only a subprotocol gives more."""

_LONGEST_EXAMPLE = 16  # digits that an error message repeats

_BRACKETS: Final = (b"{", b"[")  # most JSON begins so; quicker to test than a regular expression

# Not None, which is the value of the JSON text "null".
NO_VALUE: Final = object()
"""The value of a payload that is not data of numbers, strings, lists and dicts."""


class ShownText(NamedTuple):
    """Lines of text."""

    text: str


class ShownJson(NamedTuple):
    """Text that begins like JSON (RFC 8259), with each token as it was received.

    It has not been parsed, since a view parses no more than it shows. A view that finds out that it
    is not JSON shows it as lines of text.
    """

    text: str


class ShownBytes(NamedTuple):
    """Bytes that have no better form than hexadecimal digits."""

    message: Message

    @property
    def data(self) -> bytes:
        """The bytes."""
        return self.message.payload

    @property
    def text(self) -> str:
        """One character for each byte (Latin-1), for patterns."""
        return self.message.text


Shown = ShownText | ShownJson | ShownBytes


class Codec(Protocol):
    """One way to read and write payloads.

    ``changes_text`` is False if the text of ``show`` is always that of the message, so that a
    search need not call it.
    """

    changes_text: bool

    def priority(self, subprotocol: str | None, opcode: int, payload: bytes) -> float:
        """Return how well the codec suits a payload: ``NEVER`` if it cannot read it.

        This is called for each message of a flood, and must not parse the payload.
        """

    def show(self, message: Message) -> Shown:
        """Return the form that a view lays out and that patterns are searched in."""

    def value(self, message: Message) -> Any:
        """Return the data in a payload, for queries and ids, or ``NO_VALUE``."""

    def parse(self, text: str) -> bytes:
        """Return the payload for a typed text.

        Raises:
            ValueError: with the reason, if the text is not valid.
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
        """Return the text in UTF-8; bytes of a command line that are not UTF-8 are kept.

        Raises:
            ValueError: for half of a surrogate pair, which UTF-8 cannot express.
        """
        # Python decodes such bytes of a command line to lone surrogates (PEP 383). Sent as they
        # are, they show how a server handles text that is not UTF-8.
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
        """Suit a text message that begins like an object or array."""
        # A number or string alone reads better as text, and JSON in a binary message is shown as
        # bytes, as the peer has sent it; but both have a value.
        if opcode == _TEXT and (payload.startswith(_BRACKETS) or self._begins_container(payload)):
            return FITS_BETTER
        return POSSIBLE

    def show(self, message: Message) -> ShownJson:
        """Return the text with every token as it is, such as 1.0e5, and with repeated keys."""
        return ShownJson(message.text)

    def value(self, message: Message) -> Any:
        """Return the parsed value, in which the last of repeated keys counts.

        It is ``NO_VALUE`` for a payload that is not JSON, is nested too deeply, or has an integer
        of more than 4,300 digits.
        """
        # Python refuses longer integers, since the time to convert one grows with the square of its
        # digits. Nesting is limited by the stack, and a peer could send a megabyte of "[".
        payload = message.payload
        if not (payload.startswith(_BRACKETS) or self._may_begin_value(payload)):
            return NO_VALUE  # most text that is not JSON, without loading a parser
        is_text = message.opcode == _TEXT
        try:
            return _json().loads(message.text.removeprefix("\ufeff") if is_text else payload)
        except (ValueError, RecursionError):
            return NO_VALUE

    def parse(self, text: str) -> bytes:
        """Return JSON without white space between its tokens, which are sent as they were typed.

        Raises:
            ValueError: if it is not JSON, or nested too deeply to be checked.
        """
        # "Implementations MUST NOT add a byte order mark" (RFC 8259 §8.1); an editor may have.
        text = text.removeprefix("\ufeff")
        try:
            # No number is converted: it stays as it is typed, and may have any number of digits.
            _json().loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
        except ValueError as error:
            raise ValueError(f"not valid JSON: {error}") from None
        except RecursionError:
            raise ValueError("this JSON is nested too deeply to be checked") from None
        return _encode(re.sub(self._outside_strings, lambda match: match[1] or "", text))


@cache
def _json() -> Any:
    # Imported when a payload needs it, since few one-shot commands do. In a cached function, since
    # an import statement for each message of a flood takes a tenth of the parser's time.
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
        return f"{len(digits):,} hexadecimal digits: each byte needs two{example}"
    return "a space separates the two digits of a byte"


TEXT: Final = TextCodec()
JSON: Final = JsonCodec()
HEX: Final = HexCodec()

CODECS: list[Codec] = [JSON, TEXT, HEX]
"""All codecs; of those with the same priority the first is asked first."""


def show(message: Message) -> Shown:
    """Return the form of a message to show, by the codec that suits it best."""
    return _best_for(message).show(message)


def searched_text(message: Message) -> str:
    """Return ``show(message).text``, in which a pattern is searched for."""
    # A codec is chosen only if one that can read the message may change its text: choosing takes as
    # long as searching a short message.
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
    also finds JSON in a binary message.
    """
    return message.once(_read_value)


def _read_value(message: Message) -> Any:
    best = _best_for(message)
    value = best.value(message)
    # If there is a value at all, this is nearly always it. Ranking the codecs would take longer.
    if value is not NO_VALUE:
        return value
    ranked = [
        (codec.priority(message.subprotocol, message.opcode, message.payload), codec)
        for codec in CODECS
        if codec is not best
    ]
    able = sorted((pair for pair in ranked if pair[0] > NEVER), key=lambda pair: -pair[0])
    values = (codec.value(message) for _, codec in able)
    return next((value for value in values if value is not NO_VALUE), NO_VALUE)
