"""JSON for reading: laid out and coloured, with every token as the peer wrote it.

Nothing is turned into numbers or dicts: 1.0e5 stays 1.0e5, and a key that is there twice is shown
twice.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wscli.sinks.human.palette import Palette
from wscli.sinks.human.safe import cell_width, visible

_JSON = r"""(?x) [ \t\r\n]* (?: (?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")
                              | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
                              | (?P<constant>true|false|null)
                              | (?P<mark>[][{}:,]) ) [ \t\r\n]*"""
_CLOSING = {"{": "}", "[": "]"}
_MAX_SIZE = 64 << 10  # characters that are laid out; a longer text is shown as it came
_MAX_DEPTH = 64
_INDENT = "  "
_LONGEST_WORD = 32  # characters that a number or constant may have lost its end in


class _NotJSON(Exception):
    pass


class _Cut(Exception):
    pass


class _Leaf(NamedTuple):
    style: str
    text: str


class _Container:
    """An object or array; ``whole`` is false where the text ends inside it."""

    def __init__(self, opening: str) -> None:
        self.opening = opening
        self.members: list[tuple[_Leaf | None, _Leaf | _Container]] = []
        self.whole = True


_Node = _Leaf | _Container


def pretty_json(text: str, width: int, palette: Palette, *, cut: bool = False) -> list[str] | None:
    """Return the lines of a JSON object or array, or None where the text is neither.

    What fits the width stays on one line. With ``cut`` the text may be the beginning of one.
    """
    if len(text) > _MAX_SIZE or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        node = _Parser(text, cut).parse()
    except _NotJSON:
        return None
    return _lay_out(node, width, palette)


class _Parser:
    """Reads one JSON text (RFC 8259) into a tree of its tokens."""

    def __init__(self, text: str, cut: bool) -> None:
        self._match = re.compile(_JSON).match  # which re keeps
        self._text = text
        self._cut = cut
        self._pos = 0

    def parse(self) -> _Node:
        node = self._value(_MAX_DEPTH)
        if self._pos < len(self._text) and not (self._cut and self._at_cut()):
            raise _NotJSON
        return node

    def _next(self) -> _Leaf:
        match = self._match(self._text, self._pos)
        if match is None or match.lastgroup is None:
            raise _Cut if self._cut and self._at_cut() else _NotJSON
        self._pos = match.end()
        return _Leaf(match.lastgroup, visible(match[match.lastgroup]))

    def _value(self, depth: int) -> _Node:
        token = self._next()
        if token.style != "mark":
            return token
        if token.text not in _CLOSING or depth == 0:
            raise _NotJSON
        return self._container(token.text, depth - 1)

    def _at_cut(self) -> bool:
        """Tell whether what is left may be the beginning of a token."""
        rest = self._text[self._pos :].lstrip(" \t\r\n")
        return not rest or rest[0] == '"' or len(rest) < _LONGEST_WORD

    def _container(self, opening: str, depth: int) -> _Container:
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
    """Return the members' lines, each member below the one before."""
    lines: list[str] = []
    for key, value in node.members:
        if lines:
            lines[-1] += ","
        start = _INDENT + (f"{palette.paint('key', key.text)}: " if key else "")
        taken = len(_INDENT) + (cell_width(key.text) + 2 if key else 0) + 1
        first, *rest = _lay_out(value, width - taken, palette)
        lines += [start + first, *(_INDENT + line for line in rest)]
    return lines


def _fill(leaves: list[_Leaf], width: int, palette: Palette) -> list[str]:
    """Return lines of as many numbers, strings and words as fit on each."""
    lines: list[str] = []
    room = 0
    for leaf in leaves:
        size = cell_width(leaf.text) + 2  # with what stands before and behind it
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
    """Tell whether the text ends behind a container: only the last member of one can be cut."""
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
    return cell_width(_flat(node, Palette(colour=False)))
