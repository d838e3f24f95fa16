"""The options that commands share; ``params.py`` reads their values.

Names follow curl where curl has the option (-H, -u, -A, -L, -k, --cacert, --resolve and others), so
that users need not learn them. Every text is one clause with the unit and the default; the first
clause is also the description in a shell's completion.
"""

from __future__ import annotations

from typing import get_args

import click

from wscli.apps.env import Colour
from wscli.cli.command import Option, in_section, off_switch
from wscli.cli.types import (
    HeadersType,
    duration,
    interval,
    replacer,
    resolve,
    size,
    terminator,
    url,
)


def url_argument() -> click.Argument:
    """Return the argument URL."""
    return click.Argument(["url"], type=url, metavar="URL")


def connection_options() -> list[Option]:
    """Return the options for connecting."""
    return [*_request_options(), *_network_options(), *_tls_options()]


def _request_options() -> list[Option]:
    return in_section(
        "Request",
        Option(
            "-H",
            "--header",
            "headers",
            multiple=True,
            type=HeadersType(),
            metavar="'NAME: VALUE'",  # with quotes, since a shell would split it at the space
            help="Send a header; 'NAME:' removes a default one, 'NAME;' sends an empty one, "
            "@FILE reads headers from a file, @- from stdin. Repeatable.",
        ),
        # RFC 6455 §4.1: a client that is not a browser "MAY" send it. Many servers refuse an
        # unknown origin, and accept a request without one.
        Option(
            "-o", "--origin", metavar="ORIGIN", help="Send this Origin header; none by default."
        ),
        Option(
            "-s",
            "--subprotocol",
            "subprotocols",
            multiple=True,
            metavar="NAME",
            help="Offer a subprotocol; repeatable.",
        ),
        Option(
            "-u",
            "--user",
            metavar="USER[:PASS]",
            help="Use Basic authentication; asks for PASS if it is missing.",
        ),
        # Every user of the machine can read the arguments of a process; -H @FILE and -H @- keep a
        # token out of them.
        Option("--bearer", metavar="TOKEN", help="Use Bearer authentication."),
        Option(
            "--cookie", "cookies", multiple=True, metavar="'A=B'", help="Send a cookie; repeatable."
        ),
        Option("--host", metavar="HOST", help="Send this Host header instead of the URL's host."),
        Option("-A", "--user-agent", metavar="TEXT", help="Send this User-Agent header."),
        # Off by default, as in curl. RFC 6455 §4.1 on 3xx responses: "clients are not required to
        # follow them"; browsers do not, so it is the status itself that a user wants to see.
        Option(
            "-L",
            "--location",
            "follow_redirects",
            is_flag=True,
            help="Follow redirects; credentials are not sent to another origin.",
        ),
        # A redirect could otherwise make the client send its request without encryption.
        Option(
            "--allow-downgrade", is_flag=True, help="Follow redirects from wss:// to ws:// too."
        ),
    )


def _network_options() -> list[Option]:
    return in_section(
        "Network",
        # One limit for all phases: a user waits for their sum, and cannot know which one is slow.
        Option(
            "--connect-timeout",
            type=duration,
            default="10s",
            show_default=True,
            metavar="DURATION",
            help="Time limit for connecting: name, TCP, proxy, TLS and upgrade together.",
        ),
        Option(
            "--close-timeout",
            type=duration,
            default="3s",
            show_default=True,
            metavar="DURATION",
            help="Time limit for the peer's answer to Close.",
        ),
        Option(
            "--ping-interval",
            type=duration,
            metavar="DURATION",
            help="Send a keepalive ping at this interval; none by default.",
        ),
        # Anything that arrives is a sign of life, since a pong may wait behind a large message.
        Option(
            "--ping-timeout",
            type=duration,
            default="20s",
            show_default=True,
            metavar="DURATION",
            help="End the connection if nothing arrives for this long after a keepalive ping.",
        ),
        Option(
            "--max-size",
            type=size,
            default="64MiB",
            show_default=True,
            metavar="SIZE",
            help="Largest message to accept; a larger one closes the connection with 1009.",
        ),
        Option(
            "--fragment",
            type=size,
            metavar="SIZE",
            help="Split messages into frames of at most SIZE; one frame each by default.",
        ),
        off_switch("--no-compress", "compress", help="Do not offer permessage-deflate."),
        Option(
            "--proxy",
            metavar="URL",
            help="Connect through a proxy: http://, socks4://, socks4a://, socks5:// or "
            "socks5h://, then [USER:PASS@]HOST:PORT.",
        ),
        off_switch(
            "--no-proxy",
            "environment_proxies",
            help="Ignore proxies that are set by environment variables.",
        ),
        Option(
            "--resolve",
            multiple=True,
            type=resolve,
            metavar="HOST:PORT:ADDRESS",
            help="Connect to ADDRESS instead of looking up HOST; repeatable.",
        ),
        Option("--unix-socket", metavar="PATH", help="Connect through a Unix socket."),
        # The probe is a second request, which a server may count or log.
        off_switch(
            "--no-probe",
            "probe",
            help="After a refused upgrade, do not send a plain GET to find the cause.",
        ),
        Option("-4", "ipv4", is_flag=True, help="Use IPv4 only."),
        Option("-6", "ipv6", is_flag=True, help="Use IPv6 only."),
    )


def trust_options() -> list[Option]:
    """Return the options for verifying the certificate of a server."""
    return in_section(
        "TLS",
        Option("-k", "--insecure", is_flag=True, help="Do not verify the server's certificate."),
        Option(
            "--cacert", metavar="FILE", help="Trust the CAs in a PEM file instead of the system's."
        ),
    )


def _tls_options() -> list[Option]:
    return in_section(
        "TLS",
        *trust_options(),
        Option("--cert", metavar="FILE", help="Client certificate, a PEM file."),
        Option(
            "--key",
            metavar="FILE",
            help="Private key of the client certificate, a PEM file; by default it is in the "
            "same file.",
        ),
        # TLS 1.0 and 1.1 must not be used (RFC 8996), and Python disables them.
        Option(
            "--tls-min",
            type=click.Choice(["1.2", "1.3"]),
            help="Oldest version of TLS to accept; 1.2 by default.",
        ),
        # It is also the name that is sent (SNI, RFC 6066 §3): a server chooses its certificate by
        # it.
        Option(
            "--server-name",
            metavar="NAME",
            help="Verify the certificate for NAME instead of the URL's host.",
        ),
    )


def output_options() -> list[Option]:
    """Return the options for the output of a session with messages."""
    return in_section("Output", *_form_options(), *watching_options())


def viewing_options() -> list[Option]:
    """Return the options for the output of a recording."""
    return in_section(
        "Output",
        *_form_options(),
        *_detail_options(),
        redact_option("Leave out secrets"),
        *_appearance_options(),
    )


def _form_options() -> list[Option]:
    return [
        Option("--raw", "as_raw", is_flag=True, help="Write payload bytes with nothing added."),
        Option("--hex", "as_hex", is_flag=True, help="Write payloads as a hex dump."),
        Option(
            "--timestamps",
            is_flag=True,
            help="Begin each message with its time of arrival.",
        ),
    ]


def watching_options(quiet: str = "Show errors only.") -> list[Option]:
    """Return the options for the output of any session; ``quiet`` is the help of -q."""
    return in_section(
        "Output", *_detail_options(quiet), *recording_options(), *_appearance_options()
    )


def _detail_options(quiet: str = "Show errors only.") -> list[Option]:
    return [
        # Counted, as in ssh. There is no long form; for --verbose, which curl has, a hint shows -v
        # (see `habits.py`).
        Option(
            "-v",
            "verbosity",
            count=True,
            help="Show the handshake on stderr; -vv also every frame, -vvv also its bytes in hex.",
        ),
        Option("-q", "--quiet", is_flag=True, help=quiet),
        Option("--json", "as_json", is_flag=True, help="Write each event as a line of JSON."),
    ]


def _appearance_options() -> list[Option]:
    return [
        Option(
            "--show-secrets",
            is_flag=True,
            help="Do not mask credentials in headers that -v writes to a file or pipe.",
        ),
        # Spelt as in ls, grep and git, and with their three values.
        Option(
            "--color",
            "colour",
            type=click.Choice(get_args(Colour)),
            default="auto",
            help="When to use colour; auto means at a terminal, and honours NO_COLOR and "
            "FORCE_COLOR.  [default: auto]",
        ),
    ]


def recording_options() -> list[Option]:
    """Return the options for a recording."""
    return in_section(
        "Output",
        Option(
            "--record",
            metavar="FILE",
            help="Record every event to FILE, as JSON; only you can read it.",
        ),
        Option("--force", is_flag=True, help="Let --record replace a file that is not empty."),
        Option("--append", is_flag=True, help="Let --record append to a file that is not empty."),
        redact_option("Write the recording without secrets"),
    )


def redact_option(what: str) -> Option:
    """Return the option that replaces secrets; ``what`` begins its help."""
    return Option(
        "--redact",
        multiple=True,
        type=replacer,
        bare="",
        metavar="[=REGEX]",
        help=f"{what}: credentials in headers, tokens in queries and, with =REGEX, its matches in "
        "messages (only its groups, if it has any); repeatable.",
    )


def sending_options() -> list[Option]:
    """Return the options for making messages, and for sending some automatically."""
    return in_section(
        "Sending",
        Option("-t", "--text", is_flag=True, help="Send text messages; the default."),
        Option("-b", "--binary", is_flag=True, help="Send binary messages."),
        Option(
            "--escapes",
            is_flag=True,
            help=r"Replace \0 \n \r \t \\ \xNN \uNNNN \u{N} in typed text.",
        ),
        # With escapes whether or not --escapes is given: no shell lets a NUL be typed.
        Option(
            "--end",
            type=terminator,
            metavar="STRING",
            help=r"Add a terminator such as '\0', '\x1e' or '\r\n' to messages that lack it; on "
            "stdout it replaces the line feed.",
        ),
        Option(
            "--answer",
            "answers",
            multiple=True,
            metavar="'MATCH=REPLY'",
            help="Send REPLY to each message that matches MATCH: a regular expression or, if it "
            "begins with $. or $[, a JSONPath query. The first = after a complete pattern ends "
            r"MATCH; \= is a literal =. Repeatable.",
        ),
        Option(
            "--every",
            "repeats",
            nargs=2,
            type=(interval, str),
            multiple=True,
            metavar="DURATION MESSAGE",
            help="Send MESSAGE at this interval, the first time after one interval; repeatable.",
        ),
    )
