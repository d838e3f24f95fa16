"""The session of the Python API: send and receive messages on one connection."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from wscli.errors import ConnectionClosed, TimedOut
from wscli.session.arguments import Message, encode_message
from wscli.session.base_session import BaseSession
from wscli.session.inbox import Inbox
from wscli.session.thread_driver import ThreadDriver
from wscli.wire.codes import NORMAL_CLOSE_CODES, CloseCode


class Session(BaseSession[ThreadDriver]):
    """An open connection, from ``wscli.connect``; also a context manager that closes it.

    Text is str and binary is bytes, both ways. Any thread may call any method. Messages are kept
    for ``receive``; when they take up more than ``max_size`` (at least 4 MiB), nothing more is read
    until some are received, and the peer may stop reading too.

    A background thread reads and answers pings between calls. A process that forks must not use a
    session in the child.
    """

    _name = "wscli.Session"

    def __init__(self, driver: ThreadDriver, inbox: Inbox) -> None:
        super().__init__(driver)
        self._inbox = inbox

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(CloseCode.NORMAL_CLOSURE if error is None else CloseCode.GOING_AWAY)

    def send(self, *messages: Message, timeout: float | None = None) -> None:
        """Send messages, str as text and bytes as binary; return when they have left.

        Raises:
            TypeError: for a message of another type; then none has been sent.
            TimedOut: if the peer reads too slowly for that; the rest will still be sent.
            ConnectionClosed: if the connection is closing or has ended.
        """
        driver = self._driver
        for opcode, payload in [encode_message(message) for message in messages]:
            driver.post(opcode, [payload])
        mark = driver.posted
        if not driver.until(lambda: driver.is_lost() or driver.has_sent(mark), timeout):
            left = f"{driver.pending:,} bytes are waiting"
            raise TimedOut(f"the messages were not sent within {timeout:g} s", left)
        if not driver.has_sent(mark):
            raise driver.closed()

    def receive(self, timeout: float | None = None) -> Message:
        """Return the next message, waiting at most ``timeout`` seconds; 0 polls.

        A poll reads from the network once, without waiting, and returns a message if one is
        complete then.

        Raises:
            TimedOut: if none came in time.
            ProtocolError: if the peer broke the protocol; earlier messages have been returned.
            ConnectionClosed: if the connection has ended; ConnectionLost is one of these.
        """
        taken: list[Message] = []

        def take() -> bool:
            if not self._inbox:
                # All messages before a Close or a violation have been taken: now it is answered.
                self._driver.answer()
                return self._driver.end is not None
            was_full = self._inbox.full
            taken.append(self._inbox.next())
            if was_full and not self._inbox.full:
                self._driver.interrupt()
            return True

        if not self._driver.until(take, timeout):
            raise TimedOut(f"no message came within {timeout:g} s")
        if not taken:
            raise self._driver.closed()
        return taken[0]

    def __iter__(self) -> Iterator[Message]:
        """Yield messages until the peer closes normally.

        Raises:
            WscliError: as ``receive`` does, if the connection ends in any other way.
        """
        while True:
            try:
                message = self.receive()
            except ConnectionClosed as closed:
                if closed.code in NORMAL_CLOSE_CODES:
                    return
                raise
            yield message

    def ping(self, payload: bytes | None = None, timeout: float | None = 10.0) -> float:
        """Send a ping; return the seconds until it was answered.

        A pong answers the oldest ping with its payload, and the pings before that one too: a peer
        may answer only the latest of several (RFC 6455 §5.5.3).

        Raises:
            ValueError: for a payload of more than 125 bytes.
            TimedOut: if no pong came in time.
            ConnectionClosed: if the connection ended before.
        """
        driver = self._driver
        ping = driver.post_ping(os.urandom(4) if payload is None else payload)
        if not driver.until(lambda: ping.rtt is not None or driver.is_lost(), timeout):
            raise TimedOut(f"no pong came within {timeout:g} s")
        if ping.rtt is None:
            raise driver.closed()
        return ping.rtt

    def close(
        self,
        code: int = CloseCode.NORMAL_CLOSURE,
        reason: str = "",
        timeout: float | None = None,
    ) -> None:
        """Send Close, and wait for the peer's; messages that arrive before it are received.

        Waits at most ``timeout`` seconds, by default those of the option ``close_timeout``. A
        second call waits again for the first. The code 1005 sends a Close without a code.

        Raises:
            ValueError: for a code that may not be sent (RFC 6455 §7.4), or a reason of more than
                123 bytes of UTF-8; then nothing has been sent.
        """
        self._driver.close(code, reason, timeout)

    def abort(self) -> None:
        """Drop the connection if it is still open, without a Close frame."""
        self._driver.abort()
