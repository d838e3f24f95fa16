"""The goal: what is passed on, and where it ends."""

import pytest

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


def test_what_goes_out_is_passed_and_not_counted():
    seen = Seen()
    goal = Goal(seen, 1)
    goal.batch(Batch(False, 0.0, 0.0, [Messages(1, [b"out", b"out"])]))
    assert seen.items == [[b"out", b"out"]]
    assert not goal.reached
