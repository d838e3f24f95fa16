"""Ctrl-C, SIGTERM and SIGHUP: the first closes the connection, the second exits at once.

After the first signal, and after a time limit of the command, nothing may block for longer than the
closing handshake may take. The session bounds its own waits. It cannot bound a write to stdout or
stderr that blocks because nobody reads: for that, SIGALRM is raised periodically until the end, and
abandons a write that it interrupts twice.

Python runs signal handlers in the main thread, between two bytecode instructions or when a system
call is interrupted (EINTR; it is retried if the handler returns, PEP 475). So a handler here only
records the signal and wakes the poll. It takes no lock that the interrupted code may hold.

The effect of a signal depends on the time at which it comes::

    before the connection is open   raise KeyboardInterrupt: there is nothing to close
    with an open session            record it, wake the session: Close is sent, the rest printed
    a second time                   os._exit: not even the closing handshake is waited for
"""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

from wscli.session.thread_driver import ThreadDriver
from wscli.sinks.output import main_thread_writes
from wscli.status import ExitStatus

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LONGEST_GRACE = 2.0  # seconds that the reader of stdout has to take the current write
_LONGEST_TICK = 0.1  # seconds between two checks of the write in progress

# Seconds in which a second signal counts as a copy of the first. timeout(1) signals the process and
# then its whole process group, so the signal arrives twice; nobody presses Ctrl-C that fast.
_SAME_SIGNAL = 0.1


class Interrupts:
    """Records the first signal and wakes the session; without a session it raises.

    With a session no operation is interrupted halfway, so no received message is lost unless stdout
    takes nothing until the grace period is over. A signal that was ignored at the start, as with
    nohup, stays ignored.
    """

    def __init__(self, close_timeout: float) -> None:
        self.status: ExitStatus | None = None  # of the first signal
        self._noted_at = 0.0
        self._session: ThreadDriver | None = None
        self._close_timeout = close_timeout
        self._late_status = ExitStatus.TIMEOUT
        self._before: dict[signal.Signals, Any] = {}

    def guard(self, session: ThreadDriver) -> None:
        """Let the first signal from now on end this session cleanly, within ``close_timeout``."""
        self._session = session

    def limit_writes(self, seconds: float | None, status: ExitStatus = ExitStatus.TIMEOUT) -> None:
        """Abandon a write that blocks after ``seconds`` and a grace period; end with ``status``.

        It replaces an earlier limit; None is no limit.
        """
        # Outside of the main thread there are no handlers, and the first signal has set its limit.
        if not self._before or self.status is not None:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._late_status = status
        if seconds is not None:
            self._abandon_after(seconds)

    def __enter__(self) -> Self:
        # Python allows signal.signal in the main thread only. A test or another program may run a
        # command in a thread of its own, and handles signals itself then.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # POSIX shells ignore SIGINT in a background job of a script, and nohup ignores
                # SIGHUP. A program that installs a handler all the same would undo that.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._tick)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        # Once a signal has ended the command, the process is about to exit with its status; another
        # copy of the signal must not end it with a different one.
        ended = _SIGNALS if self.status is not None else ()
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if number in ended else handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.status is not None:
            if not self._is_repeated():
                os._exit(self.status)
            return
        self.status, self._noted_at = ExitStatus.of_signal(number), time.monotonic()
        # While dialling, the main thread polls a socket or waits for a name: only an exception ends
        # that, and there is no connection yet that it could damage.
        if self._session is None:
            raise KeyboardInterrupt
        # With a session, an exception could come between reading a message and printing it. The
        # limit is set here and not where Close is sent: a write may block before that.
        self._session.end_within(self._close_timeout)
        self._abandon_after(0.0)

    def _is_repeated(self) -> bool:
        """Return True for the second copy of a signal that was sent twice at the same time."""
        # Once Close has left, exiting at once loses nothing, so a copy does no harm.
        session = self._session
        close_has_left = session is not None and session.closing and not session.pending
        return not close_has_left and time.monotonic() - self._noted_at < _SAME_SIGNAL

    def _abandon_after(self, seconds: float) -> None:
        # Half of the close timeout at most, so that a write that stalls leaves time for the Close.
        grace = min(self._close_timeout / 2, _LONGEST_GRACE)
        # Several ticks within the grace: a write is abandoned at the second tick that finds it. Not
        # 0, with which setitimer would disarm the timer.
        tick = max(min(grace / 4, _LONGEST_TICK), 0.001)
        # A limit that is already closer stays: a signal does not prolong the time of the command.
        due, _ = signal.getitimer(signal.ITIMER_REAL)
        wait = max(seconds + grace, tick)
        signal.setitimer(signal.ITIMER_REAL, min(wait, due or wait), tick)

    def _tick(self, number: int, frame: FrameType | None) -> None:
        main_thread_writes.abandon_blocked(self.status or self._late_status)
