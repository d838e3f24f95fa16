"""Report the events of one WebSocket of the server to a sink, for ``serve --record``.

Received items are passed on as the driver decoded them. Sent ones are decoded from the bytes when
they have left, as on the client's side: a recording has nothing that a client could not have read.
"""

from __future__ import annotations

from collections.abc import Sequence

from wscli.net.clock import Clock
from wscli.net.opening import Opening
from wscli.server.access import AccessRecord
from wscli.session.end import End
from wscli.session.events import Batch, Opened
from wscli.session.pipeline import Sink
from wscli.wire.closing import Side
from wscli.wire.codes import Role
from wscli.wire.receiver import Item, Receiver
from wscli.wire.rules import Violation

_SIDES = {"client": Side.REMOTE, "server": Side.LOCAL}


class ConnectionObserver:
    """Reports one connection to one sink."""

    def __init__(self, sink: Sink, opening: Opening, clock: Clock) -> None:
        self.wants_frames = sink.wants_frames
        self._sink = sink
        self._clock = clock
        self._started = clock.monotonic()
        self._violation: Violation | None = None
        deflate = opening.agreement.deflate if opening.agreement else None
        # Reads as a client does: it inflates with the context of the server's own compression.
        self._sent = Receiver.of_sent(Role.CLIENT, deflate, frames=sink.wants_frames)
        sink.opened(Opened(opening, clock.time(), 0.0))

    def received(self, items: Sequence[Item]) -> None:
        """Report received items."""
        # A violation can only be the last item, since nothing is read after it.
        if isinstance(items[-1], Violation):
            self._violation = items[-1]
        self._report(items, incoming=True)

    def sent(self, data: bytes) -> None:
        """Report bytes that have left."""
        for items in self._sent.receive(data):
            self._report(items, incoming=False)

    def ended(self, access: AccessRecord, sent: int | None) -> None:
        """Report how the connection ended; ``sent`` is the code of our Close, None without one."""
        began = _SIDES[access.by] if access.by else None
        now = self._clock.monotonic()
        self._sink.ended(
            End(
                access.code,
                access.reason,
                began,
                access.clean,
                self._clock.time(),
                now - self._started,
                self._violation,
                sent=sent,
            )
        )

    def _report(self, items: Sequence[Item], *, incoming: bool) -> None:
        elapsed = self._clock.monotonic() - self._started
        self._sink.batch(Batch(incoming, self._clock.time(), elapsed, items))
