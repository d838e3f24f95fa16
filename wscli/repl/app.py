"""The interactive session, put together: run(options, env) -> ExitStatus."""

from __future__ import annotations

import gc
from contextlib import ExitStack

from wscli.apps import demo
from wscli.apps.common import OutputOptions
from wscli.apps.display import data_sink, talk_sinks
from wscli.apps.env import Env
from wscli.apps.recording import open_recording
from wscli.apps.report import report
from wscli.errors import ExitStatus, UsageError, WscliError
from wscli.net.url import parse_url
from wscli.repl.link import Link
from wscli.repl.options import ReplOptions
from wscli.repl.shell import Console, Shell
from wscli.repl.signals import EndSignals
from wscli.session.bus import Bus, Sink
from wscli.session.connect import open_session
from wscli.session.events import Failed
from wscli.session.reconnect import Reconnect
from wscli.session.session import Session
from wscli.sinks.output import Output

_COLLECT_AFTER = 10_000  # objects, which takes a millisecond


def run(options: ReplOptions, env: Env) -> ExitStatus:
    """Run a session until the user leaves, and return the exit status.

    It connects in the link's thread, while this one imports what the prompt needs.

    Raises:
        UsageError: if there is no terminal, or the URL cannot be read.
    """
    if not (env.stdin_tty and env.stdout_tty):
        raise UsageError(
            "an interactive session needs a terminal", hint="wscli pipe URL, or wscli send URL"
        )
    with ExitStack() as stack:
        url = stack.enter_context(demo.resolve(options.common.url))
        host = parse_url(url).authority
        shell = Shell(options, env, _history_of(options, host))
        output = options.common.output
        if output.record is not None:
            shell.recorder.start(output.record, open_recording(output.record, output.existing))
        stack.callback(shell.recorder.stop)
        shell.link = _link(shell, url, options, env)
        shell.link.start()
        try:
            shell.attach(_console(shell, host, options, env))
            close_timeout = options.common.connect.close_timeout
            EndSignals(env.stdin.fileno(), shell.leave_soon, close_timeout).watch()
            _collect_little_and_often()
            shell.console.run()
        finally:
            shell.link.stop()
        shell.console.finish()
    if shell.crash is not None:
        raise shell.crash
    if shell.failure is not None:
        report(shell.failure, env, options.common.output.colour)
    return shell.status


def _collect_little_and_often() -> None:
    """Keep the garbage collector from pausing the prompt.

    What start-up made stays, and is not looked through again: that takes up to 40 ms.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def _history_of(options: ReplOptions, host: str) -> str | None:
    """Return the name under which lines are kept; the embedded server's port says nothing."""
    if not options.history:
        return None
    return "demo" if options.common.url.startswith(demo.SCHEME) else host


def _link(shell: Shell, url: str, options: ReplOptions, env: Env) -> Link:
    common = options.common
    automation = options.sending.automation(env)
    bus = Bus(
        [automation, shell.stats, shell.recorder, *_talk(shell, common.output, env), shell.display]
    )
    if common.output.form == "json":
        bus = Bus([bus, data_sink(common.output, shell.stream_env)])

    # When reconnecting, a server in trouble should not get twice the requests.
    how = common.connect._replace(probe=common.connect.probe and options.reconnect == "never")

    def connect() -> Session:
        started = env.clock.monotonic()
        try:
            return open_session(url, how, clock=env.clock, environ=env.environ, bus=bus)
        except WscliError as error:
            bus.failed(Failed.of(error, env.clock.time(), env.clock.monotonic() - started))
            raise

    reconnect = None
    if options.reconnect != "never":
        reconnect = Reconnect(always=options.reconnect == "always")
    return Link(connect, reconnect, automation, shell)


def _talk(shell: Shell, output: OutputOptions, env: Env) -> list[Sink]:
    """Return what writes what ``-v`` says: into the session, or where stderr goes else."""
    if not output.verbosity:
        return []
    if not env.stderr_tty:
        return talk_sinks(output, env)
    return talk_sinks(output, shell.stream_env if output.verbosity >= 2 else shell.env)


def _console(shell: Shell, host: str, options: ReplOptions, env: Env) -> Console:
    if env.environ.get("TERM") == "dumb":
        from wscli.repl.plain import PlainConsole

        return PlainConsole(shell, Output(env.stdout, None))
    from wscli.repl.inputrc import wants_vi
    from wscli.repl.terminal import Terminal
    from wscli.repl.toolbar import Toolbar

    return Terminal(
        shell,
        Toolbar(shell.link, shell.stats, host),
        vi=options.vi or wants_vi(env.environ),
        colour=env.wants_colour(options.common.output.colour, tty=True),
    )
