"""The events of a recording that is exported: of one connection or all, with or without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from wscli.apps.env import Env
from wscli.apps.recording import redactor
from wscli.apps.report import remark
from wscli.errors import UsageError
from wscli.net.opening import Opening
from wscli.net.redaction import is_secret_header, is_secret_parameter
from wscli.records.events import Recorded
from wscli.records.reading import read_recording
from wscli.session.events import Failed, Opened

if TYPE_CHECKING:
    from wscli.payload.matching import RegexReplacer

_PARAMETER = r"[?&;]([^=&;]+)="


class ExportSource:
    """Reads a recording once.

    ``redact`` has the user's patterns of secrets to leave out; None keeps all secrets, and
    ``report_secrets`` then says where there are some.
    """

    def __init__(
        self, stream: BinaryIO, name: str, redact: tuple[RegexReplacer, ...] | None, env: Env
    ) -> None:
        self._stream = stream
        self._name = "stdin" if name == "-" else name
        self._redact = redactor(redact)
        self._env = env
        self._secrets: dict[str, None] = {}  # their names, in the order in which they were found

    def events(self, number: int | None, noun: str = "connection") -> Iterator[Recorded]:
        """Return the events of one connection, or all; the first has been read.

        Raises:
            UsageError: if there is none, or the file is not a recording.
        """
        recorded = read_recording(self._stream, self._name, self.remark)
        passed: set[int | None] = set()
        events = recorded if number is None else _only(recorded, number, passed)
        first = next(events, None)
        if first is not None:
            return map(self._prepare, chain([first], events))
        if number is None:
            raise UsageError(f"{self._name} has no {noun}")
        raise UsageError(f"{self._name} has no {noun} {number}", f"it has {len(passed):,}")

    def remark(self, sentence: str) -> None:
        """Write a sentence about the recording on stderr."""
        remark(self._env, sentence)

    def report_secrets(self) -> None:
        """Warn of the secrets that the events had; they are in the output too."""
        if self._secrets:
            names = ", ".join(self._secrets)
            self.remark(f"the output has credentials ({names}); --redact leaves them out")

    def _prepare(self, recorded: Recorded) -> Recorded:
        event = recorded.event
        if self._redact is not None:
            return Recorded(self._redact(event), recorded.connection)
        if isinstance(event, Opened | Failed) and event.opening is not None:
            self._secrets |= dict.fromkeys(_secret_names(event.opening))
        return recorded


def _only(recorded: Iterator[Recorded], number: int, passed: set[int | None]) -> Iterator[Recorded]:
    """Yield the events of one connection; add the numbers of the others to ``passed``."""
    for each in recorded:
        if each.connection == number:
            yield each
        else:
            passed.add(each.connection)


def _secret_names(opening: Opening) -> Iterator[str]:
    """Yield the names of headers and parameters with secrets."""
    for head in (opening.request, opening.response):
        if head is not None:
            yield from (name for name, _ in head.headers if is_secret_header(name))
    yield from filter(is_secret_parameter, re.findall(_PARAMETER, opening.url.target))
