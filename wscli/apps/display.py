"""Choose the sinks of a session, by the options and by whether stdout is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from wscli.apps.env import Env
from wscli.apps.options import OutputOptions
from wscli.apps.report import report
from wscli.session.pipeline import Pipeline, Sink, Stage
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.sinks.payload import PayloadSink

if TYPE_CHECKING:
    from wscli.sinks.human.messages import MessageView


def data_sink(output: OutputOptions, env: Env, *stages: Stage) -> Sink:
    """Return the sink that writes messages to stdout, behind some stages."""
    sink = _data_sink(output, env)
    # A pipeline of its own: a recording has every message, also those that -n or --until cut off.
    return Pipeline(stages, [sink], env.clock) if stages else sink


def _data_sink(output: OutputOptions, env: Env) -> Sink:
    # Each branch imports its own sink: rich, which lays messages out for people, takes longer to
    # import than all of a `send` in a pipe.
    stdout = Output(env.stdout)
    if output.form == "json":
        from wscli.sinks.ndjson import NdjsonSink

        return NdjsonSink(
            stdout,
            steps=output.verbosity >= 1,
            frames=output.verbosity >= 2,
            # JSON lets U+009B, which begins an escape sequence, stand in a string as it is.
            escape=env.stdout_tty,
        )
    # --raw is asked for by those who want bytes, so it is that at a terminal too (as curl's -o -).
    if output.form == "raw":
        return PayloadSink(stdout, b"", outgoing=output.outgoing)
    if env.stdout_tty:
        from wscli.sinks.human.messages import HumanSink

        return HumanSink(stdout, message_view(output, env))
    if output.form == "hex":
        from wscli.sinks.hexdump import HexSink

        return HexSink(stdout, outgoing=output.outgoing)
    return PayloadSink(
        stdout,
        output.separator,
        timestamps=output.timestamps,
        only_missing=output.terminated,
        outgoing=output.outgoing,
    )


def talk_sinks(output: OutputOptions, env: Env) -> list[Sink]:
    """Return the sink that describes the connection on stderr, in a list; none with ``--quiet``."""
    if output.quiet:
        return []
    palette = Palette(colour=env.wants_colour(output.colour, tty=env.stderr_tty))
    # Where stdout or stderr is redirected, stderr gets only facts that appear nowhere else: the
    # reason of a close, and that the server chose none of the subprotocols.
    silent = not output.verbosity and not (env.stderr_tty and env.stdout_tty)
    # The events on stdout have everything that -v adds, the close reason included.
    as_json = output.form == "json"
    if as_json or silent:
        from wscli.sinks.notice import NoticeSink

        return [NoticeSink(Output(env.stderr, None), palette, reasons=not as_json)]
    from wscli.sinks.human.talk import TalkSink

    # Many people can read a CI log, only the user a terminal; -vvv asks for every byte.
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
    from wscli.apps.recording import open_recording, redactor
    from wscli.sinks.recording import Recorder

    # Opened before the dial: a file that cannot be written is an error before anything is sent.
    complain = partial(report, env=env, colour=output.colour)
    recorder = Recorder(
        complain,
        steps=output.verbosity >= 1,
        frames=output.verbosity >= 2,
        redact=redactor(output.redact),
    )
    recorder.start(output.record, open_recording(output.record, output.existing))
    try:
        yield [recorder]
    finally:
        recorder.stop()


def message_view(output: OutputOptions, env: Env) -> MessageView:
    """Return the view that lays messages out for a terminal, with the user's options."""
    from wscli.sinks.human.messages import MessageView

    view = MessageView(stdout_palette(output, env), env.width)
    view.as_hex = output.form == "hex"
    view.bare = output.form == "raw"
    return view


def stdout_palette(output: OutputOptions, env: Env) -> Palette:
    """Return the colours for stdout, or none where it is not to have any."""
    return Palette(colour=env.wants_colour(output.colour, tty=env.stdout_tty))
