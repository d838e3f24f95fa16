"""The endpoint that replies by the rules of a script, one message after another.

Replies keep the order of the messages, even if one is delayed. So messages wait in a queue while a
reply is being delayed, and while the client does not read the replies. While too many wait, no more
are read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from wscli.server.channel import Endpoint
from wscli.server.script import Script, ScriptReply, SlowRule
from wscli.wire.codes import CloseCode
from wscli.wire.events import Messages

_MAX_WAITING = 1 << 20  # bytes of unanswered messages, above which nothing more is read
_OVERHEAD = 100  # bytes that a message takes besides its payload: empty ones must count, too
_TURN = 0.01  # seconds of matching, after which other connections have a turn


class Scripted(Endpoint):
    """Answers each message after the one before it.

    ``slow`` is called the first time that a rule takes too long.
    """

    def __init__(self, script: Script, slow: Callable[[SlowRule], None]) -> None:
        self._script = script
        self._slow = slow
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._delaying = False

    def received(self, messages: Messages) -> None:
        """Queue the messages, and answer them unless a reply is being delayed."""
        for payload in messages.payloads:
            self._waiting.append((messages.opcode, payload))
            self._size += len(payload) + _OVERHEAD
        self.resumed()

    def resumed(self) -> None:
        """Answer queued messages, for as long as the client reads the replies."""
        stream, clock = self.channel.stream, asyncio.get_running_loop().time
        end = clock() + _TURN
        while self._waiting and not (self._delaying or stream.full or stream.over):
            if clock() > end:
                self.later(0, self.resumed)
                break
            opcode, payload = self._waiting.popleft()
            self._size -= len(payload) + _OVERHEAD
            self._answer(opcode, payload)
        stream.hold(self._size > _MAX_WAITING)

    def _answer(self, opcode: int, payload: bytes) -> None:
        try:
            reply = self._script.reply_to(opcode, payload)
        except SlowRule as slow:
            # Later rules are not tried, since it is unknown whether this one would have matched.
            if slow.first:
                self._slow(slow)
            self._close(CloseCode.INTERNAL_ERROR, str(slow))
        else:
            self._begin(reply)

    def _begin(self, reply: ScriptReply) -> None:
        if reply.delay:
            self._delaying = True
            self.later(reply.delay, lambda: self._end_delay(reply))
        else:
            self._carry_out(reply)

    def _end_delay(self, reply: ScriptReply) -> None:
        self._delaying = False
        self._carry_out(reply)
        self.resumed()

    def _carry_out(self, reply: ScriptReply) -> None:
        if reply.message is not None:
            opcode, payload = reply.message
            self.channel.send(opcode, [payload])
        if reply.close is not None:
            self._close(reply.close, reply.reason)

    def _close(self, code: int, reason: str) -> None:
        self.channel.close(code, reason)
        self._waiting.clear()
        self._size = 0
