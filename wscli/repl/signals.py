"""SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from wscli.status import ExitStatus

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_MARGIN = 1.0  # seconds to leave in, once the connection has ended


class EndSignals:
    """Calls ``ask`` with a status at the first signal, whatever the main thread is doing.

    At the second, or if the end takes much longer than ``close_timeout``, the initial settings of
    the terminal are restored and the process exits: it may be blocked in a write to a terminal that
    is no longer read.
    """

    def __init__(
        self, terminal: int, ask: Callable[[ExitStatus], None], close_timeout: float
    ) -> None:
        self._terminal = terminal
        self._settings = termios.tcgetattr(terminal)
        self._ask = ask
        self._patience = close_timeout + _MARGIN
        self._status: ExitStatus | None = None

    def watch(self) -> None:
        """Begin; a signal that was ignored at the start stays ignored."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)
        signal.signal(signal.SIGALRM, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._status is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._settings)
            os._exit(self._status if number == signal.SIGALRM else ExitStatus.of_signal(number))
        elif number != signal.SIGALRM:
            self._status = ExitStatus.of_signal(number)
            signal.setitimer(signal.ITIMER_REAL, self._patience)
            self._ask(self._status)
