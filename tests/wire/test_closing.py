"""The closing handshake: its states, and its time limits."""

from itertools import product

import pytest

from wscli.wire.closing import SENDING, TRANSITIONS, ClosingEvent, ClosingHandshake, Side, State
from wscli.wire.events import Close
from wscli.wire.rules import TEXT_NOT_UTF8, Violation

VIOLATION = Violation(TEXT_NOT_UTF8, "ff")


@pytest.fixture
def closing():
    return ClosingHandshake()


def sends(closing, now=100.0, *, code=1000, mark=8, patience=3.0):
    closing.send(code, "", mark, now, patience)


def receives(closing, event, now=100.0):
    closing.receive(event, now, 1.0)


def test_every_state_has_a_row_in_the_table():
    assert set(TRANSITIONS) == set(State)


def test_each_path_through_the_table_ends_with_both_closes_or_a_failure():
    ends = set()

    def walk(state, steps):
        if not TRANSITIONS[state]:
            ends.add((state, steps))
        for step, following in TRANSITIONS[state].items():
            walk(following, (*steps, step))

    walk(State.OPEN, ())
    assert ends == {
        (State.CLOSED, (ClosingEvent.SEND_CLOSE, ClosingEvent.RECEIVE_CLOSE)),
        (State.CLOSED, (ClosingEvent.RECEIVE_CLOSE, ClosingEvent.SEND_CLOSE)),
        (State.FAILED, (ClosingEvent.SEND_CLOSE, ClosingEvent.VIOLATION)),
        (State.FAILED, (ClosingEvent.VIOLATION, ClosingEvent.SEND_CLOSE)),
    }


def test_messages_can_be_sent_before_our_close_and_never_after_it():
    for state, step in product(State, ClosingEvent):
        following = TRANSITIONS[state].get(step)
        if following is not None:
            assert (following in SENDING) == (
                state in SENDING and step is not ClosingEvent.SEND_CLOSE
            )


def test_a_second_close_is_not_a_transition():
    for state in State:
        assert (ClosingEvent.SEND_CLOSE in TRANSITIONS[state]) == (state in SENDING)


def test_we_give_up_when_the_peer_does_not_answer(closing):
    sends(closing)
    closing.progress(8, 100.0)
    assert closing.deadline() == 103.0
    assert not closing.is_over(102.9)
    assert closing.is_over(103.0)


def test_the_timer_restarts_while_bytes_are_leaving(closing):
    sends(closing, mark=100)
    for now, out in ((102.0, 10), (104.0, 60), (106.0, 99)):
        closing.progress(out, now)
        assert not closing.is_over(now)
    closing.progress(100, 108.0)
    assert closing.deadline() == 111.0
    closing.progress(150, 110.0)
    assert closing.deadline() == 111.0


def test_we_give_up_when_bytes_stop_leaving(closing):
    sends(closing, mark=100)
    closing.progress(10, 100.0)
    closing.progress(10, 103.0)
    assert closing.is_over(103.0)


def test_the_timer_restarts_when_the_peer_reads_bytes_that_had_left(closing):
    closing.restart(101.0)
    assert closing.deadline() is None
    sends(closing)
    closing.restart(102.0)
    assert closing.deadline() == 105.0


def test_after_the_answer_to_our_close_only_the_end_of_tcp_is_awaited(closing):
    sends(closing, patience=30.0)
    closing.progress(8, 100.0)
    receives(closing, Close(1000, ""))
    assert (closing.began, closing.state, closing.answer_due) == (Side.LOCAL, State.CLOSED, False)
    assert closing.complete
    assert closing.deadline() == 101.0


def test_the_peer_may_close_first(closing):
    receives(closing, Close(1001, "bye"))
    assert (closing.began, closing.state) == (Side.REMOTE, State.CLOSE_RECEIVED)
    assert closing.answer_due
    assert closing.can_send
    assert closing.deadline() is None
    sends(closing, code=1001)
    assert (closing.began, closing.state, closing.can_send) == (Side.REMOTE, State.CLOSED, False)


def test_a_violation_is_answered_with_close_and_ends_the_handshake(closing):
    receives(closing, VIOLATION)
    assert (closing.state, closing.violation, closing.answer_due) == (State.BROKEN, VIOLATION, True)
    sends(closing, code=1007)
    assert (closing.state, closing.complete) == (State.FAILED, True)
    assert closing.began is Side.LOCAL


def test_a_violation_after_our_close_needs_no_answer(closing):
    sends(closing)
    receives(closing, VIOLATION)
    assert (closing.state, closing.answer_due, closing.complete) == (State.FAILED, False, True)


def test_a_limit_holds_even_while_bytes_are_leaving(closing):
    sends(closing, mark=100)
    closing.limit(105.0)
    for now, out in ((102.0, 10), (104.0, 60)):
        closing.progress(out, now)
        assert not closing.is_over(now)
    assert closing.deadline() == 105.0
    closing.progress(70, 105.0)
    assert closing.is_over(105.0)


def test_a_limit_may_be_set_before_our_close(closing):
    closing.limit(101.0)
    assert closing.deadline() is None
    assert not closing.is_over(101.5)
    sends(closing, 101.5)
    assert closing.is_over(101.5)


def test_of_two_limits_the_earlier_counts(closing):
    closing.limit(101.0)
    closing.limit(110.0)
    sends(closing)
    assert closing.deadline() == 101.0


def test_shortening_the_wait_never_lengthens_it(closing):
    closing.shorten(100.0, 1.0)
    assert closing.deadline() is None
    sends(closing, patience=3.0)
    closing.shorten(100.0, 10.0)
    assert (closing.deadline(), closing.patience) == (103.0, 3.0)
    closing.shorten(101.0, 0.5)
    assert (closing.deadline(), closing.patience) == (101.5, 0.5)
