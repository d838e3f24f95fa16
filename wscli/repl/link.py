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

CLOSING is not among these: it is how OPEN appears once Close has been sent. Other threads only read
the attributes. ``connect_now`` and ``stop`` set an event that the thread waits for between
connections, and interrupt its wait for the present one.

No lock is needed: each attribute is written by one thread and read as a whole, and a reader copies
it to a local variable before using it twice.
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

# Seconds that ``stop`` waits for the thread. An attempt to connect cannot be interrupted; a thread
# that is still in one is a daemon, and ends with the process.
_STOP_TIMEOUT = 1.0


class LinkState(Enum):
    """The state of the link; the values are the words that the toolbar shows."""

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"
    WAITING = "waiting"  # for the time of the next attempt
    CLOSED = "closed"


class Retry(NamedTuple):
    """The next attempt to connect: its number, its time, and why the last one failed.

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
        """Handle the end of a connection, or a failure to connect, before the next attempt."""

    def link_complains(self, error: WscliError) -> None:
        """Report an error that does not end the connection."""

    def link_crashed(self, error: Exception) -> None:
        """Handle a bug."""


class Link:
    """At most one connection at a time; any thread may call the methods.

    ``session`` is None if there is no connection. ``opening`` is that of the latest connection,
    even after it has ended. ``retry`` is None except while the link reconnects.
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
        """The state of the link."""
        # Derived, since Close is sent by several parties: a command, --reconnect, the protocol.
        session = self.session
        return LinkState.CLOSING if session is not None and session.closing else self._state

    def start(self) -> None:
        """Start the thread, which connects."""
        self._thread.start()

    def connect_now(self) -> None:
        """Begin to close the connection if it is open, and connect again without waiting."""
        # The event first: the thread looks at it after the end of the connection, which may come
        # as soon as Close is sent.
        self._connect_now.set()
        session = self.session
        if session is not None:
            session.begin_close()

    def stop(self) -> None:
        """End the thread; an open connection is closed with 1001 and dropped."""
        # The flag before the two wake-ups, for the same reason. Close is sent by the thread itself,
        # which may just be opening a connection that this one cannot see yet.
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
            # In a thread, an exception would only be printed, in the middle of the prompt, and the
            # session would go on without a connection.
            self._listener.link_crashed(error)

    def _run_connection(self) -> End | WscliError:
        """Connect, and read until the connection ends; return how it ended."""
        self._state = LinkState.CONNECTING
        # A request to connect that came during the last wait has been met by this attempt. Left
        # set, it would cancel the wait after this connection.
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
            # One turn, so that Close leaves if the socket takes it; its answer is not waited for.
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
        # /reconnect neither consults the policy of --reconnect nor lengthens its next wait.
        delay: float | None = 0.0
        if not self._connect_now.is_set():
            delay = self._reconnect.wait(outcome) if self._reconnect else None
        self.retry = None if delay is None else self._next_attempt(outcome, delay)
        # The state is set before the call of the listener, which has the toolbar redrawn.
        self._state = LinkState.CLOSED if delay is None else LinkState.WAITING
        self._listener.link_ended(outcome, self.retry)
        # With no attempt planned, this waits indefinitely for the user or for ``stop``.
        self._connect_now.wait(delay)

    def _next_attempt(self, outcome: End | WscliError, delay: float) -> Retry:
        attempt = self.retry.attempt + 1 if self.retry else 1
        reason = outcome.what if isinstance(outcome, WscliError) else ""
        return Retry(attempt, time.monotonic() + delay, reason)
