"""The goal: what is passed on, and where it ends."""

import pytest

from wscli.payload.matching import parse_matcher
from wscli.session.bus import Batch, Sink
from wscli.sinks.goal import Goal
from wscli.wire.events import Messages, Ping


class Seen(Sink):
    def __init__(self):
        self.items = []

    def batch(self, batch):
        self.items += [
            (item.payloads if isinstance(item, Messages) else item) for item in batch.items
        ]


def incoming(*items):
    return Batch(
        True, 0.0, 0.0, [Messages(1, item) if isinstance(item, list) else item for item in items]
    )


def run(goal, seen, *batches):
    for batch in batches:
        goal.batch(incoming(*batch))
    return seen.items


def test_without_a_goal_everything_passes_and_is_counted():
    seen = Seen()
    goal = Goal(seen)
    assert run(goal, seen, [[b"a", b"b"], Ping(b"")], [[b"c"]]) == [[b"a", b"b"], Ping(b""), [b"c"]]
    assert (goal.seen, goal.reached) == (3, False)


@pytest.mark.parametrize(
    ("count", "passed"),
    [
        (1, [[b"a"]]),
        (2, [[b"a", b"b"]]),
        (3, [[b"a", b"b"], [b"c"]]),
        (9, [[b"a", b"b"], [b"c", b"d"]]),
    ],
)
def test_a_count_cuts_a_batch_where_it_is_reached(count, passed):
    seen = Seen()
    goal = Goal(seen, count)
    assert run(goal, seen, [[b"a", b"b"]], [[b"c", b"d"]]) == passed
    assert goal.reached == (count < 9)


def test_a_count_of_zero_is_reached_at_once_and_only_messages_are_held_back():
    seen = Seen()
    goal = Goal(seen, 0)
    assert goal.reached
    assert run(goal, seen, [[b"a"], Ping(b"p")]) == [Ping(b"p")]


def test_a_pattern_ends_with_the_message_that_it_finds():
    seen = Seen()
    goal = Goal(seen, None, parse_matcher("x|ü"))
    assert run(goal, seen, [[b"a"]], [[b"b", "ü".encode(), b"x"]]) == [[b"a"], [b"b", "ü".encode()]]
    assert goal.reached


def test_a_count_may_be_reached_before_the_pattern():
    seen = Seen()
    goal = Goal(seen, 2, parse_matcher("x"))
    assert run(goal, seen, [[b"a", b"b", b"x"]]) == [[b"a", b"b"]]
    assert goal.reached


def test_what_goes_out_is_passed_and_not_counted():
    seen = Seen()
    goal = Goal(seen, 1)
    goal.batch(Batch(False, 0.0, 0.0, [Messages(1, [b"out", b"out"])]))
    assert seen.items == [[b"out", b"out"]]
    assert not goal.reached


def test_a_pattern_that_backtracks_is_given_up_and_nothing_is_lost():
    seen = Seen()
    goal = Goal(seen, None, parse_matcher("^(a|aa)+$"))
    hostile = b"a" * 60 + b"b"
    assert run(goal, seen, [[b"x", hostile, b"y"]], [[b"aaa"]]) == [[b"x", hostile, b"y"], [b"aaa"]]
    assert not goal.reached
    assert "backtracks for too long" in goal.failure.what


def test_the_search_of_a_batch_ends_when_it_is_told_to():
    seen = Seen()
    goal = Goal(seen, None, parse_matcher("x"))
    goal.stopped = lambda: True
    assert run(goal, seen, [[b"a", b"x"]]) == [[b"a", b"x"]]
    assert not goal.reached
