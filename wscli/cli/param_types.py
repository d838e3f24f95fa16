"""The names and types of the parameters that click hands to the commands.

click passes values by name and without types. Each group of options in ``options.py`` has a
TypedDict here with the same names, so that mypy checks their use; ``tests/cli/test_params.py``
compares the names with those of the options, and the types with the values that click makes. Only
the type checker and that test import this module: making the classes takes 1.5 ms, longer than
parsing a command line.
"""

from __future__ import annotations

from typing import TypedDict

from wscli.apps.env import Colour
from wscli.cli.types import Header
from wscli.payload.matching import RegexReplacer
from wscli.server.options import Mode, Otherwise


class ConnectParams(TypedDict):
    """The options for connecting."""

    origin: str | None
    subprotocols: tuple[str, ...]
    bearer: str | None
    cookies: tuple[str, ...]
    host: str | None
    follow_redirects: bool
    allow_downgrade: bool
    compress: bool
    max_size: int
    connect_timeout: float
    close_timeout: float
    ping_interval: float | None
    ping_timeout: float
    fragment: int | None
    proxy: str | None
    environment_proxies: bool
    resolve: tuple[tuple[str, int, str], ...]
    unix_socket: str | None
    probe: bool
    insecure: bool
    cacert: str | None
    cert: str | None
    key: str | None
    tls_min: str | None
    server_name: str | None
    headers: tuple[list[Header], ...]
    user: str | None
    user_agent: str | None
    ipv4: bool
    ipv6: bool


# The options of every command that connects. Those of ``OutputParams`` are absent in inspect and
# ping, which print no messages; a TypedDict is either total or not, hence two classes.
class _DetailParams(TypedDict):
    verbosity: int
    quiet: bool
    as_json: bool
    redact: tuple[RegexReplacer | None, ...]
    show_secrets: bool
    colour: Colour


class ViewParams(_DetailParams, total=False):
    """The options for output; those here are absent in commands that show no messages."""

    as_raw: bool
    as_hex: bool
    timestamps: bool


class OutputParams(ViewParams):
    """The options for the output of a session, with its recording."""

    record: str | None
    force: bool
    append: bool


class SendingParams(TypedDict):
    """The options for making messages."""

    text: bool
    binary: bool
    escapes: bool
    end: bytes | None
    answers: tuple[str, ...]
    repeats: tuple[tuple[float, str], ...]


class SessionParams(ConnectParams, OutputParams):
    """The parameters of every command that connects."""

    url: str


class MessageParams(SessionParams, SendingParams):
    """The parameters of every command that sends and shows messages."""


# The address is missing: one argument becomes two fields.
class ServeFields(TypedDict):
    """The parameters of serve that are passed to ServeOptions unchanged."""

    mode: Mode | None
    otherwise: Otherwise
    script: str | None
    unix_socket: str | None
    tls: bool
    cert: str | None
    key: str | None
    origins: tuple[str, ...]
    max_clients: int | None
    max_size: int
    queue: int
    ping_interval: float | None
