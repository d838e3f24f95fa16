"""Which sinks look at a session: chosen by what the user asked for and by where stdout leads."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wscli.apps.common import Seeing
from wscli.apps.env import Env
from wscli.errors import UsageError
from wscli.session.bus import Sink
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.sinks.payload import PayloadSink

if TYPE_CHECKING:
    from wscli.sinks.human.messages import MessageView


def data_sink(seeing: Seeing, env: Env) -> Sink:
    """Return what writes messages to stdout."""
    output = Output(env.stdout)
    if seeing.form == "json":
        from wscli.sinks.ndjson import NdjsonSink

        return NdjsonSink(output, frames=seeing.verbosity >= 2, escape=env.stdout_tty)
    if seeing.form == "raw":
        return PayloadSink(output, b"")
    if env.stdout_tty:
        from wscli.sinks.human.messages import HumanSink

        return HumanSink(output, message_view(seeing, env))
    if seeing.form == "hex":
        from wscli.sinks.hexdump import HexSink

        return HexSink(output)
    return PayloadSink(
        output, seeing.separator, timestamps=seeing.timestamps, only_missing=seeing.terminated
    )


def talk_sinks(seeing: Seeing, env: Env) -> list[Sink]:
    """Return what writes about the connection to stderr; with ``--json`` the events say it all."""
    silent = not seeing.verbosity and not (env.stderr_tty and env.stdout_tty)
    if seeing.quiet or seeing.form == "json" or silent:
        return []
    from wscli.sinks.human.talk import TalkSink

    palette = Palette(colour=env.wants_colour(seeing.colour, tty=env.stderr_tty))
    return [TalkSink(Output(env.stderr, None), palette, seeing.verbosity)]


@contextmanager
def recording(seeing: Seeing) -> Iterator[list[Sink]]:
    """Open the file that ``--record`` names; it is complete when the context ends.

    Raises:
        UsageError: if it cannot be written.
    """
    if seeing.record is None:
        yield []
        return
    from wscli.sinks.ndjson import NdjsonSink

    with open_recording(seeing.record) as stream:
        output = Output(stream, f"the recording {seeing.record}")
        yield [NdjsonSink(output, frames=seeing.verbosity >= 2)]


def open_recording(name: str) -> io.FileIO:
    """Open a file for a recording, in place of what was there.

    Raises:
        UsageError: if it cannot be written.
    """
    try:
        return io.FileIO(name, "w", opener=_private)
    except OSError as error:
        raise UsageError(f"cannot write {name}", error.strerror or str(error)) from None


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner may read: a recording has credentials in its headers."""
    return os.open(path, flags, mode=0o600)


def message_view(seeing: Seeing, env: Env) -> MessageView:
    """Return what lays messages out for a terminal, as the user asked for it."""
    from wscli.sinks.human.messages import MessageView

    view = MessageView(_palette(seeing, env), env.width)
    view.as_hex = seeing.form == "hex"
    view.bare = seeing.form == "raw"
    return view


def _palette(seeing: Seeing, env: Env) -> Palette:
    return Palette(colour=env.wants_colour(seeing.colour, tty=env.stdout_tty))
