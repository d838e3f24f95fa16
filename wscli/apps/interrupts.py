"""Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from wscli.errors import ExitStatus
from wscli.session.session import Session

_STATUS = {signal.SIGINT: ExitStatus.INTERRUPTED, signal.SIGTERM: ExitStatus.TERMINATED}


class Interrupts:
    """Notes the first signal and wakes the session; before there is one, and at the second, raises.

    Nothing is interrupted in the middle, so nothing that was received is lost.
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
            self._before = {number: signal.signal(number, self._note) for number in _STATUS}
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
        again = self.status is not None
        self.status = _STATUS[signal.Signals(number)]
        if again or self._session is None:
            raise KeyboardInterrupt
        self._session.wake()
