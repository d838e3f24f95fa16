"""The interactive session: run(options, env) -> ExitStatus puts its parts together."""

from __future__ import annotations

import gc
from contextlib import ExitStack

from wscli.apps import demo
from wscli.apps.display import data_sink, talk_sinks
from wscli.apps.env import Env
from wscli.apps.options import OutputOptions
from wscli.apps.recording import open_recording
from wscli.apps.report import failure, report
from wscli.errors import UsageError, WscliError
from wscli.net.url import parse_url
from wscli.repl.link import Link
from wscli.repl.shell import Console, ReplOptions, Shell
from wscli.repl.signals import EndSignals
from wscli.session.connect import open_driver
from wscli.session.pipeline import Pipeline, Sink
from wscli.session.reconnect import Reconnect
from wscli.session.thread_driver import ThreadDriver
from wscli.sinks.output import Output
from wscli.status import ExitStatus

_COLLECT_AFTER = 10_000  # new objects; to look through so many takes a millisecond


def run(options: ReplOptions, env: Env) -> ExitStatus:
    """Run a session until the user leaves, and return the exit status.

    The link's thread connects while this one imports what the prompt needs.

    Raises:
        UsageError: if there is no terminal, or the URL is invalid.
    """
    if not (env.stdin_tty and env.stdout_tty):
        raise UsageError(
            "an interactive session needs a terminal", hint="wscli pipe URL, or wscli send URL"
        )
    with ExitStack() as stack:
        url = stack.enter_context(demo.resolve(options.session.url))
        host = parse_url(url).authority
        shell = Shell(options, env, _history_name(options, host))
        output = options.session.output
        if output.record is not None:
            shell.recorder.start(output.record, open_recording(output.record, output.existing))
        stack.callback(shell.recorder.stop)
        shell.link = _link(shell, url, options, env)
        shell.link.start()
        try:
            shell.attach(_console(shell, host, options, env))
            close_timeout = options.session.connect.close_timeout
            EndSignals(env.stdin.fileno(), shell.leave_soon, close_timeout).watch()
            _collect_often()
            shell.console.run()
        finally:
            shell.link.stop()
        shell.console.finish()
    if shell.crash is not None:
        raise shell.crash
    if shell.failure is not None:
        report(shell.failure, env, options.session.output.colour)
    return shell.status


def _collect_often() -> None:
    """Keep each pause of the garbage collector short, so that keys are echoed without delay.

    The objects that start-up made are exempt: looking through them takes up to 40 ms.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def _history_name(options: ReplOptions, host: str) -> str | None:
    """Return the name of the history; the embedded server's port differs each time."""
    if not options.history:
        return None
    return "demo" if options.session.url.startswith(demo.SCHEME) else host


def _link(shell: Shell, url: str, options: ReplOptions, env: Env) -> Link:
    asked = options.session
    sinks = [shell.stats, shell.recorder, *_talk(shell, asked.output, env)]
    sinks.append(shell.display.pipeline())
    if asked.output.form == "json":
        sinks.append(data_sink(asked.output, shell.bulk_env))
    stages = [*options.sending.stages(), shell.playback]
    pipeline = Pipeline(stages, sinks, env.clock)

    # After a refused upgrade, the probe sends a second request to learn more. When reconnecting, a
    # server in trouble should not get twice the requests.
    how = asked.connect._replace(probe=asked.connect.probe and options.reconnect == "never")

    def connect() -> ThreadDriver:
        started = env.clock.monotonic()
        try:
            return open_driver(url, how, clock=env.clock, environ=env.environ, bus=pipeline)
        except WscliError as error:
            pipeline.failed(failure(error, env.clock, started))
            raise

    reconnect = None
    if options.reconnect != "never":
        reconnect = Reconnect(always=options.reconnect == "always")
    return Link(connect, reconnect, pipeline, shell)


def _talk(shell: Shell, output: OutputOptions, env: Env) -> list[Sink]:
    """Return the sink of ``-v``: it writes to the display, or to stderr if that is redirected.

    Frames (``-vv``) may be too many for the terminal, and are then skipped; the handshake is not.
    """
    if not output.verbosity:
        return []
    if not env.stderr_tty:
        return talk_sinks(output, env)
    return talk_sinks(output, shell.bulk_env if output.verbosity >= 2 else shell.env)


def _console(shell: Shell, host: str, options: ReplOptions, env: Env) -> Console:
    if env.environ.get("TERM") == "dumb":
        from wscli.repl.plain import PlainConsole

        return PlainConsole(shell, Output(env.stdout, None))
    from prompt_toolkit.enums import EditingMode

    from wscli.repl.prompt import find_editing_mode
    from wscli.repl.terminal import Terminal
    from wscli.repl.toolbar import Toolbar

    return Terminal(
        shell,
        Toolbar(shell.link, shell.stats, host),
        EditingMode.VI if options.vi else find_editing_mode(env.environ),
        colour=env.wants_colour(options.session.output.colour, tty=True),
    )
