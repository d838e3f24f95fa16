"""``wscli send``."""

from __future__ import annotations

import base64
from typing import Any

import click

from wscli.apps.env import Env
from wscli.cli.command import Command, Option
from wscli.cli.options import (
    connection_options,
    read_common,
    read_opcode,
    seeing_options,
    sending_options,
    url_argument,
)
from wscli.cli.types import count_or_zero, duration, pattern
from wscli.errors import ExitStatus, UsageError
from wscli.wire.codes import Opcode


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    from wscli.apps import send

    opcode = read_opcode(params)
    options = send.SendOptions(
        read_common(params, env),
        messages=[read_message(text, opcode, env) for text in params["messages"]],
        opcode=opcode,
        replies=params["replies"],
        until=params["until"],
        timeout=params["timeout"],
    )
    return send.run(options, env)


def read_message(text: str, opcode: Opcode, env: Env) -> bytes:
    """Return a payload: the text itself, a file's content for @FILE, decoded 0x or b64: if binary.

    Raises:
        UsageError: if it cannot be read or decoded.
    """
    if text.startswith("@@"):
        return text[1:].encode()
    if text.startswith("@"):
        payload = _read_file(text[1:], env)
    elif opcode == Opcode.BINARY:
        payload = _decode(text)
    else:
        payload = text.encode(errors="surrogateescape")
    if opcode == Opcode.TEXT:
        _check_utf8(payload, text)
    return payload


def _read_file(name: str, env: Env) -> bytes:
    try:
        if name == "-":
            return env.read_stdin()
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(
            f"cannot read the message from {name!r}",
            error.strerror or str(error),
            "@FILE sends a file, @- sends stdin; a text that begins with @ is written @@",
        ) from None


def _decode(text: str) -> bytes:
    try:
        if text.startswith("0x"):
            return bytes.fromhex(text[2:])
        if text.startswith("b64:"):
            return base64.b64decode(text[4:], validate=True)
    except ValueError as error:
        raise UsageError(
            f"{text!r} cannot be decoded", str(error), "0xHEX, b64:BASE64 or @FILE"
        ) from None
    return text.encode(errors="surrogateescape")


def _check_utf8(payload: bytes, text: str) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        where = f"{payload[error.start : error.end].hex(' ')} at byte {error.start:,}"
        raise UsageError(
            f"the message {text[:40]!r} is not UTF-8, as text must be",
            f"{where}: {error.reason}",
            "--binary sends any bytes",
        ) from None


command = Command(
    "send",
    summary="Connect, send each MESSAGE, print the replies, close.",
    text="Waits for as many replies as messages are sent, and at least for one. MESSAGE may be "
    "@FILE, or @- for stdin; with --binary also 0xHEX or b64:BASE64. A text that begins with @ "
    "is written @@.",
    examples=[
        ("wscli send demo: hello", "to the embedded server, which echoes"),
        ('wscli send -v wss://example.com/ws \'{"op":"ping"}\'', "with the handshake on stderr"),
        ("wscli send -b URL 0x01ff @image.png", "two binary messages"),
        ("wscli send --until '\"done\":true' URL @job.json", "all replies up to one that matches"),
    ],
    params=[
        url_argument(),
        click.Argument(["messages"], nargs=-1, metavar="[MESSAGE]..."),
        Option(
            "-n",
            "--replies",
            type=count_or_zero,
            metavar="N",
            help="How many replies to wait for; 0 waits for none.",
        ),
        Option(
            "--until", type=pattern, metavar="REGEX", help="Wait for a message that this finds."
        ),
        Option(
            "--timeout",
            type=duration,
            default="10s",
            show_default=True,
            metavar="DURATION",
            help="For all of it; exit 6 if replies are missing then.",
        ),
        *sending_options(),
        *seeing_options(),
        *connection_options(),
    ],
    run=_run,
)
