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
    for ``receive``. When they take up more than ``max_size`` (at least 4 MiB) of memory, nothing
    more is read until some are received, and the peer may stop reading too.

    Between calls a background thread reads, and answers pings. A process that forks must not use a
    session in the child, since both would read from the same socket.
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
            TimedOut: if they have not left in time; the rest will still be sent.
            ConnectionClosed: if the connection is closing or has ended.
        """
        driver = self._driver
        # All are encoded before the first is posted, so that none is sent if one has a wrong type.
        for opcode, payload in [encode_message(message) for message in messages]:
            driver.post(opcode, [payload])
        mark = driver.posted
        if not driver.until(lambda: driver.is_lost() or driver.has_sent(mark), timeout):
            left = f"{driver.pending:,} bytes are waiting"
            raise TimedOut(f"the messages were not sent within {timeout:g} s", left)
        # Asked again, since the last bytes may have left in the turn in which the connection ended.
        if not driver.has_sent(mark):
            raise driver.closed_error()

    def receive(self, timeout: float | None = None) -> Message:
        """Return the next message, waiting at most ``timeout`` seconds; 0 polls.

        A poll reads from the network once, without waiting, and returns a message if there is a
        complete one.

        Raises:
            TimedOut: if none came in time.
            ProtocolError: if the peer broke the protocol; earlier messages have been returned.
            ConnectionClosed: if the connection has ended; ConnectionLost is one of these.
        """
        taken: list[Message] = []

        # The message is taken inside the condition, where ``until`` holds the lock: two threads
        # that receive would otherwise see the same message, and one would find the inbox empty.
        def take() -> bool:
            if not self._inbox:
                # Every message before a Close or a violation has been taken, so answer it now.
                self._driver.answer()
                return self._driver.end is not None
            was_full = self._inbox.full
            taken.append(self._inbox.next())
            # The thread that drives is not waiting for input while the inbox is full.
            if was_full and not self._inbox.full:
                self._driver.interrupt()
            return True

        if not self._driver.until(take, timeout):
            raise TimedOut(f"no message came within {timeout:g} s")
        if not taken:
            raise self._driver.closed_error()
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
        # A random payload: a peer may send pongs unasked (§5.5.3), which must not answer a ping.
        ping = driver.post_ping(os.urandom(4) if payload is None else payload)
        if not driver.until(lambda: ping.rtt is not None or driver.is_lost(), timeout):
            raise TimedOut(f"no pong came within {timeout:g} s")
        if ping.rtt is None:
            raise driver.closed_error()
        return ping.rtt

    def close(
        self,
        code: int = CloseCode.NORMAL_CLOSURE,
        reason: str = "",
        timeout: float | None = None,
    ) -> None:
        """Send Close, and wait for the peer's; messages that arrive before it are received.

        Waits at most ``timeout`` seconds, by default the option ``close_timeout``. A second call
        sends nothing, and waits for the first Close to be answered. The code 1005 sends a Close
        without a code.

        Raises:
            ValueError: for a code that may not be sent (RFC 6455 §7.4), or a reason of more than
                123 bytes of UTF-8; then nothing has been sent.
        """
        self._driver.close(code, reason, timeout)

    def abort(self) -> None:
        """Drop the connection if it is still open, without a Close frame."""
        self._driver.abort()
