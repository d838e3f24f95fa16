"""When to connect again: with full jitter, and not where the server has refused this client."""

from __future__ import annotations

import random
from collections.abc import Callable

from wscli.errors import TLSError, UpgradeError, UsageError, WscliError
from wscli.session.end import End
from wscli.wire.closing import Side
from wscli.wire.codes import CloseCode

FIRST_WAIT = 0.5
"""Seconds that the first wait takes at most; each one after it may take twice as long."""

LONGEST_WAIT = 30.0
"""Seconds that no wait exceeds; a connection that lasted this long counts as a success."""

_TRANSIENT = frozenset({408, 425, 429})  # the 4xx statuses that may be gone at the next attempt


class Reconnect:
    """Decides after each connection, and each failed attempt, when to make the next attempt.

    The wait is a random part of a limit that doubles (full jitter), so that the clients of a
    server that went down do not all come back at once. ``always`` also tries again where the
    server has refused this client.
    """

    def __init__(
        self, *, always: bool = False, chance: Callable[[], float] = random.random
    ) -> None:
        self._always = always
        self._chance = chance
        self._limit = FIRST_WAIT

    def wait(self, outcome: End | WscliError) -> float | None:
        """Return the seconds until the next attempt, or None for no further attempt."""
        if is_ours(outcome) or (is_final(outcome) and not self._always):
            return None
        if isinstance(outcome, End) and outcome.elapsed >= LONGEST_WAIT:
            self._limit = FIRST_WAIT
        wait = self._chance() * self._limit
        self._limit = min(2 * self._limit, LONGEST_WAIT)
        return wait


def is_ours(outcome: End | WscliError) -> bool:
    """Return True if the connection ended because the user wanted it to."""
    return (
        isinstance(outcome, End)
        and outcome.began is Side.LOCAL
        and outcome.violation is None
        and outcome.unanswered is None
    )


def is_final(outcome: End | WscliError) -> bool:
    """Return True if another attempt would get the same answer, or be unwelcome."""
    if isinstance(outcome, End):
        return outcome.code == CloseCode.POLICY_VIOLATION or 4000 <= outcome.code <= 4999
    if outcome.closed_early:
        return False
    if isinstance(outcome, UpgradeError) and outcome.http_status is not None:
        return outcome.http_status < 500 and outcome.http_status not in _TRANSIENT
    return isinstance(outcome, UsageError | TLSError | UpgradeError)
