"""The command line as data, read from the tables that also make ``--help``.

Options that several commands share, such as those for TLS, are listed once, by section. Each
command lists its own options, and the names of those that it takes from each shared section.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple, cast

import click

from wscli.cli.command import COMMANDS, Command, Option
from wscli.cli.main import load_command, make_group
from wscli.repl.commands import COMMANDS as SLASH_COMMANDS
from wscli.repl.commands import CommandEntry
from wscli.server.route_table import help_rows

ROOT = Path(__file__).parent.parent


class Row(NamedTuple):
    """An option or another thing to look up, and its meaning."""

    term: str
    meaning: str


class Reference(NamedTuple):
    """A command, without the options that others have too.

    ``shared`` has for each section of shared options the names that the command takes, or nothing
    where it takes all of them.
    """

    name: str
    summary: str
    usage: str
    paragraphs: list[str]
    examples: list[Row]
    own: dict[str, list[Row]]
    shared: dict[str, list[str]]


class CommandTable(NamedTuple):
    """All commands, and the options that they share, by section."""

    commands: list[Reference]
    shared: dict[str, list[Row]]


ENVIRONMENT = [
    Row("ws_proxy, wss_proxy, http_proxy, https_proxy, all_proxy", "The proxy, without --proxy."),
    Row("no_proxy", "Hosts to reach without a proxy, separated by commas; * stands for all."),
    Row("SSL_CERT_FILE, SSL_CERT_DIR", "The CAs to trust, without --cacert."),
    Row("SSLKEYLOGFILE", "A file to which the keys of TLS are appended, for Wireshark."),
    Row("NO_COLOR, FORCE_COLOR", "Never or always use colour, without --color."),
    Row("TERM", "With dumb, neither colour nor line editing is used."),
    Row("COLUMNS", "The width of the output, instead of the terminal's."),
    Row("VISUAL, EDITOR", "The editor for /edit in a session; vi by default."),
    Row("INPUTRC", "The file that chooses the keys of emacs or vi; ~/.inputrc by default."),
    Row("XDG_STATE_HOME", "The folder of the sessions' histories; ~/.local/state by default."),
    Row("WSCLI_DEBUG", "With 1, an error shows its traceback."),
]


def read_commands() -> CommandTable:
    """Return the table of the command line."""
    listed = {name: _options(_load(name)) for name in COMMANDS}
    counts = Counter(option for options in listed.values() for option in options)
    shared = _by_section([option for option, count in counts.items() if count > 1])
    shared.pop(Option.section, None)
    return CommandTable([_refer(name, listed[name], shared) for name in COMMANDS], shared)


def read_description() -> list[str]:
    """Return the paragraphs of the help of ``wscli`` itself, after its summary."""
    return _paragraphs(make_group().help)


def read_slash_commands() -> list[Row]:
    """Return the commands of a session."""
    return [_slash_row(entry) for entry in SLASH_COMMANDS.values()]


def read_paths() -> list[Row]:
    """Return the paths of the embedded server, each followed by those with a parameter."""
    rows, path = [], ""
    for term, meaning in help_rows():
        path = term if term.startswith("/") else path
        rows.append(Row(term if term == path else path + term.strip(), meaning))
    return rows


def read_statuses() -> list[Row]:
    """Return the exit statuses, from the page that describes them."""
    page = (ROOT / "docs" / "exit-statuses.md").read_text(encoding="utf-8")
    return [Row(*row) for row in re.findall(r"^\| ([0-9, ]+) \| (.*) \|$", page, re.MULTILINE)]


_Placed = tuple[str, Row]
"""An option in its section."""


def _load(name: str) -> Command:
    return cast("Command", load_command(name))


def _options(command: Command) -> list[_Placed]:
    with click.Context(command) as context:
        records = [(param, param.get_help_record(context)) for param in command.get_params(context)]
    return [
        (getattr(param, "section", Option.section), Row(record[0], " ".join(record[1].split())))
        for param, record in records
        if record is not None and isinstance(param, click.Option) and param.name != "help"
    ]


def _refer(name: str, options: list[_Placed], shared: dict[str, list[Row]]) -> Reference:
    command = _load(name)
    with click.Context(command, info_name=f"wscli {name}") as context:
        usage = " ".join([f"wscli {name}", *command.collect_usage_pieces(context)])
    own = [(section, row) for section, row in options if row not in shared.get(section, [])]
    taken = _by_section([each for each in options if each not in own])
    return Reference(
        name,
        COMMANDS[name],
        usage,
        _paragraphs(command.help),
        [Row(*example) for example in command.examples],
        _by_section(own),
        {
            section: [] if len(rows) == len(shared[section]) else [_name(row) for row in rows]
            for section, rows in taken.items()
        },
    )


def _paragraphs(help_text: str | None) -> list[str]:
    """Return the paragraphs of a help text after its first, which is the summary."""
    _, *paragraphs = (help_text or "").split("\n\n")
    return [" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip()]


def _by_section(options: list[_Placed]) -> dict[str, list[Row]]:
    sections: dict[str, list[Row]] = {}
    for section, row in options:
        sections.setdefault(section, []).append(row)
    return sections


def _name(row: Row) -> str:
    """Return the name of an option, the long one if it has both."""
    names: list[str] = re.findall(r"(?:^|, )(--?[\w-]+)", row.term)
    return names[-1]


def _slash_row(entry: CommandEntry) -> Row:
    return Row(f"/{entry.name} {entry.usage}".strip(), entry.summary)
