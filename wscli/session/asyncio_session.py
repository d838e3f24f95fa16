"""The session of the asyncio API: the methods of ``Session`` as coroutines."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from wscli.errors import ConnectionClosed, TimedOut
from wscli.session.arguments import Message, encode_message
from wscli.session.asyncio_client import AsyncioClient
from wscli.session.base_session import BaseSession
from wscli.wire.codes import NORMAL_CLOSE_CODES, CloseCode


class AsyncSession(BaseSession[AsyncioClient]):
    """An open connection, from ``wscli.aio.connect``; an async context manager that closes it.

    Text is str and binary is bytes, both ways. The methods raise the same errors as those of
    ``Session``. Use it in the event loop in which it was made, from any number of tasks. A call
    that is cancelled loses no message: posted messages are still sent, and received ones are kept
    for the next call.

    While the loop runs, pings are answered and messages are kept for ``receive``. Reading stops
    when the messages take up more than ``max_size`` (at least 4 MiB) of memory, and then the peer
    may stop reading too.
    """

    _name = "wscli.aio.AsyncSession"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close(CloseCode.NORMAL_CLOSURE if error is None else CloseCode.GOING_AWAY)

    async def send(self, *messages: Message, timeout: float | None = None) -> None:
        """Send messages, str as text and bytes as binary; return when they have left.

        Raises:
            TypeError: for a message of another type; then none has been sent.
            TimedOut: if they have not left in time; the rest will still be sent.
            ConnectionClosed: if the connection is closing or has ended.
        """
        client = self._driver
        # All are encoded before the first is posted, so that none is sent if one has a wrong type.
        for opcode, payload in [encode_message(message) for message in messages]:
            client.post(opcode, payload)
        mark = client.posted
        if not await client.until(lambda: client.over or client.has_sent(mark), timeout):
            left = f"{client.pending:,} bytes are waiting"
            raise TimedOut(f"the messages were not sent within {timeout:g} s", left)
        if not client.has_sent(mark):
            raise client.closed_error()

    async def receive(self, timeout: float | None = None) -> Message:
        """Return the next message, waiting at most ``timeout`` seconds; 0 polls.

        Raises:
            TimedOut: if none came in time.
            ProtocolError: if the peer broke the protocol; earlier messages have been returned.
            ConnectionClosed: if the connection has ended; ConnectionLost is one of these.
        """
        client = self._driver
        taken: list[Message] = []

        def take() -> bool:
            if client.inbox:
                taken.append(client.next_message())
                return True
            # Every message before a Close or a violation has been returned, so answer it now.
            client.answer()
            return client.end is not None

        if not await client.until(take, timeout):
            raise TimedOut(f"no message came within {timeout:g} s")
        if not taken:
            raise client.closed_error()
        return taken[0]

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Yield messages until the peer closes normally.

        Raises:
            WscliError: as ``receive`` does, if the connection ends in any other way.
        """
        while True:
            try:
                message = await self.receive()
            except ConnectionClosed as closed:
                if closed.code in NORMAL_CLOSE_CODES:
                    return
                raise
            yield message

    async def ping(self, payload: bytes | None = None, timeout: float | None = 10.0) -> float:
        """Send a ping; return the seconds until it was answered.

        A pong answers the oldest ping with its payload, and the pings before that one too: a peer
        may answer only the latest of several (RFC 6455 §5.5.3).

        Raises:
            ValueError: for a payload of more than 125 bytes.
            TimedOut: if no pong came in time.
            ConnectionClosed: if the connection ended before.
        """
        client = self._driver
        # A random payload: a peer may send pongs unasked (§5.5.3), which must not answer a ping.
        ping = client.post_ping(os.urandom(4) if payload is None else payload)
        if not await client.until(lambda: client.over or ping.rtt is not None, timeout):
            raise TimedOut(f"no pong came within {timeout:g} s")
        if ping.rtt is None:
            raise client.closed_error()
        return ping.rtt

    async def close(
        self,
        code: int = CloseCode.NORMAL_CLOSURE,
        reason: str = "",
        timeout: float | None = None,
    ) -> None:
        """Send Close, and wait for the peer's; messages that arrive before it are received.

        Waits at most ``timeout`` seconds, by default the option ``close_timeout``. A second call
        sends nothing, and waits for the first Close to be answered. The code 1005 sends a Close
        without a code. A call that is cancelled has sent its Close nevertheless.

        Raises:
            ValueError: for a code that may not be sent (RFC 6455 §7.4), or a reason of more than
                123 bytes of UTF-8; then nothing has been sent.
        """
        client = self._driver
        client.begin_close(code, reason, timeout)
        await client.until(lambda: client.end is not None)

    async def abort(self) -> None:
        """Drop the connection if it is still open, without a Close frame."""
        self._driver.abort()
        await self._driver.until(lambda: self._driver.end is not None)
