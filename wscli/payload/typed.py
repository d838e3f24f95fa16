"""Typed text: escapes for characters that a keyboard lacks, and a terminator for each message.

Protocols such as STOMP end each frame with a NUL, and SignalR with U+001E, which nobody can type.
"""

from __future__ import annotations

import re

from wscli.payload.codecs import TEXT

# An unknown escape is an error, since sending it as text would hide a typing mistake.
_ESCAPE = r"\\(?:([0nrt\\])|x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\})"
_SINGLE = {"0": b"\0", "n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\"}
_UTF16_UNIT = r"\\u([0-9A-Fa-f]{4})"
_KNOWN = r"\0 \n \r \t \\ \xNN \uNNNN \u{N}"


def unescape(text: str) -> bytes:
    r"""Replace ``\0 \n \r \t \\ \xNN \uNNNN \u{N}``; everything else is encoded as UTF-8.

    ``\xNN`` is a byte, as in printf; ``\uNNNN`` is a character, and two of them may be a surrogate
    pair, as in JSON.

    Raises:
        ValueError: for an unknown or incomplete escape, with its position.
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
    """Return the payload with a terminator at its end, which is added if it is missing."""
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
    # All escapes in a row are decoded together, so that two of them can be a surrogate pair. Alone,
    # half of a pair is not a character and has no UTF-8.
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
