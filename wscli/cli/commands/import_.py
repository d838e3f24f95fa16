"""``wscli import``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wscli.apps.env import Env
from wscli.cli import types
from wscli.cli.command import Command, Option
from wscli.cli.options import redact_option
from wscli.cli.params import read_output_file, read_redact
from wscli.errors import UsageError
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.payload.matching import RegexReplacer


def _run(
    env: Env,
    *,
    file: str,
    entry: int | None,
    record: str | None,
    force: bool,
    redact: tuple[RegexReplacer | None, ...],
) -> ExitStatus:
    from wscli.apps import import_har

    if force and record is None:
        raise UsageError("--force needs --record", hint="--record FILE names the recording")
    output = None if record is None else read_output_file(record, force)
    return import_har.run(import_har.ImportOptions(file, entry, output, read_redact(redact)), env)


command = Command(
    "import",
    text="FILE is a HAR file, as Chrome, Firefox, mitmproxy, Playwright and others write it; - is "
    "stdin. For each WebSocket in it, print the command that opens the same connection and, if the "
    "messages are few, the command that sends them again.",
    examples=[
        ("wscli import page.har", "the WebSockets of a page as commands"),
        ("wscli import page.har --entry 2 | tail -1 | sh", "resend messages of the second one"),
        ("wscli import page.har --record page.jsonl", "a recording, for view and replay"),
    ],
    params=[
        click.Argument(["file"], metavar="FILE"),
        Option(
            "--entry",
            type=types.count,
            metavar="N",
            help="Only the Nth WebSocket of the file.",
        ),
        Option(
            "-o",
            "--record",
            metavar="FILE",
            help="Write a recording that only you can read, instead of commands.",
        ),
        Option("--force", is_flag=True, help="Replace the contents of the recording."),
        redact_option("Leave out secrets"),
    ],
    run=_run,
)
