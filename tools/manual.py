"""The man page, in the macros of man(7)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator

from tools import command_table
from tools.command_table import ROOT, Reference, Row
from wscli import __version__

MANUAL = ROOT / "docs" / "wscli.1"

_ESCAPES = str.maketrans(
    {
        "\\": r"\e",
        "-": r"\-",
        "'": r"\(aq",
        "^": r"\(ha",
        "~": r"\(ti",
        "…": r"\&...",
        "→": r"\(->",
    }
)
_CODE = r"`([^`]*)`"
_OPTION = r"(?<![\w\\-])((?:\\-){1,2}[A-Za-z0-9][a-z]*(?:\\-[a-z]+)*)"  # after escaping


def write_manual(date: str) -> str:
    """Return the man page as of a date such as 2026-01-31."""
    table = command_table.read_commands()
    lines = [
        r".\" Made by `python -m tools.reference`, do not edit.",
        f'.TH WSCLI 1 "{date}" "wscli {__version__}" "User Commands"',
        *_section("NAME", [r"wscli \- see what your WebSocket does, from the command line"]),
        *_section("SYNOPSIS", _synopsis(table.commands)),
        *_section("DESCRIPTION", list(_paragraphs(command_table.read_description()))[1:]),
        *_section("COMMANDS", [line for each in table.commands for line in _command(each)]),
        *_section("SHARED OPTIONS", _subsections(table.shared)),
        *_section("COMMANDS OF A SESSION", _tagged(command_table.read_slash_commands())),
        *_section("PATHS OF THE EMBEDDED SERVER", _tagged(command_table.read_paths())),
        *_section("EXIT STATUS", _tagged(command_table.read_statuses())),
        *_section("ENVIRONMENT", _tagged(command_table.ENVIRONMENT)),
        *_section("SEE ALSO", [".BR curl (1),", ".BR jq (1),", ".BR ping (8)"]),
    ]
    return "\n".join(lines) + "\n"


def update() -> None:
    """Write the man page; its date stays unless something else has changed."""
    before = MANUAL.read_text(encoding="utf-8") if MANUAL.exists() else ""
    if write_manual(date_of(before)) != before:
        today = datetime.datetime.now(datetime.UTC).date()
        MANUAL.write_text(write_manual(today.isoformat()), encoding="utf-8")


def date_of(manual: str) -> str:
    """Return the date of a man page; empty where it has none."""
    found = re.search(r'^\.TH WSCLI 1 "([^"]*)"', manual, re.MULTILINE)
    return found[1] if found else ""


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from (f".SH {title}", *lines)


def _synopsis(commands: Iterable[Reference]) -> Iterator[str]:
    yield r"\fBwscli\fR URL"
    for command in commands:
        _, name, arguments = command.usage.split(" ", 2)
        yield from (".br", rf"\fBwscli {name}\fR {_roff(arguments)}")


def _command(command: Reference) -> Iterator[str]:
    yield from (f".SS wscli {command.name}", f"{_roff(command.summary)}.")
    yield from _paragraphs(command.paragraphs)
    for call, meaning in command.examples:
        yield from (".PP", _roff(f"{meaning[:1].upper()}{meaning[1:]}:"))
        yield from (".PP", ".RS 4", ".nf", _plain(call), ".fi", ".RE")
    for rows in command.own.values():
        yield from _tagged(rows)
    if command.shared:
        named = [
            f"{title} ({', '.join(names)})" if names else title
            for title, names in command.shared.items()
        ]
        yield from _paragraphs([f"Shared options: {', '.join(named)}."])


def _subsections(sections: dict[str, list[Row]]) -> Iterator[str]:
    for title, rows in sections.items():
        yield from (f".SS {title}", *_tagged(rows))


def _paragraphs(paragraphs: Iterable[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from (".PP", _roff(paragraph))


def _tagged(rows: Iterable[Row]) -> Iterator[str]:
    for term, meaning in rows:
        yield from (".TP", rf"\fB{_plain(term.strip())}\fR", _roff(meaning) or r"\&")


def _roff(text: str) -> str:
    """Return a text with its options, and the words in backticks, in bold."""
    return re.sub(_OPTION, r"\\fB\1\\fR", re.sub(_CODE, r"\\fB\1\\fR", _plain(text)))


def _plain(text: str) -> str:
    escaped = text.translate(_ESCAPES)
    return rf"\&{escaped}" if escaped.startswith(".") else escaped  # else it would be a request
