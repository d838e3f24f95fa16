"""What is at the bottom of the terminal: the prompt, the completions, the search, the toolbar."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import has_focus, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples
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
from prompt_toolkit.styles import Style
from prompt_toolkit.widgets import SearchToolbar

_MENU_ROWS = 8
_PROMPT = "> "
_LEAST_WIDTH = 8  # columns; a narrower prompt has only the typed text

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
"""The colours of the sinks' palette, which can be read on dark and on light."""


def make_layout(
    buffer: Buffer, prompt: Callable[[], str], toolbar: Callable[[int], list[tuple[str, str]]]
) -> Layout:
    """Return the layout; ``prompt`` gives the prompt's style, ``toolbar`` the line for a width."""
    search = SearchToolbar(ignore_case=True)
    control = BufferControl(
        buffer,
        search_buffer_control=search.control,
        preview_search=True,
        include_default_input_processors=False,
        input_processors=[
            HighlightIncrementalSearchProcessor(),
            HighlightSelectionProcessor(),
            TabsProcessor(),
            ConditionalProcessor(AppendAutoSuggestion(), has_focus(buffer) & ~is_done),
        ],
    )

    def prefix(line: int, wrapped: int) -> StyleAndTextTuples:
        if columns() < _LEAST_WIDTH:
            return []
        return [(prompt(), _PROMPT)] if line == wrapped == 0 else [("", " " * len(_PROMPT))]

    def columns() -> int:
        return get_app().output.get_size().columns

    def a_third() -> Dimension:
        """Leave most of the screen to messages; rows used by a long line stay blank after it."""
        return Dimension(max=max(1, get_app().output.get_size().rows // 3))

    window = Window(
        control, height=a_third, wrap_lines=True, get_line_prefix=prefix, dont_extend_height=True
    )
    line = FormattedTextControl(lambda: [*toolbar(columns())])
    return Layout(
        HSplit(
            [
                window,
                CompletionsMenu(max_height=_MENU_ROWS),
                search,
                ConditionalContainer(
                    Window(line, height=a_third, dont_extend_height=True, style="class:toolbar"),
                    ~is_done,
                ),
            ]
        ),
        window,
    )
