"""The options that commands share, as data, and what they amount to."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import click

from wscli.apps.common import Existing, OutputOptions, SessionOptions
from wscli.apps.env import Env
from wscli.cli.command import Option
from wscli.cli.types import duration, headers, interval, resolve, size, terminator, url
from wscli.errors import UsageError
from wscli.net.options import ConnectOptions
from wscli.text import visible
from wscli.wire.codes import Opcode

if TYPE_CHECKING:
    from wscli.apps.message import Sending

_DEFAULTS = ConnectOptions()


def url_argument() -> click.Argument:
    """Return the argument URL."""
    return click.Argument(["url"], type=url, metavar="URL")


def connection_options() -> list[click.Parameter]:
    """Return the options that say how to connect."""
    return [*_request_options(), *_network_options(), *_tls_options()]


def _request_options() -> list[click.Parameter]:
    section = "Request"
    return [
        Option(
            "-H",
            "--header",
            "headers",
            section=section,
            multiple=True,
            type=headers,
            metavar="'NAME: VALUE'",
            help="Send a header; 'NAME:' removes one that is sent by default, @FILE reads "
            "headers from a file, @- from stdin.",
        ),
        Option("-o", "--origin", section=section, help="Send an Origin; none is sent otherwise."),
        Option(
            "-s",
            "--subprotocol",
            "subprotocols",
            section=section,
            multiple=True,
            metavar="NAME",
            help="Offer a subprotocol; again for another.",
        ),
        Option(
            "-u",
            "--user",
            section=section,
            metavar="USER[:PASS]",
            help="Basic authentication; asks for PASS where it is missing.",
        ),
        Option("--bearer", section=section, metavar="TOKEN", help="Bearer authentication."),
        Option(
            "--cookie", "cookies", section=section, multiple=True, metavar="'A=B'", help="A cookie."
        ),
        Option("--host", section=section, help="Send another Host than the URL's."),
        Option(
            "-A",
            "--user-agent",
            section=section,
            metavar="TEXT",
            help="Send another User-Agent.",
        ),
        Option(
            "-L",
            "--location",
            "follow_redirects",
            section=section,
            is_flag=True,
            help="Follow redirects; credentials stay with their origin.",
        ),
        Option(
            "--allow-downgrade",
            section=section,
            is_flag=True,
            help="Follow redirects from wss:// to ws:// too.",
        ),
        Option(
            "--no-compress",
            "compress",
            section=section,
            is_flag=True,
            flag_value=False,
            default=True,
            help="Do not offer permessage-deflate.",
        ),
        Option(
            "--max-size",
            section=section,
            type=size,
            default="64MiB",
            show_default=True,
            metavar="SIZE",
            help="The largest message to take.",
        ),
    ]


def _network_options() -> list[click.Parameter]:
    section = "Network"
    return [
        Option(
            "--connect-timeout",
            section=section,
            type=duration,
            default="10s",
            show_default=True,
            metavar="DURATION",
            help="For all of connecting: name, TCP, proxy, TLS and upgrade.",
        ),
        Option(
            "--close-timeout",
            section=section,
            type=duration,
            default="3s",
            show_default=True,
            metavar="DURATION",
            help="How long to wait for the peer's Close.",
        ),
        Option(
            "--ping-interval",
            section=section,
            type=duration,
            metavar="DURATION",
            help="Send keepalive pings.",
        ),
        Option(
            "--ping-timeout",
            section=section,
            type=duration,
            default="20s",
            show_default=True,
            metavar="DURATION",
            help="End the connection when nothing arrives for this long after a keepalive ping.",
        ),
        Option(
            "--fragment",
            section=section,
            type=size,
            metavar="SIZE",
            help="Send messages in frames of at most this size.",
        ),
        Option(
            "--proxy",
            section=section,
            metavar="URL",
            help="http://, socks4://, socks4a://, socks5:// or socks5h://[USER:PASS@]HOST:PORT.",
        ),
        Option(
            "--no-proxy",
            "environment_proxies",
            section=section,
            is_flag=True,
            flag_value=False,
            default=True,
            help="Use no proxy that the environment names.",
        ),
        Option(
            "--resolve",
            section=section,
            multiple=True,
            type=resolve,
            metavar="HOST:PORT:ADDRESS",
            help="Connect to this address instead of looking up the name.",
        ),
        Option("--unix-socket", section=section, metavar="PATH", help="Connect to a Unix socket."),
        Option(
            "--no-probe",
            "probe",
            section=section,
            is_flag=True,
            flag_value=False,
            default=True,
            help="Do not send a plain GET after a refusal to find its cause.",
        ),
        Option("-4", "ipv4", section=section, is_flag=True, help="Use IPv4 only."),
        Option("-6", "ipv6", section=section, is_flag=True, help="Use IPv6 only."),
    ]


def _tls_options() -> list[click.Parameter]:
    section = "TLS"
    return [
        Option("-k", "--insecure", section=section, is_flag=True, help="Trust any certificate."),
        Option("--cacert", section=section, metavar="FILE", help="Trust the CAs in a PEM file."),
        Option("--cert", section=section, metavar="FILE", help="The client's certificate, PEM."),
        Option("--key", section=section, metavar="FILE", help="Its private key, PEM."),
        Option(
            "--tls-min",
            section=section,
            type=click.Choice(["1.2", "1.3"]),
            help="The oldest version of TLS to take.",
        ),
        Option(
            "--server-name",
            section=section,
            metavar="NAME",
            help="Verify the certificate for NAME instead of the URL's host.",
        ),
    ]


def seeing_options() -> list[click.Parameter]:
    """Return the options that say what to show of a session with messages."""
    section = "Seeing"
    return [
        Option("--raw", "as_raw", section=section, is_flag=True, help="Payloads, nothing added."),
        Option("--hex", "as_hex", section=section, is_flag=True, help="Payloads as a hex dump."),
        Option(
            "--timestamps",
            section=section,
            is_flag=True,
            help="Each message begins with the time at which it came.",
        ),
        *watching_options(),
    ]


def watching_options(quiet: str = "Say nothing but errors.") -> list[click.Parameter]:
    """Return the options for the output of any session; ``quiet`` is the help of -q."""
    section = "Seeing"
    return [
        Option(
            "-v",
            "verbosity",
            section=section,
            count=True,
            help="On stderr: -v the handshake, -vv every frame, -vvv the bytes in hex.",
        ),
        Option("-q", "--quiet", section=section, is_flag=True, help=quiet),
        Option("--json", "as_json", section=section, is_flag=True, help="Every event as JSON."),
        *recording_options(),
        Option(
            "--show-secrets",
            section=section,
            is_flag=True,
            help="Do not mask credentials in the headers that -v writes to a file or pipe.",
        ),
        Option(
            "--color",
            "colour",
            section=section,
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colour; NO_COLOR and FORCE_COLOR are honoured.",
        ),
    ]


def recording_options() -> list[click.Parameter]:
    """Return the options for a recording."""
    section = "Seeing"
    return [
        Option(
            "--record",
            section=section,
            metavar="FILE",
            help="Write every event to a file, as JSON; only you can read the file.",
        ),
        Option("--force", section=section, is_flag=True, help="Replace the contents of FILE."),
        Option("--append", section=section, is_flag=True, help="Append to FILE."),
    ]


def read_existing(params: dict[str, Any]) -> Existing:
    """Return the choice for a recording that exists."""
    if params["force"] and params["append"]:
        raise UsageError("--force and --append exclude each other", hint="give one of them")
    if params["record"] is None and (params["force"] or params["append"]):
        given = "--force" if params["force"] else "--append"
        raise UsageError(f"{given} needs --record", hint="--record FILE names the recording")
    return "replace" if params["force"] else "append" if params["append"] else "refuse"


def sending_options() -> list[click.Parameter]:
    """Return the options that say how messages are made, and which are sent automatically."""
    section = "Sending"
    return [
        Option("-t", "--text", section=section, is_flag=True, help="Send text; the default."),
        Option("-b", "--binary", section=section, is_flag=True, help="Send binary."),
        Option(
            "--escapes",
            section=section,
            is_flag=True,
            help=r"Replace \0 \n \r \t \\ \xNN \uNNNN \u{N} in typed text.",
        ),
        Option(
            "--end",
            section=section,
            type=terminator,
            metavar="STRING",
            help=r"Add a terminator such as '\0', '\x1e' or '\r\n' to messages that lack it; on "
            "stdout it replaces the line feed.",
        ),
        Option(
            "--answer",
            "answers",
            section=section,
            multiple=True,
            metavar="'MATCH=REPLY'",
            help="Send REPLY whenever a message matches MATCH: a regular expression or, if it "
            "begins with $. or $[, a JSONPath query. It ends at the first = that leaves it "
            r"complete (\= is a literal =); repeatable.",
        ),
        Option(
            "--every",
            "repeats",
            section=section,
            nargs=2,
            type=(interval, str),
            multiple=True,
            metavar="DURATION MESSAGE",
            help="Send MESSAGE at this interval, first after one interval; repeatable.",
        ),
    ]


def read_sending(params: dict[str, Any], env: Env) -> Sending:
    """Return the sending options as one value."""
    from wscli.apps.message import Sending, with_automation

    if params["text"] and params["binary"]:
        raise UsageError("a message is text or binary, not both", hint="--text or --binary")
    opcode = Opcode.BINARY if params["binary"] else Opcode.TEXT
    sending = Sending(opcode, params["escapes"], params["end"] or b"")
    return with_automation(sending, params["answers"], params["repeats"], env)


def read_common(params: dict[str, Any], env: Env, sending: Sending | None = None) -> SessionOptions:
    """Return the shared options as one value; the terminator of messages also ends the output's."""
    end = sending.end if sending else b""
    output = read_output_options(params)
    if end:
        output = output._replace(separator=end, terminated=True)
    return SessionOptions(params["url"], read_connect_options(params, env), output)


def read_connect_options(params: dict[str, Any], env: Env) -> ConnectOptions:
    """Return how to connect; asks for a password that is missing."""
    user, password = _read_user(params["user"], env)
    if params["ipv4"] and params["ipv6"]:
        raise UsageError("IPv4 only and IPv6 only exclude each other", hint="-4 or -6")
    given = {name: params[name] for name in ConnectOptions._fields if name in params}
    given |= {
        "headers": tuple(header for headers in params["headers"] for header in headers),
        "user": user,
        "password": password,
        "user_agent": params["user_agent"] or _DEFAULTS.user_agent,
        "family": 4 if params["ipv4"] else 6 if params["ipv6"] else None,
    }
    return ConnectOptions(**given)


def _read_user(text: str | None, env: Env) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    user, colon, password = text.partition(":")
    if colon:
        return user, password
    if not os.path.exists("/dev/tty") or not env.stderr_tty:
        raise UsageError(
            f"the password of {user} is missing, and there is no terminal to ask at",
            hint="--user USER:PASS",
        )
    # Ctrl-C must not end the program while the terminal does not echo.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return user, click.prompt(f"Password of {visible(user)}", hide_input=True, err=True)
    finally:
        signal.signal(signal.SIGINT, before)


def read_output_options(params: dict[str, Any]) -> OutputOptions:
    """Return what to show."""
    forms = [form for form in ("raw", "json", "hex") if params.get(f"as_{form}")]
    if len(forms) > 1:
        names = " and ".join(f"--{form}" for form in forms)
        raise UsageError(f"{names} exclude each other", hint="give one of them")
    if forms and params.get("timestamps"):
        raise UsageError(f"--timestamps and --{forms[0]} exclude each other")
    return OutputOptions(
        verbosity=params["verbosity"],
        quiet=params["quiet"],
        form=forms[0] if forms else "auto",
        timestamps=params.get("timestamps", False),
        record=params["record"],
        existing=read_existing(params),
        secrets=params["show_secrets"],
        colour=params["colour"],
    )
