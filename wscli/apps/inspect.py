"""Only the upgrade: both heads as they were on the wire, what they mean, how long it all took."""

from __future__ import annotations

from wscli.apps.common import SessionOptions
from wscli.apps.env import Env
from wscli.apps.run import RunningCommand, run_session
from wscli.sinks.human.inspection import InspectionSink
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.status import ExitStatus


def run(options: SessionOptions, env: Env) -> ExitStatus:
    """Connect, report, close, and return the exit status."""
    sink = None
    if options.output.form != "json":
        colour = env.wants_colour(options.output.colour, tty=env.stdout_tty)
        width = env.width if env.stdout_tty else None
        sink = InspectionSink(Output(env.stdout), Palette(colour=colour), width)
    return run_session(options, env, _no_work, sink=sink, count=0)


def _no_work(work: RunningCommand) -> None:
    """Leave it at the upgrade."""
