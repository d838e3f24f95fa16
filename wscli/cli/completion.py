"""The candidates for the word being typed in a shell, and the scripts that ask for them.

The scripts in ``completions/`` run wscli with ``_WSCLI_COMPLETE`` set to the name of the shell.
The arguments are then the words of the command line up to the cursor, the last one unfinished.
Each line of the answer is a candidate, or tells the shell to complete file names itself.
Nothing is ever written to stderr, because it would appear in the middle of the user's line.

click has completion of its own, which is not used: it knows nothing of a URL without a command, of
a file name behind ``@``, or of a URL that bash has split at its colon.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from wscli.cli.command import options_of, takes_value
from wscli.server.route_table import websocket_paths

Load = Callable[[str], click.Command | None]

SHELLS = ("bash", "zsh", "fish")
_IMPLIED = ("connect", "pipe")  # the commands that a URL alone may stand for

# The metavar in the help says what a value is, and completion goes by it too.
_FILE = r"FILE|PATH"
_AT_FILE = r"MESSAGE|NAME: VALUE"

_END = "\0"  # cannot be in an argument, so it marks the end of the last word


class Candidate(NamedTuple):
    """A completion of the word, with a description."""

    word: str
    meaning: str = ""


class Files(NamedTuple):
    """File names, after the first ``head`` characters of the word: "@", or "--cacert="."""

    head: int


Answer = Candidate | Files


def read_script(shell: str) -> str:
    """Return the completion script for a shell."""
    return (Path(__file__).parent / "completions" / f"wscli.{shell}").read_text(encoding="utf-8")


def answer(shell: str, args: Sequence[str], commands: Mapping[str, str], load: Load) -> str:
    """Return the lines that the script of a shell reads.

    ``args`` are the words up to the cursor; from bash, the line and the part readline replaces.
    """
    # bash splits words at the characters of COMP_WORDBREAKS, also inside of a URL, so the whole
    # line is read here again. zsh and fish hand over words as they are run.
    if shell == "bash":
        line, replaced = (*args, "", "")[:2]
        words = split_line(line)[1:] or [""]
        kept = _kept(words[-1], replaced)
        found = _in_bash(words, commands, load)
        lines = [_for_bash(each, words[-1], kept) for each in found]
    else:
        write = _for_zsh if shell == "zsh" else _for_fish
        lines = [write(found) for found in candidates(list(args) or [""], commands, load)]
    return "".join(f"{line}\n" for line in lines)


def _kept(word: str, replaced: str) -> int:
    """Return how many characters at the start of a word readline keeps.

    It replaces the part after an opening quote, or after = or : outside quotes.
    """
    # Readline passes the part as it was typed, with its quotes; the word has none any more.
    for end in (replaced, split_line(replaced)[-1]):
        if word.endswith(end):
            return len(word) - len(end)
    return 0


def _in_bash(words: list[str], commands: Mapping[str, str], load: Load) -> Iterator[Answer]:
    """Remove redirections, which bash leaves in the words of a command."""
    # In `wscli listen URL > out.txt --<Tab>` neither ">" nor the file is an argument of wscli.
    plain: list[str] = []
    file_follows = False
    for word in words:
        operator = re.fullmatch("[<>|&]+", word) is not None
        if not operator and not file_follows:
            plain.append(word)
        file_follows = operator
    last_is_file = len(words) > 1 and re.fullmatch("[<>|&]+", words[-2])
    return iter([Files(0)]) if last_is_file else candidates(plain or [""], commands, load)


def split_line(line: str) -> list[str]:
    """Return the words of a line as a shell splits them; the last one may be empty or unclosed."""
    # With the mark the last word is never empty, so that shlex yields it after a space, too.
    lexer = shlex.shlex(line + _END, posix=True, punctuation_chars="<>|&")
    lexer.whitespace_split = True
    lexer.commenters = ""  # the "#" in a URL begins no comment
    words: list[str] = []
    try:
        words += lexer
    except ValueError:  # a quote that is still open
        words.append(lexer.token)
    words[-1] = words[-1].removesuffix(_END)
    return words


def candidates(words: Sequence[str], commands: Mapping[str, str], load: Load) -> Iterator[Answer]:
    """Yield the completions of the last word."""
    *before, word = words
    # The first word may be a command or a URL.
    if not before and not word.startswith("-"):
        yield from _starting(word, commands.items())
        yield from _urls(word)
        return
    named = load(before[0]) if before else None
    # Without a command it is `connect` or `pipe`, which the terminal decides when the line is run.
    position = _Position([named] if named else [load(name) for name in _IMPLIED])
    for previous in before[named is not None :]:
        position.advance(previous)
    yield from position.complete(word)


class _Position:
    """The position of the word being typed in a command line."""

    def __init__(self, commands: Iterable[click.Command | None]) -> None:
        self._commands = [command for command in commands if command is not None]
        # Of all commands in question; if two have an option of one name, the first one's.
        self._options: dict[str, click.Option] = {}
        for command in self._commands:
            self._options |= {**options_of(command), **self._options}
        self._used: set[str | None] = set()
        self._wanted: list[str] = []  # the metavars of the values that an option still needs
        self._choices: Sequence[str] = ()
        self._arguments = 0
        self._only_arguments = False

    def advance(self, word: str) -> None:
        """Process a complete word."""
        if self._wanted:
            self._wanted.pop(0)
        elif word == "--" and not self._only_arguments:
            self._only_arguments = True
        # "-" alone is an argument by convention, though wscli has no use for it.
        elif self._only_arguments or not word.startswith("-") or word == "-":
            self._arguments += 1
        else:
            self._begin_option(*self._find_option(word))

    def complete(self, word: str) -> Iterator[Answer]:
        """Yield the completions of an unfinished word."""
        if self._wanted:
            yield from _values(word, 0, self._wanted[0], self._choices)
        elif self._only_arguments or not word.startswith("-"):
            yield from self._complete_argument(word)
        else:
            option, value = self._find_option(word)
            if option is not None and value is not None:
                yield from _values(word, value, option.metavar or "", _choices(option))
            else:
                yield from _starting(word, self._unused_options())

    def _begin_option(self, option: click.Option | None, value: int | None) -> None:
        if option is None:
            return
        # By the parameter's name, so that --quiet is not offered after -q.
        self._used.add(option.name)
        if value is None and takes_value(option):
            metavar = option.metavar or ""
            # --every has two values, "DURATION MESSAGE", of which the second may be a file.
            self._wanted = metavar.split() if option.nargs > 1 else [metavar]
            self._choices = _choices(option)

    def _find_option(self, word: str) -> tuple[click.Option | None, int | None]:
        """Return the option that a word ends with, and where a value attached to it begins."""
        if word.startswith("--"):
            name, equals, _ = word.partition("=")
            return self._options.get(name), len(name) + 1 if equals else None
        # A cluster such as -vvn10: letters of flags, then at most one option with its value.
        option = None
        for end, letter in enumerate(word[1:], 2):
            option = self._options.get(f"-{letter}")
            if option is not None and takes_value(option):
                return option, end if word[end:] else None
        return option, None

    def _complete_argument(self, word: str) -> Iterator[Answer]:
        """Complete an argument of the first command that has one at this position."""
        for command in self._commands:
            index = 0
            for param in command.params:
                if isinstance(param, click.Argument):
                    if index == self._arguments or (param.nargs < 0 and index < self._arguments):
                        yield from _values(word, 0, param.metavar or "", _choices(param))
                        return
                    index += 1

    def _unused_options(self) -> Iterator[tuple[str, str]]:
        for name, option in self._options.items():
            if option.multiple or option.count or option.name not in self._used:
                yield name, option.help or ""


def _values(word: str, head: int, metavar: str, choices: Sequence[str]) -> Iterator[Answer]:
    """Complete a value, which begins ``head`` characters into the word."""
    value = word[head:]
    # File names are left to the shell, which knows its quotes, its options and ~.
    if re.search(_FILE, metavar):
        yield Files(head)
    # "@@" begins a text that begins with "@".
    elif re.search(_AT_FILE, metavar):
        if value.startswith("@") and not value.startswith("@@"):
            yield Files(head + 1)
    elif "URL" in metavar:
        yield from _urls(value)
    else:
        yield from _starting(word, ((word[:head] + choice, "") for choice in choices))


def _urls(word: str) -> Iterator[Answer]:
    """Complete URLs of the embedded server, the only one whose paths are known."""
    # Not for an empty word: it would stand among the commands as if it were one.
    if not word.startswith("demo:"):
        yield from _starting(word, [("demo:", "the embedded server")] if word else [])
    else:
        paths = ((f"demo:{path}", meaning) for path, meaning in websocket_paths())
        yield from _starting(word, paths)


def _starting(word: str, known: Iterable[tuple[str, str]]) -> Iterator[Candidate]:
    for name, meaning in known:
        if name.startswith(word):
            yield Candidate(name, meaning)


def _choices(param: click.Parameter) -> Sequence[str]:
    return (
        [str(choice) for choice in param.type.choices]
        if isinstance(param.type, click.Choice)
        else []
    )


def _for_bash(found: Answer, word: str, kept: int) -> str:
    """Return the replacement for a word after its first ``kept`` characters."""
    # bash shows no descriptions, and would insert them.
    if isinstance(found, Files):
        return f":files {kept} {found.head} {word}"
    return found.word[kept:]


def _for_zsh(found: Answer) -> str:
    if isinstance(found, Files):
        return f":files {found.head}"
    # _describe splits at the first colon that is not escaped.
    word = re.sub(r"([\\:])", r"\\\1", found.word)
    return f"{word}:{_brief(found.meaning)}" if found.meaning else word


def _for_fish(found: Answer) -> str:
    if isinstance(found, Files):
        return f":files {found.head}"
    return f"{found.word}\t{_brief(found.meaning)}" if found.meaning else found.word


def _brief(meaning: str) -> str:
    """Return the first clause of a help text, short enough to show beside a candidate."""
    # Not at a point inside a word, as in "1.2" or "$.": the clause ends where a space follows.
    return re.split(r"[;.](?:\s|$)", meaning, maxsplit=1)[0]
