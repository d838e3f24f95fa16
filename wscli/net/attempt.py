"""One attempt to open a connection: its options, its deadline, its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wscli.net.clock import Clock, Deadline
from wscli.net.opening import Opening, OpeningStep
from wscli.net.options import ConnectOptions

if TYPE_CHECKING:
    from wscli.kinds import TimeoutKind

Observer = Callable[[Opening, OpeningStep], None]
"""Called after each step, in the thread that connects."""


# The phases in which silence has causes of its own, and so advice of its own: a plain-text port
# waits for a request during TLS, and a TLS port for a handshake during the upgrade.
_TIMEOUTS: dict[str, TimeoutKind] = {"tls": "tls", "upgrade": "upgrade"}


class Attempt:
    """One attempt to connect: the values that every step of it needs."""

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

    def observe(self, step: OpeningStep) -> None:
        """Tell the observer that a step is done."""
        self._observe(self.opening, step)

    @contextmanager
    def phase(self, name: OpeningStep, doing: str) -> Iterator[None]:
        """Time a phase of PHASES, and name it in the error if the deadline passes.

        If a phase runs twice, as NAME does for a SOCKS proxy, its times are added up.
        """
        self.deadline.doing = doing
        self.deadline.kind = _TIMEOUTS.get(name, "connect")
        self.deadline.secure = self.opening.url.secure
        start = self.clock.monotonic()
        # Not in a ``finally``: a phase that fails has no time of its own, and is not reported.
        yield
        timings = self.opening.timings
        timings[name] = timings.get(name, 0.0) + self.clock.monotonic() - start
        self.observe(name)
