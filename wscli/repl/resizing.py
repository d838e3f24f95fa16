"""Redraw the prompt when the terminal is made narrower.

Most terminals then break each row that no longer fits into several. The cursor moves down with the
text, and prompt_toolkit, which goes up by as many rows as it has drawn, leaves the first ones
behind. Here the added rows are computed from the drawn text and the new width.
"""

from __future__ import annotations

from collections.abc import Mapping

from prompt_toolkit.application import Application
from prompt_toolkit.layout.screen import Screen
from prompt_toolkit.utils import get_cwidth

_CUTTING = ("linux", "rxvt", "vt")  # values of TERM, up to the first "-" or digit


class ErasingApplication(Application[None]):
    """An application that erases all of its prompt, also when the terminal has become narrower.

    ``rows_wrap_again`` is false for a terminal that cuts rows which no longer fit.
    """

    rows_wrap_again = True

    def erase(self) -> None:
        """Erase the prompt and everything below, and leave the cursor where the prompt began."""
        screen = self.renderer.last_rendered_screen
        if screen is not None and self.rows_wrap_again:
            self.output.cursor_up(self._added_rows(screen))
        self.renderer.erase(leave_alternate_screen=False)

    def _on_resize(self) -> None:
        self.erase()
        super()._on_resize()

    def _added_rows(self, screen: Screen) -> int:
        columns = self.output.get_size().columns
        cursor = screen.get_cursor_position(self.layout.current_window)
        above = (_row_width(screen, row) for row in range(cursor.y))
        return sum(max(0, width - 1) // columns for width in above) + cursor.x // columns


def _row_width(screen: Screen, row: int) -> int:
    """Return the columns of a row up to its last character that is not a space."""
    cells = screen.data_buffer[row]
    drawn = [(x, cell.char) for x, cell in cells.items() if cell.char.strip()]
    return max((x + get_cwidth(char) for x, char in drawn), default=0)


def wraps_again(environ: Mapping[str, str]) -> bool:
    """Return False if the terminal is one of those that cut rows when it is made narrower.

    These are xterm, GNU screen, rxvt and the console of Linux.
    """
    if "XTERM_VERSION" in environ or "STY" in environ:
        return False
    return not environ.get("TERM", "").startswith(_CUTTING)
