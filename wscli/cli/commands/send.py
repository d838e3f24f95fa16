"""``wscli send``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import click

from wscli.apps.env import Env
from wscli.cli.command import Command, Option
from wscli.cli.options import connection_options, output_options, sending_options, url_argument
from wscli.cli.params import read_sending, read_session
from wscli.cli.types import claim_stdin, count_or_zero, duration, pattern
from wscli.status import ExitStatus

if TYPE_CHECKING:
    from wscli.cli.param_types import MessageParams
    from wscli.payload.matching import Matcher


class _Placed(NamedTuple):
    """An option's value, and the number of arguments before it."""

    place: int
    value: str


class _PlacedOption(Option):
    """An option whose position among the arguments matters."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Make the parser record the position of each value."""
        # click hands over options and arguments separately, and their order is lost. While it
        # parses, the arguments before an option are in ``state.largs``.
        super().add_to_parser(parser, ctx)
        for name in self.opts:
            parsed = parser._long_opt[name]  # noqa: SLF001, click has no public way
            process = parsed.process
            # ``process`` as a default is bound now, not when the lambda runs.
            parsed.process = lambda value, state, process=process: process(
                _Placed(len(state.largs), value), state
            )


def _expectation(placed: _Placed) -> tuple[int, Matcher]:
    """Return the number of messages before a pattern, and the pattern."""
    # The URL is the first argument; --expect may even come before it.
    return max(0, placed.place - 1), pattern(placed.value)


def _steps(messages: list[bytes], expected: Sequence[tuple[int, Matcher]]) -> list[bytes | Matcher]:
    steps: list[bytes | Matcher] = []
    for index in range(len(messages) + 1):
        steps += [matcher for place, matcher in expected if place == index]
        steps += messages[index : index + 1]
    return steps


def _run(
    env: Env,
    *,
    messages: tuple[str, ...],
    replies: int | None,
    until: Matcher | None,
    expected: tuple[tuple[int, Matcher], ...],
    wait: float | None,
    only_replies: bool,
    timeout: float,
    **params: Unpack[MessageParams],
) -> ExitStatus:
    from wscli.apps import send

    # Before anything reads stdin: two messages @- would share its content at random.
    for text in messages:
        if text == "@-":
            claim_stdin("the message @-")
    sending = read_sending(params, env)
    payloads = [sending.read(text, env) for text in messages]
    options = send.SendOptions(
        read_session(params, env, sending),
        sending=sending,
        steps=_steps(payloads, expected),
        replies=replies,
        until=until,
        wait=wait,
        only_replies=only_replies,
        timeout=timeout,
    )
    return send.run(options, env)


command = Command(
    "send",
    text="Each message is sent when the one before it has its reply, or after --wait without one. "
    "The reply to a message with an id (JSON-RPC, DevTools, GraphQL, OCPP, Socket.IO, SignalR, "
    "Jupyter, Phoenix) is the one with the same id; the reply to any other message is the next "
    "one received. If the server begins with a greeting, --expect it first. Other messages are "
    "printed but do not count; if only those arrive, send ends after --wait of silence. If a "
    "reply reports an error, the exit status is 10. Without MESSAGE, send waits for one message."
    "\n\n"
    "MESSAGE may be @FILE, or @- for stdin; with --binary also 0xHEX or b64:BASE64. Write @@ for a "
    "text that begins with @. PATTERN is a regular expression or, if it begins with $. or $[, a "
    "JSONPath query, which matches if it selects anything.",
    examples=[
        ("wscli send demo: hello", "to the embedded server, which echoes"),
        ('wscli send -v wss://example.com/ws \'{"op":"ping"}\'', "with the handshake on stderr"),
        ("wscli send -b URL 0x01ff @image.png", "two binary messages"),
        ("wscli send -n 3 --timeout 1s URL", "the first three messages that the server pushes"),
        ("wscli send --until '$[?@.done == true]' URL @job.json", "print all up to a match"),
        ("wscli send URL --expect welcome hello", "wait for a greeting, then send"),
    ],
    params=[
        url_argument(),
        click.Argument(["messages"], nargs=-1, metavar="[MESSAGE]..."),
        Option(
            "-n",
            "--replies",
            type=count_or_zero,
            metavar="N",
            help="Wait for N replies instead of one per message; 0 waits for none.",
        ),
        Option(
            "--until",
            type=pattern,
            metavar="PATTERN",
            help="Wait for a match among the messages received after the last MESSAGE was sent.",
        ),
        _PlacedOption(
            "--expect",
            "expected",
            type=_expectation,
            multiple=True,
            metavar="PATTERN",
            help="Placed between messages, wait for a match before sending the next one; exit 6 "
            "if none arrives within --timeout.",
        ),
        # Without a default value: whether it was given matters for -n 0, see ``Sender``.
        Option(
            "--wait",
            type=duration,
            metavar="DURATION",
            help="Wait this long for a reply before sending the next message; 0 sends all at once."
            "  [default: 1s]",
        ),
        Option("--only-replies", is_flag=True, help="Print replies only."),
        # -m as in curl, whose long name for it, --max-time, is among the habits.
        Option(
            "-m",
            "--timeout",
            type=duration,
            default="10s",
            show_default=True,
            metavar="DURATION",
            help="Time limit for the whole command; exit 6 if a reply is missing by then.",
        ),
        *sending_options(),
        *output_options(),
        *connection_options(),
    ],
    run=_run,
)
