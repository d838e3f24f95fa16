"""Ctrl-C, SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from wscli.errors import ExitStatus
from wscli.session.session import Session

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Notes the first signal and wakes the session; before there is one, it raises.

    With a session nothing is interrupted in the middle, so nothing that was received is lost.
    A signal that was ignored when we came, as nohup does, stays ignored.
    """

    def __init__(self) -> None:
        self.status: ExitStatus | None = None
        self._session: Session | None = None
        self._before: dict[signal.Signals, Any] = {}

    def guard(self, session: Session) -> None:
        """Let the first signal from now on end this session in good order."""
        self._session = session

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.status is not None:
            # Whatever is being waited for, a pipe that nobody reads among it, is given up.
            os._exit(self.status)
        self.status = ExitStatus.of_signal(number)
        if self._session is None:
            raise KeyboardInterrupt
        self._session.wake()
