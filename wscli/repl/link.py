"""The link: a thread that connects, reads, and connects again where it is to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from wscli.errors import WscliError
from wscli.net.opening import Opening
from wscli.session.end import End
from wscli.session.reconnect import Reconnect
from wscli.session.session import Session
from wscli.wire.codes import CloseCode

_JOIN = 1.0  # seconds; a thread that is still connecting then ends with the process


class Listener(Protocol):
    """Hears, in the link's thread, what becomes of the connection."""

    def link_up(self, session: Session) -> None:
        """Hear that it is open."""

    def link_down(self, outcome: End | WscliError, wait: float | None) -> None:
        """Hear how it ended, or why there is none; the next try is in so many seconds, or never."""

    def link_crashed(self, error: Exception) -> None:
        """Hear of a bug."""


class Link:
    """At most one connection at a time; the methods may be called from any thread.

    ``state`` is connecting, open, waiting (for the next try) or closed; ``opening`` is that of the
    latest connection, also when it has ended.
    """

    def __init__(
        self, connect: Callable[[], Session], reconnect: Reconnect | None, listener: Listener
    ) -> None:
        self.state = "connecting"
        self.session: Session | None = None
        self.opening: Opening | None = None
        self._connect = connect
        self._reconnect = reconnect
        self._listener = listener
        self._now = threading.Event()  # set to connect without waiting
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="wscli-link", daemon=True)

    def start(self) -> None:
        """Connect, and read from then on."""
        self._thread.start()

    def close(self) -> None:
        """Begin the closing handshake, where there is a connection."""
        session = self.session
        if session is not None:
            session.begin_close()

    def connect_now(self) -> None:
        """Close what is open, and connect anew at once."""
        self._now.set()
        self.close()

    def stop(self) -> None:
        """End the thread; a connection that is still there is told so, and dropped."""
        self._stopping = True
        self._now.set()
        session = self.session
        if session is not None:
            session.wake()
        self._thread.join(_JOIN)

    def _run(self) -> None:
        try:
            while not self._stopping:
                outcome = self._live()
                if self._stopping:
                    return
                self._pause(outcome)
        except Exception as error:
            self._listener.link_crashed(error)

    def _live(self) -> End | WscliError:
        """Connect, and read to the end of the connection."""
        self.state = "connecting"
        self._now.clear()
        try:
            session = self._connect()
        except WscliError as error:
            return error
        self.session, self.opening = session, session.opening
        self.state = "open"
        session.start()
        self._listener.link_up(session)
        while session.end is None:
            if self._stopping:
                session.begin_close(CloseCode.GOING_AWAY)
                session.turn(0)
                session.abort()
            else:
                session.turn()
        self.session = None
        return session.end

    def _pause(self, outcome: End | WscliError) -> None:
        wait: float | None = 0.0  # the user wants it now
        if not self._now.is_set():
            wait = self._reconnect.wait(outcome) if self._reconnect else None
        self.state = "closed" if wait is None else "waiting"
        self._listener.link_down(outcome, wait)
        self._now.wait(wait)
