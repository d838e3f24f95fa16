"""One deadline over many steps, and the timeout of poll."""

import select
import socket

import pytest

from tests.clock import HandClock
from wscli.errors import TimedOut
from wscli.net.clock import Deadline, poll_timeout


@pytest.mark.parametrize(
    ("limits", "milliseconds"),
    [
        ((), None),
        ((None,), None),
        ((None, None), None),
        ((0.0,), 0.0),
        ((-1.0,), 0.0),
        ((1.5,), 1500.0),
        ((None, 1.5), 1500.0),
        ((3.0, 1.5, None), 1500.0),
        ((float("inf"),), 1e9),
        ((1e12,), 1e9),
    ],
)
def test_poll_waits_for_the_smallest_limit_within_its_range(limits, milliseconds):
    assert poll_timeout(*limits) == milliseconds


def test_poll_accepts_an_infinite_limit():
    near, far = socket.socketpair()
    with near, far:
        far.send(b"x")
        poll = select.poll()
        poll.register(near, select.POLLIN)
        assert poll.poll(poll_timeout(float("inf")))


def test_the_time_that_is_left_shrinks_over_all_steps():
    clock = HandClock()
    deadline = Deadline(clock, 3.0, "connecting")
    clock.now += 1.0
    deadline.doing = "doing the TLS handshake"
    assert deadline.remaining() == 2.0


@pytest.mark.parametrize("late", [0.0, 5.0])
def test_the_error_at_a_deadline_names_the_step_in_progress(late):
    clock = HandClock()
    deadline = Deadline(clock, 3.0, "connecting")
    deadline.doing, deadline.kind, deadline.secure = "waiting", "connect", True
    clock.now += 3.0 + late
    with pytest.raises(TimedOut, match=r"^timed out after 3 s while waiting$") as caught:
        deadline.check()
    assert caught.value.facts == {"secure": True, "seconds": 3.0}


def test_without_a_limit_the_deadline_never_passes():
    clock = HandClock()
    deadline = Deadline(clock, None, "connecting")
    clock.now += 1e9
    deadline.check()
    assert deadline.remaining() is None


def test_a_deadline_of_zero_has_passed_at_once():
    with pytest.raises(TimedOut):
        Deadline(HandClock(), 0, "connecting").check()


def test_a_deadline_that_has_passed_raises_even_if_the_socket_is_ready():
    clock = HandClock()
    deadline = Deadline(clock, 1.0, "reading")
    near, far = socket.socketpair()
    with near, far:
        far.send(b"x")
        deadline.wait(near, select.POLLIN)
        clock.now += 1.0
        with pytest.raises(TimedOut):
            deadline.wait(near, select.POLLIN)
