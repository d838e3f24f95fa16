"""``wscli pipe``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from wscli.apps.env import Env
from wscli.cli import types
from wscli.cli.command import Command, Option
from wscli.cli.options import connection_options, output_options, sending_options, url_argument
from wscli.cli.params import check_exclusive, read_sending, read_session
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.cli.param_types import MessageParams


def _run(
    env: Env,
    *,
    count: int | None,
    linger: float,
    null: bool,
    whole: bool,
    **params: Unpack[MessageParams],
) -> ExitStatus:
    from wscli.apps import pipe

    # The same separator in both directions: the output can be the input of another pipe.
    sending = read_sending(params, env)
    check_exclusive(null=null, whole=whole)
    check_exclusive(null=null, end=sending.end)
    session = read_session(params, env, sending)
    separator = b"\0" if null else b"\n"
    if null:
        session = session._replace(output=session.output._replace(separator=separator))
    # After the options have been read: if one of them reads stdin too, the error names it.
    types.claim_stdin("the messages")
    options = pipe.PipeOptions(
        session, sending=sending, separator=separator, whole=whole, linger=linger, limit=count
    )
    return pipe.run(options, env)


command = Command(
    "pipe",
    text="After the end of stdin, the connection stays open until --linger passes in silence: "
    "many servers stop answering when they receive Close. If the peer closes before all of stdin "
    "was sent, wscli says how much was left, and exits with 8.\n\nWith --end, messages on stdin "
    "and stdout end with that terminator instead of a line feed, and include it. With --escapes a "
    "message is still a line, and the terminator is added to it.",
    examples=[
        ("seq 1 200 | wscli pipe demo:", "send 200 messages, and print the 200 that come back"),
        ("wscli pipe URL < requests.ndjson | jq .result", "as part of a pipeline"),
        ("wscli pipe --end '\\0' -s v12.stomp URL < frames", "messages that end with NUL"),
        ("wscli pipe --whole -b --raw URL < image.png > reply", "one binary message each way"),
    ],
    params=[
        url_argument(),
        Option("-n", "--count", type=types.count, metavar="N", help="End after N messages."),
        Option(
            "--linger",
            type=types.duration,
            default="1s",
            show_default=True,
            metavar="DURATION",
            help="Close when no message has arrived for this long after the end of stdin; 0 closes "
            "at once.",
        ),
        # -0 as in xargs and grep: no text message of a line-based protocol has a NUL in it.
        Option(
            "-0",
            "--null",
            is_flag=True,
            help="Separate messages by NUL instead of line feed, on stdin and stdout.",
        ),
        Option("--whole", is_flag=True, help="Send all of stdin as one message."),
        *sending_options(),
        *output_options(),
        *connection_options(),
    ],
    run=_run,
)
