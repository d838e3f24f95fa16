"""Time, injected: the clock, how a moment is written, and one deadline over many steps."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

from wscli.errors import TimedOut

if TYPE_CHECKING:
    from _typeshed import HasFileno

    from wscli.kinds import Facts, TimeoutKind


_LONGEST_POLL = 1_000_000.0  # seconds; poll(2) counts milliseconds in an int


def poll_timeout(*limits: float | None) -> float | None:
    """Return the least of some limits in seconds as poll takes it, in milliseconds."""
    given = [limit for limit in limits if limit is not None]
    return 1000 * max(0.0, min(*given, _LONGEST_POLL)) if given else None


class Clock:
    """The time; tests replace it."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment, never going back."""
        return time.monotonic()


class Deadline:
    """One time limit, in seconds, for all steps of an operation; None means no limit.

    ``doing`` names the present step, for the error; ``kind`` and ``secure``, whether the connection
    is encrypted, are the facts of the error.
    """

    def __init__(self, clock: Clock, seconds: float | None, doing: str) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = None if seconds is None else clock.monotonic() + seconds
        self.doing = doing
        self.kind: TimeoutKind = "connect"
        self.secure = False

    def remaining(self) -> float | None:
        """Return the seconds that are left.

        Raises:
            TimedOut: if there are none.
        """
        if self._end is None:
            return None
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def check(self) -> None:
        """Raise TimedOut if the time is up."""
        self.remaining()

    def passed(self) -> TimedOut:
        """Return the error that names the step in progress when time ran out."""
        facts: Facts = {"secure": self.secure}
        if self._seconds is not None:
            facts["seconds"] = self._seconds
        what = f"timed out after {self._seconds:g} s while {self.doing}"
        return TimedOut(what, kind=self.kind, facts=facts)

    def wait(self, file: HasFileno, events: int) -> None:
        """Wait until a socket is readable (POLLIN) or writable (POLLOUT).

        Raises:
            TimedOut: if it is not in time.
        """
        poll = select.poll()
        poll.register(file, events)
        while not poll.poll(poll_timeout(self.remaining())):
            pass
