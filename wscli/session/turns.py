"""Turns: one of the waiting threads drives the connection on behalf of the others.

A thread that calls ``until`` or ``turn`` drives if no other thread does; otherwise it waits until
the driving thread has finished its turn, and then checks its condition again. When the thread that
drove leaves, one of those that wait takes over.

A background thread may drive while no other thread does (``drive_when_idle``). It gives way to
callers: a call interrupts its turn, and it resumes only after a pause without calls, since passing
the connection from thread to thread for each message would be slow.

No thread drives all the time, since every message would then be passed from one thread to another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from wscli.net.clock import Clock

_PAUSE = 0.05  # seconds without a call, after which the background thread drives


class Turns:
    """Runs ``turn`` in one thread at a time; its argument is how many seconds it may wait, or None.

    ``lock`` guards the shared state. It is held while a condition is checked, and released while
    the connection turns.
    """

    def __init__(self, turn: Callable[[float | None], None], clock: Clock) -> None:
        self._turn = turn
        self._clock = clock
        # Reentrant: conditions are checked with it held, and call methods that take it.
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._driving = False
        self._in_background = False
        self._interrupt: Callable[[], None] = lambda: None
        self._inside = 0  # callers that are in ``until`` at present
        self._calls = 0  # calls of ``until`` so far; reveals short ones to the background

    def until(self, done: Callable[[], bool], timeout: float | None = None) -> bool:
        """Turn, or wait for the thread that does, until ``done()``; return False on a timeout.

        A timeout of 0 or less turns once without waiting.
        """
        end = None if timeout is None else self._clock.monotonic() + timeout
        turned = False
        with self._changed:
            self._calls += 1
            self._inside += 1
            try:
                while not done():
                    left = None if end is None else max(0.0, end - self._clock.monotonic())
                    # The condition is checked once more after the last turn, which may have
                    # fulfilled it even though the time is up.
                    if left == 0 and turned:
                        return False
                    self._go_on(left)
                    turned = True
            finally:
                self._inside -= 1
        return True

    def turn(self, timeout: float | None) -> None:
        """Turn once, or wait until another thread has done so."""
        with self._changed:
            self._go_on(timeout)

    def drive_when_idle(
        self, stopped: threading.Event, over: Callable[[], bool], interrupt: Callable[[], None]
    ) -> None:
        """Drive in this thread whenever no other thread does, until ``stopped`` or ``over()``.

        ``interrupt`` ends the wait of a turn; callers use it to take over.
        """
        self._interrupt = interrupt
        calls = -1
        while not stopped.wait(_PAUSE) and not over():
            with self._changed:
                # Nobody is in a call, and nobody has been in one since the last look: a caller
                # that receives one message after another is outside only for moments.
                idle = not self._inside and calls == self._calls
                calls = self._calls
                while idle and not (stopped.is_set() or self._inside or over()):
                    self._in_background = True
                    try:
                        self._go_on(None)
                    finally:
                        self._in_background = False

    def _go_on(self, timeout: float | None) -> None:
        if self._driving:
            if self._in_background:
                self._interrupt()
            # A longer wait than TIMEOUT_MAX is an OverflowError, and callers may pass any number.
            self._changed.wait(None if timeout is None else min(timeout, threading.TIMEOUT_MAX))
            return
        self._driving = True
        try:
            # Released for the turn, so that others can post, and can check their conditions; the
            # flag keeps them from driving.
            self._changed.release()
            try:
                self._turn(timeout)
            finally:
                self._changed.acquire()
        finally:
            # Even after an error in a sink: the next thread takes over.
            self._driving = False
            self._changed.notify_all()
