"""SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from wscli.errors import ExitStatus

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class EndSignals:
    """Calls ``ask`` with a status at the first signal; the main thread may be anywhere then.

    At the second the terminal gets the settings back that it has now, and the process ends: it may
    be waiting for a terminal that is read no more.
    """

    def __init__(self, terminal: int, ask: Callable[[ExitStatus], None]) -> None:
        self._terminal = terminal
        self._settings = termios.tcgetattr(terminal)
        self._ask = ask
        self._asked = False

    def watch(self) -> None:
        """Begin; a signal that was ignored when we came stays ignored."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        status = ExitStatus.of_signal(number)
        if self._asked:
            with suppress(termios.error):
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._settings)
            os._exit(status)
        self._asked = True
        self._ask(status)
