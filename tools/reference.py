"""Writes the command reference and the man page: ``python -m tools.reference``.

``docs/commands.md`` and ``docs/wscli.1`` have the same contents, from the tables that also make
``--help``. A test fails when one of them is stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tools import command_table, manual
from tools.command_table import ROOT, Reference, Row

PAGE = ROOT / "docs" / "commands.md"

_OPTION = r"(?<![\w`-])(--[a-z][a-z-]*|-[A-Za-z0-9](?![\w-]))"
_INTRODUCTION = """\
# Commands

Here you can look up every command and option. `man wscli` and `wscli COMMAND --help` show the
same: all three are made from one table.
"""
_END = """\
See also [Exit statuses](exit-statuses.md) and [the paths of the embedded server](server.md#paths).
"""


def write_page() -> str:
    """Return the command reference in Markdown."""
    table = command_table.read_commands()
    lines = [
        _INTRODUCTION,
        *_table("command", [Row(each.name, each.summary) for each in table.commands], link=True),
        *_paragraphs(command_table.read_description()),
        *[line for each in table.commands for line in _command(each)],
        "## Shared options\n",
        *[line for title, rows in table.shared.items() for line in _section(f"### {title}", rows)],
        "## Commands of a session\n\n`/help NAME` describes each of them.\n",
        *_table("command", command_table.read_slash_commands()),
        *_section("## Environment", command_table.ENVIRONMENT, "variable"),
        _END,
    ]
    return "\n".join(lines)


def _command(command: Reference) -> Iterator[str]:
    yield f"## wscli {command.name}\n"
    yield f"{_prose(command.summary)}.\n"
    yield f"```text\n{command.usage}\n```\n"
    yield from _paragraphs(command.paragraphs)
    examples = [f"# {meaning}\n{call}\n" for call, meaning in command.examples]
    yield f"```sh\n{''.join(examples)}```\n"
    for title, rows in command.own.items():
        yield from _table("option" if title == "Options" else title.lower(), rows)
    if command.shared:
        yield f"Shared options: {', '.join(_links(command.shared))}.\n"


def _links(shared: dict[str, list[str]]) -> Iterator[str]:
    """Yield links to the sections of shared options, with the names where they are not all."""
    for title, names in shared.items():
        only = ", ".join(f"`{name}`" for name in names)
        yield f"[{title}](#{title.lower()})" + (f" ({only})" if only else "")


def _section(title: str, rows: Iterable[Row], head: str = "option") -> Iterator[str]:
    yield from (f"{title}\n", *_table(head, rows))


def _table(head: str, rows: Iterable[Row], *, link: bool = False) -> Iterator[str]:
    yield from (f"| {head} | |", "|---|---|")
    for term, meaning in rows:
        shown = f"[`{term}`](#wscli-{term})" if link else _code(term)
        yield f"| {shown} | {_prose(meaning)} |"
    yield ""


def _code(text: str) -> str:
    """Return code for a cell; forges and the site disagree on vertical bars in backticks."""
    return f"<code>{text.replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


def _paragraphs(paragraphs: Iterable[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield f"{_prose(paragraph)}\n"


def _prose(text: str) -> str:
    """Return a help text in Markdown, with options as code; code in it stays as it is."""
    parts = text.split("`")
    escaped = [re.sub(r"([\\*_<|\[\]])", r"\\\1", part) for part in parts[::2]]
    parts[::2] = [re.sub(_OPTION, r"`\1`", part) for part in escaped]
    return "`".join(parts)


def main() -> None:
    """Write both files."""
    PAGE.write_text(write_page(), encoding="utf-8")
    manual.update()


if __name__ == "__main__":
    main()
