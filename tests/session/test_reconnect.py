"""When to connect again, and when not."""

import pytest

from wscli.errors import ConnectError, TimedOut, TLSError, UpgradeError, UsageError
from wscli.session.end import End
from wscli.session.reconnect import FIRST_WAIT, LONGEST_WAIT, Reconnect
from wscli.wire.rules import TEXT_NOT_UTF8, Violation

LOST = ConnectError("refused")


def end(code=1006, peer_began=None, lasted=1.0, violation=None, unanswered=None):
    return End(code, "", peer_began, False, 0.0, lasted, violation, unanswered)


def test_the_limit_doubles_from_half_a_second_to_thirty():
    reconnect = Reconnect(chance=lambda: 1.0)
    assert [reconnect.wait(LOST) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_the_wait_is_any_part_of_the_limit():
    assert Reconnect(chance=lambda: 0.0).wait(LOST) == 0
    assert Reconnect(chance=lambda: 0.5).wait(LOST) == FIRST_WAIT / 2
    assert all(0 <= Reconnect().wait(LOST) <= FIRST_WAIT for _ in range(100))


def test_a_connection_that_lasted_makes_the_limit_small_again():
    reconnect = Reconnect(chance=lambda: 1.0)
    for _ in range(5):
        reconnect.wait(LOST)
    assert reconnect.wait(end(lasted=1.0)) == 16
    assert reconnect.wait(end(lasted=LONGEST_WAIT)) == FIRST_WAIT


@pytest.mark.parametrize(
    "outcome",
    [
        end(),
        end(1000, peer_began=True),
        end(1001, peer_began=True),
        end(1012, peer_began=True),
        end(1007, peer_began=False, violation=Violation(TEXT_NOT_UTF8, "")),
        end(1011, peer_began=False, unanswered=20.0),
        LOST,
        TimedOut("slow"),
        UpgradeError("busy", http_status=503),
        UpgradeError("too many", http_status=429),
    ],
    ids=str,
)
def test_it_is_tried_again_where_that_may_help(outcome):
    assert Reconnect().wait(outcome) is not None


@pytest.mark.parametrize(
    "outcome",
    [
        end(1008, peer_began=True),
        end(4000, peer_began=True),
        end(4999, peer_began=True),
        UpgradeError("forbidden", http_status=403),
        UpgradeError("not HTTP"),
        TLSError("expired"),
        UsageError("no URL"),
    ],
    ids=str,
)
def test_it_is_not_tried_again_where_it_is_not_wanted_unless_always(outcome):
    assert Reconnect().wait(outcome) is None
    assert Reconnect(always=True).wait(outcome) is not None


@pytest.mark.parametrize("always", [False, True])
def test_what_the_user_closed_stays_closed(always):
    assert Reconnect(always=always).wait(end(1000, peer_began=False)) is None
    assert Reconnect(always=always).wait(end(1006, peer_began=False)) is None
