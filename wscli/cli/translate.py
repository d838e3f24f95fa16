"""Guess the meaning of a command line with a typing error or another program's option.

People who know wscat, websocat or curl type the options of those programs. ``meant`` turns such a
line into a call of wscli that its own parser accepts, for the hint of a usage error. It runs
nothing and reads no file. This module is imported only after an error.

The words are taken apart into options, URL and messages; each option becomes the one that was
meant; and a call is put together for the command that fits. Where any word cannot be explained, no
call is shown at all: a wrong suggestion costs the user more time than none.
"""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise

import click

from wscli.cli.command import has_optional_value, options_of, takes_value
from wscli.cli.habits import HABITS, OWN_NAMES, Habit
from wscli.cli.types import corrected_url, is_url
from wscli.net.redaction import redact_url

Load = Callable[[str], click.Command | None]

_TALKING = ("connect", "pipe", "send", "listen", "inspect")  # in the order of preference
_NEAR = 0.85  # of difflib's ratio: --timout is near --timeout, --until is not near --count
_HOLDS_URL = {"-o", "--origin", "--proxy"}  # their values look like the URL to connect to
_SECRETS = ("-u", "--user", "--bearer", "--cookie")
_CREDENTIALS = r"(?i)((?:proxy-)?authorization|cookie)\s*:.*"


def meant(args: Sequence[str], implied: str, load: Load) -> str:
    """Return the call that a wrong command line most likely stands for, or "" if none is likely.

    ``implied`` is the command that a URL alone stands for, and ``load`` returns a command by name.
    """
    call = _with_missing_value(args, implied, load) or _Reader(args, implied, load).call()
    return show_call(call) if call and _differs(call, args) else ""


def _differs(call: Sequence[str], args: Sequence[str]) -> bool:
    """Return True unless a call has the same words as typed: their order changes nothing."""
    # If the words are the same, a value is wrong, and another order would not fix it.
    return call[0] != args[0] or sorted(call) != sorted(args)


def show_call(args: Sequence[str]) -> str:
    """Return a call as it can be typed in a shell, without the secrets that were typed."""
    # Quoted for a POSIX shell: the hint is there to be copied.
    return f"wscli {shlex.join(_without_secrets(args))}"


def accepts(command: click.Command, args: Sequence[str]) -> bool:
    """Return True if a command's parser takes these arguments; values are not converted."""
    # As ``connect`` does before it parses: this option takes its value after "=" alone.
    known = options_of(command)
    args = [
        f"{word}=" if word in known and has_optional_value(known[word]) else word for word in args
    ]
    # The parser alone: converting the values would read files and stdin.
    try:
        with click.Context(command, info_name=command.name) as context:
            values, rest, _ = command.make_parser(context).parse_args(args)
    except click.UsageError:
        return False
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    return not rest and all(
        isinstance(values.get(str(param.name)), str) for param in arguments if param.required
    )


class _Reader:
    """Takes a command line apart into options, URL and messages, and puts a call together."""

    def __init__(self, args: Sequence[str], implied: str, load: Load) -> None:
        self._implied = implied
        self._load = load
        self._options: list[str] = []
        self._words: list[str] = []
        self._messages: list[str] = []
        self._url = ""
        self._command = ""
        self._named = ""
        self._understood = True
        self._read(self._take_command(list(args)))

    def call(self) -> list[str]:
        """Return the arguments of the call; none if the line is not understood."""
        self._find_url()
        if not self._understood or not (self._url or self._command == "serve"):
            return []
        # The first command that accepts it all: the candidates are in the order of preference.
        for name in self._candidates():
            command = self._load(name or self._implied)
            if command is not None and accepts(command, tail := self._tail()):
                return [name, *tail] if name else tail
        return []

    def _take_command(self, args: list[str]) -> list[str]:
        """Find the command, which may be misspelt or come after options."""
        for index, word in enumerate(args):
            if self._load(word) is not None:
                self._named = word
                return args[:index] + args[index + 1 :]
            if not word.startswith("-"):
                break
        # Less strict than for options: the first word is almost certainly a command.
        if args and not args[0].startswith("-") and not is_url(args[0]):
            for name in get_close_matches(args[0], _TALKING, n=1, cutoff=0.6):
                self._named = name
                return args[1:]
        return args

    def _read(self, args: list[str]) -> None:
        known = self._known_options()
        # With wscat's -c, an -n is wscat's too: --no-check, which, unlike our -n, has no value.
        if {"-c", "--connect"} & set(args):
            known.pop("-n", None)
        waiting = deque(args)
        while waiting:
            word = waiting.popleft()
            if word == "--":
                self._words += waiting
                waiting.clear()
            elif not word.startswith("-") or word == "-" or self._is_number(word):
                self._words.append(word)
            else:
                self._read_option(word, waiting, known)

    def _is_number(self, word: str) -> bool:
        # `send URL -1` sends the message -1; before the URL, -1 is the option of websocat.
        return self._named == "send" and bool(self._words) and word[1:].isdecimal()

    def _known_options(self) -> dict[str, click.Option]:
        """Return the options of all commands that connect, those of the intended one first."""
        # Of all: an option may show that another command than the named one is meant.
        known: dict[str, click.Option] = {}
        for name in (self._named or self._implied, *_TALKING):
            command = self._load(name)
            if command is not None:
                known = {**options_of(command), **known}
        return known

    def _read_option(self, word: str, waiting: deque[str], known: dict[str, click.Option]) -> None:
        for typed, attached in _names_in(word, known):
            # From the most certain to the least: our own option, another program's, a misspelling,
            # a message.
            name = OWN_NAMES.get((self._named, typed), typed)
            if name in known:
                self._keep(name, attached, waiting, known[name])
            elif name in HABITS:
                value = attached or (self._next(waiting) if HABITS[name].takes_value else "")
                self._adopt(name, HABITS[name], value)
            elif near := get_close_matches(name, known, n=1, cutoff=_NEAR):
                self._read_option(word.replace(name, near[0], 1), waiting, known)
            elif self._words and self._named == "send" and not word.startswith("--"):
                self._words.append(word)  # a message such as -5
                return
            else:
                self._understood = False

    def _keep(
        self, name: str, attached: str | None, waiting: deque[str], option: click.Option
    ) -> None:
        if attached is not None and name.startswith("--"):
            self._options.append(f"{name}={attached}")
        elif takes_value(option):
            self._options += [name, attached or self._next(waiting)]
        else:
            self._options.append(name)
        if takes_value(option):
            self._options += [self._next(waiting) for _ in range(option.nargs - 1)]

    def _next(self, waiting: deque[str]) -> str:
        """Take the value of an option; without one the line is not understood."""
        self._understood = self._understood and bool(waiting)
        return waiting.popleft() if waiting else ""

    def _adopt(self, name: str, habit: Habit, value: str) -> None:
        self._command = habit.command or self._command
        if habit.command == "serve":
            self._options.append(value)
        elif habit.becomes == "url":
            self._url = corrected_url(value) or value
        elif habit.becomes == "message":
            # -x is the message of wscat and the proxy of curl, which is always a URL.
            if name == "-x" and is_url(value):
                self._options += ["--proxy", value]
            else:
                self._messages.append(value)
        else:
            self._options += [option.replace("{}", value) for option in habit.becomes]

    def _find_url(self) -> None:
        """Choose the URL among the words; the others are messages."""
        words = self._words
        # `wscli localhost 8080`, as nc and telnet have it.
        if self._named != "send" and re.fullmatch(r"[\w.-]+ [0-9]{1,5}", " ".join(words[:2])):
            words = [":".join(words[:2]), *words[2:]]
        for index, word in enumerate(words if not self._url else ()):
            url = corrected_url(word)
            if url or is_url(word):
                self._url = url or word
                words = words[:index] + words[index + 1 :]
                break
        # A second URL is not a message: more likely the user expects several connections.
        if any(re.match(r"\w+://", word) for word in words):
            self._understood = False
        self._messages = [*words, *self._messages]

    def _candidates(self) -> list[str]:
        if self._command:
            return [self._command]
        # Only send takes messages as arguments.
        if self._messages:
            return [self._named, "send"] if self._named else ["send"]
        # Nothing else does what ping, serve or compare does. The others are forms of one thing.
        if self._named and self._named not in _TALKING:
            return [self._named]
        return [self._named, *(name for name in _TALKING if name != self._named)]

    def _tail(self) -> list[str]:
        if self._command == "serve":
            return self._options
        messages = self._messages
        # Otherwise the suggestion would be a usage error itself.
        if any(message.startswith("-") for message in messages):
            messages = ["--", *messages]
        return [*self._options, *([self._url] if self._url else []), *messages]


def _names_in(word: str, known: dict[str, click.Option]) -> Iterator[tuple[str, str | None]]:
    """Yield each option of a word with the value attached to it: ``--a=b``, ``-vvn1``."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        yield name, value if equals else None
        return
    for index, letter in enumerate(word[1:], 2):
        name = f"-{letter}"
        habit = HABITS.get(name)
        with_value = takes_value(known[name]) if name in known else habit and habit.takes_value
        if with_value:
            yield name, word[index:] or None
            return
        yield name, None


def _with_missing_value(args: Sequence[str], implied: str, load: Load) -> list[str]:
    """Return the call with a placeholder value if an option has taken the URL as its value."""
    # In `wscli listen -s ws://h` click takes the URL for the subprotocol, and complains that the
    # URL is missing. That is true and does not help.
    named = load(args[0]) is not None
    command = load(args[0] if named else implied)
    if command is None or accepts(command, args[named:]):
        return []
    known = options_of(command)
    for index, (name, value) in enumerate(pairwise(args), 1):
        if name in known and takes_value(known[name]) and is_url(value) and name not in _HOLDS_URL:
            call = [*args[:index], (known[name].metavar or "VALUE").strip("'"), *args[index:]]
            return call if accepts(command, call[named:]) else []
    return []


def _without_secrets(args: Sequence[str]) -> Iterator[str]:
    """Replace credentials and query strings: hints end up in the logs of CI systems."""
    before = ""
    for word in args:
        name, equals, value = word.partition("=")
        if before in _SECRETS:
            yield _hidden(word)
        elif equals and name in _SECRETS:
            yield f"{name}={_hidden(value)}"
        elif is_url(word):
            yield redact_url(word)
        else:
            yield re.sub(_CREDENTIALS, r"\1: …", word)
        before = word


def _hidden(value: str) -> str:
    # A user name is no secret, and shows which credentials were meant.
    user, colon, _ = value.partition(":")
    return f"{user}:…" if colon else "…"
