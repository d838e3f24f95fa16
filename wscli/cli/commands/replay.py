"""``wscli replay``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from wscli.apps.env import Env
from wscli.cli.command import Command, Option, in_section
from wscli.cli.options import connection_options, watching_options
from wscli.cli.params import read_session
from wscli.cli.types import claim_stdin, count, duration, query, speed, url
from wscli.errors import UsageError
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.apps.playback import Pace
    from wscli.cli.param_types import SessionParams
    from wscli.payload.comparison import Match
    from wscli.payload.matching import JsonPathQuery

_PACES = ("recorded", "reply", "none")
_MATCHES = ("json", "exact", "shape", "none")


def _run(
    env: Env,
    *,
    file: str,
    connection: int | None,
    pace: Pace,
    speed: float | None,
    match: Match,
    ignored: tuple[JsonPathQuery, ...],
    mapped: tuple[JsonPathQuery, ...],
    any_order: bool,
    timeout: float,
    **params: Unpack[SessionParams],
) -> ExitStatus:
    if speed is not None and pace != "recorded":
        raise UsageError(f"--speed needs the recorded pace, not --pace {pace}")
    if ignored and match not in ("json", "shape"):
        raise UsageError(f"--ignore has no effect with --match {match}", hint="--match json")
    if file == "-":
        claim_stdin("the recording")
    from wscli.apps import replay

    options = replay.ReplayOptions(
        read_session(params, env),
        file,
        connection=connection,
        pace=pace,
        speed=speed or 1.0,
        match=match,
        ignored=ignored,
        mapped=mapped,
        ordered=not any_order,
        timeout=timeout,
    )
    return replay.run(options, env)


def _replay_options() -> list[Option]:
    return [
        *in_section(
            "Sending",
            Option(
                "--connection",
                type=count,
                metavar="N",
                help="Replay connection N of a recording with several.",
            ),
            Option(
                "--pace",
                type=click.Choice(_PACES),
                default="recorded",
                show_default=True,
                help="When to send each message: at its recorded time, after the same number of "
                "received messages (reply), or at once (none).",
            ),
            Option("--speed", type=speed, metavar="N", help="N times the recorded pace: 2x, 0.5x."),
            Option(
                "--map",
                "mapped",
                type=query,
                multiple=True,
                metavar="JSONPATH",
                help="A place where the server gives a new id each time; that id is then sent and "
                "expected instead of the recorded one; repeatable.",
            ),
        ),
        *in_section(
            "Comparing",
            Option(
                "--match",
                type=click.Choice(_MATCHES),
                default="json",
                show_default=True,
                help="What must agree: JSON values, or the bytes of other messages; every byte "
                "(exact); keys and types only (shape); nothing (none).",
            ),
            Option(
                "--ignore",
                "ignored",
                type=query,
                multiple=True,
                metavar="JSONPATH",
                help="Do not compare the value at this place, such as a time; repeatable.",
            ),
            Option("--any-order", is_flag=True, help="Accept messages in a different order."),
            Option(
                "-m",
                "--timeout",
                type=duration,
                default="10s",
                show_default=True,
                metavar="DURATION",
                help="How long to wait for a message that is missing.",
            ),
        ),
    ]


command = Command(
    "replay",
    text="FILE is what --record wrote, or a HAR file that a browser saved; - is stdin. URL, "
    "request headers and subprotocols are the recorded ones unless given here; credentials are "
    "sent only to the server that they were recorded with.\n\n"
    "Each difference is printed with its place in the message, the recorded value (-) and the new "
    "one (+), and makes the exit status 10. Differences are: another value; a message that is "
    "missing, was not recorded or comes out of order; a different subprotocol, close or refusal. "
    "Times are not compared.",
    examples=[
        ("wscli replay session.jsonl", "against the recorded URL, at the recorded pace"),
        ("wscli replay --pace reply browser.har ws://localhost:8080/", "a bug seen in a browser"),
        (
            "wscli replay --ignore '$..time' --map '$.session' session.jsonl",
            "leave out times, and carry on a new session id",
        ),
        (
            "wscli replay --match shape --speed 4x session.jsonl",
            "keys and types, four times as fast",
        ),
        ("wscli replay --json session.jsonl | jq 'select(.event==\"difference\")'", "for programs"),
    ],
    params=[
        click.Argument(["file"], metavar="FILE"),
        click.Argument(["url"], type=url, required=False, default="", metavar="[URL]"),
        *_replay_options(),
        *watching_options(quiet="Show differences and errors only."),
        *connection_options(),
    ],
    run=_run,
)
