"""The options that all commands with a session share.

The command line imports this module for every command, even for ``--help``, so it imports next to
nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from wscli.apps.env import Colour
from wscli.net.options import ConnectOptions

if TYPE_CHECKING:
    from wscli.payload.matching import RegexReplacer

Existing = Literal["refuse", "replace", "append"]
"""The choices for a recording that exists and is not empty."""

Form = Literal["auto", "raw", "json", "hex"]
"""The form of the output; auto is a view for people at a terminal, and payloads elsewhere."""


class OutputFile(NamedTuple):
    """The file to write, None for stdout; with ``replace`` its contents may be lost."""

    name: str | None = None
    replace: bool = False


class OutputOptions(NamedTuple):
    """The output of a session: its contents and its form.

    ``separator`` ends each payload in a pipe; with ``terminated`` it is not added to payloads that
    already end with it. ``record`` names a file for the events; ``existing`` applies if it is not
    empty. ``redact`` has the user's patterns of secrets that a recording is to lack; None keeps
    them. With ``secrets``, credentials in headers are written to stderr unmasked. With
    ``outgoing``, forms that show one direction show what was sent.
    """

    verbosity: int = 0
    quiet: bool = False
    form: Form = "auto"
    timestamps: bool = False
    record: str | None = None
    redact: tuple[RegexReplacer, ...] | None = None
    existing: Existing = "refuse"
    secrets: bool = False
    colour: Colour = "auto"
    separator: bytes = b"\n"
    terminated: bool = False
    outgoing: bool = False


class SessionOptions(NamedTuple):
    """The URL, the options for connecting, and the output."""

    url: str
    connect: ConnectOptions = ConnectOptions()
    output: OutputOptions = OutputOptions()
