"""The options that commands share; ``params.py`` reads their values."""

from __future__ import annotations

from typing import get_args

import click

from wscli.apps.env import Colour
from wscli.cli.command import Option, in_section, off_switch
from wscli.cli.types import HeadersType, duration, interval, resolve, size, terminator, url


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
            metavar="'NAME: VALUE'",
            help="Send a header; 'NAME:' removes one that is sent by default, @FILE reads "
            "headers from a file, @- from stdin.",
        ),
        Option("-o", "--origin", help="Send an Origin header; by default there is none."),
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
            help="Basic authentication; asks for PASS if it is missing.",
        ),
        Option("--bearer", metavar="TOKEN", help="Bearer authentication."),
        Option(
            "--cookie", "cookies", multiple=True, metavar="'A=B'", help="Send a cookie; repeatable."
        ),
        Option("--host", help="Send this Host header instead of the URL's host."),
        Option("-A", "--user-agent", metavar="TEXT", help="Send this User-Agent header."),
        Option(
            "-L",
            "--location",
            "follow_redirects",
            is_flag=True,
            help="Follow redirects; credentials stay with their origin.",
        ),
        Option(
            "--allow-downgrade", is_flag=True, help="Follow redirects from wss:// to ws:// too."
        ),
        off_switch("--no-compress", "compress", help="Do not offer permessage-deflate."),
        Option(
            "--max-size",
            type=size,
            default="64MiB",
            show_default=True,
            metavar="SIZE",
            help="The largest message to accept.",
        ),
    )


def _network_options() -> list[Option]:
    return in_section(
        "Network",
        Option(
            "--connect-timeout",
            type=duration,
            default="10s",
            show_default=True,
            metavar="DURATION",
            help="Time limit for connecting: name, TCP, proxy, TLS and upgrade.",
        ),
        Option(
            "--close-timeout",
            type=duration,
            default="3s",
            show_default=True,
            metavar="DURATION",
            help="How long to wait for the peer's Close.",
        ),
        Option("--ping-interval", type=duration, metavar="DURATION", help="Send keepalive pings."),
        Option(
            "--ping-timeout",
            type=duration,
            default="20s",
            show_default=True,
            metavar="DURATION",
            help="End the connection when nothing arrives for this long after a keepalive ping.",
        ),
        Option(
            "--fragment",
            type=size,
            metavar="SIZE",
            help="Send messages in frames of at most this size.",
        ),
        Option(
            "--proxy",
            metavar="URL",
            help="http://, socks4://, socks4a://, socks5:// or socks5h://[USER:PASS@]HOST:PORT.",
        ),
        off_switch(
            "--no-proxy",
            "environment_proxies",
            help="Ignore the proxies that environment variables name.",
        ),
        Option(
            "--resolve",
            multiple=True,
            type=resolve,
            metavar="HOST:PORT:ADDRESS",
            help="Connect to this address instead of looking up the name.",
        ),
        Option("--unix-socket", metavar="PATH", help="Connect to a Unix socket."),
        off_switch(
            "--no-probe", "probe", help="Do not send a plain GET after a refusal to find its cause."
        ),
        Option("-4", "ipv4", is_flag=True, help="Use IPv4 only."),
        Option("-6", "ipv6", is_flag=True, help="Use IPv6 only."),
    )


def _tls_options() -> list[Option]:
    return in_section(
        "TLS",
        Option("-k", "--insecure", is_flag=True, help="Trust any certificate."),
        Option("--cacert", metavar="FILE", help="Trust the CAs in a PEM file."),
        Option("--cert", metavar="FILE", help="The client's certificate, a PEM file."),
        Option("--key", metavar="FILE", help="Its private key, a PEM file."),
        Option(
            "--tls-min",
            type=click.Choice(["1.2", "1.3"]),
            help="The oldest version of TLS to accept.",
        ),
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
    return in_section("Output", *_form_options(), *_detail_options(), *_appearance_options())


def _form_options() -> list[Option]:
    return [
        Option("--raw", "as_raw", is_flag=True, help="Write payload bytes with nothing added."),
        Option("--hex", "as_hex", is_flag=True, help="Write payloads as a hex dump."),
        Option(
            "--timestamps",
            is_flag=True,
            help="Begin each message with the time at which it arrived.",
        ),
    ]


def watching_options(quiet: str = "Show errors only.") -> list[Option]:
    """Return the options for the output of any session; ``quiet`` is the help of -q."""
    return in_section(
        "Output", *_detail_options(quiet), *recording_options(), *_appearance_options()
    )


def _detail_options(quiet: str = "Show errors only.") -> list[Option]:
    return [
        Option(
            "-v",
            "verbosity",
            count=True,
            help="On stderr: -v the handshake, -vv every frame, -vvv the bytes in hex.",
        ),
        Option("-q", "--quiet", is_flag=True, help=quiet),
        Option("--json", "as_json", is_flag=True, help="Write every event as a line of JSON."),
    ]


def _appearance_options() -> list[Option]:
    return [
        Option(
            "--show-secrets",
            is_flag=True,
            help="Do not mask credentials in the headers that -v writes to a file or pipe.",
        ),
        Option(
            "--color",
            "colour",
            type=click.Choice(get_args(Colour)),
            default="auto",
            help="When to use colour; NO_COLOR and FORCE_COLOR are honoured.",
        ),
    ]


def recording_options() -> list[Option]:
    """Return the options for a recording."""
    return in_section(
        "Output",
        Option(
            "--record",
            metavar="FILE",
            help="Write every event to a file, as JSON; only you can read the file.",
        ),
        Option("--force", is_flag=True, help="Replace the contents of FILE."),
        Option("--append", is_flag=True, help="Append to FILE."),
    )


def sending_options() -> list[Option]:
    """Return the options for making messages, and for sending some automatically."""
    return in_section(
        "Sending",
        Option("-t", "--text", is_flag=True, help="Send text; the default."),
        Option("-b", "--binary", is_flag=True, help="Send binary."),
        Option(
            "--escapes",
            is_flag=True,
            help=r"Replace \0 \n \r \t \\ \xNN \uNNNN \u{N} in typed text.",
        ),
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
            help="Send REPLY whenever a message matches MATCH: a regular expression or, if it "
            "begins with $. or $[, a JSONPath query. It ends at the first = that leaves it "
            r"complete (\= is a literal =); repeatable.",
        ),
        Option(
            "--every",
            "repeats",
            nargs=2,
            type=(interval, str),
            multiple=True,
            metavar="DURATION MESSAGE",
            help="Send MESSAGE at this interval, first after one interval; repeatable.",
        ),
    )
