"""The endpoint that answers as a recorded server did, at the recorded pace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from wscli.payload.message import Message
from wscli.records.connections import Ending
from wscli.server.channel import Channel, Endpoint
from wscli.server.replay import EchoedValues, RecordedTurns, Turn, TurnFinder
from wscli.wire.events import Messages

# Answers that are due later, above which nothing more is read: a client may send faster than the
# recorded one did, while the answers keep their pace.
_MAX_WAITING = 10_000
_MOST_REPORTED = 10  # messages of one client that the recording does not have


class _Due(NamedTuple):
    """An answer that waits for its time; ``number`` keeps the order of those due together."""

    # In this order, since a heap compares tuples: two entries never have the same number, so the
    # fields after it are not compared.

    time: float
    number: int
    opcode: int
    payload: bytes
    ending: Ending | None


Unmatched = Callable[[str, Message], None]
"""Receives the address of a client, and a message that the recording does not have."""


class Replayed(Endpoint):
    """Plays the turns of one recorded connection.

    The answers of several turns may be due in between one another, so they wait in a heap, by the
    time when they are due. With ``echo``, a message that the recording does not have is sent back.
    """

    def __init__(self, turns: RecordedTurns, unmatched: Unmatched, *, echo: bool) -> None:
        if turns.agreement is not None:
            name = turns.agreement.subprotocol
            self.subprotocols = () if name is None else (name,)
        self._opening = turns.opening
        self._finder = TurnFinder(turns)
        self._values = EchoedValues()
        self._unmatched = unmatched
        self._echo = echo
        self._reported = 0
        self._waiting: list[_Due] = []
        self._numbers = count()

    def opened(self, channel: Channel) -> None:
        """Begin with the messages that followed the opening."""
        super().opened(channel)
        self._play(self._opening)

    def received(self, messages: Messages) -> None:
        """Answer messages."""
        for payload in messages.payloads:
            self._answer(Message(messages.opcode, payload))
        self._send_due()

    def resumed(self) -> None:
        """Send the answers that were due while the client did not read."""
        self._send_due()

    def _answer(self, message: Message) -> None:
        turn = self._finder.find(message)
        if turn is not None:
            if turn.message is not None:
                self._values.learn(turn.message, message)
            self._play(turn)
            return
        if self._reported < _MOST_REPORTED:
            self._reported += 1
            self._unmatched(self.channel.access.address, message)
        if self._echo:
            self.channel.send(message.opcode, [message.payload])

    def _play(self, turn: Turn) -> None:
        """Queue the answers of a turn, which begins now."""
        now = asyncio.get_running_loop().time()
        for delay, message, ending in turn.answers:
            opcode = 0 if message is None else message.opcode
            payload = b"" if message is None else self._values.replace(message)
            due = _Due(now + delay, next(self._numbers), opcode, payload, ending)
            heappush(self._waiting, due)
        self._send_due()

    def _send_due(self) -> None:
        """Send the answers that are due, and come back when the next one is."""
        stream, now = self.channel.stream, asyncio.get_running_loop().time()
        while self._waiting and not (stream.full or stream.over):
            if self._waiting[0].time > now:
                self.later(self._waiting[0].time - now, self._send_due)
                break
            due = heappop(self._waiting)
            if due.ending is None:
                self.channel.send(due.opcode, [due.payload])
            else:
                self._end(due.ending)
        stream.hold(len(self._waiting) > _MAX_WAITING)

    def _end(self, ending: Ending) -> None:
        # A recorded loss is played as the end of TCP without a Close frame.
        self._waiting.clear()
        if ending.lost:
            self.channel.stream.finish()
        else:
            self.channel.close(ending.code, ending.reason)
