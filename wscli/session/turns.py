"""Turns: one of the waiting threads drives the connection on behalf of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wscli.net.clock import Clock


class Turns:
    """Runs ``turn`` in one thread at a time; it is given the seconds it may wait, or None.

    ``lock`` guards what the threads share. It is held while a condition is looked at, and not
    while the connection turns.
    """

    def __init__(self, turn: Callable[[float | None], None], clock: Clock) -> None:
        self._turn = turn
        self._clock = clock
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._driving = False

    def until(self, done: Callable[[], bool], timeout: float | None = None) -> bool:
        """Turn, or wait for the thread that does, until ``done``; return False on a timeout.

        A timeout of 0 or less turns once without waiting.
        """
        end = None if timeout is None else self._clock.monotonic() + timeout
        turned = False
        with self._changed:
            while not done():
                left = None if end is None else max(0.0, end - self._clock.monotonic())
                if left == 0 and turned:
                    return False
                self._go_on(left)
                turned = True
        return True

    def turn(self, timeout: float | None) -> None:
        """Turn once, or wait until another thread has done so."""
        with self._changed:
            self._go_on(timeout)

    def _go_on(self, timeout: float | None) -> None:
        if self._driving:
            self._changed.wait(None if timeout is None else min(timeout, threading.TIMEOUT_MAX))
            return
        self._driving = True
        try:
            self._changed.release()
            try:
                self._turn(timeout)
            finally:
                self._changed.acquire()
        finally:
            self._driving = False
            self._changed.notify_all()
