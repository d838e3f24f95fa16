"""``wscli inspect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from wscli.apps.env import Env
from wscli.cli.command import Command
from wscli.cli.options import connection_options, url_argument, watching_options
from wscli.cli.params import read_session
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.cli.param_types import SessionParams


def _run(env: Env, **params: Unpack[SessionParams]) -> ExitStatus:
    from wscli.apps import inspect

    return inspect.run(read_session(params, env), env)


command = Command(
    "inspect",
    examples=[
        ("wscli inspect wss://example.com/ws", "request, response, certificate and timings"),
        ("wscli inspect -o https://example.com URL", "as a page of that origin would connect"),
        ("wscli inspect --json URL | jq '.timings // empty'", "the timings, for a program"),
    ],
    # Neither --raw nor --hex: no message is shown.
    params=[url_argument(), *watching_options(), *connection_options()],
    run=_run,
)
