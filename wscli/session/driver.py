"""The driver: of the threads that wait for a connection, one turns its pump for all."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wscli.net.clock import Clock


class Driver:
    """Runs ``turn`` in one thread at a time; it is given the seconds it may wait, or None."""

    def __init__(self, turn: Callable[[float | None], None], clock: Clock) -> None:
        self._turn = turn
        self._clock = clock
        self._changed = threading.Condition()
        self._driver: int | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether another thread is driving now."""
        return self._driver not in (None, threading.get_ident())

    def until(self, done: Callable[[], bool], timeout: float | None = None) -> bool:
        """Turn, or wait for who turns, until ``done``; false if that took more than the timeout."""
        end = None if timeout is None else self._clock.monotonic() + timeout
        with self._changed:
            while not done():
                left = None if end is None else end - self._clock.monotonic()
                if left is not None and left <= 0:
                    return False
                if self._driver is None:
                    self._drive(left)
                else:
                    self._changed.wait(left)
        return True

    def turn(self, timeout: float | None) -> None:
        """Turn once, or wait until another thread has done so."""
        with self._changed:
            if self._driver is None:
                self._drive(timeout)
            else:
                self._changed.wait(timeout)

    def _drive(self, timeout: float | None) -> None:
        self._driver = threading.get_ident()
        self._changed.release()
        try:
            self._turn(timeout)
        finally:
            self._changed.acquire()
            self._driver = None
            self._changed.notify_all()
