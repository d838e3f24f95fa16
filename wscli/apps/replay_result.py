"""The result of a replay: differences are written as they are found, and counted for the end."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence

from wscli.errors import ReplayDiffers
from wscli.net.clock import Clock
from wscli.payload.alignment import Finding, FindingKind
from wscli.payload.comparison import compare_values
from wscli.sinks.differences import DifferenceOutput, FoundAt, Subject

_KINDS: dict[FindingKind, str] = {
    "changed": "changed",
    "missing": "missing",
    "extra": "not recorded",
    "moved": "out of order",
}
_INDEX = r"\[[0-9]+\]"


class ReplayResult:
    """Writes and counts differences; those of the connection are timed from its creation."""

    def __init__(self, output: DifferenceOutput, clock: Clock) -> None:
        self._output = output
        self._clock = clock
        self._started = clock.monotonic()
        self._counts: Counter[FindingKind] = Counter()
        self._subjects: dict[Subject, None] = {}
        self._paths: Counter[str] = Counter()

    def __bool__(self) -> bool:
        """Return True if there are differences."""
        return bool(self._counts or self._subjects)

    def add_messages(self, findings: Sequence[Finding], time: float, elapsed: float) -> None:
        """Write the differences of messages."""
        for finding in findings:
            self._counts[finding.kind] += 1
            if finding.kind == "changed":
                paths = (each.path for each in finding.differences if each.path)
                places = dict.fromkeys(re.sub(_INDEX, "[*]", path) for path in paths)
                self._paths.update([*places])
        self._output.messages(findings, FoundAt(time, elapsed))

    def compare(self, subject: Subject, recorded: object, now: object) -> None:
        """Compare a part of the connection; both sides are values of JSON."""
        if differences := compare_values(recorded, now):
            self._subjects[subject] = None
            elapsed = self._clock.monotonic() - self._started
            self._output.connection(subject, differences, FoundAt(self._clock.time(), elapsed))

    def describe(self) -> str:
        """Return the number of differences, by kind."""
        parts: list[str] = []
        for kind, name in _KINDS.items():
            if count := self._counts[kind]:
                noun = "" if parts else f" message{'s' * (count != 1)}"
                parts.append(f"{count:,}{noun} {name}")
        return ", ".join([*parts, *(f"a different {subject}" for subject in self._subjects)])

    def error(self, evidence: str, *, waited: bool) -> ReplayDiffers:
        """Return the error for the differences; ``waited`` is True if the time was up."""
        what = f"the replay differs: {self.describe()}"
        return ReplayDiffers(what, evidence, self._hint(waited=waited))

    def _hint(self, *, waited: bool) -> str:
        """Suggest an option, for the place that differs most often."""
        if not self._paths:
            return "--timeout waits longer" if waited else ""
        ((path, _),) = self._paths.most_common(1)
        return (
            f"--ignore {shlex.quote(path)} if that is new each time, --map if it is an id that is "
            "sent again; --match shape compares keys and types only"
        )
