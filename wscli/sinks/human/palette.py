"""The colours at a terminal: a few styles, named by meaning, or none at all."""

from __future__ import annotations

# Of the 256 colours, those that have the most contrast with both black and white (at least 3.5 to
# 1, also with the usual tinted backgrounds), since the background cannot be known. The 16 named
# colours cannot be used: blue cannot be read on black in many terminals, nor cyan on white.
_CODES = {
    "dim": "2",
    "bold": "1",
    "in": "38;5;64",
    "out": "38;5;32",
    "recorded": "38;5;160",
    "now": "38;5;64",
    "error": "1;38;5;196",
    "key": "38;5;31",
    "string": "38;5;64",
    "number": "38;5;133",
    "constant": "38;5;166",
}


class Palette:
    """Wraps text in the escape sequences of a style (ECMA-48 SGR), or leaves it as it is."""

    def __init__(self, *, colour: bool) -> None:
        self.colour = colour

    def paint(self, style: str, text: str) -> str:
        """Return text in the style for its meaning, such as "error" or "key"."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and text else text
