"""``wscli view``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack

import click

from wscli.apps.env import Env
from wscli.cli.command import Command, Option, in_section
from wscli.cli.options import viewing_options
from wscli.cli.params import read_output_file, read_view
from wscli.cli.types import claim_stdin, count, moment, pattern
from wscli.errors import UsageError
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.apps.options import OutputFile
    from wscli.apps.selection import Moment
    from wscli.cli.param_types import ViewParams
    from wscli.payload.matching import Matcher

_OPCODES = ("text", "binary", "ping", "pong", "close", "continuation")


def _run(
    env: Env,
    *,
    file: str,
    matcher: Matcher | None,
    direction: Literal["in", "out"] | None,
    opcodes: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    connection: int | None,
    follow: bool,
    stats: bool,
    page: str | None,
    force: bool,
    **params: Unpack[ViewParams],
) -> ExitStatus:
    from wscli.apps import view
    from wscli.apps.selection import Selection
    from wscli.wire.codes import Opcode

    if file == "-":
        claim_stdin("the recording")
    selection = Selection(
        matcher,
        None if direction is None else direction == "in",
        frozenset(Opcode[name.upper()] for name in opcodes),
        since,
        until,
        connection,
    )
    output = read_view(params)
    given = {"follow": follow, "stats": stats, output.form: output.form != "auto"}
    others = [name for name, is_given in given.items() if is_given]
    if stats and output.form != "auto":
        raise UsageError(f"--stats and --{output.form} exclude each other")
    written = _read_page(page, force, others)
    return view.run(view.ViewOptions(file, output, selection, follow, stats, written), env)


def _read_page(page: str | None, force: bool, others: list[str]) -> OutputFile | None:
    if page is None:
        if force:
            raise UsageError("--force needs --html", hint="--html FILE names the file")
        return None
    if others:  # a page has all forms, and an end
        raise UsageError(f"--html and --{others[0]} exclude each other", hint="give one of them")
    return read_output_file(page, force)


def _selecting_options() -> list[Option]:
    return in_section(
        "Selection",
        Option(
            "--filter",
            "matcher",
            type=pattern,
            metavar="PATTERN",
            help="Show messages that match: a regular expression or, if it begins with $. or $[, "
            "a JSONPath query.",
        ),
        Option(
            "--direction",
            type=click.Choice(["in", "out"]),
            help="Show received or sent messages only; the default is both at a terminal or with "
            "--json, else received.",
        ),
        Option(
            "--opcode",
            "opcodes",
            multiple=True,
            type=click.Choice(_OPCODES),
            help="Show messages and frames of this kind; repeatable.",
        ),
        Option(
            "--since",
            type=moment,
            metavar="TIME",
            help="Begin at 12:00:30, at 2026-01-31T12:00:00Z, or +90s after the beginning.",
        ),
        Option("--until", type=moment, metavar="TIME", help="End before this time."),
        Option(
            "--connection", type=count, metavar="N", help="Show one connection of several, from 1."
        ),
    )


command = Command(
    "view",
    text="FILE is a recording made with --record, or a HAR file from a browser; - is stdin. Gzip "
    "is decompressed. The output is what a live session would have shown.",
    examples=[
        ("wscli view session.jsonl", "the messages, as a session shows them"),
        ("wscli view -v session.jsonl", "also the handshake; -vv shows frames, if recorded"),
        ("wscli view --filter '$.error' --json FILE | jq .", "messages with an error, as JSON"),
        ("wscli view --stats session.jsonl", "counts, rates over time, and reply times"),
        ("wscli view --direction out FILE > sent.txt", "the sent messages, one a line"),
        (
            "wscli view --html page.html session.jsonl",
            "a page to search in, or to send to somebody",
        ),
        ("wscli view --follow served.jsonl", "a file that wscli serve --record is writing"),
    ],
    params=[
        click.Argument(["file"], metavar="FILE"),
        *_selecting_options(),
        Option("-f", "--follow", is_flag=True, help="Wait for more at the end, as tail -f does."),
        Option(
            "--stats",
            is_flag=True,
            help="Instead of messages, show counts, rates plotted over time, and how long replies "
            "took.",
        ),
        *viewing_options(),
        *in_section(
            "Output",
            Option(
                "--html",
                "page",
                metavar="FILE",
                help="Write a self-contained page for a browser instead: the HTTP heads, a "
                "timeline, and all messages, searchable.",
            ),
            Option("--force", is_flag=True, help="Replace the contents of the page."),
        ),
    ],
    run=_run,
)
