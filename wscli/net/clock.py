"""Time: the clock, which tests replace, and one deadline over many steps."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

from wscli.errors import TimedOut

if TYPE_CHECKING:
    from _typeshed import HasFileno

    from wscli.kinds import Facts, TimeoutKind


# Seconds (12 days). poll(2) takes milliseconds as an int of 32 bits, and Python raises an error for
# more. A longer wait only returns early, and every caller polls again.
_LONGEST_POLL = 1_000_000.0


def poll_timeout(*limits: float | None) -> float | None:
    """Return the smallest of some limits in seconds as a timeout of poll, in milliseconds."""
    given = [limit for limit in limits if limit is not None]
    return 1000 * max(0.0, min(*given, _LONGEST_POLL)) if given else None


# Wall-clock time is for people and records. It may jump when a machine is set or resumes from
# sleep, so limits and durations use the monotonic clock.
class Clock:
    """The clock of the system; tests replace it."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment, never going back."""
        return time.monotonic()


class Deadline:
    """One time limit, in seconds, for all steps of an operation; None means no limit.

    ``doing`` describes the current step for the error, as in "waiting for the proxy". ``kind`` and
    ``secure`` (whether the connection is encrypted) become the error's kind and facts.
    """

    def __init__(self, clock: Clock, seconds: float | None, doing: str) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = None if seconds is None else clock.monotonic() + seconds
        self.doing = doing
        self.kind: TimeoutKind = "connect"
        self.secure = False

    def remaining(self) -> float | None:
        """Return the seconds that are left, or None if there is no limit.

        Raises:
            TimedOut: if the deadline has passed.
        """
        if self._end is None:
            return None
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def check(self) -> None:
        """Raise TimedOut if the deadline has passed."""
        self.remaining()

    def passed(self) -> TimedOut:
        """Return the error, which names the step that was in progress."""
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
        # poll and not select, which fails for descriptors from 1,024 on. In a loop, since a wait
        # may end early (see _LONGEST_POLL); ``remaining`` raises at the deadline.
        poll = select.poll()
        poll.register(file, events)
        while not poll.poll(poll_timeout(self.remaining())):
            pass
