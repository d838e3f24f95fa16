"""A recorded server as a mock: which connection to play, and the answers to each message.

A connection is taken apart into turns: the opening, and each message of the client, with all that
the server sent afterwards. A reply with the id of an earlier message belongs to the turn of that
message, even if others had been sent since. Delays count from the message, or the opening, that a
turn begins with: a client that takes its time gets the same answers.

A message of a client is answered as the recorded message that equals it. If there is none, it is
answered as one of the same kind and shape, and the values in which the two differ are replaced in
the answers: ids above all.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from wscli.errors import UsageError
from wscli.payload.codecs import NO_VALUE, value_of
from wscli.payload.comparison import shape_key, value_key
from wscli.payload.ids import IdMap
from wscli.payload.message import Message
from wscli.payload.replies import Call, is_id, read_call
from wscli.records.connections import Ending, RecordedConnection
from wscli.server.gate import path_of
from wscli.server.http import TEXT, HttpResponse
from wscli.wire.codes import Opcode
from wscli.wire.head import without_query

_CALLS = 100  # messages of the client whose replies are looked for
_CANDIDATES = 100  # recorded messages of one shape that a message is compared with
_KINDS = ("action", "cmd", "command", "event", "kind", "method", "op", "type")
_NUMBER = "[0-9]+"
# Headers of the recorded connection alone (RFC 9110 §7.6.1), and those the server writes itself.
_NOT_REPEATED = {
    *("connection", "content-length", "content-type", "content-encoding", "date"),
    *("keep-alive", "transfer-encoding", "trailer", "upgrade"),
}


class RecordedAnswer(NamedTuple):
    """A message of the server, or the end of the connection, ``delay`` seconds into a turn."""

    delay: float
    message: Message | None = None
    ending: Ending | None = None


class Turn:
    """A message of the client, or the opening if there is none, and the answers to it.

    ``at`` is when it was sent, in seconds after the opening.
    """

    def __init__(self, message: Message | None = None, at: float = 0.0) -> None:
        self.message = message
        self.at = at
        self.answers: list[RecordedAnswer] = []


def make_turns(connection: RecordedConnection) -> list[Turn]:
    """Return the turns of a connection; the first is the opening."""
    turns = [Turn()]
    calls: deque[tuple[Call, Turn]] = deque(maxlen=_CALLS)
    for item in connection.items:
        message = Message(item.opcode, item.payload)
        if not item.from_client:
            # The latest call that fits: an application may use its ids again.
            replied = (turn for call, turn in reversed(calls) if call.reply(message) is not None)
            turn = next(replied, turns[-1])
            turn.answers.append(RecordedAnswer(item.at - turn.at, message))
        elif item.opcode != Opcode.PING:  # which the protocol answers
            turns.append(Turn(message, item.at))
            if (call := read_call(item.payload)) is not None:
                calls.append((call, turns[-1]))
    # A Close of the client is answered by the protocol when it comes.
    ending = connection.ending
    if ending is not None and ending.by_server:
        turns[-1].answers.append(RecordedAnswer(ending.at - turns[-1].at, ending=ending))
    return turns


class RecordedTurns:
    """The turns of a connection, found by the value and by the shape of their messages."""

    def __init__(self, connection: RecordedConnection) -> None:
        opening = connection.opening
        self.agreement = None if opening is None else opening.agreement
        self.opening, *turns = make_turns(connection)
        self.by_value: dict[object, list[Turn]] = {}
        self.by_shape: dict[object, list[Turn]] = {}
        for turn in turns:
            if turn.message is not None:
                self.by_value.setdefault(value_key(turn.message), []).append(turn)
                self.by_shape.setdefault(_shape(turn.message), []).append(turn)


def _shape(message: Message) -> tuple[object, ...]:
    """Return the shape of a message, with the fields that say what kind of message it is."""
    # Messages of different types may have the same fields, as "subscribe" and "unsubscribe" often
    # do, so the type is part of the shape.
    value = value_of(message)
    kinds: list[object] = []
    if isinstance(value, dict):
        kinds = [value[name] for name in _KINDS if isinstance(value.get(name), str)]
    elif isinstance(value, list) and value and isinstance(value[0], int):
        kinds = value[:1]  # the type of a message in OCPP and WAMP
    return (message.opcode, shape_key(message), *kinds)


class TurnFinder:
    """Finds the turn for each message of one client.

    Each turn is used once, in the order of the recording. If all that fit have been used, the last
    of them is used again.
    """

    def __init__(self, turns: RecordedTurns) -> None:
        self._turns = turns
        self._used: set[Turn] = set()
        # An index in each list, by the list's identity. A long recording has thousands of equal
        # heartbeats, and searching them from the start each time would take quadratic time.
        self._first_unused: dict[int, int] = {}

    def find(self, message: Message) -> Turn | None:
        """Return the turn of an equal message, or else of the most similar one of its shape."""
        equal = self._candidates(self._turns.by_value.get(value_key(message), []), 1)
        by_shape = self._turns.by_shape
        similar = equal or self._candidates(by_shape.get(_shape(message), []), _CANDIDATES)
        if not similar:
            return None
        turn = min(similar, key=lambda each: _distance(each, message))
        self._used.add(turn)
        return turn

    def _candidates(self, turns: list[Turn], most: int) -> list[Turn]:
        """Return the first turns of a list that have not been used, or else its last turn."""
        if not turns:
            return []
        first = self._first_unused.get(id(turns), 0)
        while first < len(turns) and turns[first] in self._used:
            first += 1
        self._first_unused[id(turns)] = first
        later = (turns[index] for index in range(first, len(turns)))
        unused = (turn for turn in later if turn not in self._used)
        return list(islice(unused, most)) or turns[-1:]


def _distance(turn: Turn, message: Message) -> int:
    return 0 if turn.message is None else sum(1 for _ in changed_values(turn.message, message))


class ChangedValue(NamedTuple):
    """A value that differs in two messages of the same shape; ``name`` is that of its field."""

    name: str
    recorded: Any
    now: Any


def changed_values(recorded: Message, now: Message) -> Iterator[ChangedValue]:
    """Yield the strings and numbers that differ in two messages of the same shape.

    In text that is not JSON these are numbers.
    """
    before, after = value_of(recorded), value_of(now)
    if NO_VALUE not in (before, after):
        yield from _changes("", before, after)
    elif recorded.opcode == now.opcode == Opcode.TEXT:
        numbers = (re.findall(_NUMBER, each.text) for each in (recorded, now))
        for one, other in zip(*numbers, strict=False):
            if one != other:
                yield ChangedValue("", one, other)


def _changes(name: str, before: Any, after: Any) -> Iterator[ChangedValue]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            if key in after:
                yield from _changes(key, before[key], after[key])
    elif isinstance(before, list) and isinstance(after, list):
        for one, other in zip(before, after, strict=False):
            yield from _changes(name, one, other)
    elif is_id(before) and type(before) is type(after) and before != after:
        yield ChangedValue(name, before, after)


class EchoedValues:
    """Replaces the values of recorded messages with those that the client has sent instead.

    A number is replaced in fields of the same name alone, since 1 may stand for anything else. A
    string is replaced where it is a whole value, and one with digits, as ids have, also inside
    others.
    """

    def __init__(self) -> None:
        self._whole: dict[str, str] = {}
        self._fields: dict[tuple[str, int], int] = {}
        self._ids = IdMap()

    def learn(self, recorded: Message, now: Message) -> None:
        """Learn the values of a message of the client, which takes the place of a recorded one."""
        for name, one, other in changed_values(recorded, now):
            if isinstance(one, int):
                self._fields[name, one] = other
                continue
            self._whole[one] = other
            if re.search(_NUMBER, one):
                self._ids.forget(one)
                self._ids.learn(one, other)

    def replace(self, message: Message) -> bytes:
        """Return the payload of an answer with the new values; unchanged if there are none."""
        value = value_of(message)
        if value is NO_VALUE:
            return self._ids.translate_message(message)
        try:
            replaced = self._replace("", value)
        except RecursionError:  # reading permits deeper nesting
            return message.payload
        if replaced == value:
            return message.payload
        # JSON that has changed is written again, with white space as most encoders write it.
        spaces = (", ", ": ") if b'": ' in message.payload else (",", ":")
        text = json.dumps(replaced, ensure_ascii=False, separators=spaces)
        return text.encode(errors="backslashreplace")  # a lone surrogate becomes JSON's escape

    def _replace(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._replace(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._replace(name, item) for item in value]
        if isinstance(value, str):
            return self._whole[value] if value in self._whole else self._ids.translate(value)
        is_number = isinstance(value, int) and not isinstance(value, bool)  # True is an int
        return self._fields.get((name, value), value) if is_number else value


class ReplayedServer:
    """The connections of a recording, one for each connection of a client.

    They are those of the client's path, if there are any, else all; they are used in order, and
    from the beginning after the last.

    Raises:
        UsageError: if the recording has none that can be played.
    """

    def __init__(self, connections: Sequence[RecordedConnection]) -> None:
        self._connections = [each for each in connections if each.opened or refusal_of(each)]
        if not self._connections:
            raise UsageError("the recording has no connection to play")
        self._turns: dict[int, RecordedTurns] = {}
        self._played: Counter[tuple[int, ...]] = Counter()

    def choose(self, target: str) -> RecordedConnection:
        """Return the connection to play to the client that asks for a target."""
        # With the query first, which may select a feed; then without it, since a token in it is
        # different each time.
        found = self._connections
        for form in (str, without_query):
            wanted = form(path_of(target))
            same = [each for each in self._connections if form(_target(each)) == wanted]
            if same:
                found = same
                break
        key = tuple(each.number for each in found)
        index = self._played[key] % len(found)
        self._played[key] += 1
        return found[index]

    def turns(self, connection: RecordedConnection) -> RecordedTurns:
        """Return the turns of a connection, which are made at the first call."""
        if connection.number not in self._turns:
            self._turns[connection.number] = RecordedTurns(connection)
        return self._turns[connection.number]


def _target(connection: RecordedConnection) -> str:
    return "" if connection.opening is None else connection.opening.url.target


def refusal_of(connection: RecordedConnection) -> HttpResponse | None:
    """Return the response with which a server refused an upgrade, or None."""
    opening = connection.opening
    if connection.failed is None or opening is None or opening.response is None:
        return None
    response = opening.response
    if response.status == 101:
        return None
    headers = [each for each in response.headers if each[0].lower() not in _NOT_REPEATED]
    kind = response.headers.get("Content-Type") or TEXT
    return HttpResponse(
        response.status, opening.body, kind, tuple(headers), response.reason or None
    )
