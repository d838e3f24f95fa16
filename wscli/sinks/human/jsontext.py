"""JSON for reading: laid out and coloured, with every token as the peer wrote it.

The parser keeps tokens instead of values, which ``json.loads`` cannot: 1.0e5 stays 1.0e5, a large
integer keeps its digits, and a key that occurs twice is shown twice. It also reads text that is cut
off, and stops when as much has been read as is shown.

A text is parsed into a tree (``_Parser``), from which the layout is made (``_lay_out``). Anything
that is not JSON raises ``_NotJSON`` inside, and is shown as plain text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wscli.sinks.human.palette import Palette
from wscli.sinks.human.wrapping import cell_width
from wscli.text import show_size, visible

# One token with the white space around it (RFC 8259 §2). The pattern of a string takes linear time:
# its parts cannot match the same text in two ways. A number may have leading zeros, unlike in §6:
# a view shows what came, and need not judge it.
_JSON = r"""(?x) [ \t\r\n]* (?: (?P<string>"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*")
                              | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
                              | (?P<constant>true|false|null)
                              | (?P<mark>[][{}:,]) ) [ \t\r\n]*"""
_CLOSING = {"{": "}", "[": "]"}
_MAX_SIZE = 64 << 10  # characters that are laid out; a longer text is shown unchanged
_MAX_DEPTH = 64  # the parser is recursive, and a peer may send any number of brackets
_INDENT = "  "
_LONGEST_WORD = 32  # characters at the end of a cut text that may be the start of a number or word
_CONTAINER_BEGINS = r"[ \t\r\n]*[{[]"
_LONG_STRING = 3  # rows; a longer string is abridged
_SIZE_WIDTH = len('…" (1023 KiB),')  # the widest text that follows an abridged string
_PARTIAL_ESCAPE = r"\\(?:u[0-9a-fA-F]{0,3})?\Z"


class Abridgement:
    """Limits JSON to a number of rows, and each long string in it to one row.

    Afterwards, ``used`` is True if anything was left out.
    """

    def __init__(self, rows: int, width: int) -> None:
        self.used = False
        # In characters instead of rows: the layout is not known before all tokens are read. It
        # needs more rows than this, never fewer, and the view cuts the rest.
        self._room = rows * width
        self._longest = _LONG_STRING * width
        self._kept = max(1, width * 2 // 3 - _SIZE_WIDTH)  # leaves room for indents and a key

    def admit(self, token: str) -> bool:
        """Count a token; return False if the rows were full before it."""
        full = self._room <= 0
        self.used = self.used or full
        self._room -= len(token) + 1
        return not full

    def is_long(self, string: str) -> bool:
        """Return True if a string, of which only the beginning may be known, is to be abridged."""
        return len(string) > self._longest

    def shorten(self, string: str, *, whole: bool) -> str:
        """Return the beginning of a string, quoted, and its size if the string is ``whole``."""
        self.used = True
        # Half of an escape such as \u00e9 would be read as another one, or as an error.
        head = re.sub(_PARTIAL_ESCAPE, "", string[: self._kept])
        size = f" ({show_size(len(string.encode()) - 2)})" if whole else ""
        return f'{visible(head)}…"{size}'


class _NotJSON(Exception):
    pass


class _Cut(Exception):
    pass


class _Leaf(NamedTuple):
    style: str
    text: str


class _Container:
    """An object or array; ``whole`` is False if the text ends inside it."""

    def __init__(self, opening: str) -> None:
        self.opening = opening
        self.members: list[tuple[_Leaf | None, _Leaf | _Container]] = []
        self.whole = True


_Node = _Leaf | _Container


def pretty_json(
    text: str,
    width: int,
    palette: Palette,
    *,
    cut: bool = False,
    abridgement: Abridgement | None = None,
) -> list[str] | None:
    """Return the lines of a JSON object or array, or None if the text is neither.

    A value that fits the width stays on one line. With ``cut`` the text may be incomplete at the
    end. With an abridgement, no more of the text is read than is shown.
    """
    # A number or string alone is valid JSON as well, but there is nothing to lay out.
    if not re.match(_CONTAINER_BEGINS, text) or (abridgement is None and len(text) > _MAX_SIZE):
        return None
    try:
        node = _Parser(text, cut, abridgement).parse()
    except _NotJSON:
        return None
    return _lay_out(node, width, palette)


class _Parser:
    """Reads one JSON text (RFC 8259) into a tree of its tokens."""

    def __init__(self, text: str, cut: bool, abridgement: Abridgement | None) -> None:
        # Compiled at the first use, and cached by re: compiling takes several milliseconds.
        self._match = re.compile(_JSON).match
        self._text = text
        self._cut = cut
        self._abridgement = abridgement
        self._full = False  # whether the abridgement has no more room
        self._pos = 0

    def parse(self) -> _Node:
        node = self._value(_MAX_DEPTH)
        at_end = self._pos == len(self._text) or (self._cut and self._at_cut())
        if not (at_end or self._full):
            raise _NotJSON
        return node

    def _next(self) -> _Leaf:
        match = self._match(self._text, self._pos)
        if match is None or match.lastgroup is None:
            return self._broken_token()
        self._pos = match.end()
        text = match[match.lastgroup]
        abridgement = self._abridgement
        if abridgement is None:
            return _Leaf(match.lastgroup, visible(text))
        # Shortened before it is made visible: a string may have megabytes.
        if match.lastgroup == "string" and abridgement.is_long(text):
            text = abridgement.shorten(text, whole=True)
        else:
            text = visible(text)
        if not abridgement.admit(text):
            self._full = True
            raise _Cut
        return _Leaf(match.lastgroup, text)

    def _broken_token(self) -> _Leaf:
        """Return the beginning of a long string that the end of the text cuts off.

        Raises:
            _Cut: if the end of the text cuts off another token.
            _NotJSON: for anything else.
        """
        if not (self._cut and self._at_cut()):
            raise _NotJSON
        rest = self._text[self._pos :].lstrip(" \t\r\n")
        abridgement = self._abridgement
        if abridgement is None or not rest.startswith('"') or not abridgement.is_long(rest):
            raise _Cut
        self._pos = len(self._text)
        return _Leaf("string", abridgement.shorten(rest, whole=False))

    def _value(self, depth: int) -> _Node:
        token = self._next()
        if token.style != "mark":
            return token
        if token.text not in _CLOSING or depth == 0:
            raise _NotJSON
        return self._container(token.text, depth - 1)

    def _at_cut(self) -> bool:
        """Return True if the rest of the text may be the beginning of a token."""
        # A string may have any length. Any other token is short, so that a long rest which does
        # not match is not JSON.
        rest = self._text[self._pos :].lstrip(" \t\r\n")
        return not rest or rest[0] == '"' or len(rest) < _LONGEST_WORD

    def _container(self, opening: str, depth: int) -> _Container:
        # Each level that is open where the text ends catches this in turn, so the members that
        # were read before are kept.
        container = _Container(opening)
        try:
            self._fill(container, depth)
        except _Cut:
            container.whole = False
        return container

    def _fill(self, container: _Container, depth: int) -> None:
        closing = _CLOSING[container.opening]
        if self._peek() == closing:
            self._next()
            return
        while True:
            container.members.append(self._member(container.opening, depth))
            mark = self._next().text
            if mark == closing:
                return
            if mark != ",":
                raise _NotJSON

    def _member(self, opening: str, depth: int) -> tuple[_Leaf | None, _Node]:
        if opening == "[":
            return None, self._value(depth)
        key = self._next()
        if key.style != "string" or self._next().text != ":":
            raise _NotJSON
        return _Leaf("key", key.text), self._value(depth)

    def _peek(self) -> str:
        return self._text[self._pos : self._pos + 1]


def _lay_out(node: _Node, width: int, palette: Palette) -> list[str]:
    if isinstance(node, _Leaf) or (_is_whole(node) and (_width(node) <= width or not node.members)):
        return [_flat(node, palette)]
    leaves = [value for key, value in node.members if key is None and isinstance(value, _Leaf)]
    is_list = len(leaves) == len(node.members)
    lines = _fill(leaves, width, palette) if is_list else _stack(node, width, palette)
    return [node.opening, *lines, *([_CLOSING[node.opening]] if node.whole else [])]


def _stack(node: _Container, width: int, palette: Palette) -> list[str]:
    """Return the lines of the members, one below the other."""
    lines: list[str] = []
    for key, value in node.members:
        if lines:
            lines[-1] += ","
        start = _INDENT + (f"{palette.paint('key', key.text)}: " if key else "")
        # Two columns for ": " and one for the comma that may follow.
        taken = len(_INDENT) + (cell_width(key.text) + 2 if key else 0) + 1
        first, *rest = _lay_out(value, width - taken, palette)
        lines += [start + first, *(_INDENT + line for line in rest)]
    return lines


def _fill(leaves: list[_Leaf], width: int, palette: Palette) -> list[str]:
    """Return lines with as many numbers, strings and constants as fit on each."""
    # A list of a thousand numbers, one below the other, would hide everything else.
    lines: list[str] = []
    room = 0
    for leaf in leaves:
        size = cell_width(leaf.text) + 2  # with the space before it and the comma after it
        if lines:
            lines[-1] += ","
        if size <= room:
            lines[-1] += " "
        else:
            lines.append(_INDENT)
            room = width - len(_INDENT) + 1
        lines[-1] += palette.paint(leaf.style, leaf.text)
        room -= size
    return lines


def _is_whole(node: _Container) -> bool:
    """Return True if a container is complete; only its last member can be cut."""
    last = node.members[-1][1] if node.members else None
    return node.whole and (not isinstance(last, _Container) or _is_whole(last))


def _flat(node: _Node, palette: Palette) -> str:
    if isinstance(node, _Leaf):
        return palette.paint(node.style, node.text)
    members = [
        (f"{palette.paint('key', key.text)}: " if key else "") + _flat(value, palette)
        for key, value in node.members
    ]
    return node.opening + ", ".join(members) + _CLOSING[node.opening]


def _width(node: _Node) -> int:
    # Without colours, whose escape sequences take no columns.
    return cell_width(_flat(node, Palette(colour=False)))
