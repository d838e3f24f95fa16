"""Recorded ids and the new ones in their place: a server gives a session or a row another id.

An id also occurs outside the message that assigns it: in later messages of either
side, alone or inside a path or a topic. So it is replaced wherever it stands between characters
that are neither letters nor digits. All are replaced in one pass, since a new id may be equal to a
recorded one: without that, 1 → 2 and 2 → 3 would make 3 of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from wscli.payload.codecs import NO_VALUE, value_of
from wscli.payload.matching import JsonPathQuery
from wscli.payload.message import Message
from wscli.payload.replies import is_id
from wscli.wire.codes import Opcode

Id = str | int

_WORD = r"[^\W_]+"
_PART_OF_NUMBER = r"[0-9.]"  # around a number: the 17 in 17.5 is another one


class _Spelling(NamedTuple):
    """A text that stands for an id; the word that it is found by begins at ``offset``."""

    text: str
    offset: int
    id: Id


class IdMap:
    """Replaces recorded ids by the new ones that have been learned."""

    def __init__(self) -> None:
        self._new: dict[Id, Id] = {}
        self._spellings: dict[str, list[_Spelling]] = {}  # by one of their words

    def learn(self, recorded: Id, now: Id) -> bool:
        """Replace an id from now on; return False if it has been learned already."""
        if recorded in self._new:
            return False
        self._new[recorded] = now
        for word, spelling in _spellings(recorded):
            known = self._spellings.setdefault(word, [])
            known.append(spelling)
            known.sort(key=lambda each: -len(each.text))  # of two, the longer is meant
        return True

    def forget(self, recorded: Id) -> None:
        """Replace an id no longer, if it has been learned."""
        if self._new.pop(recorded, None) is None:
            return
        for word, spelling in _spellings(recorded):
            self._spellings[word].remove(spelling)
            if not self._spellings[word]:
                del self._spellings[word]

    def translate(self, value: Any) -> Any:
        """Return a JSON value with the new ids: a number, or a string that may contain some."""
        if not self._new:
            return value
        if isinstance(value, str):
            return self._replace(value, str)
        return self._new.get(value, value) if is_id(value) else value

    def translate_message(self, message: Message) -> bytes:
        """Return the payload of a text message with the new ids; that of another as it is."""
        if message.opcode != Opcode.TEXT or not self._new:
            return message.payload
        is_json = value_of(message) is not NO_VALUE
        text = self._replace(message.text, _inside_json if is_json else str)
        return text.encode(errors="backslashreplace")  # a lone surrogate becomes JSON's escape

    def find(self, text: str) -> Iterator[Id]:
        """Yield the learned ids in a text."""
        for _, spelling in self._occurrences(text):
            yield spelling.id

    def _replace(self, text: str, write: Callable[[Id], str]) -> str:
        pieces: list[str] = []
        done = 0
        for start, spelling in self._occurrences(text):
            pieces += [text[done:start], write(self._new[spelling.id])]
            done = start + len(spelling.text)
        return "".join([*pieces, text[done:]])

    def _occurrences(self, text: str) -> Iterator[tuple[int, _Spelling]]:
        done = 0
        for word in re.finditer(_WORD, text):
            for spelling in self._spellings.get(word[0], ()):
                start = word.start() - spelling.offset
                if start >= done and _stands_alone(spelling, text, start):
                    yield start, spelling
                    done = start + len(spelling.text)
                    break


def _spellings(value: Id) -> Iterator[tuple[str, _Spelling]]:
    """Yield the texts that stand for an id, each with the word that it is found by."""
    for text in {str(value), _inside_json(value)}:
        if words := list(re.finditer(_WORD, text)):
            word = max(words, key=_rarity)
            yield word[0], _Spelling(text, word.start(), value)


def _rarity(word: re.Match[str]) -> tuple[bool, int]:
    """Return a sort key by which few ids share a word: 42 in user-42, not user."""
    return re.search("[0-9]", word[0]) is not None, len(word[0])


def _stands_alone(spelling: _Spelling, text: str, start: int) -> bool:
    end = start + len(spelling.text)
    if not text.startswith(spelling.text, start):
        return False
    around = (text[start - 1 : start] if start else "") + text[end : end + 1]
    touching = _PART_OF_NUMBER if isinstance(spelling.id, int) else _WORD
    return re.search(touching, around) is None


def _inside_json(value: Id) -> str:
    """Return an id as it stands between the quotes of a JSON string, or as a number."""
    return json.dumps(value, ensure_ascii=False)[1:-1] if isinstance(value, str) else str(value)


def paired_ids(
    queries: Sequence[JsonPathQuery], recorded: Message, now: Message
) -> Iterator[tuple[Id, Id]]:
    """Yield the ids that queries select in a message, each with the new one in its place.

    Raises:
        PatternTimeout: if a regular expression in a query takes too long.
    """
    values = value_of(recorded), value_of(now)
    for query in queries if NO_VALUE not in values else ():
        before, after = (query.select(value) for value in values)
        for (_, one), (_, other) in zip(before, after, strict=False):
            if is_id(one) and type(one) is type(other):
                yield one, other
