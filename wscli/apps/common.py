"""The options that all commands with a session share; light, since the command line imports it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from wscli.net.options import ConnectOptions

Existing = Literal["refuse", "replace", "append"]
"""The choices for a recording that exists and is not empty."""


class OutputOptions(NamedTuple):
    """What to show of a session, and how.

    ``form`` is raw, json, hex or auto, which is for people at a terminal and for programs
    elsewhere. ``colour`` is auto, always or never; ``separator`` ends each payload in a pipe, and
    with ``terminated`` only those that do not end with it. ``record`` names a file for the events;
    ``existing`` applies if it is not empty. With ``secrets``, credentials in headers are written
    to stderr as they are.
    """

    verbosity: int = 0
    quiet: bool = False
    form: str = "auto"
    timestamps: bool = False
    record: str | None = None
    existing: Existing = "refuse"
    secrets: bool = False
    colour: str = "auto"
    separator: bytes = b"\n"
    terminated: bool = False


class SessionOptions(NamedTuple):
    """Where and how to connect, and what to show."""

    url: str
    connect: ConnectOptions = ConnectOptions()
    output: OutputOptions = OutputOptions()
