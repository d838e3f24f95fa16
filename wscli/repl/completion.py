"""Completion and suggestions in the prompt: commands, their arguments, file names, earlier lines.

prompt_toolkit calls these in the main thread, between keys, so they read nothing but memory; the
exception is a folder that is listed for file names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from prompt_toolkit.auto_suggest import AutoSuggestFromHistory, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import History

from wscli.repl.commands import COMMANDS
from wscli.repl.commands.table import AT_FILE, FILE
from wscli.repl.history import LineHistory

_MAX_LINES = 50  # earlier lines that are offered; nobody scrolls through more
_COMMAND_BEGUN = r"/[^\s/]*"  # not "//", which begins a message


class PromptHistory(History):
    """An adapter that lets prompt_toolkit search and extend a ``LineHistory``."""

    def __init__(self, lines: LineHistory) -> None:
        super().__init__()
        self._lines = lines

    def load_history_strings(self) -> list[str]:
        """Return the lines, the latest first."""
        return self._lines.lines[::-1]

    def store_string(self, string: str) -> None:
        """Keep a line."""
        self._lines.append(string)


class LineSuggester(AutoSuggestFromHistory):
    """Suggest the rest of an earlier line, unless that fills more than a row."""

    def __init__(self, columns: Callable[[], int]) -> None:
        super().__init__()
        self._columns = columns

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """Return the rest of the line, or None."""
        found = super().get_suggestion(buffer, document)
        # A suggestion of several rows would enlarge the prompt while the user types, and leave
        # blank rows when it disappears: the area of the prompt grows, but does not shrink.
        if found is None or len(found.text) > self._columns() or "\n" in found.text:
            return None
        return found


class LineCompleter(Completer):
    """Complete the text before the cursor."""

    def __init__(self, history: LineHistory) -> None:
        self._history = history
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        """Yield the possible completions of the text before the cursor."""
        text = document.text_before_cursor
        if re.fullmatch(_COMMAND_BEGUN, text):
            yield from _commands(text[1:])
        elif text.startswith("/") and not text.startswith("//"):
            yield from self._arguments(text, event)
        # Not for an empty prompt: Tab would open a menu of the whole history.
        elif text:
            yield from self._lines(text)

    def _arguments(self, text: str, event: CompleteEvent) -> Iterator[Completion]:
        name, _, argument = text[1:].partition(" ")
        found = COMMANDS.get(name)
        if found is None:
            return
        *before, word = re.split(r"\s+", argument)
        # Of /help only here: its words are the table, which is not complete when /help enters it.
        words = tuple(COMMANDS) if name == "help" else found.words
        if before and before[-1] in found.values:
            words = found.values[before[-1]]
        # Without an "@" no file is offered: it would be sent as text.
        if AT_FILE in words and word.startswith("@"):
            yield from self._paths.get_completions(Document(word[1:]), event)
            return
        plain = [known for known in words if known not in (FILE, AT_FILE)]
        yield from _matching(plain, word)
        if FILE in words:
            yield from self._paths.get_completions(Document(word), event)

    def _lines(self, text: str) -> Iterator[Completion]:
        seen: dict[str, None] = {}
        # The latest first, and each line once, however often it was sent.
        for line in reversed(self._history.lines):
            if line.startswith(text) and line != text and line not in seen:
                seen[line] = None
                yield Completion(line, start_position=-len(text))
            if len(seen) == _MAX_LINES:
                return


def _commands(begun: str) -> Iterator[Completion]:
    for found in COMMANDS.values():
        if found.name.startswith(begun):
            # With a space after it where arguments follow, so that typing can go on.
            yield Completion(
                f"/{found.name}{' ' if found.usage else ''}",
                start_position=-len(begun) - 1,
                display=f"/{found.name}",
                display_meta=found.summary,
            )


def _matching(words: Iterable[str], begun: str) -> Iterator[Completion]:
    for word in words:
        if word.startswith(begun):
            yield Completion(word, start_position=-len(begun))
