"""Patterns for messages: regular expressions, and JSONPath queries (RFC 9535).

A user's pattern must not be able to stop the program. Python's ``re`` cannot be interrupted while
it backtracks: ``^(a+)+$`` on a message of forty letters makes signals, time limits and, on a
server, every other client wait for years. The package ``regex`` reads the same syntax and gives up
at a time limit. ``google-re2`` never backtracks, but rejects lookaround and back-references, which
people use. Both packages here take 30 to 140 ms to import, so they are imported with the first
pattern of their kind.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

from wscli.payload.codecs import NO_VALUE, searched_text, value_of
from wscli.payload.message import Message

# Long enough for a busy machine, and short enough that a session stays usable.
_BASE_LIMIT = 0.1  # seconds, allowed for any message
_LIMIT_PER_CHARACTER = 1e-7  # seconds; a search that does not backtrack takes a tenth of that

# Steps of a search that take less than the base limit, at about 10 ns each.
_FEW_STEPS = 1e7
_MAY_MULTIPLY = r"[|({]|\\X"  # syntax that may repeat a repetition, or is one (a grapheme, \X)

_NAME_IN_ERROR = r"'?\bTOKEN_([A-Z_]+)'?"  # in the jsonpath package's errors

_CONTAINERS = (list, dict)  # the values that a query can select from


class PatternTimeout(Exception):
    """The search for a regular expression was abandoned, since it backtracks for too long."""


class Matcher(Protocol):
    """A pattern for messages; ``text`` is the pattern as the user wrote it."""

    text: str

    def matches(self, message: Message) -> bool:
        """Return True if the pattern is found in a message.

        Raises:
            PatternTimeout: if the search takes too long.
        """


def parse_matcher(text: str) -> Matcher:
    """Parse a JSONPath query if the text begins with ``$.`` or ``$[``, else a regular expression.

    Raises:
        ValueError: if the pattern is invalid, with the reason.
    """
    # No useful regular expression begins like this: nothing follows the end of the text.
    if text.startswith(("$.", "$[")):
        return JsonPathMatcher(text)
    return RegexMatcher(text)


class RegexMatcher:
    """Search the text that a codec shows for a message; a byte of binary is one character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._pattern = _compile(text)
        self._unlimited = longest_unlimited(text)

    def matches(self, message: Message) -> bool:
        """Return True if the expression is found anywhere in the message.

        Raises:
            PatternTimeout: if the search takes more than about 0.1 s plus 1 s for each 10 MB.
        """
        text = searched_text(message)
        if len(text) < self._unlimited:
            return self._pattern.search(text) is not None
        return _search(self._pattern, text)


class RegexReplacer:
    """A regular expression whose matches are replaced, or its groups alone if it has any."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._pattern = _compile(text)

    def replace(self, text: str, replacement: str) -> str:
        """Return a text with a replacement in place of all that matches.

        Raises:
            PatternTimeout: if the search takes too long, as for RegexMatcher.
        """

        def replaced(match: Any) -> str:
            found: str = match[0]
            for group in range(match.re.groups, 0, -1):
                start, end = match.span(group)
                if start >= 0:
                    start, end = start - match.start(), end - match.start()
                    found = found[:start] + replacement + found[end:]
            return found if match.re.groups else replacement if found else ""

        limit = _BASE_LIMIT + _LIMIT_PER_CHARACTER * len(text)
        try:
            result: str = self._pattern.sub(replaced, text, timeout=limit)
        except TimeoutError:
            raise _too_slow(self._pattern, text) from None
        return result


class JsonPathMatcher:
    """Look for nodes that a JSONPath query selects in the value of a message, if it has one.

    A query that begins with a filter, such as ``$[?@.id == 1]``, tests the message itself and, if
    the message is an array, each of its elements.
    """

    # RFC 9535 filters test the children of a node, so ``$[?@.id == 1]`` would not match the
    # message {"id": 1}, which is what nearly every user means. So the message is tried as the only
    # element of an array, too.

    def __init__(self, text: str) -> None:
        self.text = text
        self._query = _compile_query(text)
        self._filters = text[2:].lstrip().startswith("?")

    def matches(self, message: Message) -> bool:
        """Return True if the query selects anything in the message.

        Raises:
            PatternTimeout: if a regular expression inside the query takes too long.
        """
        value = value_of(message)
        if value is NO_VALUE:
            return False
        if self._filters and self._selects([value]):
            return True
        # Not a string, which the package would parse as JSON; and a number has no children.
        return isinstance(value, _CONTAINERS) and self._selects(value)

    def _selects(self, value: Any) -> bool:
        # Not ``self._query.match``, which raises and catches an exception if there is no match:
        # most messages of a stream have none.
        try:
            return next(iter(self._query.finditer(value)), None) is not None
        except RecursionError:  # the package descends 100 levels for "$.."
            return False


Location = tuple[str | int, ...]
"""The names and indexes that lead from a JSON value to one within it."""


class JsonPathQuery:
    """A JSONPath query for values within a value; ``text`` is the query as the user wrote it.

    Raises:
        ValueError: if it is not a valid query, with the reason.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._query = _compile_query(text)

    def select(self, value: Any) -> list[tuple[Location, Any]]:
        """Return the values that the query selects, each with its location.

        Raises:
            PatternTimeout: if a regular expression inside the query takes too long.
        """
        if not isinstance(value, _CONTAINERS):  # the package takes a string for JSON to parse
            return []
        try:
            return [(match.parts, match.value) for match in self._query.finditer(value)]
        except RecursionError:  # as in JsonPathMatcher
            return []


def _compile(text: str) -> Any:
    import regex

    try:
        return regex.compile(text)
    except regex.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    except (RecursionError, MemoryError, OverflowError):
        raise ValueError("the regular expression is too large or nested too deeply") from None


def longest_unlimited(pattern: str) -> int:
    """Return the length below which a text needs no time limit; 0 if every text needs one."""
    # The limit itself takes three times as long as the search of a short message. It is not needed
    # for a pattern without groups and alternatives, which can only backtrack into its repetitions:
    # with n of them, a search takes at most len(text) ** (n + 1) * len(pattern) steps.
    if re.search(_MAY_MULTIPLY, pattern):
        return 0
    repetitions = len(re.findall("[*+?]", pattern))
    return int((_FEW_STEPS / max(len(pattern), 1)) ** (1 / (repetitions + 1)))


def _search(pattern: Any, text: str) -> bool:
    limit = _BASE_LIMIT + _LIMIT_PER_CHARACTER * len(text)
    try:
        return pattern.search(text, timeout=limit) is not None
    except TimeoutError:
        raise _too_slow(pattern, text) from None


def _too_slow(pattern: Any, text: str) -> PatternTimeout:
    return PatternTimeout(
        f"the pattern {pattern.pattern!r} backtracks for too long "
        f"on a message of {len(text):,} characters"
    )


def _compile_query(text: str) -> Any:
    if not text.startswith("$"):
        reason = "a query begins with $, for example '$.time'"
        raise ValueError(f"{text!r} is not a JSONPath query: {reason}")
    from jsonpath import JSONPathEnvironment, JSONPathError
    from jsonpath.function_extensions import Match, Search

    class BoundedSearch(Search):
        """The function ``search`` of RFC 9535 §2.4.7, with the time limit."""

        def __call__(self, value: object, pattern: object) -> bool:
            return self._bounded(value, pattern, "(?:{})")

        def _bounded(self, value: object, pattern: object, form: str) -> bool:
            if not isinstance(value, str) or not isinstance(pattern, str):
                return False
            try:
                return _search(_compile(form.format(pattern)), value)
            except ValueError:  # RFC 9535 §2.4.6: an invalid expression matches nothing
                return False

    class BoundedMatch(Match, BoundedSearch):
        """The function ``match`` of RFC 9535 §2.4.6, with the time limit."""

        def __call__(self, value: object, pattern: object) -> bool:
            return self._bounded(value, pattern, r"\A(?:{})\Z")

    # Strict: without the package's own extensions of the syntax, which other tools would not read.
    environment = JSONPathEnvironment(strict=True)
    # The package's own versions of these two search without a time limit.
    environment.function_extensions["search"] = BoundedSearch()
    environment.function_extensions["match"] = BoundedMatch()
    try:
        return environment.compile(text)
    except JSONPathError as error:
        reason = re.sub(_NAME_IN_ERROR, _name_token, str(error).partition("\n")[0])
        raise ValueError(f"{text!r} is not a JSONPath query: {reason}") from None
    except RecursionError:
        raise ValueError("the JSONPath query is nested too deeply") from None


def _name_token(match: re.Match[str]) -> str:
    return match[1].replace("_", " ").lower()
