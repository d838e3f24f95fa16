"""One shot: connect, send each message, print the replies, close."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from wscli.apps.common import Common
from wscli.apps.env import Env
from wscli.apps.message import Sending
from wscli.apps.run import Work, run_session
from wscli.errors import ConnectionClosed, ExitStatus, TimedOut
from wscli.payload.matching import Matcher
from wscli.session.end import describe_close, error_of


class SendOptions(NamedTuple):
    """What to send and what to wait for.

    ``replies`` is how many messages to wait for, by default as many as are sent, and at least
    one; ``until`` waits for one that it finds instead. ``timeout`` bounds it all, in seconds.
    """

    common: Common
    messages: Sequence[bytes] = ()
    sending: Sending = Sending()
    replies: int | None = None
    until: Matcher | None = None
    timeout: float | None = 10.0


def run(options: SendOptions, env: Env) -> ExitStatus:
    """Send, wait for the replies, and return the exit status."""
    count = options.replies
    if count is None and options.until is None:
        count = max(1, len(options.messages))
    started = env.clock.monotonic()

    def exchange(work: Work) -> None:
        with suppress(ConnectionClosed):  # then the wait below ends, and says how it ended
            for message in options.messages:
                work.session.post(options.sending.opcode, [message])
        left = None
        if options.timeout is not None:
            left = options.timeout - (env.clock.monotonic() - started)
        done = work.wait(lambda: work.goal.reached and not work.session.pending, left)
        if not done and not work.interrupted:
            raise _unanswered(options, work, count)

    # What was asked for ends what is shown; without that, everything up to the peer's Close is.
    cut = options.replies is not None or options.until is not None
    return run_session(
        _within_timeout(options),
        env,
        exchange,
        count=count,
        until=options.until,
        cut=cut,
        automation=options.sending.automation(env),
    )


def _within_timeout(options: SendOptions) -> Common:
    """Let connecting take no longer than all of it may."""
    connect = options.common.connect
    limits = [limit for limit in (connect.connect_timeout, options.timeout) if limit is not None]
    limited = connect._replace(connect_timeout=min(limits, default=None))
    return options.common._replace(connect=limited)


def _unanswered(options: SendOptions, work: Work, count: int | None) -> Exception:
    end = work.session.end
    if end is not None and (error := error_of(end)) is not None:
        return error
    wanted = "no reply that matches" if count is None else f"{work.goal.seen} of {count} replies"
    if end is not None:
        return TimedOut(
            f"the peer closed with {describe_close(end)} before all replies had come",
            f"{wanted} came",
            "-n says how many replies to wait for",
        )
    return TimedOut(
        f"{wanted} came within {options.timeout:g} s",
        hint="--timeout waits longer; -n says how many replies to wait for, 0 for none",
    )
