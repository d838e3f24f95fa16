"""The formats that ``wscli export`` writes; light, since the command line imports it.

A new format is a function from events to pieces of a file, and an entry in FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from wscli.apps.options import OutputFile

if TYPE_CHECKING:
    from wscli.net.opening import Opening
    from wscli.payload.matching import RegexReplacer
    from wscli.records.connections import RecordedConnection
    from wscli.records.events import Recorded
    from wscli.records.fields import Remark

_CHOOSE = "--connection N selects one"


class ExportOptions(NamedTuple):
    """What to export, and how.

    ``connection`` is the number of the only connection to export, None for all. ``har_control``
    makes messages of pings, pongs and Close; ``key_log`` is a file with the secrets of TLS.
    ``redact`` has the user's patterns of secrets to leave out; None keeps all secrets.
    """

    file: str
    format: str
    output: OutputFile = OutputFile()
    connection: int | None = None
    har_control: bool = False
    key_log: str | None = None
    redact: tuple[RegexReplacer, ...] | None = None


class Export(NamedTuple):
    """One run of ``wscli export``; ``remark`` receives sentences about omitted parts.

    ``time`` is that of the run, in seconds since the epoch.
    """

    events: Iterator[Recorded]
    options: ExportOptions
    remark: Remark
    time: float


FormatKind = Literal["json", "source", "binary"]
"""How a format is written to a terminal: JSON escaped, source unchanged, binary not at all."""


class ExportFormat(NamedTuple):
    """A format, and the function that yields a file in it."""

    kind: FormatKind
    write: Callable[[Export], Iterator[bytes]]


def _write_har(export: Export) -> Iterator[bytes]:
    from wscli.records.har_writer import har_pieces

    return har_pieces(export.events, export.remark, control=export.options.har_control)


def _write_pcapng(export: Export) -> Iterator[bytes]:
    from wscli.records.capture import pcapng_pieces
    from wscli.records.exportable import without_frames

    # A frame whose payload was replaced cannot be inflated any more, but its message can be shown.
    events = export.events if export.options.redact is None else without_frames(export.events)
    return pcapng_pieces(events, export.remark, _read_key_log(export.options.key_log))


def _read_key_log(name: str | None) -> bytes:
    from wscli.errors import UsageError

    if name is None:
        return b""
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"cannot read the key log {name}", error.strerror or str(error)) from None


def _write_jsonl(export: Export) -> Iterator[bytes]:
    from wscli.records.writing import recording_pieces

    return recording_pieces(export.events, export.time)


def _write_html(export: Export) -> Iterator[bytes]:
    from wscli.apps.page import page_of

    return page_of(export.events, export.options.file)


def _write_curl(export: Export) -> Iterator[bytes]:
    from wscli.apps.command_lines import curl_command

    _, opening = _choose(export)
    yield curl_command(opening).encode(errors="replace")


def _write_python(export: Export) -> Iterator[bytes]:
    from wscli.apps.python_script import python_script

    for piece in python_script(*_choose(export)):
        yield piece.encode()


def _choose(export: Export) -> tuple[RecordedConnection, Opening]:
    """Return the only connection to export, and its opening.

    Raises:
        UsageError: if there are several to choose from, or the opening was not recorded.
    """
    from wscli.errors import UsageError
    from wscli.records.connections import choose_connection, read_connections

    connections = read_connections(export.events)
    chosen = choose_connection(connections, export.options.connection, _CHOOSE)
    if chosen.opening is None or chosen.opening.request is None:
        raise UsageError(f"the request of connection {chosen.number} was not recorded")
    return chosen, chosen.opening


FORMATS = {
    "har": ExportFormat("json", _write_har),
    "pcapng": ExportFormat("binary", _write_pcapng),
    "html": ExportFormat("json", _write_html),  # around which the page has no unsafe character
    "curl": ExportFormat("source", _write_curl),
    "python": ExportFormat("source", _write_python),
    "jsonl": ExportFormat("json", _write_jsonl),
}
"""The formats by their names, in the order of the help."""
