"""The stage of ``/replay``: sends a recorded client's messages over the session's connection.

The main thread hands cues over and wakes the link's thread, which does everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from wscli.apps.playback import Cue, Playback
from wscli.session.events import Batch
from wscli.text import visible


class _Handover(NamedTuple):
    """Cues to play, and the name of their recording; none to stop."""

    cues: Sequence[Cue]
    name: str


class SessionPlayback(Playback):
    """Plays one recording at a time; ``note`` receives a remark when it has ended."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note
        self._name = ""
        self._handover: _Handover | None = None

    def start(self, cues: Sequence[Cue], name: str = "") -> None:
        """Play cues in place of any that are left; call it in any thread, and wake the link's."""
        self._handover = _Handover(cues, name)

    def next_deadline(self) -> float | None:
        """Return when to send the next cue, or a time in the past to begin."""
        return self.next_due() if self._handover is None else 0.0

    def tick(self, now: float) -> Iterable[Batch]:
        """Begin, or send the cues that have become due."""
        handover, self._handover = self._handover, None
        if handover is not None:
            if not (handover.cues or self._left):
                self._note("nothing is being replayed")
            self._stop("is stopped")
            self._name = handover.name
            self.play(handover.cues, now)
        return super().tick(now)

    def send_due(self, now: float) -> None:
        """Send the cues that are due, and say so after the last."""
        was_playing = bool(self._left)
        super().send_due(now)
        if was_playing and not self._left:
            count = f"{self.sent:,} message{'s' * (self.sent != 1)}"
            self._note(f"replayed {visible(self._name)}: {count} sent")

    def flush(self) -> Iterable[Batch]:
        """Stop, since the connection has ended."""
        self._stop("has ended with the connection")
        return ()

    def _stop(self, how: str) -> None:
        if self._left:
            total = self.sent + self.unsent
            self._left.clear()
            self._note(
                f"the replay of {visible(self._name)} {how}: "
                f"{self.sent:,} of {total:,} messages were sent"
            )
