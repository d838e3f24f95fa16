"""SIGTERM and SIGHUP in a session: the first closes the connection, the second exits at once.

Ctrl-C is not among them. prompt_toolkit puts the terminal into raw mode, in which Ctrl-C is a key
like any other; ``PlainConsole`` handles its signal. ``wscli.apps.interrupts`` is for commands whose
main thread owns the connection; here that is the link's thread.
"""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from wscli.status import ExitStatus

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_MARGIN = 1.0  # seconds for leaving, after the time for the closing handshake


class EndSignals:
    """Call ``leave`` with an exit status at the first signal.

    At the second, or if leaving takes much longer than ``close_timeout``, the initial settings of
    the terminal are restored and the process exits.
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
        # With signal.signal, not by the event loop: the loop runs its handlers between callbacks,
        # and one of these may be blocked in a write to a terminal that is no longer read.
        signal.signal(signal.SIGALRM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._status is not None:
            # The shell that comes next would otherwise get a terminal in raw mode, without echo.
            # TCSANOW does not wait until the output is drained, which may never happen.
            with suppress(termios.error):
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._settings)
            os._exit(self._status if number == signal.SIGALRM else ExitStatus.of_signal(number))
        elif number != signal.SIGALRM:
            self._status = ExitStatus.of_signal(number)
            signal.setitimer(signal.ITIMER_REAL, self._limit)
            self._leave(self._status)
