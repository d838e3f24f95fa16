"""Ctrl-C, SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once.

After the first, and after a time limit of the command, nothing may block for longer than the
closing handshake may take. The session bounds its own waits. It cannot bound a write to stdout or
stderr that blocks because nobody reads: for that, SIGALRM is raised periodically until the end, and
abandons a write that it interrupts twice.
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
_SAME_SIGNAL = 0.1  # seconds; timeout(1) signals the process and then its whole process group


class Interrupts:
    """Records the first signal and wakes the session; without a session it raises.

    With a session no operation is interrupted halfway, so no received message is lost unless stdout
    takes nothing until the grace period is over. A signal that was ignored at the start, as with
    nohup, stays ignored.
    """

    def __init__(self, close_timeout: float) -> None:
        self.status: ExitStatus | None = None
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
        if not self._before or self.status is not None:
            return  # signals reach the main thread only, and the first has set its own limit
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._late_status = status
        if seconds is not None:
            self._abandon_after(seconds)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
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
        if self._session is None:
            raise KeyboardInterrupt
        self._session.end_within(self._close_timeout)
        self._abandon_after(0.0)

    def _is_repeated(self) -> bool:
        """Return True for the second copy of a signal that was sent twice at the same time."""
        session = self._session
        close_has_left = session is not None and session.closing and not session.pending
        return not close_has_left and time.monotonic() - self._noted_at < _SAME_SIGNAL

    def _abandon_after(self, seconds: float) -> None:
        grace = min(self._close_timeout / 2, _LONGEST_GRACE)
        tick = max(min(grace / 4, _LONGEST_TICK), 0.001)
        due, _ = signal.getitimer(signal.ITIMER_REAL)
        wait = max(seconds + grace, tick)
        signal.setitimer(signal.ITIMER_REAL, min(wait, due or wait), tick)

    def _tick(self, number: int, frame: FrameType | None) -> None:
        main_thread_writes.abandon_blocked(self.status or self._late_status)
