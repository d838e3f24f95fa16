"""Read the values of the options that commands share, as click hands them over by name.

Each value has been checked alone, by its type in ``types``. Here values that exclude each other are
refused, before anything is opened or sent.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import click

from wscli.apps.env import Env
from wscli.apps.options import Existing, Form, OutputFile, OutputOptions, SessionOptions
from wscli.errors import UsageError
from wscli.net.options import ConnectOptions
from wscli.text import visible
from wscli.wire.codes import Opcode

if TYPE_CHECKING:
    from wscli.apps.message import Sending
    from wscli.cli.param_types import (
        ConnectParams,
        OutputParams,
        SendingParams,
        SessionParams,
        ViewParams,
    )
    from wscli.payload.matching import RegexReplacer

_DEFAULTS = ConnectOptions()


def read_session(
    params: SessionParams,
    env: Env,
    sending: Sending | None = None,
    *,
    records_later: bool = False,
) -> SessionOptions:
    """Return the shared options as one value; the terminator of messages also ends the output's.

    With ``records_later`` a recording may begin after the start.
    """
    # A server that expects a terminator sends one, which should not be followed by a line feed.
    output = read_output(params, records_later=records_later)
    if sending is not None and sending.end:
        output = output._replace(separator=sending.end, terminated=True)
    return SessionOptions(params["url"], read_connect(params, env), output)


def read_connect(params: ConnectParams, env: Env) -> ConnectOptions:
    """Return the options for connecting as one value; asks for a missing password."""
    user, password = _read_user(params["user"], env)
    if params["ipv4"] and params["ipv6"]:
        raise UsageError("-4 and -6 exclude each other", hint="give one of them")
    # Written out, rather than ``**params``: mypy then finds a field that was renamed or forgotten.
    return ConnectOptions(
        # Each -H is a list: @FILE stands for several headers, in the place where it was given.
        headers=tuple(header for headers in params["headers"] for header in headers),
        user=user,
        password=password,
        user_agent=params["user_agent"] or _DEFAULTS.user_agent,
        family=4 if params["ipv4"] else 6 if params["ipv6"] else None,
        origin=params["origin"],
        subprotocols=params["subprotocols"],
        bearer=params["bearer"],
        cookies=params["cookies"],
        host=params["host"],
        follow_redirects=params["follow_redirects"],
        allow_downgrade=params["allow_downgrade"],
        compress=params["compress"],
        max_size=params["max_size"],
        connect_timeout=params["connect_timeout"],
        close_timeout=params["close_timeout"],
        ping_interval=params["ping_interval"],
        ping_timeout=params["ping_timeout"],
        fragment=params["fragment"],
        proxy=params["proxy"],
        environment_proxies=params["environment_proxies"],
        resolve=params["resolve"],
        unix_socket=params["unix_socket"],
        probe=params["probe"],
        insecure=params["insecure"],
        cacert=params["cacert"],
        cert=params["cert"],
        key=params["key"],
        tls_min=params["tls_min"],
        server_name=params["server_name"],
    )


def _read_user(text: str | None, env: Env) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    # At the first colon: a password may have colons, a user name must not (RFC 7617 §2).
    user, colon, password = text.partition(":")
    if colon:
        return user, password
    # As in curl, a password that was left out is asked for, and never shows up in `ps`. click reads
    # it from the terminal, so stdin may be a pipe.
    if not os.path.exists("/dev/tty") or not env.stderr_tty:
        raise UsageError(
            f"the password of {user} is missing, and there is no terminal to ask for it",
            hint="--user USER:PASS",
        )
    # Ctrl-C must not end the program while the terminal does not echo: as an exception it lets
    # click turn the echo on again.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return user, click.prompt(f"Password of {visible(user)}", hide_input=True, err=True)
    finally:
        signal.signal(signal.SIGINT, before)


def read_output(params: OutputParams, *, records_later: bool = False) -> OutputOptions:
    """Return the options for output as one value."""
    if not records_later:
        check_redact(params["record"], params["redact"])
    return read_view(params)._replace(
        record=params["record"],
        existing=read_existing(params["record"], params["force"], params["append"]),
    )


def read_view(params: ViewParams) -> OutputOptions:
    """Return the options for output, without those for a recording, as one value."""
    given: dict[Form, bool] = {
        "raw": params.get("as_raw", False),
        "json": params["as_json"],
        "hex": params.get("as_hex", False),
    }
    forms = [form for form, wanted in given.items() if wanted]
    timestamps = params.get("timestamps", False)
    check_exclusive(**given)
    # The events have times, a hex dump has no line to put one on, and --raw adds nothing.
    if forms and timestamps:
        raise UsageError(f"--timestamps and --{forms[0]} exclude each other")
    return OutputOptions(
        verbosity=params["verbosity"],
        quiet=params["quiet"],
        form=forms[0] if forms else "auto",
        timestamps=timestamps,
        redact=read_redact(params["redact"]),
        secrets=params["show_secrets"],
        colour=params["colour"],
    )


def check_exclusive(**given: object) -> None:
    """Reject options that exclude each other; each is given by its long name.

    Raises:
        UsageError: if more than one has a value.
    """
    names = [f"--{name}" for name, value in given.items() if value]
    if len(names) > 1:
        raise UsageError(f"{' and '.join(names)} exclude each other", hint="give one of them")


def check_redact(record: str | None, patterns: tuple[RegexReplacer | None, ...]) -> None:
    """Reject ``--redact`` without a recording: it does not apply to what is shown.

    Raises:
        UsageError: if there is no recording.
    """
    if patterns and record is None:
        raise UsageError("--redact needs --record", hint="--record FILE names the recording")


def read_redact(
    patterns: tuple[RegexReplacer | None, ...],
) -> tuple[RegexReplacer, ...] | None:
    """Return the patterns of secrets, or None if nothing is redacted."""
    return tuple(filter(None, patterns)) if patterns else None


def read_output_file(name: str | None, force: bool) -> OutputFile:
    """Return the file to write; ``-`` is stdout."""
    return OutputFile(None if name == "-" else name, force)


def read_existing(record: str | None, force: bool, append: bool) -> Existing:
    """Return the choice for a recording that exists."""
    check_exclusive(force=force, append=append)
    # Ignored, it would hide that --record was forgotten.
    if record is None and (force or append):
        given = "--force" if force else "--append"
        raise UsageError(f"{given} needs --record", hint="--record FILE names the recording")
    return "replace" if force else "append" if append else "refuse"


def read_sending(params: SendingParams, env: Env) -> Sending:
    """Return the options for making messages as one value."""
    from wscli.apps.message import Sending, with_automation

    # -t is the default and exists to be explicit in a script; the last one of -t -b does not win.
    if params["text"] and params["binary"]:
        raise UsageError("a message is text or binary, not both", hint="--text or --binary")
    opcode = Opcode.BINARY if params["binary"] else Opcode.TEXT
    sending = Sending(opcode, params["escapes"], params["end"] or b"")
    return with_automation(sending, params["answers"], params["repeats"], env)
