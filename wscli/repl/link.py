"""The link: a thread that connects, reads, and connects again where it is to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from wscli.errors import WscliError
from wscli.net.opening import Opening
from wscli.session.end import End
from wscli.session.reconnect import Reconnect
from wscli.session.session import Session
from wscli.session.stages import Pipeline, StageContext
from wscli.wire.codes import CloseCode

_JOIN = 1.0  # seconds; a thread that is still connecting then ends with the process


class Retry(NamedTuple):
    """The next attempt to connect: which one it is, when, and why the last one failed.

    ``at`` is a time of ``time.monotonic``; ``reason`` is empty before the first attempt fails.
    """

    attempt: int
    at: float
    reason: str

    @property
    def left(self) -> float:
        """The seconds until the attempt; 0 when it has begun."""
        return max(0.0, self.at - time.monotonic())


class Listener(Protocol):
    """Callbacks in the link's thread, for when the connection opens, ends or fails."""

    def link_up(self, session: Session) -> None:
        """Use a connection that has opened."""

    def link_down(self, outcome: End | WscliError, retry: Retry | None) -> None:
        """Handle the end of a connection, or a failure to connect, and show the next attempt."""

    def link_complains(self, error: WscliError) -> None:
        """Report an error that does not end the connection."""

    def link_crashed(self, error: Exception) -> None:
        """Handle a bug."""


class Link:
    """At most one connection at a time; the methods may be called from any thread.

    ``state`` is connecting, open, waiting (for the next attempt) or closed; ``opening`` is that of
    the latest connection, also when it has ended. ``retry`` is None except while it reconnects.
    """

    def __init__(
        self,
        connect: Callable[[], Session],
        reconnect: Reconnect | None,
        pipeline: Pipeline,
        listener: Listener,
    ) -> None:
        self.state = "connecting"
        self.session: Session | None = None
        self.opening: Opening | None = None
        self.retry: Retry | None = None
        self._connect = connect
        self._reconnect = reconnect
        self._pipeline = pipeline
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
        """Close the connection if it is open, and connect again at once."""
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
        self.state, self.retry = "open", None
        self._pipeline.attach(StageContext(session, self._listener.link_complains))
        session.start()
        self._listener.link_up(session)
        while session.end is None:
            if self._stopping:
                session.begin_close(CloseCode.GOING_AWAY)
                session.turn(0)
                session.abort()
            else:
                session.turn(self._pipeline.wait())
                self._pipeline.tick()
        self.session = None
        return session.end

    def _pause(self, outcome: End | WscliError) -> None:
        wait: float | None = 0.0  # the user wants it now
        if not self._now.is_set():
            wait = self._reconnect.wait(outcome) if self._reconnect else None
        self.retry = None if wait is None else self._next_attempt(outcome, wait)
        self.state = "closed" if wait is None else "waiting"
        self._listener.link_down(outcome, self.retry)
        self._now.wait(wait)

    def _next_attempt(self, outcome: End | WscliError, wait: float) -> Retry:
        attempt = self.retry.attempt + 1 if self.retry else 1
        reason = outcome.what if isinstance(outcome, WscliError) else ""
        return Retry(attempt, time.monotonic() + wait, reason)
