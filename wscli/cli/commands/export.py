"""``wscli export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wscli.apps.env import Env
from wscli.apps.formats import FORMATS, ExportOptions
from wscli.cli import types
from wscli.cli.command import Command, Option, in_section
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
    to: str,
    output: str | None,
    force: bool,
    connection: int | None,
    har_control: bool,
    key_log: str | None,
    redact: tuple[RegexReplacer | None, ...],
) -> ExitStatus:
    from wscli.apps import export

    if har_control and to != "har":
        raise UsageError(f"--har-control is for HAR, not for {to}", hint="--to har")
    if key_log is not None and to != "pcapng":
        raise UsageError(f"--keylog is for a capture, not for {to}", hint="--to pcapng")
    if force and output is None:
        raise UsageError("--force needs --output", hint="-o FILE names the file")
    options = ExportOptions(
        file,
        to,
        read_output_file(output, force),
        connection,
        har_control,
        key_log,
        read_redact(redact),
    )
    return export.run(options, env)


command = Command(
    "export",
    text="FILE is a recording, made with --record, or a HAR file; - is stdin. The formats:\n\n"
    "har: for the network panel of Chrome, and other tools that read HAR.\n\n"
    "pcapng: for Wireshark. Each connection becomes plain HTTP on port 80, even if it used TLS, so "
    "no keys are needed. Record with -vv to keep the frames as they were; otherwise each message "
    "becomes one frame.\n\n"
    "html: a page for a browser, with the heads, a timeline and all messages. It needs no "
    "network.\n\n"
    "curl: a command that sends the same upgrade request.\n\n"
    "python: a script that sends the same messages, and waits for as many replies.\n\n"
    "jsonl: a recording, from a HAR file or of one connection.",
    examples=[
        ("wscli export session.jsonl --to har -o session.har", "import it in Chrome's DevTools"),
        ("wscli export session.jsonl --to pcapng | wireshark -k -i -", "open it in Wireshark"),
        ("wscli export session.jsonl --to html -o page.html", "open it in a browser, or send it"),
        ("wscli export session.jsonl --to curl --connection 2", "one of several connections"),
        ("wscli export page.har --to python > repeat.py", "from a browser to a script"),
    ],
    params=[
        click.Argument(["file"], metavar="FILE"),
        Option(
            "--to",
            type=click.Choice(list(FORMATS)),
            required=True,
            help="The format.",
        ),
        Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write to a file that only you can read, instead of stdout.",
        ),
        Option("--force", is_flag=True, help="Replace the contents of the output file."),
        Option(
            "--connection",
            type=types.count,
            metavar="N",
            help="Export connection N only; curl and python take one connection.",
        ),
        redact_option("Leave out secrets"),
        *in_section(
            "Formats",
            Option(
                "--har-control",
                is_flag=True,
                help="har: list pings, pongs and Close among the messages; some readers take them "
                "for binary messages.",
            ),
            Option(
                "--keylog",
                "key_log",
                metavar="FILE",
                help="pcapng: include the TLS secrets of an SSLKEYLOGFILE, to decrypt a capture of "
                "the same connections that is merged with this one.",
            ),
        ),
    ],
    run=_run,
)
