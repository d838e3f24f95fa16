"""Run the interactive session: put its parts together, start them, and stop them in order.

The order matters. The recording starts before the link, so that it has the first event. The link
starts before the console, so that it dials while prompt_toolkit is imported. At the end the link
stops before the rest is drawn.
"""

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

_COLLECT_AFTER = 10_000  # new objects between two collections; each then takes about a millisecond


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
        # Here rather than in the link's thread: an invalid URL is an error of usage (status 2).
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
            # After the slow import of the console, during which the signals still end the process
            # at once; before the prompt changes the terminal, whose settings EndSignals saves.
            EndSignals(env.stdin.fileno(), shell.leave_soon, close_timeout).watch()
            _collect_often()
            shell.console.run()
        finally:
            shell.link.stop()
        # Not before the link has stopped: a peer that pushes faster than the terminal draws would
        # never let the display become empty.
        shell.console.finish()
    # Raised only here, where the terminal is no longer the prompt's.
    if shell.crash is not None:
        raise shell.crash
    if shell.failure is not None:
        report(shell.failure, env, options.session.output.colour)
    return shell.status


def _collect_often() -> None:
    """Keep each pause of the garbage collector short, so that keys are echoed without delay."""
    # The objects that start-up made stay until the end; scanning them takes up to 40 ms, and an
    # echo that is 40 ms late is felt.
    gc.freeze()
    # ``wscli.__main__`` has set a high threshold, which suits commands that are over in a moment.
    gc.set_threshold(_COLLECT_AFTER)


def _history_name(options: ReplOptions, host: str) -> str | None:
    """Return the name of the history, None for no history."""
    if not options.history:
        return None
    # The port of the embedded server differs each time, and would make a history of its own.
    return "demo" if options.session.url.startswith(demo.SCHEME) else host


def _link(shell: Shell, url: str, options: ReplOptions, env: Env) -> Link:
    session = options.session
    # The toolbar reads the statistics when the display asks for a drawing, so they come first.
    sinks = [shell.stats, shell.recorder, *_verbose_sinks(shell, session.output, env)]
    sinks.append(shell.display.pipeline())
    if session.output.form == "json":
        sinks.append(data_sink(session.output, shell.bulk_env))
    # The stages of --answer and --every stand in front of the display's own, journal and filter.
    stages = [*options.sending.stages(), shell.playback]
    pipeline = Pipeline(stages, sinks, env.clock)

    # After a refused upgrade, the probe sends a second request to learn more. When reconnecting, a
    # server in trouble should not get twice the requests.
    probe = session.connect.probe and options.reconnect == "never"
    connect_options = session.connect._replace(probe=probe)

    def connect() -> ThreadDriver:
        """Open a connection, in the link's thread; a failure is an event of the pipeline too."""
        started = env.clock.monotonic()
        try:
            return open_driver(
                url, connect_options, clock=env.clock, environ=env.environ, bus=pipeline
            )
        except WscliError as error:
            pipeline.failed(failure(error, env, started))
            raise

    reconnect = None
    if options.reconnect != "never":
        reconnect = Reconnect(always=options.reconnect == "always")
    return Link(connect, reconnect, pipeline, shell)


def _verbose_sinks(shell: Shell, output: OutputOptions, env: Env) -> list[Sink]:
    """Return the sink of ``-v``: it writes to the display, or to stderr if that is redirected."""
    if not output.verbosity:
        return []
    # With `2>FILE` the user wants it in the file, and the screen for the conversation.
    if not env.stderr_tty:
        return talk_sinks(output, env)
    # Frames (-vv) may be too many for the terminal, and are then skipped; the handshake is not.
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
        # As in programs that use readline, where inputrc says which keys the user knows.
        EditingMode.VI if options.vi else find_editing_mode(env.environ),
        colour=env.wants_colour(options.session.output.colour, tty=True),
    )
