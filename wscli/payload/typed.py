"""Typed text: escapes for characters that a keyboard lacks, and a terminator for each message."""

from __future__ import annotations

import re

from wscli.payload.codecs import TEXT

_ESCAPE = r"\\(?:([0nrt\\])|x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\})"
_SINGLE = {"0": b"\0", "n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\"}
_UTF16_UNIT = r"\\u([0-9A-Fa-f]{4})"
_KNOWN = r"\0 \n \r \t \\ \xNN \uNNNN \u{N}"


def unescape(text: str) -> bytes:
    r"""Replace ``\0 \n \r \t \\ \xNN \uNNNN \u{N}``; everything else is encoded as UTF-8.

    ``\xNN`` is a byte, as in printf; ``\uNNNN`` is a character, and two of them may be a surrogate
    pair, as in JSON.

    Raises:
        ValueError: if an escape does not exist; the text has its position.
    """
    pieces: list[bytes] = []
    done = 0
    while (start := text.find("\\", done)) >= 0:
        pieces.append(TEXT.parse(text[done:start]))
        piece, done = _read_escape(text, start)
        pieces.append(piece)
    pieces.append(TEXT.parse(text[done:]))
    return b"".join(pieces)


def terminated(payload: bytes, end: bytes) -> bytes:
    """Return a payload that ends with a terminator, which is added where it is missing."""
    return payload if payload.endswith(end) else payload + end


def _read_escape(text: str, start: int) -> tuple[bytes, int]:
    """Return the bytes of the escape at ``start``, and where it ends."""
    if text.startswith("\\u", start) and not text.startswith("\\u{", start):
        return _read_utf16(text, start)
    match = re.compile(_ESCAPE).match(text, start)
    if match is None:
        raise _invalid(text, start)
    single, octet, code_point = match.groups()
    if single:
        return _SINGLE[single], match.end()
    if octet:
        return bytes.fromhex(octet), match.end()
    try:
        return chr(int(code_point, 16)).encode(), match.end()
    except (ValueError, OverflowError):  # beyond U+10FFFF, or a surrogate
        raise _invalid(text, start) from None


def _read_utf16(text: str, start: int) -> tuple[bytes, int]:
    units = b""
    end = start
    while match := re.compile(_UTF16_UNIT).match(text, end):
        units += int(match[1], 16).to_bytes(2, "big")
        end = match.end()
    try:
        if units:
            return units.decode("utf-16-be").encode(), end
    except UnicodeDecodeError as error:
        start += 3 * error.start  # six characters for two bytes
    raise _invalid(text, start)


def _invalid(text: str, start: int) -> ValueError:
    return ValueError(
        f"invalid escape {text[start : start + 6]} at character {start + 1:,}; known: {_KNOWN}"
    )
