"""The stage of a replay: what it waits for, for how long, and what it sends and reports."""

import pytest

from tests.apps.test_playback import Stagehand
from tests.recordings import closed, connections, got, opened, sent
from wscli.apps.options import SessionOptions
from wscli.apps.replay import ReplayOptions, make_script
from wscli.apps.replay_stage import ReplayStage
from wscli.net.pump import OUTBOX_HIGH_WATER
from wscli.payload.comparison import MessageComparison
from wscli.payload.matching import JsonPathQuery

SESSION = [opened(), sent("a", 1), got("A", 2), sent("b", 3), got("B", 4), closed(at=5)]


def replay(*events, timeout=10, mapped=(), **options):
    """Return a stage that replays a recording; its findings are in ``found``."""
    (connection,) = connections(*events)
    queries = tuple(JsonPathQuery(each) for each in mapped)
    asked = ReplayOptions(SessionOptions(""), "", mapped=queries, timeout=timeout, **options)
    found = []
    hand = Stagehand(
        ReplayStage(
            make_script(asked, connection),
            MessageComparison("json", (), queries),
            timeout,
            lambda findings, time, elapsed: found.extend(findings),
        )
    )
    hand.found = found
    return hand


def test_it_is_finished_at_the_time_when_the_client_closed():
    hand = replay(*SESSION)
    hand.after(3)
    hand.come("A", "B")
    hand.after(1.9)
    assert not hand.stage.finished
    hand.after(0.2)
    assert (hand.stage.finished, hand.stage.gave_up, hand.sent, hand.found) == (
        True,
        False,
        ["a", "b"],
        [],
    )


@pytest.mark.parametrize("pace", ["reply", "none"])
def test_at_other_paces_it_is_finished_when_everything_has_come(pace):
    hand = replay(*SESSION, pace=pace)
    hand.after(0)
    hand.come("A")
    assert not hand.stage.finished
    hand.come("B")
    assert (hand.stage.finished, hand.stage.gave_up) == (True, False)


def test_a_missing_message_is_waited_for_as_long_as_the_time_limit():
    hand = replay(*SESSION)
    hand.after(3)
    hand.come("A")
    hand.after(10.9)  # B was due a second later
    assert not hand.stage.finished
    hand.after(0.2)
    assert (hand.stage.finished, hand.stage.gave_up) == (True, True)


def test_what_has_not_been_sent_in_time_is_not_sent():
    hand = replay(*SESSION, pace="reply")
    hand.after(9.9)
    assert (hand.sent, hand.stage.finished) == (["a"], False)
    hand.after(0.2)
    assert (hand.stage.finished, hand.stage.gave_up, hand.stage.unsent) == (True, True, 1)


def test_each_message_that_was_expected_begins_the_wait_again():
    events = [opened(), *(got(str(number), 0) for number in range(5)), closed(at=0)]
    hand = replay(*events, pace="none")
    for number in range(4):
        hand.after(9)
        hand.come(str(number))
    hand.after(9)
    assert not hand.stage.finished
    hand.come("4")
    assert (hand.stage.finished, hand.stage.gave_up) == (True, False)


def test_a_flood_of_other_messages_does_not_prolong_the_wait():
    hand = replay(*SESSION, pace="none")
    hand.after(0)
    hand.come("A")
    for _ in range(21):
        hand.after(0.5)
        hand.come(*["X"] * 50)
    assert hand.stage.finished


def test_an_end_by_the_server_is_waited_for():
    hand = replay(opened(), got("A", 1), closed(4000, "peer", at=2), pace="none")
    hand.come("A")
    hand.after(9.9)
    assert not hand.stage.finished
    hand.after(0.2)
    assert (hand.stage.finished, hand.stage.gave_up) == (True, True)


def test_an_end_that_was_not_recorded_is_not_waited_for():
    hand = replay(opened(), sent("a", 0), got("A", 0.5))
    hand.after(1)
    hand.come("A")
    assert (hand.stage.finished, hand.stage.gave_up) == (True, False)


def test_a_peer_that_reads_slowly_has_the_time_that_it_needs():
    hand = replay(*SESSION, pace="none")
    hand.outbox.pending = OUTBOX_HIGH_WATER - 1
    hand.after(0)
    for left in (500, 400, 300):
        hand.outbox.pending = left
        hand.after(10)
        assert not hand.stage.finished
    hand.after(10)
    assert hand.stage.finished


def test_a_peer_that_does_not_read_has_the_time_limit():
    hand = replay(*SESSION, pace="none")
    hand.outbox.pending = OUTBOX_HIGH_WATER
    hand.after(9.9)
    assert not hand.stage.finished
    hand.after(0.2)
    assert (hand.stage.finished, hand.stage.gave_up, hand.sent) == (True, True, [])


def test_a_message_that_is_missing_does_not_hold_up_the_ones_after_it():
    hand = replay(
        opened(), got("welcome", 0), sent("a", 1), got("A", 2), sent("b", 3), pace="reply"
    )
    hand.come("A")  # the welcome is missing, but this is what came after it
    assert hand.sent == ["a", "b"]


def test_a_new_id_is_sent_in_place_of_the_recorded_one():
    hand = replay(
        opened(),
        got({"session": "s-1"}, 0),
        sent({"for": "s-1", "path": "/s-1/x"}, 1),
        pace="reply",
        mapped=["$.session"],
    )
    hand.come('{"session":"s-2"}')
    assert hand.sent == ['{"for": "s-2", "path": "/s-2/x"}']
    assert hand.found == []


def test_a_difference_is_reported_when_it_is_certain():
    hand = replay(*SESSION, pace="none")
    hand.come("X")
    assert hand.found == []
    hand.come("B")
    assert [each.kind for each in hand.found] == ["changed"]


def test_a_message_that_comes_while_the_connection_is_closed_was_not_recorded():
    hand = replay(opened(), got("A", 0), pace="none")
    hand.come("A")
    hand.come("A")
    assert [each.kind for each in hand.found] == ["extra"]


def test_of_a_flood_while_the_connection_is_closed_the_first_messages_are_reported():
    hand = replay(opened(), got("A", 0), pace="none")
    hand.come("A")
    for _ in range(100):
        hand.come("X")
    assert len(hand.found) == 11
