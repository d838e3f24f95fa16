"""``wscli compare``."""

from __future__ import annotations

import click

from wscli.apps.env import Env
from wscli.cli import types
from wscli.cli.command import Command, Option
from wscli.cli.options import trust_options
from wscli.net.options import ConnectOptions
from wscli.status import ExitStatus


def _run(
    env: Env,
    *,
    url: str,
    count: int,
    interval: float,
    as_json: bool,
    insecure: bool,
    cacert: str | None,
) -> ExitStatus:
    from wscli.apps import compare  # json, queue and threading, which --help does not need

    options = compare.CompareOptions(
        url,
        ConnectOptions(insecure=insecure, cacert=cacert),
        interval=interval,
        updates=count,
        as_json=as_json,
    )
    return compare.run(options, env)


command = Command(
    "compare",
    text="All three follow the ticks of one `wscli serve` at the same time; without a URL, compare "
    "starts a server of its own. Bytes are counted above TCP and TLS, in both directions. The "
    "latency of an update is how long after its due time it arrived, so both ends need the same "
    "clock.",
    examples=[
        ("wscli compare", "with the embedded server"),
        ("wscli compare -n 100 --interval 70ms", "a busier feed"),
        ("wscli compare --json | jq .latency_p99", "for a program"),
    ],
    params=[
        click.Argument(["url"], required=False, default="demo:", metavar="[URL]"),
        Option(
            "-n",
            "--count",
            type=types.count,
            default="30",
            show_default=True,
            metavar="N",
            help="Number of updates to compare.",
        ),
        # Neither polling interval (0.1 s and 1 s) divides the default, so that polls fall on every
        # phase of the feed. With 1 s each poll would come just after an update, or just before.
        Option(
            "--interval",
            type=types.duration,
            default="430ms",
            show_default=True,
            metavar="DURATION",
            help="Time between updates; not a multiple of 100ms by default, so that polls fall on "
            "every phase of the feed.",
        ),
        Option("--json", "as_json", is_flag=True, help="Print one JSON object for each method."),
        *trust_options(),
    ],
    run=_run,
)
