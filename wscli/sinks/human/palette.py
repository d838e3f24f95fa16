"""The colours of the terminal form: few, by meaning, and none where none are wanted."""

from __future__ import annotations

_CODES = {
    "dim": "2",
    "bold": "1",
    "in": "32",
    "out": "36",
    "error": "1;31",
    "key": "34",
    "string": "32",
    "number": "36",
    "constant": "35",
}


class Palette:
    """Wraps text in the escape sequences of a style (ECMA-48 SGR), or leaves it as it is."""

    def __init__(self, *, colour: bool) -> None:
        self.colour = colour

    def paint(self, style: str, text: str) -> str:
        """Return text in a style; the names are those of what is shown."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and text else text
