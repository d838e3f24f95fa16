"""``wscli inspect``."""

from __future__ import annotations

from typing import Any

from wscli.apps.env import Env
from wscli.cli.command import Command
from wscli.cli.options import connection_options, read_common, url_argument, watching_options
from wscli.status import ExitStatus


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    from wscli.apps import inspect

    return inspect.run(read_common(params, env), env)


command = Command(
    "inspect",
    summary="Only the upgrade: the raw request and response, what each header means.",
    examples=[
        ("wscli inspect wss://example.com/ws", "both heads, certificate, timings"),
        ("wscli inspect -o https://example.com URL", "as a page of that origin would ask"),
        ("wscli inspect --json URL | jq '.timings // empty'", "the same for a program"),
    ],
    params=[url_argument(), *watching_options(), *connection_options()],
    run=_run,
)
