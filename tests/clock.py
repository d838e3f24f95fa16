"""A clock that is moved by hand."""

from wscli.net.clock import Clock


class HandClock(Clock):
    """Stands still at ``now`` until it is set."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now
