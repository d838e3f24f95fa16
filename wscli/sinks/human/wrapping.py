"""Break lines to the width of a terminal, and indent the rows that follow.

A terminal breaks a long line by itself, but continues it in the first column, where it looks like
the next message. ``textwrap`` cannot be used for payloads: it counts characters, while a CJK
character takes two columns, a combining mark none, and a colour none either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_COLOUR = "(\x1b\\[[0-9;]*m)"
_RESET = "\x1b[0m"
_TAB = 8  # columns between the tab stops of a terminal


def cell_width(text: str) -> int:
    """Return how many columns a text takes on a terminal."""
    # The usual case, which needs no import of rich.
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def plain_width(line: str) -> int:
    """Return the columns of a line without its colours, and with its tabs at their widest."""
    # The width of a tab depends on its column, which an indent may shift. A line that would fit
    # only with narrower tabs is broken with their exact widths later.
    plain = re.sub(_COLOUR, "", line) if "\x1b" in line else line
    return cell_width(plain) + (_TAB - 1) * plain.count("\t")


def wrap(line: str, width: int, indent: str = "") -> list[str]:
    """Break a line into rows of at most ``width`` columns; all but the first are indented.

    The line may have colours, which continue in the next row. Wide characters, and characters with
    combining marks, stay whole.
    """
    # Most lines fit, and most of the others are ASCII without colours. Only the rest is measured
    # character by character.
    short = len(line) <= width and line.isascii() and "\t" not in line
    if short or plain_width(line) <= width:
        return [line]
    # The indent of deeply nested JSON must leave room for the text.
    indent = indent if len(indent) <= width // 2 else ""
    if line.isascii() and line.isprintable():
        room = width - len(indent)
        starts = range(width, len(line), room)
        return [line[:width], *(indent + line[start : start + room] for start in starts)]
    return list(_rows(_cells(line), width, indent))


def wrap_words(line: str, width: int) -> list[str]:
    """Break a line of a table between words; later rows begin below its last column.

    A word that is longer than the width is not broken.
    """
    from textwrap import TextWrapper

    # The last column begins after two spaces or more; a remark has its text after "* ".
    column = max((match.end() for match in re.finditer(r" {2,}|\A[*] ", line)), default=0)
    wrapper = TextWrapper(
        width,
        subsequent_indent=" " * (column if column <= width // 2 else 4),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(line) or [""]


def _rows(cells: Iterable[tuple[str, int]], width: int, indent: str) -> Iterator[str]:
    """Put cells into rows; those without a width, such as colours, stay with the one before."""
    row, used, colour = "", 0, ""
    for cell, columns in cells:
        # Tabs become spaces: the terminal's own would be wrong behind an indent.
        size = min(_TAB - used % _TAB, max(1, width - used)) if cell == "\t" else columns
        if used and used + size > width:
            # Each row has its colours for itself. The later rows may be cut off, and the colour
            # must not go on in the text after them.
            yield row + (_RESET if colour else "")
            row, used = indent + colour, len(indent)
        if cell.startswith("\x1b"):
            colour = "" if cell == _RESET else cell
        row += " " * size if cell == "\t" else cell
        used += size
    yield row


def _cells(line: str) -> Iterator[tuple[str, int]]:
    """Yield the parts of a line that are not broken, each with its columns; a tab has one."""
    for part in re.split(_COLOUR, line):
        if part.startswith("\x1b"):
            yield part, 0
        elif part.isascii():
            yield from ((character, 1) for character in part)
        else:
            yield from _characters(part)


def _characters(text: str) -> Iterator[tuple[str, int]]:
    """Yield characters with their columns; an emoji of several code points is one."""
    # U+200D joins two characters, U+FE0F selects the form of an emoji, and U+1F3FB to U+1F3FF are
    # skin tones. Broken in between, each part would be drawn as a character of its own.
    for cluster in re.findall("(?s).(?:\u200d.|[\ufe0f\U0001f3fb-\U0001f3ff])*", text):
        yield cluster, cell_width(cluster)
