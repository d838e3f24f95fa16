"""Show only the upgrade: both heads as they were on the wire, their meaning, and timings."""

from __future__ import annotations

from wscli.apps.display import data_sink, stdout_palette
from wscli.apps.env import Env
from wscli.apps.options import SessionOptions
from wscli.apps.run import CommandSession, SessionCommand, run_session
from wscli.session.pipeline import Sink, StopAfter
from wscli.sinks.human.inspection import InspectionSink
from wscli.sinks.output import Output
from wscli.status import ExitStatus


def run(options: SessionOptions, env: Env) -> ExitStatus:
    """Connect, report, close, and return the exit status."""
    sink: Sink
    if options.output.form == "json":
        # Messages that came together with the 101 are not part of the upgrade.
        sink = data_sink(options.output, env, StopAfter(0))
    else:
        # In a pipe lines keep their length, so that grep finds a header in one line.
        width = env.width if env.stdout_tty else None
        sink = InspectionSink(Output(env.stdout), stdout_palette(options.output, env), width)
    return run_session(SessionCommand(options, _do_nothing, sink), env)


def _do_nothing(running: CommandSession) -> None:
    """Return at once: the sink has reported the upgrade, and the connection is closed next."""
