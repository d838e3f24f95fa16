"""Draws the picture of a session for README: ``python -m tests.picture``.

The real program runs in a pseudo-terminal, and the screen becomes ``docs/session.svg``. Whatever
differs from run to run (ports, times, durations, mask keys) is replaced by values of the same form,
so the picture changes only when the output of wscli does.
"""

import os
import re
import sys
import tempfile
from html import escape
from itertools import count, groupby
from pathlib import Path
from typing import NamedTuple

from tests.pages import ROOT
from tests.terminal import Terminal

PICTURE = ROOT / "docs" / "session.svg"
TITLE = "A session with wscli in a terminal"
COLUMNS, ROWS = 100, 32

SUBSCRIBE = (
    '{"op": "subscribe", "topics": ["trades", "quotes"], "filter": {"price": {"min": 9.5}}, '
    '"live": true}'
)
STEPS = (
    ("wscli listen demo:/poll", r"\ntry: .*\n\$$"),
    ("wscli demo:", r"\n>\n● open.*rtt –$"),
    (SUBSCRIBE, r"\n  }\n>\n● open.*↓ 1 .*$"),
    ("/ping hello", r"pong.* hello\n>\n● open.*rtt .* ms$"),
)
"""The lines that are typed, each with a pattern of the end of the screen once it has been done."""

FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
FONT_SIZE, CELL_WIDTH, CELL_HEIGHT, MARGIN = 14, 8.4, 19, 16
BACKGROUND, BORDER = "#161b22", "#57606a"
# Colours that can be read on the background; pyte calls yellow "brown".
COLOURS = {
    "black": "#161b22",
    "red": "#ff7b72",
    "green": "#7ee787",
    "brown": "#e3b341",
    "blue": "#79c0ff",
    "magenta": "#d2a8ff",
    "cyan": "#76e3ea",
    "white": "#d7dde4",
    "brightblack": "#8b949e",
}


class Cell(NamedTuple):
    """A character on the screen, and how it looks; an empty background is the terminal's."""

    text: str
    colour: str
    background: str
    bold: bool


def run_session():
    """Run the steps in a terminal, and return the rows of cells on its screen."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PS1": "$ ",
            "TERM": "xterm-256color",
            "INPUTRC": os.devnull,
            "XDG_STATE_HOME": folder,
        }
        shell = ["bash", "--norc", "--noprofile"]
        with Terminal(command=shell, rows=ROWS, columns=COLUMNS, env=environment) as terminal:
            terminal.until("$")
            for line, end in STEPS:
                terminal.enter(line)
                terminal.until(lambda end=end: re.search(end, terminal.screen.rstrip()))
            return [[read_cell(cell) for cell in row] for row in terminal.cells]


def read_cell(character):
    """Return a cell for a character of pyte's."""
    colour, background = read_colour(character.fg, "white"), read_colour(character.bg)
    if character.reverse:
        colour, background = background or BACKGROUND, colour
    return Cell(character.data, colour, background, character.bold)


def read_colour(name, default=""):
    """Return a colour of pyte's, a name or six digits, for SVG."""
    if name == "default":
        return COLOURS.get(default, "")
    return COLOURS.get(name, f"#{name}")


def steady(rows):
    """Return the rows with constants in place of values that vary between runs."""
    times = (f"14:03:07.{millisecond:03}" for millisecond in count(112, 37))
    constants = [
        (r"\d\d:\d\d:\d\d\.\d{3}", lambda: next(times)),
        (r"(?<=127\.0\.0\.1:)\d+", lambda: "8765"),
        (r"[\d.]+(?= ms)", lambda: "0.24"),
        (r"(?<=after )[\d.]+(?= s)", lambda: "1.2"),
        (r"(?<=mask )[0-9a-f]{8}", lambda: "37fa213d"),
    ]
    for pattern, constant in constants:
        rows = [replaced(row, pattern, constant) for row in rows]
    return rows


def replaced(row, pattern, constant):
    """Return a row with a constant for each match, in the look of the match's first character."""
    text = "".join(cell.text for cell in row)
    cells, end = [], 0
    for match in re.finditer(pattern, text):
        look = row[match.start()]
        cells += row[end : match.start()]
        cells += [look._replace(text=character) for character in constant()]
        end = match.end()
    cells += row[end:]
    return (cells + [cells[-1]] * COLUMNS)[:COLUMNS]


def draw(rows):
    """Return the rows as an SVG image."""
    width = round(COLUMNS * CELL_WIDTH + 2 * MARGIN)
    height = len(rows) * CELL_HEIGHT + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
        f'  font-family="{FONT}" font-size="{FONT_SIZE}">',
        f"<title>{TITLE}</title>",
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"'
        f' fill="{BACKGROUND}" stroke="{BORDER}"/>',
        *[element for number, row in enumerate(rows) for element in draw_row(number, row)],
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def draw_row(number, row):
    """Yield the elements of a row: one for each run of cells that look the same."""
    column = 0
    for look, cells in groupby(row, lambda cell: cell[1:]):
        text = "".join(cell.text for cell in cells)
        yield from draw_run(column, number, text, *look)
        column += len(text)


def draw_run(column, row, text, colour, background, bold):
    """Yield the background of a run, if it has one, and its text."""
    x, y = MARGIN + column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT
    if background:
        yield (
            f'<rect x="{x:g}" y="{y}" width="{len(text) * CELL_WIDTH:g}" height="{CELL_HEIGHT}"'
            f' fill="{background}"/>'
        )
    shown = text.strip()
    if not shown:
        return
    x += (len(text) - len(text.lstrip())) * CELL_WIDTH
    weight = ' font-weight="bold"' if bold else ""
    # The length keeps the columns aligned in any font.
    yield (
        f'<text x="{x:g}" y="{y + 14}" fill="{colour}"{weight} xml:space="preserve"'
        f' textLength="{len(shown) * CELL_WIDTH:g}">{escape(shown, quote=False)}</text>'
    )


def make_picture():
    """Return the picture of a run."""
    return draw(steady(run_session()))


def main():
    PICTURE.write_text(make_picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
