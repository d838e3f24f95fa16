"""Choose the sinks of a session, by the options and by whether stdout is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wscli.apps.common import Seeing
from wscli.apps.env import Env
from wscli.apps.report import report
from wscli.errors import WscliError
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
    """Return the sink that describes the connection on stderr; JSON events have most of it."""
    if seeing.quiet:
        return []
    palette = Palette(colour=env.wants_colour(seeing.colour, tty=env.stderr_tty))
    silent = not seeing.verbosity and not (env.stderr_tty and env.stdout_tty)
    as_json = seeing.form == "json"
    if as_json or silent:
        from wscli.sinks.notice import NoticeSink

        return [NoticeSink(Output(env.stderr, None), palette, reasons=not as_json)]
    from wscli.sinks.human.talk import TalkSink

    # Many people can read a CI log; -vvv asks for every byte.
    mask = not (env.stderr_tty or seeing.secrets or seeing.verbosity >= 3)
    return [TalkSink(Output(env.stderr, None), palette, seeing.verbosity, mask=mask)]


@contextmanager
def recording(seeing: Seeing, env: Env) -> Iterator[list[Sink]]:
    """Open the file that ``--record`` names; it is complete when the context ends.

    Raises:
        UsageError: if it cannot be written.
    """
    if seeing.record is None:
        yield []
        return
    from wscli.apps.recording import Recorder, open_recording

    def complain(error: WscliError) -> None:
        report(error, env, seeing.colour)

    recorder = Recorder(complain, frames=seeing.verbosity >= 2)
    recorder.start(seeing.record, open_recording(seeing.record, seeing.existing))
    try:
        yield [recorder]
    finally:
        recorder.stop()


def message_view(seeing: Seeing, env: Env) -> MessageView:
    """Return what lays messages out for a terminal, as the user asked for it."""
    from wscli.sinks.human.messages import MessageView

    view = MessageView(_palette(seeing, env), env.width)
    view.as_hex = seeing.form == "hex"
    view.bare = seeing.form == "raw"
    return view


def _palette(seeing: Seeing, env: Env) -> Palette:
    return Palette(colour=env.wants_colour(seeing.colour, tty=env.stdout_tty))
