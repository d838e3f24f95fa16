"""The differences between a recording and its replay: lines for people, or events in JSON."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

from wscli.payload.alignment import Finding
from wscli.payload.comparison import MISSING, Difference
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.text import iso_time, visible

_TOO_DEEP = "(nested too deeply to be shown)"

Subject = Literal["subprotocol", "close", "refusal"]
"""A part of a connection, besides its messages, that may differ."""


class FoundAt(NamedTuple):
    """When a difference was found: seconds since the epoch, and since the dial."""

    time: float
    elapsed: float


class DifferenceOutput(Protocol):
    """Writes differences as they are found."""

    def messages(self, findings: Sequence[Finding], moment: FoundAt) -> None:
        """Write the differences of messages."""

    def connection(
        self, subject: Subject, differences: Sequence[Difference], moment: FoundAt
    ) -> None:
        """Write the differences of a part of the connection."""


class DifferenceText:
    """Writes each value on a line that begins with - for the recorded value, + for the new one.

    At a terminal, which has ``width`` columns, a line is cut and its unsafe characters are symbols.
    """

    def __init__(self, output: Output, palette: Palette, width: int | None) -> None:
        self._output = output
        self._palette = palette
        self._width = width

    def messages(self, findings: Sequence[Finding], moment: FoundAt) -> None:
        """Write the differences of messages."""
        for finding in findings:
            if finding.kind == "changed":
                self._write_places(_name(finding), finding.differences)
            else:
                self._write(_sentence(finding), finding.differences)

    def connection(
        self, subject: Subject, differences: Sequence[Difference], moment: FoundAt
    ) -> None:
        """Write the differences of a part of the connection."""
        self._write_places(f"the {subject}", differences)

    def _write_places(self, name: str, differences: Sequence[Difference]) -> None:
        for each in differences:
            place = "" if each.path in (None, "$") else f" at {each.path}"
            self._write(f"{name} differs{place}", [each])

    def _write(self, title: str, differences: Sequence[Difference]) -> None:
        lines = [self._fit(title)]
        for each in differences:
            if each.recorded is not MISSING:
                text = self._fit(f"  - {_show(each.recorded, each.path)}")
                lines.append(self._palette.paint("recorded", text))
            if each.now is not MISSING:
                text = self._fit(f"  + {_show(each.now, each.path)}")
                lines.append(self._palette.paint("now", text))
        text = "".join(f"{line}\n" for line in lines)
        self._output.write(text.encode(errors="backslashreplace"))  # half of a surrogate pair

    def _fit(self, line: str) -> str:
        if self._width is None:
            return line
        # Cut first, since a value may have megabytes. A symbol may take more columns than the
        # character that it stands for, so the result is measured as well.
        shown = visible(line[: self._width])
        is_cut = max(len(line), len(shown)) > self._width
        return f"{shown[: self._width - 1]}…" if is_cut else shown


def _name(finding: Finding) -> str:
    number = f"received message {finding.recorded}"
    moved = finding.now != finding.recorded
    return f"{number}, now message {finding.now}," if moved else number


def _sentence(finding: Finding) -> str:
    if finding.kind == "missing":
        return f"received message {finding.recorded} is missing"
    if finding.kind == "extra":
        return f"received message {finding.now} was not recorded"
    return f"received message {finding.recorded} came late, as message {finding.now}"


def _show(value: Any, path: str | None) -> str:
    """Return a value in one line: a message that is text as it is, and anything else as JSON."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    # JSON escapes line feeds, which would break the line, and tells "1" from 1 in a member.
    if path is None and value.isprintable():
        return str(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:  # reading permits deeper nesting than writing
        return _TOO_DEEP


class DifferenceJson:
    """Writes each difference as an event, one line of JSON; with ``escape``, one of ASCII."""

    def __init__(self, output: Output, *, escape: bool) -> None:
        self._output = output
        self._encode = json.JSONEncoder(ensure_ascii=escape, separators=(",", ":")).encode

    def messages(self, findings: Sequence[Finding], moment: FoundAt) -> None:
        """Write the differences of messages."""
        for finding in findings:
            fields = {
                "subject": "message",
                "kind": finding.kind,
                "recorded_number": finding.recorded,
                "number": finding.now,
            }
            # A message that is missing or late has no differences, but is an event nevertheless.
            places: list[Difference | None] = [*finding.differences]
            for difference in places or [None]:
                self._write(fields, difference, moment)

    def connection(
        self, subject: Subject, differences: Sequence[Difference], moment: FoundAt
    ) -> None:
        """Write the differences of a part of the connection."""
        for difference in differences:
            self._write({"subject": subject, "kind": "changed"}, difference, moment)

    def _write(
        self, fields: dict[str, Any], difference: Difference | None, moment: FoundAt
    ) -> None:
        event = {
            "event": "difference",
            "time": iso_time(moment.time),
            "elapsed": round(moment.elapsed, 6),
            **{name: value for name, value in fields.items() if value is not None},
            **({} if difference is None else _describe(difference)),
        }
        # JSON text may have an escaped lone surrogate, which has no form in UTF-8.
        try:
            text = self._encode(event)
        except RecursionError:
            text = self._encode(
                event | dict.fromkeys({"recorded", "now"} & event.keys(), _TOO_DEEP)
            )
        self._output.write(f"{text}\n".encode(errors="backslashreplace"))


def _describe(difference: Difference) -> dict[str, Any]:
    """Return the fields of a difference; a value that is missing is absent."""
    # A value inside a JSON message is JSON itself; a whole message has an opcode as well.
    path, recorded, now = difference
    fields: dict[str, Any] = {} if path is None else {"path": path}
    for name, value in (("recorded", recorded), ("now", now)):
        if value is not MISSING:
            fields[name] = value if path is not None else _describe_payload(value)
    return fields


def _describe_payload(payload: str | bytes) -> dict[str, str]:
    """Return a message as fields, named as in the event ``message``."""
    if isinstance(payload, str):
        return {"opcode": "text", "text": payload}
    return {"opcode": "binary", "base64": b64encode(payload).decode()}
