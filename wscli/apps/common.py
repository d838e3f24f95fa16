"""The options that all commands with a session share; light, since the command line imports it."""

from __future__ import annotations

from typing import NamedTuple

from wscli.net.options import ConnectOptions


class Seeing(NamedTuple):
    """What to show of a session, and how.

    ``form`` is raw, json, hex or auto, which is for people at a terminal and for programs
    elsewhere. ``colour`` is auto, always or never; ``separator`` ends each payload in a pipe, and
    with ``terminated`` only those that do not end with it.
    """

    verbosity: int = 0
    quiet: bool = False
    form: str = "auto"
    timestamps: bool = False
    record: str | None = None
    colour: str = "auto"
    separator: bytes = b"\n"
    terminated: bool = False


class Common(NamedTuple):
    """Where and how to connect, and what to show."""

    url: str
    connect: ConnectOptions = ConnectOptions()
    seeing: Seeing = Seeing()
