"""The closing handshake (RFC 6455 §7.1) as a state machine, with its time limits.

    OPEN ──send Close──▶ CLOSE_SENT ──receive Close──▶ CLOSED
      │                      └──────────violation──────────┐
      ├──receive Close──▶ CLOSE_RECEIVED ──send Close──▶ CLOSED
      └──violation──────▶ BROKEN ──────────send Close──▶ FAILED

A Close from the peer is not answered at once: messages that came before it in the same read may
still wait for their reader, which may want to reply to them. So CLOSE_RECEIVED and BROKEN are
states in which messages can be sent; ``Connection.answer`` ends them.

The time limits: once our Close has left, the peer has ``patience`` seconds. Before that, the
timer restarts with every byte that leaves, so that a slow peer is not mistaken for a dead one.
``limit`` sets a fixed end, for a caller that cannot wait for a slow peer either.
"""

from __future__ import annotations

from enum import Enum, auto
from math import inf

from wscli.wire.events import Close
from wscli.wire.rules import Violation


class Side(Enum):
    """An end of the connection, as seen from the one that runs this code."""

    LOCAL = "local"
    REMOTE = "remote"


class State(Enum):
    """The state of the closing handshake."""

    OPEN = auto()
    CLOSE_SENT = auto()
    CLOSE_RECEIVED = auto()
    CLOSED = auto()
    BROKEN = auto()
    FAILED = auto()


class ClosingEvent(Enum):
    """The events that change the state of the closing handshake."""

    SEND_CLOSE = auto()
    RECEIVE_CLOSE = auto()
    VIOLATION = auto()


# A combination that is missing here cannot occur: ``Connection`` checks ``can_send`` before it
# sends a Close, and the receiver stops at the first Close or violation. So a bug is a KeyError
# and not a silent change of state.
TRANSITIONS: dict[State, dict[ClosingEvent, State]] = {
    State.OPEN: {
        ClosingEvent.SEND_CLOSE: State.CLOSE_SENT,
        ClosingEvent.RECEIVE_CLOSE: State.CLOSE_RECEIVED,
        ClosingEvent.VIOLATION: State.BROKEN,
    },
    State.CLOSE_SENT: {
        # Also when both ends close at once: the peer's Close, which crossed ours on the way, then
        # counts as its answer (§5.5.1).
        ClosingEvent.RECEIVE_CLOSE: State.CLOSED,
        # Our Close has been sent, so the peer cannot be told which rule it broke.
        ClosingEvent.VIOLATION: State.FAILED,
    },
    # "An endpoint MAY delay sending a Close frame until its current message is sent" (§5.5.1).
    State.CLOSE_RECEIVED: {ClosingEvent.SEND_CLOSE: State.CLOSED},
    State.BROKEN: {ClosingEvent.SEND_CLOSE: State.FAILED},
    # Nothing is read after a Close (§1.4) or a violation (§7.1.7), and a second Close is not sent.
    State.CLOSED: {},
    State.FAILED: {},
}

# "The application MUST NOT send any more data frames after sending a Close frame" (§5.5.1).
SENDING = frozenset({State.OPEN, State.CLOSE_RECEIVED, State.BROKEN})
"""The states in which messages can be sent: those before our Close."""

ANSWERING = frozenset({State.CLOSE_RECEIVED, State.BROKEN})
"""The states in which our Close is due."""


class ClosingHandshake:
    """The Close frames of both ends, and when to give up; all times are of a monotonic clock.

    ``can_send`` is True while messages can be sent, ``answer_due`` while the peer's Close or its
    violation waits for our Close, and ``complete`` when nothing is left but to end TCP, which the
    server does first (§7.1.1).

    ``sent`` is the code of our Close frame, and ``sent_reason`` its reason; ``received`` is the
    peer's; ``violation`` the rule that the peer broke; ``began`` the side of the first Close frame.
    Before it exists, each is None, and ``sent_reason`` empty.
    """

    def __init__(self) -> None:
        self.state = State.OPEN
        # These three follow from the state. They are attributes and not properties because they are
        # read several times for each message.
        self.can_send = True
        self.answer_due = False
        self.complete = False
        self.sent: int | None = None
        self.sent_reason = ""
        self.received: Close | None = None
        self.violation: Violation | None = None
        self.began: Side | None = None
        self.patience = 0.0
        self._mark: int | None = None  # our Close has left when _bytes_out reaches this
        self._bytes_out = 0
        self._give_up = inf
        self._limit = inf

    def receive(self, event: Close | Violation, now: float, end_timeout: float) -> None:
        """Record the last event from the peer.

        If our Close was sent before, the peer has ``end_timeout`` seconds to end TCP.
        """
        if isinstance(event, Close):
            self.received = event
            self.began = self.began or Side.REMOTE
            self._move(ClosingEvent.RECEIVE_CLOSE)
        else:
            self.violation = event
            self._move(ClosingEvent.VIOLATION)
        if self.complete:
            # ``min``: a peer that answers at the last moment must not gain time by that.
            self.patience = min(self.patience, end_timeout)
            self._give_up = min(self._give_up, now + end_timeout)

    def send(self, code: int, reason: str, mark: int, now: float, patience: float) -> None:
        """Record our Close, which has left when the count of bytes out reaches ``mark``."""
        self.sent, self.sent_reason = code, reason
        self._mark, self.patience = mark, patience
        self.began = self.began or Side.LOCAL
        self._give_up = now + patience
        self._move(ClosingEvent.SEND_CLOSE)

    def progress(self, bytes_out: int, now: float) -> None:
        """Record how many bytes have left in all."""
        moved = bytes_out != self._bytes_out
        # Bytes that leave after our Close, such as a forged frame, give the peer no more time.
        waiting = self._mark is not None and self._bytes_out < self._mark
        self._bytes_out = bytes_out
        if moved and waiting:
            self._give_up = now + self.patience

    def restart(self, now: float) -> None:
        """Restart the timer: the peer has read something that had left before."""
        # The server knows this from the kernel's count of acknowledged bytes: a Close that has left
        # may still wait behind megabytes in the buffers of both kernels.
        if self._mark is not None:
            self._give_up = now + self.patience

    def shorten(self, now: float, patience: float) -> None:
        """Give the peer at most ``patience`` seconds from now, or from the next byte that leaves.

        A second ``close`` of the caller does this; no second Close frame is sent.
        """
        if self._mark is not None:
            self.patience = min(self.patience, patience)
            self._give_up = min(self._give_up, now + patience)

    def limit(self, time: float) -> None:
        """Give up at ``time`` at the latest, even if bytes are still leaving.

        It only sets an attribute, so a signal handler may call it, even before there is a Close.
        """
        # ``min``: a second signal must not extend the time that the first one allowed.
        self._limit = min(self._limit, time)

    def deadline(self) -> float | None:
        """Return when to give up, or None while our Close has not been sent."""
        return None if self._mark is None else min(self._give_up, self._limit)

    def is_over(self, now: float) -> bool:
        """Return True if it is time to give up."""
        return self._mark is not None and now >= min(self._give_up, self._limit)

    def _move(self, event: ClosingEvent) -> None:
        self.state = TRANSITIONS[self.state][event]
        self.can_send = self.state in SENDING
        self.answer_due = self.state in ANSWERING
        self.complete = not TRANSITIONS[self.state]
