"""``wscli pipe``."""

from __future__ import annotations

from typing import Any

from wscli.apps.env import Env
from wscli.cli.command import Command, Option
from wscli.cli.options import (
    connection_options,
    read_common,
    read_sending,
    seeing_options,
    sending_options,
    url_argument,
)
from wscli.cli.types import claim_stdin, count, duration
from wscli.errors import UsageError
from wscli.status import ExitStatus


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    from wscli.apps import pipe

    sending = read_sending(params, env)
    if params["null"] and params["whole"]:
        raise UsageError("--null and --whole exclude each other", hint="give one of them")
    if params["null"] and sending.end:
        raise UsageError("--null and --end exclude each other", hint="give one of them")
    common = read_common(params, env, sending)
    separator = b"\0" if params["null"] else b"\n"
    if params["null"]:
        common = common._replace(output=common.output._replace(separator=separator))
    claim_stdin("the messages")
    options = pipe.PipeOptions(
        common,
        sending=sending,
        separator=separator,
        whole=params["whole"],
        linger=params["linger"],
        limit=params["count"],
    )
    return pipe.run(options, env)


command = Command(
    "pipe",
    summary="Full duplex: each line of stdin is a message, each message a line of stdout.",
    text="After the end of stdin it closes once nothing has come for --linger, since many servers "
    "stop answering when they see a Close. If the peer closes before all that was read from stdin "
    "was sent, wscli says how much was not, and exits with 8.\n\nWith --end, messages on stdin "
    "and stdout end with that terminator instead of a line feed, and include it. With --escapes a "
    "message is still a line, and the terminator is added to it.",
    examples=[
        ("seq 1 200 | wscli pipe demo:", "200 lines there, 200 lines back"),
        ("wscli pipe URL < requests.ndjson | jq .result", "as part of a pipeline"),
        (
            "wscli pipe --end '\\0' -s v12.stomp URL < frames",
            "messages that end with NUL",
        ),
        ("wscli pipe --whole -b --raw URL < image.png > reply", "one binary message each way"),
    ],
    params=[
        url_argument(),
        Option("-n", "--count", type=count, metavar="N", help="End after N messages."),
        Option(
            "--linger",
            type=duration,
            default="1s",
            show_default=True,
            metavar="DURATION",
            help="How long to wait for more messages after stdin has ended; 0 closes at once.",
        ),
        Option("-0", "--null", is_flag=True, help="Split and join at NUL instead of line feed."),
        Option("--whole", is_flag=True, help="Send all of stdin as one message."),
        *sending_options(),
        *seeing_options(),
        *connection_options(),
    ],
    run=_run,
)
