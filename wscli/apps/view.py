"""Show a recording as a session would have done live: the same sinks behind another source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from wscli.apps.buffered import HeadedStream, Headings, buffered
from wscli.apps.display import data_sink, stdout_palette, talk_sinks
from wscli.apps.env import Env
from wscli.apps.interrupts import Interrupts
from wscli.apps.options import OutputFile, OutputOptions
from wscli.apps.player import CompleteSteps, ErrorReports, FrameWatch, Player
from wscli.apps.recording import redactor
from wscli.apps.report import remark, report
from wscli.apps.selection import ControlFramesAsMessages, Selection, Window
from wscli.errors import WscliError
from wscli.records.events import Recorded
from wscli.records.files import open_file
from wscli.records.reading import RecordingReader, with_version
from wscli.session.pipeline import Sink
from wscli.sinks.human.palette import Palette
from wscli.sinks.ndjson import NdjsonSink
from wscli.sinks.output import Output
from wscli.status import ExitStatus, status_of

_STDIN = "the recording on stdin"
_RULE_WIDTH = 80  # columns of the line above another connection, at most


class ViewOptions(NamedTuple):
    """The file, or ``-``, and the part of it that is shown in which form.

    With ``follow``, new events are awaited at the end of the file, and with ``stats`` figures are
    shown in place of messages. If there is a ``page``, a page for a browser is written to it, and
    nothing is shown.
    """

    file: str
    output: OutputOptions = OutputOptions()
    selection: Selection = Selection()
    follow: bool = False
    stats: bool = False
    page: OutputFile | None = None


def run(options: ViewOptions, env: Env) -> ExitStatus:
    """Show the recording, and return the exit status."""
    with Interrupts(0.0) as interrupts:
        try:
            return _view(options, env)
        except WscliError as error:
            report(error, env, options.output.colour)
            return status_of(error)
        except KeyboardInterrupt:
            return interrupts.status or ExitStatus.INTERRUPTED
        except BrokenPipeError:
            return ExitStatus.READER_GONE


def _view(options: ViewOptions, env: Env) -> ExitStatus:
    with _open(options, env) as file:
        env, stdout = buffered(env)
        name = _STDIN if options.file == "-" else options.file
        reader = RecordingReader(file, name, lambda text: remark(env, text), stdout.flush)
        try:
            if options.page is not None:
                return _write_page(_events(reader, options), options, options.page, env)
            if options.stats:
                _summarize(reader, options, env)
            elif _is_copy(options, env):
                _copy(reader, options, env)
            else:
                _show(reader, options, env)
        finally:
            stdout.flush()
    return ExitStatus.OK


def _open(options: ViewOptions, env: Env) -> BinaryIO:
    if options.follow and options.file != "-":
        from wscli.apps.follow import open_followed

        return open_followed(options.file, env.stdout.fileno())
    return open_file(options.file, env.stdin)


def _is_copy(options: ViewOptions, env: Env) -> bool:
    """Return True if the lines of the recording are written as they are."""
    everything = options.selection == Selection() and options.output.redact is None
    # At a terminal, control characters are escaped.
    return options.output.form == "json" and everything and not env.stdout_tty


def _copy(reader: RecordingReader, options: ViewOptions, env: Env) -> None:
    output = Output(env.stdout)
    lines = reader.lines(Player(_talk(options.output, env)).play)
    for piece in lines:
        end = piece.index(b"\n") + 1
        output.write(with_version(piece[:end]) + piece[end:])
        break
    for piece in lines:
        output.write(piece)


def _show(reader: RecordingReader, options: ViewOptions, env: Env) -> None:
    output = options.output._replace(outgoing=options.selection.incoming is False)
    headings = Headings()
    env = _headed(output, env, headings)
    data = _data(options, output, env)
    rule = _rule(output, env)

    def changed(number: int) -> None:
        headings.change(rule(number))
        if isinstance(data, NdjsonSink):
            data.connection = number if reader.numbered else None

    frames = FrameWatch()
    watches = [frames] if output.verbosity >= 2 and output.form != "json" else []
    player = Player([*_talk(output, env), data, *watches], options.selection.stages, changed)
    for recorded in _events(reader, options):
        player.play(recorded)
    if frames.lacks_frames:
        remark(env, "the recording has no frames; record with -vv to see them")


def _summarize(reader: RecordingReader, options: ViewOptions, env: Env) -> None:
    from wscli.sinks.human.plots import plot_times, plot_traffic
    from wscli.sinks.human.statistics import describe_recorded
    from wscli.sinks.replies import ReplyTimes
    from wscli.sinks.series import TrafficSeries
    from wscli.sinks.stats import Stats

    stats, series, replies = Stats(), TrafficSeries(), ReplyTimes()
    sinks = [*_talk(options.output, env), stats, series, replies]
    player = Player(sinks, options.selection.stages, replies.change)
    now = 0.0
    for recorded in _events(reader, options):
        player.play(recorded)
        now = recorded.event.time
    palette = stdout_palette(options.output, env)
    lines = [*describe_recorded(stats, now), *plot_traffic(series, palette, env.width)]
    lines += plot_times(replies.times, palette) if replies.times.count else []
    Output(env.stdout).write("".join(f"{line}\n" for line in lines).encode())


def _events(reader: RecordingReader, options: ViewOptions) -> Iterator[Recorded]:
    """Yield the events of the connection and the time that are selected, without secrets.

    Raises:
        UsageError: at the end, if the connection does not exist.
    """
    window = Window(options.selection)
    redact = redactor(options.output.redact)
    for recorded in reader.events():
        if redact is not None:
            recorded = Recorded(redact(recorded.event), recorded.connection)
        if not window.restricts or window.admits(*recorded):
            yield recorded
    if not options.follow:  # the connection may not have been opened before the follower left
        window.require_connection()


def _write_page(
    events: Iterator[Recorded], options: ViewOptions, page: OutputFile, env: Env
) -> ExitStatus:
    from wscli.apps.output_file import write_pieces
    from wscli.apps.page import page_of, selected_messages

    selected = selected_messages(events, options.selection)
    return write_pieces(page_of(selected, options.file), options.file, page, env)


def _data(options: ViewOptions, output: OutputOptions, env: Env) -> Sink:
    if output.form == "json":
        # All details of the recording, whatever -v says: a program can leave out events itself.
        return NdjsonSink(Output(env.stdout), steps=True, frames=True, escape=env.stdout_tty)
    has_control_frames = options.selection.has_control_frames
    return data_sink(output, env, *[ControlFramesAsMessages()] * has_control_frames)


def _talk(output: OutputOptions, env: Env) -> list[Sink]:
    """Return the sinks that describe the connections on stderr."""
    return [CompleteSteps(talk_sinks(output, env)), ErrorReports(env, output.colour)]


def _headed(output: OutputOptions, env: Env, headings: Headings) -> Env:
    """Return an environment whose streams tell connections apart, where people read them."""
    if env.stdout_tty and output.form in ("auto", "hex"):
        env = env._replace(stdout=HeadedStream(env.stdout, headings))
    if output.verbosity and output.form != "json":
        env = env._replace(stderr=HeadedStream(env.stderr, headings))
    return env


def _rule(output: OutputOptions, env: Env) -> Callable[[int], str]:
    """Return a function that makes the line above the events of a connection."""
    tty = env.stdout_tty or env.stderr_tty
    palette = Palette(colour=env.wants_colour(output.colour, tty=tty))
    width = min(env.width, _RULE_WIDTH)
    return lambda number: palette.paint("bold", f"{f'── connection {number} ':─<{width}}")
