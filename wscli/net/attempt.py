"""One try at opening a connection: what it was asked for, its deadline, its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wscli.net.clock import Clock, Deadline
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions

Observer = Callable[[Opening, str], None]
"""Hears of each step as it is done: a phase of PHASES, "request", "response" or "probe"."""


class Attempt:
    """What every step of a try at connecting needs to know."""

    def __init__(
        self,
        opening: Opening,
        options: ConnectOptions,
        deadline: Deadline,
        clock: Clock,
        observe: Observer,
    ) -> None:
        self.opening = opening
        self.options = options
        self.deadline = deadline
        self.clock = clock
        self._observe = observe

    def observe(self, step: str) -> None:
        """Tell the observer that a step is done."""
        self._observe(self.opening, step)

    @contextmanager
    def phase(self, name: str, doing: str, hint: str = "") -> Iterator[None]:
        """Time a phase of PHASES, and name it in the error if the deadline passes."""
        self.deadline.doing, self.deadline.hint = doing, hint
        start = self.clock.monotonic()
        yield
        self.opening.timings[name] = self.clock.monotonic() - start
        self.observe(name)
