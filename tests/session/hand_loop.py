"""An event loop whose time is moved by its timers: what takes seconds elsewhere takes none here."""

import asyncio
import selectors


class HandSelector(selectors.DefaultSelector):
    """Never waits: when no file is ready, the time of the loop jumps to its next timer."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing would ever happen again"
            self.now += max(0.0, timeout)
        return ready


class HandLoop(asyncio.SelectorEventLoop):
    """Runs coroutines in which all waiting is for timers, or for sockets of this process."""

    def __init__(self):
        self._hand = HandSelector()
        super().__init__(self._hand)

    def time(self):
        return self._hand.now


def run(coroutine):
    """Run a coroutine to its end in a loop of its own, and return its result."""
    with asyncio.Runner(loop_factory=HandLoop) as runner:
        return runner.run(coroutine)
