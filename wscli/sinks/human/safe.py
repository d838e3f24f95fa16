"""A peer's text on a terminal: shown whole, never obeyed.

Controls are shown as symbols: an escape sequence could set the title, fill the clipboard or clear
the screen, and a bidi mark could make a line read as what it is not. So are characters that cannot
be seen. Joiners stay inside of words and emoji; elsewhere a terminal may join what follows to them.
"""

from __future__ import annotations

import re

_CONTROLS = "\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff"
_MARKS = "\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_TAGS = "\U000e0000-\U000e007f"
_JOINERS = "\u200c\u200d"
_JOINED = f"[^\x00-\x9f{_MARKS}{_TAGS}{_JOINERS}]"

UNSAFE = f"[{_CONTROLS}{_MARKS}{_TAGS}]|[{_JOINERS}](?!{_JOINED})|(?<!{_JOINED})[{_JOINERS}]"
"""A pattern: what a terminal might obey, what cannot be seen, and what cannot be written at all;
not the line feed."""

_NOT_KEPT = f"\n|{UNSAFE}"


def visible(text: str, keep: str = "") -> str:
    """Return text with what is unsafe as symbols, except for what is in ``keep``."""
    if text.isprintable():
        return text
    return re.sub(_NOT_KEPT, lambda match: match[0] if match[0] in keep else symbol(match[0]), text)


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
    from rich.cells import cell_len

    return cell_len(text)
