"""The link: a thread that connects, reads, and connects again if the user wants that.

The thread runs ``_run`` from ``start`` to ``stop`` and is the only one that changes the state::

                      _connect succeeds
          CONNECTING -------------------> OPEN
           ^  ^    |                       |
           |  |    | it fails              | the connection ends
           |  |    +-----------+-----------+
           |  |                |
           |  |   another try  |  no other try
           |  +--- WAITING <---+---> CLOSED
           |                            |
           +------- connect_now --------+

CLOSING is not among these: it is how OPEN appears from the moment when Close has been sent. Other
threads only read the attributes. ``connect_now`` and ``stop`` set an event that the thread waits
for between connections, and interrupt its wait for the present one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, Protocol

from wscli.errors import WscliError
from wscli.net.opening import Opening
from wscli.session.end import End
from wscli.session.pipeline import Pipeline, StageContext
from wscli.session.reconnect import Reconnect
from wscli.session.thread_driver import ThreadDriver
from wscli.wire.codes import CloseCode

_STOP_TIMEOUT = 1.0  # seconds; a thread that is still connecting then ends with the process


class LinkState(Enum):
    """What the link is doing; the values are the words that the toolbar shows."""

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"
    WAITING = "waiting"  # for the time of the next attempt
    CLOSED = "closed"


class Retry(NamedTuple):
    """The next attempt to connect: which one it is, when, and why the last one failed.

    ``at`` is a time of ``time.monotonic``; ``reason`` is empty if the last attempt succeeded.
    """

    attempt: int
    at: float
    reason: str

    @property
    def left(self) -> float:
        """The seconds until the attempt; 0 when it has begun."""
        return max(0.0, self.at - time.monotonic())


class LinkListener(Protocol):
    """Callbacks in the link's thread, for when the connection opens, ends or fails."""

    def link_opened(self, session: ThreadDriver) -> None:
        """Use a connection that has opened."""

    def link_ended(self, outcome: End | WscliError, retry: Retry | None) -> None:
        """Handle the end of a connection, or a failure to connect, and show the next attempt."""

    def link_complains(self, error: WscliError) -> None:
        """Report an error that does not end the connection."""

    def link_crashed(self, error: Exception) -> None:
        """Handle a bug."""


class Link:
    """At most one connection at a time; any thread may call the methods.

    ``session`` is None if there is no connection. ``opening`` is that of the latest connection,
    also when it has ended. ``retry`` is None except while the link reconnects.
    """

    def __init__(
        self,
        connect: Callable[[], ThreadDriver],
        reconnect: Reconnect | None,
        pipeline: Pipeline,
        listener: LinkListener,
    ) -> None:
        self.session: ThreadDriver | None = None
        self.opening: Opening | None = None
        self.retry: Retry | None = None
        self._state = LinkState.CONNECTING
        self._connect = connect
        self._reconnect = reconnect
        self._pipeline = pipeline
        self._listener = listener
        self._connect_now = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="wscli-link", daemon=True)

    @property
    def state(self) -> LinkState:
        """What the link is doing."""
        session = self.session
        return LinkState.CLOSING if session is not None and session.closing else self._state

    def start(self) -> None:
        """Start the thread, which connects."""
        self._thread.start()

    def connect_now(self) -> None:
        """Begin to close the connection if it is open, and connect again without waiting."""
        self._connect_now.set()
        session = self.session
        if session is not None:
            session.begin_close()

    def stop(self) -> None:
        """End the thread; an open connection is closed with 1001 and dropped."""
        self._stopping = True
        self._connect_now.set()
        session = self.session
        if session is not None:
            session.interrupt()
        self._thread.join(_STOP_TIMEOUT)

    # In the link's thread

    def _run(self) -> None:
        try:
            while not self._stopping:
                outcome = self._run_connection()
                if self._stopping:
                    return
                self._wait_to_connect(outcome)
        except Exception as error:
            self._listener.link_crashed(error)

    def _run_connection(self) -> End | WscliError:
        """Connect, and read until the connection ends; return how it ended."""
        self._state = LinkState.CONNECTING
        self._connect_now.clear()
        try:
            session = self._connect()
        except WscliError as error:
            return error
        self.session, self.opening = session, session.opening
        self._state, self.retry = LinkState.OPEN, None
        self._pipeline.attach(StageContext(session, self._listener.link_complains))
        session.start()
        self._listener.link_opened(session)
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

    def _wait_to_connect(self, outcome: End | WscliError) -> None:
        """Wait until the next attempt is due, or until the user asks for one."""
        delay: float | None = 0.0
        if not self._connect_now.is_set():
            delay = self._reconnect.wait(outcome) if self._reconnect else None
        self.retry = None if delay is None else self._next_attempt(outcome, delay)
        self._state = LinkState.CLOSED if delay is None else LinkState.WAITING
        self._listener.link_ended(outcome, self.retry)
        self._connect_now.wait(delay)

    def _next_attempt(self, outcome: End | WscliError, delay: float) -> Retry:
        attempt = self.retry.attempt + 1 if self.retry else 1
        reason = outcome.what if isinstance(outcome, WscliError) else ""
        return Retry(attempt, time.monotonic() + delay, reason)
