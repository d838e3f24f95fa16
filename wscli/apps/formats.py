"""The formats that ``wscli export`` writes; light, since the command line imports it.

A new format is a function from events to pieces of a file, and an entry in FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wscli.net.opening import Opening
    from wscli.records.connections import RecordedConnection
    from wscli.records.events import Recorded
    from wscli.records.fields import Remark

_CHOOSE = "--connection N selects one"


class OutputFile(NamedTuple):
    """The file to write, None for stdout; with ``replace`` its contents may be lost."""

    name: str | None = None
    replace: bool = False


class ExportOptions(NamedTuple):
    """What to export, and how.

    ``connection`` is the number of the only connection to export, None for all. ``har_control``
    makes messages of pings, pongs and Close; ``key_log`` is a file with the secrets of TLS.
    """

    file: str
    format: str
    output: OutputFile = OutputFile()
    connection: int | None = None
    har_control: bool = False
    key_log: str | None = None


Write = Callable[["Iterator[Recorded]", ExportOptions, "Remark"], Iterator[bytes]]


class ExportFormat(NamedTuple):
    """A format: how it is written, and whether it is for programs only, not for a terminal."""

    write: Write
    binary: bool = False


def _write_har(
    recorded: Iterator[Recorded], options: ExportOptions, remark: Remark
) -> Iterator[bytes]:
    from wscli.records.har_writer import har_pieces

    return har_pieces(recorded, remark, control=options.har_control)


def _write_pcapng(
    recorded: Iterator[Recorded], options: ExportOptions, remark: Remark
) -> Iterator[bytes]:
    from wscli.records.capture import pcapng_pieces

    return pcapng_pieces(recorded, remark, _read_key_log(options.key_log))


def _read_key_log(name: str | None) -> bytes:
    from wscli.errors import UsageError

    if name is None:
        return b""
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"cannot read the key log {name}", error.strerror or str(error)) from None


def _write_jsonl(
    recorded: Iterator[Recorded], options: ExportOptions, remark: Remark
) -> Iterator[bytes]:
    from wscli.records.writing import recording_pieces

    return recording_pieces(recorded)


def _write_curl(
    recorded: Iterator[Recorded], options: ExportOptions, remark: Remark
) -> Iterator[bytes]:
    from wscli.apps.command_lines import curl_command

    _, opening = _choose(recorded, options)
    yield curl_command(opening).encode()


def _write_python(
    recorded: Iterator[Recorded], options: ExportOptions, remark: Remark
) -> Iterator[bytes]:
    from wscli.apps.python_script import python_script

    for piece in python_script(*_choose(recorded, options)):
        yield piece.encode()


def _choose(
    recorded: Iterator[Recorded], options: ExportOptions
) -> tuple[RecordedConnection, Opening]:
    """Return the connection to export, and its opening.

    Raises:
        UsageError: if there is none, or if there are several to choose from.
    """
    from wscli.errors import UsageError
    from wscli.records.connections import choose_connection, read_connections

    chosen = choose_connection(read_connections(recorded), options.connection, _CHOOSE)
    if chosen.opening is None:
        raise UsageError(f"the opening of connection {chosen.number} was not recorded")
    return chosen, chosen.opening


FORMATS: dict[str, ExportFormat] = {
    "har": ExportFormat(_write_har),
    "pcapng": ExportFormat(_write_pcapng, binary=True),
    "curl": ExportFormat(_write_curl),
    "python": ExportFormat(_write_python),
    "jsonl": ExportFormat(_write_jsonl),
}
