"""Errors and warnings on stderr, and the event for an error."""

from __future__ import annotations

from wscli.apps.env import Colour, Env
from wscli.errors import WscliError
from wscli.session.events import Failed
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.status import status_of
from wscli.text import visible


def report(error: WscliError, env: Env, colour: Colour = "auto") -> None:
    """Write an error: what happened, the evidence, what to try."""
    palette = Palette(colour=env.wants_colour(colour, tty=env.stderr_tty))
    # Most errors quote the peer: a close reason, a response, a certificate. None of it may reach a
    # terminal as it is. Tabs are harmless, and part of some heads.
    lines = [f"{palette.paint('error', 'wscli:')} {visible(error.what)}"]
    lines += [f"  {visible(line.rstrip(), keep=chr(9))}" for line in error.evidence.splitlines()]
    if hint := hint_for(error, env):
        lines.append(f"{palette.paint('bold', 'try:')} {visible(hint)}")
    say(env, "\n".join(lines))


def hint_for(error: WscliError, env: Env) -> str:
    """Return the hint for an error, in terms of the options of the running command."""
    from wscli.advice import advise  # only an error needs it

    return advise(error, env.options)


def failure(error: WscliError, env: Env, started: float) -> Failed:
    """Return the event for an error; ``started`` is when the command began, by the clock."""
    # The lines of an HTTP head in the evidence end with CRLF, the others with LF.
    evidence = error.evidence.replace("\r\n", "\n")
    hint, now = hint_for(error, env), env.clock.time()
    elapsed = env.clock.monotonic() - started
    return Failed(int(status_of(error)), error.what, evidence, hint, now, elapsed)


def remark(env: Env, text: str) -> None:
    """Write a remark on stderr; it may quote a file or a peer."""
    say(env, f"wscli: {visible(text)}")


def say(env: Env, text: str) -> None:
    """Write a line on stderr; it is not an error if nobody reads it."""
    # The text may have a file name with bytes that are not UTF-8: Python keeps such bytes as lone
    # surrogates (PEP 383), which the strict encoder rejects.
    Output(env.stderr, None).write(f"{text}\n".encode(errors="backslashreplace"))
