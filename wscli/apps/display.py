"""Choose the sinks of a session, by the options and by whether stdout is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wscli.apps.env import Env
from wscli.apps.options import OutputOptions
from wscli.apps.report import report
from wscli.errors import WscliError
from wscli.session.pipeline import Pipeline, Sink, Stage
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.sinks.payload import PayloadSink

if TYPE_CHECKING:
    from wscli.sinks.human.messages import MessageView


def data_sink(output: OutputOptions, env: Env, *stages: Stage) -> Sink:
    """Return the sink that writes messages to stdout, behind some stages."""
    sink = _data_sink(output, env)
    return Pipeline(stages, [sink], env.clock) if stages else sink


def _data_sink(output: OutputOptions, env: Env) -> Sink:
    stdout = Output(env.stdout)
    if output.form == "json":
        from wscli.sinks.ndjson import NdjsonSink

        return NdjsonSink(
            stdout,
            steps=output.verbosity >= 1,
            frames=output.verbosity >= 2,
            escape=env.stdout_tty,
        )
    if output.form == "raw":
        return PayloadSink(stdout, b"")
    if env.stdout_tty:
        from wscli.sinks.human.messages import HumanSink

        return HumanSink(stdout, message_view(output, env))
    if output.form == "hex":
        from wscli.sinks.hexdump import HexSink

        return HexSink(stdout)
    return PayloadSink(
        stdout, output.separator, timestamps=output.timestamps, only_missing=output.terminated
    )


def talk_sinks(output: OutputOptions, env: Env) -> list[Sink]:
    """Return the sink that describes the connection on stderr; JSON events have most of it."""
    if output.quiet:
        return []
    palette = Palette(colour=env.wants_colour(output.colour, tty=env.stderr_tty))
    silent = not output.verbosity and not (env.stderr_tty and env.stdout_tty)
    as_json = output.form == "json"
    if as_json or silent:
        from wscli.sinks.notice import NoticeSink

        return [NoticeSink(Output(env.stderr, None), palette, reasons=not as_json)]
    from wscli.sinks.human.talk import TalkSink

    # Many people can read a CI log; -vvv asks for every byte.
    mask = not (env.stderr_tty or output.secrets or output.verbosity >= 3)
    return [TalkSink(Output(env.stderr, None), palette, output.verbosity, mask=mask)]


@contextmanager
def recording(output: OutputOptions, env: Env) -> Iterator[list[Sink]]:
    """Open the file that ``--record`` names; it is complete when the context ends.

    Raises:
        UsageError: if it cannot be written.
    """
    if output.record is None:
        yield []
        return
    from wscli.apps.recording import open_recording
    from wscli.sinks.recording import Recorder

    def complain(error: WscliError) -> None:
        report(error, env, output.colour)

    recorder = Recorder(complain, steps=output.verbosity >= 1, frames=output.verbosity >= 2)
    recorder.start(output.record, open_recording(output.record, output.existing))
    try:
        yield [recorder]
    finally:
        recorder.stop()


def message_view(output: OutputOptions, env: Env) -> MessageView:
    """Return the view that lays messages out for a terminal, with the user's options."""
    from wscli.sinks.human.messages import MessageView

    view = MessageView(_palette(output, env), env.width)
    view.as_hex = output.form == "hex"
    view.bare = output.form == "raw"
    return view


def _palette(output: OutputOptions, env: Env) -> Palette:
    return Palette(colour=env.wants_colour(output.colour, tty=env.stdout_tty))
