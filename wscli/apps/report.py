"""Errors and warnings, as people read them on stderr."""

from __future__ import annotations

from wscli.apps.env import Colour, Env
from wscli.errors import WscliError
from wscli.net.clock import Clock
from wscli.session.events import Failed
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.status import status_of
from wscli.text import visible


def report(error: WscliError, env: Env, colour: Colour = "auto") -> None:
    """Write an error: what happened, the evidence, what to try."""
    from wscli.advice import advise  # only an error needs it

    palette = Palette(colour=env.wants_colour(colour, tty=env.stderr_tty))
    lines = [f"{palette.paint('error', 'wscli:')} {visible(error.what)}"]
    lines += [f"  {visible(line.rstrip(), keep=chr(9))}" for line in error.evidence.splitlines()]
    if hint := advise(error):
        lines.append(f"{palette.paint('bold', 'try:')} {visible(hint)}")
    say(env, "\n".join(lines))


def failure(error: WscliError, clock: Clock, started: float) -> Failed:
    """Return the event for an error; ``started`` is when the command began, by the clock."""
    from wscli.advice import advise  # only an error needs it

    # The lines of an HTTP head in the evidence end with CRLF, the others with LF.
    evidence = error.evidence.replace("\r\n", "\n")
    elapsed = clock.monotonic() - started
    return Failed(int(status_of(error)), error.what, evidence, advise(error), clock.time(), elapsed)


def say(env: Env, text: str) -> None:
    """Write a line on stderr; it is not an error if nobody reads it."""
    Output(env.stderr, None).write(f"{text}\n".encode(errors="backslashreplace"))
