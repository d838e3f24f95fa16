"""One of the waiting threads drives the connection on behalf of the others."""

import threading

import pytest

from tests.clock import HandClock
from tests.layers import running
from tests.waiting import wait_until
from wscli.session.turns import Turns


class Driven:
    """A connection that only records its turns, with the time that each may take and its thread."""

    def __init__(self):
        self.clock = HandClock()
        self.limits = []
        self.threads = []
        self.during = lambda: None
        self.turns = Turns(self.turn, self.clock)

    def turn(self, limit):
        self.limits.append(limit)
        self.threads.append(threading.current_thread())
        self.during()


@pytest.fixture
def driven():
    return Driven()


def test_a_condition_that_holds_already_takes_no_turn(driven):
    assert driven.turns.until(lambda: True, 0)
    assert driven.limits == []


def test_it_turns_until_the_condition_holds(driven):
    assert driven.turns.until(lambda: len(driven.limits) == 3)
    assert driven.limits == [None] * 3


@pytest.mark.parametrize("timeout", [0, -1.0])
def test_a_timeout_of_zero_turns_once_without_waiting(driven, timeout):
    assert not driven.turns.until(lambda: False, timeout)
    assert driven.limits == [0]


def test_a_condition_fulfilled_by_the_last_turn_is_not_a_timeout(driven):
    assert driven.turns.until(lambda: bool(driven.limits), 0)


def test_each_turn_may_take_the_remaining_time(driven):
    def during():
        driven.clock.now += 2.0

    driven.during = during
    assert not driven.turns.until(lambda: False, 5.0)
    assert driven.limits == [5.0, 3.0, 1.0]


def test_the_lock_is_held_for_the_condition_and_free_during_a_turn(driven):
    held = []

    def attempt():
        def take():
            if taken := driven.turns.lock.acquire(blocking=False):
                driven.turns.lock.release()
            held.append(not taken)

        with running(take):
            pass

    driven.during = attempt

    def done():
        attempt()
        return len(driven.limits) == 1

    driven.turns.until(done)
    assert held == [True, False, True]


def test_an_error_in_a_turn_reaches_its_caller_and_others_can_turn(driven):
    def fail():
        raise OSError("broken")

    driven.during = fail
    with pytest.raises(OSError, match="broken"):
        driven.turns.turn(None)
    driven.during = lambda: None
    driven.turns.turn(1.5)
    assert driven.limits == [None, 1.5]


def test_a_second_caller_waits_for_the_turn_of_the_first_and_takes_over(driven):
    entered, leave = threading.Event(), threading.Event()
    done = []

    def during():
        if not entered.is_set():
            entered.set()
            leave.wait(20)

    driven.during = during
    with running(driven.turns.turn, None):
        assert entered.wait(20)
        with running(driven.turns.until, lambda: len(driven.limits) > 1 and done.append(1) is None):
            assert driven.limits == [None]
            leave.set()
    assert len(driven.limits) == 2
    assert driven.threads[0] is not driven.threads[1]
    assert done


def test_a_caller_interrupts_the_turn_of_the_background_thread(driven):
    stopped, entered, leave = threading.Event(), threading.Event(), threading.Event()

    def during():
        if threading.current_thread() is background:
            entered.set()
            leave.wait(20)
            leave.clear()

    driven.during = during
    background = threading.Thread(
        target=driven.turns.drive_when_idle, args=(stopped, lambda: False, leave.set)
    )
    background.start()
    try:
        assert entered.wait(20)
        mine = threading.current_thread()
        assert driven.turns.until(lambda: mine in driven.threads, 20.0)
    finally:
        stopped.set()
        leave.set()
        background.join(20)
    assert not background.is_alive()


def test_the_background_thread_ends_with_the_connection(driven):
    over = threading.Event()
    driven.during = over.set
    with running(driven.turns.drive_when_idle, threading.Event(), over.is_set, lambda: None):
        wait_until(over.is_set)
    assert driven.limits == [None]


class Pauses(threading.Event):
    """The pauses of the background thread; in each, the next of some functions is called."""

    def __init__(self, *acts):
        super().__init__()
        self._acts = iter(acts)

    def wait(self, timeout=None):
        next(self._acts, lambda: None)()
        return self.is_set()


def test_the_background_thread_drives_only_after_a_pause_without_a_call(driven):
    log = []

    def call():
        driven.during = lambda: log.append("a caller drives")
        driven.turns.until(lambda: bool(log))
        driven.during = drive

    def drive():
        log.append("the background drives")
        pauses.set()

    driven.during = drive
    pauses = Pauses(lambda: None, call, lambda: log.append("no call"))
    driven.turns.drive_when_idle(pauses, lambda: False, lambda: None)
    assert log == ["a caller drives", "no call", "the background drives"]
