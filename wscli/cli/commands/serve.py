"""``wscli serve``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Unpack, get_args

import click

from wscli.apps.env import Env
from wscli.cli.command import Command, Option, in_section
from wscli.cli.options import recording_options
from wscli.cli.params import check_exclusive, check_redact, read_existing, read_redact
from wscli.cli.types import count, duration, size
from wscli.errors import UsageError
from wscli.server.options import Mode, Otherwise, ServeOptions
from wscli.server.route_table import help_rows
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.cli.param_types import ServeFields
    from wscli.payload.matching import RegexReplacer

_DEFAULTS = ServeOptions()
_ADDRESS = r"(?:(?P<host>\[[^\]]+\]|[^:\[\]]*):)?(?P<port>[0-9]{1,5})"


def address(value: str) -> tuple[str, int]:
    """Read ``PORT``, ``HOST:PORT`` or ``[IPv6]:PORT``; the host is 127.0.0.1 by default."""
    match = re.fullmatch(_ADDRESS, value)
    if match is None or int(match["port"]) > 0xFFFF:
        raise click.BadParameter(f"{value!r} is not [HOST:]PORT; write 9000 or 0.0.0.0:9000")
    return (match["host"] or "").strip("[]") or _DEFAULTS.host, int(match["port"])


def origin(value: str) -> str:
    """Read an origin as browsers write it: scheme, host in lower case, port unless default.

    ``*`` stands for every origin.
    """
    # Browsers send the ASCII serialisation of an origin (RFC 6454 §6.2), and it is compared as a
    # whole: one with a path or a capital letter would never match, and without an error.
    if not re.fullmatch(r"\*|null|[a-z][a-z0-9+.-]*://[^/?#\sA-Z]+", value):
        raise click.BadParameter(
            f"{value!r} is not an origin as browsers send it; write https://app.example:3000, or *"
        )
    return value


def _run(
    env: Env,
    *,
    address: tuple[str, int],
    quiet: bool,
    as_json: bool,
    record: str | None,
    force: bool,
    append: bool,
    redact: tuple[RegexReplacer | None, ...],
    verbosity: int,
    replay: str | None,
    **fields: Unpack[ServeFields],
) -> ExitStatus:
    # Combinations in which one option would be ignored in silence.
    check_exclusive(quiet=quiet, json=as_json)
    if fields["key"] and not fields["cert"]:
        raise UsageError("a private key needs its certificate", hint="--cert FILE")
    if fields["ping_interval"] == 0:
        raise UsageError("there must be some time between pings", hint="--ping-interval 1s")
    check_exclusive(mode=fields["mode"], script=fields["script"], replay=replay)
    if fields["otherwise"] != _DEFAULTS.otherwise and not replay:
        raise UsageError("--otherwise is for --replay", hint="with --script, it is set in the file")
    if verbosity and not record:
        raise UsageError("-v is for the recording, and there is none", hint="--record FILE")
    check_redact(record, redact)
    from wscli.apps import serve  # asyncio, which --help does not need

    command = serve.ServeCommand(
        ServeOptions(*address, **fields),
        replay=replay,
        log="json" if as_json else "none" if quiet else "text",
        record=record,
        existing=read_existing(record, force, append),
        redact=read_redact(redact),
        frames=verbosity >= 2,
    )
    return serve.run(command, env)


def _serving_options() -> list[Option]:
    return in_section(
        "Serving",
        Option(
            "--mode",
            type=click.Choice(get_args(Mode)),
            help="Make every path an echo, or each path a hub of its own.",
        ),
        Option(
            "--script",
            metavar="FILE",
            help="Answer by the rules in a TOML file, on every path and with any query.",
        ),
        Option(
            "--replay",
            metavar="FILE",
            help="Answer as the server in a recording or HAR file did, at its pace; each "
            "connection plays the next recorded one with the same path, or of all if none has it.",
        ),
        Option(
            "--otherwise",
            type=click.Choice(get_args(Otherwise)),
            default=_DEFAULTS.otherwise,
            help="With --replay: drop a message that the recording does not have, or send it back.",
        ),
        Option(
            "--unix-socket", metavar="PATH", help="Listen on a Unix socket instead of a TCP port."
        ),
        Option(
            "--tls",
            is_flag=True,
            help="Serve wss://, with a certificate made for this run unless --cert names one.",
        ),
        Option("--cert", metavar="FILE", help="Serve wss:// with this certificate, a PEM file."),
        Option(
            "--key",
            metavar="FILE",
            help="Private key of the certificate, a PEM file; by default it is in the same file.",
        ),
    )


def _limit_options() -> list[Option]:
    return in_section(
        "Access and limits",
        Option(
            "--origin",
            "origins",
            type=origin,
            multiple=True,
            metavar="ORIGIN",
            help="Let pages of this origin connect too, '*' for all; repeatable. By default only "
            "pages of this machine and of the server's own host may connect.",
        ),
        Option(
            "--max-clients",
            type=count,
            metavar="N",
            help="Refuse a WebSocket with 503 while N are open; no limit by default.",
        ),
        # The defaults are numbers of bytes, which show_default would print as such.
        Option(
            "--max-size",
            type=size,
            default=_DEFAULTS.max_size,
            metavar="SIZE",
            help="Largest message to accept; a larger one closes its connection with 1009."
            "  [default: 16MiB]",
        ),
        Option(
            "--queue",
            type=size,
            default=_DEFAULTS.queue,
            metavar="SIZE",
            help="Drop a hub member rather than queue more than SIZE for it.  [default: 1MiB]",
        ),
        Option(
            "--ping-interval",
            type=duration,
            metavar="DURATION",
            help="Ping each client at this interval, and drop one that is silent for two of them; "
            "no pings by default.",
        ),
    )


def _output_options() -> list[Option]:
    return in_section(
        "Output",
        Option("-q", "--quiet", is_flag=True, help="Show errors only."),
        Option("--json", "as_json", is_flag=True, help="Write the log to stdout, as JSON."),
        *recording_options(),
        # A count, as in the other commands: -v alone has nothing to add to a recording here.
        Option("-v", "verbosity", count=True, help="With -vv, record every frame, too."),
    )


class _Serve(Command):
    # After the options: the list is long, and the same as on the server's own page.
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the paths of the server."""
        with formatter.section("Paths"):
            formatter.write_dl(help_rows())


command = _Serve(
    "serve",
    text="Listens on 127.0.0.1:8765 by default; port 0 chooses a free port. "
    "Each WebSocket path is also available as demo:PATH without starting a server, as in "
    "`wscli listen 'demo:/ticks?interval=1s'`.",
    examples=[
        ("wscli serve", "then open http://127.0.0.1:8765/ in a browser"),
        ("wscli serve --mode hub 0.0.0.0:9000", "a chat for anyone who can reach this machine"),
        (
            "wscli serve --tls --origin https://app.example",
            "wss://, also for pages of another site",
        ),
        ("wscli serve --script replies.toml", "a server with the replies that a test needs"),
        ("wscli serve --replay session.jsonl", "the server of a recording, as a mock"),
    ],
    params=[
        click.Argument(
            ["address"],
            type=address,
            required=False,
            default=str(_DEFAULTS.port),
            metavar="[[HOST:]PORT]",
        ),
        *_serving_options(),
        *_limit_options(),
        *_output_options(),
    ],
    run=_run,
)
