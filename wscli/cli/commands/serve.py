"""``wscli serve``."""

from __future__ import annotations

import re
from typing import Any

import click

from wscli.apps.env import Env
from wscli.cli.command import Command, Option
from wscli.cli.options import read_existing, recording_options
from wscli.cli.types import count, duration, size
from wscli.errors import UsageError
from wscli.server.options import ServeOptions
from wscli.status import ExitStatus

_DEFAULTS = ServeOptions()
_ADDRESS = r"(?:(?P<host>\[[^\]]+\]|[^:\[\]]*):)?(?P<port>[0-9]{1,5})"


def address(value: str) -> tuple[str, int]:
    """Read ``PORT``, ``HOST:PORT`` or ``[IPv6]:PORT``; without a host it is the loopback's."""
    match = re.fullmatch(_ADDRESS, value)
    if match is None or int(match["port"]) > 0xFFFF:
        raise click.BadParameter(f"{value!r} is not [HOST:]PORT; write 9000 or 0.0.0.0:9000")
    return (match["host"] or "").strip("[]") or _DEFAULTS.host, int(match["port"])


def origin(value: str) -> str:
    """Read an origin as browsers write it: scheme, host in lower case, port unless default.

    ``*`` stands for every origin.
    """
    if not re.fullmatch(r"\*|null|[a-z][a-z0-9+.-]*://[^/?#\sA-Z]+", value):
        raise click.BadParameter(
            f"{value!r} is not an origin as browsers send it; write https://app.example:3000, or *"
        )
    return value


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    if params["quiet"] and params["as_json"]:
        raise UsageError("--quiet and --json exclude each other", hint="give one of them")
    if params["key"] and not params["cert"]:
        raise UsageError("a private key needs its certificate", hint="--cert FILE")
    if params["ping_interval"] == 0:
        raise UsageError("there must be some time between pings", hint="--ping-interval 1s")
    if params["mode"] and params["script"]:
        raise UsageError("--mode and --script exclude each other", hint="give one of them")
    if params["verbosity"] and not params["record"]:
        raise UsageError("-v says what a recording has, and there is none", hint="--record FILE")
    from wscli.apps import serve

    host, port = params["address"]
    options = ServeOptions(
        host,
        port,
        **{name: params[name] for name in ServeOptions._fields if name not in ("host", "port")},
    )
    log = "json" if params["as_json"] else "none" if params["quiet"] else "text"
    frames = params["verbosity"] >= 2
    existing = read_existing(params)
    return serve.run(serve.ServeCommand(options, log, params["record"], existing, frames), env)


def _serving_options() -> list[click.Parameter]:
    section = "Serving"
    return [
        Option(
            "--mode",
            section=section,
            type=click.Choice(["echo", "hub"]),
            help="Make every path an echo, or a hub of its own.",
        ),
        Option(
            "--script",
            section=section,
            metavar="FILE",
            help="Answer on every path and query by the rules of a TOML file.",
        ),
        Option("--unix-socket", section=section, metavar="PATH", help="Listen on a Unix socket."),
        Option("--tls", section=section, is_flag=True, help="Serve wss://; makes a certificate."),
        Option("--cert", section=section, metavar="FILE", help="Serve wss:// with this one, PEM."),
        Option("--key", section=section, metavar="FILE", help="Its private key, PEM."),
    ]


def _limit_options() -> list[click.Parameter]:
    section = "Limits"
    return [
        Option(
            "--origin",
            "origins",
            section=section,
            type=origin,
            multiple=True,
            metavar="ORIGIN",
            help="Accept pages of this origin too; repeatable, '*' for all. By default only pages "
            "of this machine and of the server's own host may connect.",
        ),
        Option(
            "--max-clients",
            section=section,
            type=count,
            metavar="N",
            help="Answer 503 when N WebSockets are open.",
        ),
        Option(
            "--max-size",
            section=section,
            type=size,
            default=_DEFAULTS.max_size,
            metavar="SIZE",
            help="The largest message to take; 16MiB unless given.",
        ),
        Option(
            "--queue",
            section=section,
            type=size,
            default=_DEFAULTS.queue,
            metavar="SIZE",
            help="Drop a hub member when its queue would exceed this; 1MiB unless given.",
        ),
        Option(
            "--ping-interval",
            section=section,
            type=duration,
            metavar="DURATION",
            help="Ping clients, and drop one that leaves two pings unanswered.",
        ),
    ]


def _seeing_options() -> list[click.Parameter]:
    section = "Seeing"
    return [
        Option("-q", "--quiet", section=section, is_flag=True, help="Say nothing but errors."),
        Option("--json", "as_json", section=section, is_flag=True, help="The log as JSON, stdout."),
        *recording_options(),
        Option(
            "-v",
            "verbosity",
            section=section,
            count=True,
            help="With -vv the recording has every frame.",
        ),
    ]


command = Command(
    "serve",
    summary="The embedded server: echo, hub and test endpoints, and a page for the browser.",
    text="Listens on 127.0.0.1:8765 unless told otherwise; port 0 takes one that is free. The "
    "paths: / /echo /hub /hub/NAME /ticks?interval=1s&count=10 /push?n=1000&size=64&op=text "
    "/headers /close?code=1008&reason=TEXT&after=1s /status/403 /fault/KIND, and over plain HTTP "
    "/poll and /longpoll. Each of them is also at demo:PATH, with no server at hand.",
    examples=[
        ("wscli serve", "then open http://127.0.0.1:8765/ in a browser"),
        ("wscli serve --mode hub 0.0.0.0:9000", "a chat for anyone who can reach this machine"),
        (
            "wscli serve --tls --origin https://app.example",
            "wss://, also for pages of another site",
        ),
        ("wscli serve --script replies.toml", "a server with the replies that a test needs"),
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
        *_seeing_options(),
    ],
    run=_run,
)
