"""The prompt at the bottom of the terminal: its layout, its keys, and how it is erased.

From top to bottom: the typed text, the completions, the search (Ctrl-R) and the toolbar. The keys
are those of readline where prompt_toolkit's own differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, emacs_mode, has_focus, is_done, vi_navigation_mode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyBindingsBase, merge_key_bindings
from prompt_toolkit.key_binding.bindings.auto_suggest import load_auto_suggest_bindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import (
    AppendAutoSuggestion,
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    HighlightSelectionProcessor,
    TabsProcessor,
)
from prompt_toolkit.layout.screen import Screen
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth
from prompt_toolkit.widgets import SearchToolbar

_MENU_ROWS = 8  # of completions
_PROMPT = "> "
_LEAST_WIDTH = 8  # columns; a narrower prompt has only the typed text
_SET_EDITING_MODE = r"\s*set\s+editing-mode\s+(\w+).*"
_TERMINALS_THAT_CUT = ("linux", "rxvt", "vt")  # beginnings of TERM, as in vt100 or rxvt-unicode

STYLE = Style(
    [
        ("prompt", "#5f8700 bold"),
        ("prompt.off", "#ff0000 bold"),
        ("toolbar", "#808080"),
        ("host", "bold"),
        ("state.open", "#5f8700"),
        ("state.connecting", "#d75f00"),
        ("state.waiting", "#d75f00"),
        ("state.closing", "#d75f00"),
        ("state.closed", "#ff0000"),
        ("auto-suggestion", "#808080"),
        ("completion-menu", "bg:default #808080"),
        ("completion-menu.completion", "bg:default #0087af"),
        ("completion-menu.completion.current", "reverse"),
        ("completion-menu.meta.completion", "bg:default #808080"),
        ("completion-menu.meta.completion.current", "bg:default bold"),
        ("scrollbar.background", "bg:default"),
        ("scrollbar.button", "bg:#808080"),
    ]
)
"""The colours of the sinks' palette, which are readable on dark and on light backgrounds."""


def make_layout(
    buffer: Buffer, prompt: Callable[[], str], toolbar: Callable[[int], list[tuple[str, str]]]
) -> Layout:
    """Return the layout; ``prompt`` gives the prompt's style, ``toolbar`` the line for a width."""
    search = SearchToolbar(ignore_case=True)

    def prefix(line: int, wrapped: int) -> StyleAndTextTuples:
        """Return the prompt for the first row, and its width in spaces for the others."""
        if _columns() < _LEAST_WIDTH:
            return []
        return [(prompt(), _PROMPT)] if line == wrapped == 0 else [("", " " * len(_PROMPT))]

    text = Window(
        _typed_text(buffer, search),
        height=_a_third,
        wrap_lines=True,
        get_line_prefix=prefix,
        dont_extend_height=True,
    )
    # Through a lambda: the toolbar is made again for every drawing.
    line = FormattedTextControl(lambda: [*toolbar(_columns())])
    below = Window(line, height=_a_third, dont_extend_height=True, style="class:toolbar")
    # In the flow of the layout. prompt_toolkit's own prompts float it, and for that keep rows free
    # at the bottom of the screen all the time.
    completions = CompletionsMenu(max_height=_MENU_ROWS)
    return Layout(HSplit([text, completions, search, ConditionalContainer(below, ~is_done)]), text)


def _typed_text(buffer: Buffer, search: SearchToolbar) -> BufferControl:
    return BufferControl(
        buffer,
        search_buffer_control=search.control,
        preview_search=True,
        include_default_input_processors=False,
        input_processors=[
            HighlightIncrementalSearchProcessor(),
            HighlightSelectionProcessor(),
            TabsProcessor(),  # without it a pasted tab is shown as ^I
            ConditionalProcessor(AppendAutoSuggestion(), has_focus(buffer) & ~is_done),
        ],
    )


def _columns() -> int:
    return get_app().output.get_size().columns


def _a_third() -> Dimension:
    """Return a height of at most a third of the screen."""
    # The rest is for messages. prompt_toolkit keeps the rows that a prompt once used, so those of a
    # long line stay blank after it.
    return Dimension(max=max(1, get_app().output.get_size().rows // 3))


def load_keys(
    buffer: Buffer,
    *,
    interrupt: Callable[[], None],
    leave: Callable[[], None],
    edit: Callable[[str], None],
) -> KeyBindingsBase:
    """Return the bindings that are added to prompt_toolkit's own for emacs or vi.

    ``interrupt``, ``leave`` and ``edit`` are called for their keys.
    """
    keys = KeyBindings()
    # During a search (Ctrl-R) the focus is elsewhere, and Enter and Ctrl-D are the search's.
    typing = has_focus(buffer)
    empty = Condition(lambda: not buffer.text)
    # In a buffer of several lines prompt_toolkit has these two the other way round. A paste never
    # gets here: the terminal brackets it, so its line feeds are not keys.
    keys.add("enter", filter=typing)(lambda _: buffer.validate_and_handle())
    keys.add("escape", "enter", filter=typing)(lambda _: buffer.newline(copy_margin=False))
    keys.add("c-c")(lambda _: interrupt())
    # As in a shell: the end of the input in an empty line, delete-char in any other.
    keys.add("c-d", filter=typing & empty)(lambda _: leave())
    # By default prompt_toolkit would insert the character.
    keys.add("c-z")(lambda event: event.app.suspend_to_background())
    # Readline has quoted-insert on both Ctrl-Q and Ctrl-V, prompt_toolkit on the first alone, which
    # many terminals keep for flow control.
    keys.add("c-v", filter=typing & emacs_mode)(get_by_name("quoted-insert"))
    # As bash's edit-and-execute-command, in both modes.
    keys.add("c-x", "c-e", filter=typing & emacs_mode)(lambda _: edit(buffer.text))
    keys.add("v", filter=typing & vi_navigation_mode)(lambda _: edit(buffer.text))
    return merge_key_bindings([load_auto_suggest_bindings(), keys])


def find_editing_mode(environ: Mapping[str, str]) -> EditingMode:
    """Return the editing mode that the user's inputrc, or else the system's, asks for."""
    # The files that readline reads, in its order; the first one that exists is the only one.
    home = environ.get("HOME", "")
    candidates = [environ.get("INPUTRC") or f"{home}/.inputrc", "/etc/inputrc"]
    for name in candidates:
        try:
            with open(name, encoding="utf-8", errors="replace") as file:
                return read_editing_mode(file.read())
        except OSError:
            continue
    return EditingMode.EMACS


def read_editing_mode(inputrc: str) -> EditingMode:
    """Return the editing mode that an inputrc sets for all programs."""
    # Blocks between $if and $endif, which may be nested, are ignored: most of them are for a
    # program, such as "$if Bash", or a terminal.
    mode, depth = EditingMode.EMACS, 0
    for line in inputrc.splitlines():
        directive = line.strip()
        if directive.startswith("$if"):
            depth += 1
        elif directive.startswith("$endif"):
            depth = max(0, depth - 1)
        elif depth == 0 and (match := re.fullmatch(_SET_EDITING_MODE, line)):
            mode = EditingMode.VI if match[1].lower() == "vi" else EditingMode.EMACS
    return mode


class PromptApplication(Application[None]):
    """An application that erases all of its prompt, even when the terminal has become narrower.

    Most terminals then break each row that no longer fits into several. The cursor moves down with
    the text, but prompt_toolkit goes up only by the number of rows that it has drawn, and leaves
    the first ones on the screen. Here the added rows are computed from the drawn text and the new
    width.

    ``rows_are_broken`` is False for a terminal that cuts off rows which no longer fit.
    """

    rows_are_broken = True

    def erase(self) -> None:
        """Erase the prompt and everything below, and leave the cursor where the prompt began."""
        # The renderer goes up from here by the rows that it has drawn.
        screen = self.renderer.last_rendered_screen
        if screen is not None and self.rows_are_broken:
            self.output.cursor_up(self._added_rows(screen))
        self.renderer.erase(leave_alternate_screen=False)

    def _on_resize(self) -> None:
        # Erased first: the renderer forgets what it has drawn, and the method of prompt_toolkit
        # finds nothing more to erase.
        self.erase()
        super()._on_resize()

    def _added_rows(self, screen: Screen) -> int:
        # Only the rows above the cursor matter, and its own up to its column: the rows below are
        # erased with everything to the end of the screen.
        columns = self.output.get_size().columns
        cursor = screen.get_cursor_position(self.layout.current_window)
        above = (_row_width(screen, row) for row in range(cursor.y))
        return sum(max(0, width - 1) // columns for width in above) + cursor.x // columns


def _row_width(screen: Screen, row: int) -> int:
    """Return the columns of a row up to its last character that is not a space."""
    # Terminals do not move blank cells at the end of a row to the next one.
    cells = screen.data_buffer[row]
    drawn = [(x, cell.char) for x, cell in cells.items() if cell.char.strip()]
    return max((x + get_cwidth(char) for x, char in drawn), default=0)


def breaks_rows(environ: Mapping[str, str]) -> bool:
    """Return False if the terminal cuts rows off when it is made narrower.

    These are xterm, GNU screen, rxvt and the console of Linux.
    """
    # TERM does not tell: many terminals that break rows claim to be xterm-256color, and screen is
    # also the value in tmux, which breaks them. xterm and screen each set a variable of their own.
    if "XTERM_VERSION" in environ or "STY" in environ:
        return False
    return not environ.get("TERM", "").startswith(_TERMINALS_THAT_CUT)
