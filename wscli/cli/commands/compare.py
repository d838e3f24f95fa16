"""``wscli compare``."""

from __future__ import annotations

import click

from wscli.apps.env import Env
from wscli.cli import types
from wscli.cli.command import Command, Option, in_section
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
    from wscli.apps import compare

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
    "starts its own server. Bytes are counted above TCP and TLS, in both directions. A latency is "
    "the time from when an update was due until it arrived, so both ends need the same clock.",
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
            metavar="N",
            help="Number of updates; 30 by default.",
        ),
        Option(
            "--interval",
            type=types.duration,
            default=0.43,
            metavar="DURATION",
            help="Time between two updates; 430ms by default, which is not a multiple of a polling "
            "interval, so that polls hit every phase of the feed.",
        ),
        Option("--json", "as_json", is_flag=True, help="Print one JSON object for each method."),
        *in_section(
            "TLS",
            Option("-k", "--insecure", is_flag=True, help="Trust any certificate."),
            Option("--cacert", metavar="FILE", help="Trust the CAs in a PEM file."),
        ),
    ],
    run=_run,
)
