"""When to connect again: with full jitter, and not where the server has refused this client.

RFC 6455 §7.2.3: "Clients SHOULD use some form of backoff when trying to reconnect after abnormal
closures", "the first reconnect attempt SHOULD be delayed by a random amount of time", and later
ones "by increasingly longer amounts of time, using a method such as truncated binary exponential
backoff."
"""

from __future__ import annotations

import random
from collections.abc import Callable

from wscli.errors import TLSError, UpgradeError, UsageError, WscliError
from wscli.session.end import End
from wscli.wire.closing import Side
from wscli.wire.codes import CloseCode

FIRST_WAIT = 0.5
"""The longest first wait, in seconds; the limit of each later one is twice as long."""

LONGEST_WAIT = 30.0
"""The longest wait, in seconds; a connection that lasted this long counts as a success."""

# Request Timeout, Too Early and Too Many Requests: unlike the other 4xx statuses, they do not mean
# that the same request will be refused again.
_TRANSIENT = frozenset({408, 425, 429})


class Reconnect:
    """Decides after each connection, and each failed attempt, when to make the next attempt.

    The wait is a random part of a limit that doubles (full jitter). ``always`` also tries again
    where the server has refused this client.
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
        # An open connection alone is not a success: a server that accepts and then closes at once
        # would be tried again every half second, forever.
        if isinstance(outcome, End) and outcome.elapsed >= LONGEST_WAIT:
            self._limit = FIRST_WAIT
        # Any part of the limit, from 0 on: all clients of a server that went down lose it at the
        # same moment, and should not all come back at the same moment.
        wait = self._chance() * self._limit
        self._limit = min(2 * self._limit, LONGEST_WAIT)
        return wait


def is_ours(outcome: End | WscliError) -> bool:
    """Return True if the connection ended because the user wanted it to."""
    # After a violation or a ping timeout wscli closed by itself.
    return (
        isinstance(outcome, End)
        and outcome.began is Side.LOCAL
        and outcome.violation is None
        and outcome.unanswered is None
    )


def is_final(outcome: End | WscliError) -> bool:
    """Return True if another attempt would get the same answer, or is unwelcome."""
    # 4000 to 4999 are the application's own codes (RFC 6455 §7.4.2). A server that closes with one
    # of them, or with 1008, has made a decision about this client.
    if isinstance(outcome, End):
        return outcome.code == CloseCode.POLICY_VIOLATION or 4000 <= outcome.code <= 4999
    # A port forwarder or load balancer accepts connections while its server is down, and ends them
    # before an answer.
    if outcome.closed_early:
        return False
    if isinstance(outcome, UpgradeError) and outcome.http_status is not None:
        return outcome.http_status < 500 and outcome.http_status not in _TRANSIENT
    return isinstance(outcome, UsageError | TLSError | UpgradeError)
