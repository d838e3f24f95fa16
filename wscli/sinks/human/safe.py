"""A peer's text on a terminal: shown whole, never obeyed.

Controls are shown as symbols: an escape sequence could set the title, fill the clipboard or clear
the screen, and a bidi mark could make a line read as what it is not.
"""

from __future__ import annotations

import re
from unicodedata import combining, east_asian_width

_UNSAFE = (
    "\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
)

UNSAFE = f"[{_UNSAFE}]"
"""A pattern: what a terminal might obey, and what cannot be written at all; not the line feed."""


def visible(text: str, keep: str = "") -> str:
    """Return text with controls and bidi marks as symbols, except for those in ``keep``."""
    if text.isprintable():
        return text
    unsafe = f"[\n{_UNSAFE}]"
    return re.sub(unsafe, lambda match: match[0] if match[0] in keep else symbol(match[0]), text)


def symbol(character: str) -> str:
    """Return what stands for a character that is not to be written as it is."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def visible_bytes(data: bytes, keep: str = "") -> str:
    r"""Return bytes as safe text: UTF-8 where they are that, and ``\xff`` where not."""
    return visible(data.decode(errors="backslashreplace"), keep)


def cell_width(text: str) -> int:
    """Return how many columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(combining, text)))
