"""``wscli compare``."""

from __future__ import annotations

from typing import Any

import click

from wscli.apps.env import Env
from wscli.cli.command import Command, Option
from wscli.cli.types import count, duration
from wscli.net.options import ConnectOptions
from wscli.status import ExitStatus


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    from wscli.apps import compare

    options = compare.CompareOptions(
        params["url"],
        ConnectOptions(insecure=params["insecure"], cacert=params["cacert"]),
        interval=params["interval"],
        updates=params["count"],
        as_json=params["as_json"],
    )
    return compare.run(options, env)


command = Command(
    "compare",
    summary="The same feed by polling, long polling and WebSocket: what each update costs.",
    text="All run at once against a server of `wscli serve`, by default one of their own. Bytes "
    "are those above TCP and TLS, counted where they left and came; a latency is the time from "
    "when an update was due to when it was here, for which both ends need the same clock.",
    examples=[
        ("wscli compare", "with the embedded server"),
        ("wscli compare -n 100 --interval 70ms", "a busier feed"),
        ("wscli compare --json | jq .latency_p99", "for a program"),
    ],
    params=[
        click.Argument(["url"], required=False, default="demo:", metavar="[URL]"),
        Option(
            "-n", "--count", type=count, default="30", metavar="N", help="Updates; 30 unless given."
        ),
        Option(
            "--interval",
            type=duration,
            default=0.43,
            metavar="DURATION",
            help="From one update to the next; 430ms unless given, which is no multiple of a "
            "polling interval, so that polls meet the feed at every phase.",
        ),
        Option("--json", "as_json", is_flag=True, help="One object of JSON for each way."),
        Option("-k", "--insecure", section="TLS", is_flag=True, help="Trust any certificate."),
        Option("--cacert", section="TLS", metavar="FILE", help="Trust the CAs in a PEM file."),
    ],
    run=_run,
)
