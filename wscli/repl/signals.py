"""SIGTERM and SIGHUP: the first one closes the connection, the second one exits at once."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from wscli.status import ExitStatus

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_MARGIN = 1.0  # seconds to leave after the connection has ended


class EndSignals:
    """Call ``leave`` with an exit status at the first signal.

    At the second, or if leaving takes much longer than ``close_timeout``, the initial settings of
    the terminal are restored and the process exits: the main thread may be blocked in a write to a
    terminal that is no longer read.
    """

    def __init__(
        self, terminal: int, leave: Callable[[ExitStatus], None], close_timeout: float
    ) -> None:
        self._terminal = terminal
        self._settings = termios.tcgetattr(terminal)
        self._leave = leave
        self._limit = close_timeout + _MARGIN
        self._status: ExitStatus | None = None

    def watch(self) -> None:
        """Handle the signals from now on, except those ignored at the start, as under nohup."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)
        signal.signal(signal.SIGALRM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._status is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._settings)
            os._exit(self._status if number == signal.SIGALRM else ExitStatus.of_signal(number))
        elif number != signal.SIGALRM:
            self._status = ExitStatus.of_signal(number)
            signal.setitimer(signal.ITIMER_REAL, self._limit)
            self._leave(self._status)
