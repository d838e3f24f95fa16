"""An event loop whose clock jumps to the next timer, so that a wait of seconds takes no time."""

import asyncio
import selectors


class HandSelector(selectors.DefaultSelector):
    """Never waits: when no file is ready, the clock of the loop jumps to the next timer."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "the loop would wait forever"
            self.now += max(0.0, timeout)
        return ready


class HandLoop(asyncio.SelectorEventLoop):
    """Runs coroutines that wait for nothing but timers and sockets of this process."""

    def __init__(self):
        self._hand = HandSelector()
        super().__init__(self._hand)

    def time(self):
        return self._hand.now


def run(coroutine):
    """Run a coroutine to its end in a loop of its own, and return its result."""
    with asyncio.Runner(loop_factory=HandLoop) as runner:
        return runner.run(coroutine)
