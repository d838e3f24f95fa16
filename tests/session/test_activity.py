"""The time without traffic, and the message sent just before it, by which a loss is explained."""

import pytest

from tests.clock import HandClock
from wscli.session.activity import Activity, SentMessage, Stillness
from wscli.wire.codes import Opcode


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def activity(clock):
    return Activity(clock)


def post(activity, *sizes, mark):
    activity.posted(Opcode.TEXT, [bytes(size) for size in sizes], mark)


def test_stillness_counts_from_the_opening(activity, clock):
    clock.now += 7.0
    assert activity.stillness() == Stillness(7.0, None)


@pytest.mark.parametrize("move", [lambda each: each.received(), lambda each: each.sent(10)])
def test_bytes_in_either_direction_end_the_stillness(activity, clock, move):
    clock.now += 7.0
    move(activity)
    clock.now += 2.0
    assert activity.stillness().seconds == 2.0


def test_an_unchanged_count_is_not_traffic(activity, clock):
    activity.sent(10)
    clock.now += 2.0
    activity.sent(10)
    assert activity.stillness().seconds == 2.0


def test_a_queued_message_is_not_traffic(activity, clock):
    clock.now += 2.0
    post(activity, 5, mark=7)
    assert activity.stillness() == Stillness(2.0, None)


def test_the_last_message_of_a_batch_has_its_number_and_size(activity):
    post(activity, 1, 2, 3, mark=12)
    activity.sent(12)
    assert activity.stillness().message == SentMessage(3, Opcode.TEXT, 3)
    post(activity, 4, mark=18)
    activity.sent(18)
    assert activity.stillness().message == SentMessage(4, Opcode.TEXT, 4)


def test_a_message_counts_once_its_last_byte_has_left(activity):
    post(activity, 5, mark=7)
    activity.sent(6)
    assert activity.stillness().message is None
    activity.sent(7)
    assert activity.stillness().message is not None


def test_a_message_no_longer_counts_when_bytes_leave_after_it(activity):
    post(activity, 5, mark=7)
    activity.sent(7)
    activity.sent(9)
    assert activity.stillness().message is None


def test_a_message_that_leaves_together_with_a_later_ping_counts(activity):
    post(activity, 5, mark=7)
    activity.sent(9)
    assert activity.stillness().message is not None


def test_a_message_no_longer_counts_when_bytes_arrive_after_it(activity):
    post(activity, 5, mark=7)
    activity.sent(7)
    activity.received()
    assert activity.stillness().message is None


def test_a_batch_without_messages_changes_nothing(activity):
    post(activity, 5, mark=7)
    activity.sent(7)
    post(activity, mark=7)
    assert activity.stillness().message == SentMessage(1, Opcode.TEXT, 5)
