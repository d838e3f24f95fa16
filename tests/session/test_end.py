"""How a connection ended, and the error for it."""

import pytest

from tests.clock import HandClock
from wscli.advice import advise
from wscli.session.activity import Activity, Stillness
from wscli.session.end import closed_error, describe_close, error_of, make_end
from wscli.status import status_of
from wscli.wire.closing import ClosingHandshake
from wscli.wire.events import Close
from wscli.wire.rules import TEXT_NOT_UTF8, Violation


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def closing():
    return ClosingHandshake()


def end_of(closing):
    return make_end(closing, "lost somehow", 0.0, 1.0, None)


def sends(closing, code):
    closing.send(code, "", 8, 100.0, 1.0)


def receives(closing, event):
    closing.receive(event, 100.0, 1.0)


def test_a_violation_is_the_reason_for_the_end(closing):
    violation = Violation(TEXT_NOT_UTF8, "ff")
    receives(closing, violation)
    sends(closing, 1007)
    end = end_of(closing)
    assert (end.code, end.violation, end.clean) == (1007, violation, False)
    assert status_of(error_of(end)) == 7


def test_a_normal_end_is_an_error_only_for_further_calls(closing):
    receives(closing, Close(1000, ""))
    assert error_of(end_of(closing)) is None
    assert closed_error(end_of(closing)).code == 1000


def test_our_own_code_is_not_an_error_and_is_reported_as_ours(closing):
    sends(closing, 4001)
    receives(closing, Close(4001, ""))
    end = end_of(closing)
    assert error_of(end) is None
    assert closed_error(end).what == "we closed the connection with 4001 private use"
    assert closed_error(end).code == 4001


def test_a_normal_code_in_answer_to_our_close_is_not_an_error(closing):
    sends(closing, 4001)
    receives(closing, Close(1000, "fine"))
    end = end_of(closing)
    assert error_of(end) is None
    assert describe_close(end) == ('4001 private use, answered with 1000 normal closure: "fine"')


def test_an_error_code_in_answer_to_our_close_is_an_error(closing):
    sends(closing, 1000)
    receives(closing, Close(1011, "oops"))
    error = error_of(end_of(closing))
    assert error.what == 'the peer answered our Close 1000 with 1011 internal error: "oops"'
    assert status_of(error) == 9


def test_the_peer_may_end_tcp_instead_of_answering_our_close(closing):
    sends(closing, 4001)
    end = make_end(closing, "the peer ended TCP", 0.0, 1.0, None, hung_up=True)
    assert error_of(end) is None
    assert closed_error(end).what == "we closed the connection with 4001 private use"
    assert (end.code, end.clean) == (1006, False)


def test_the_end_of_tcp_before_any_close_is_a_loss(closing):
    end = make_end(closing, "the peer ended TCP", 0.0, 1.0, None, hung_up=True)
    assert status_of(error_of(end)) == 8


@pytest.mark.parametrize(
    ("seconds", "words", "interval"),
    [
        (60.02, "idle for 60.0 s: the default of nginx's proxy_read_timeout", "30s"),
        (54.9, "idle for 54.9 s: the time limit of Heroku's router", "27s"),
        (100.3, "idle for 100.3 s: the time limit of Cloudflare", "50s"),
        (75.0, "idle for 75.0 s", "37s"),
    ],
)
def test_a_well_known_time_limit_is_named(closing, seconds, words, interval):
    still = Stillness(seconds, None)
    error = error_of(make_end(closing, "lost", 0.0, 1.0, None, still=still))
    assert error.evidence.startswith(words)
    assert advise(error).startswith(f"--ping-interval {interval} keeps it open")


def test_a_loss_names_a_message_only_if_nothing_followed_it(clock):
    activity = Activity(clock)
    activity.posted(1, [b"a", b"hello"], 20)
    activity.sent(10)
    assert activity.stillness().message is None
    activity.sent(20)
    clock.now += 0.25
    assert activity.stillness() == (0.25, (2, 1, 5))
    activity.sent(24)
    assert activity.stillness().message is None
    activity.posted(2, [b"x"], 30)
    activity.sent(30)
    activity.received()
    assert activity.stillness() == (0.0, None)
