"""``wscli completion``."""

from __future__ import annotations

import click

from wscli.apps.env import Env
from wscli.cli.command import Command
from wscli.cli.completion import SHELLS, read_script
from wscli.sinks.output import Output
from wscli.status import ExitStatus


def _run(env: Env, *, shell: str) -> ExitStatus:
    Output(env.stdout).write(read_script(shell).encode())
    return ExitStatus.OK


command = Command(
    "completion",
    text="SHELL is bash, zsh or fish. The script asks wscli for the completions, so it stays valid "
    "after an upgrade.",
    # fish looks for completions in files of this folder; the others have no such place that exists
    # on every system.
    examples=[
        ('eval "$(wscli completion bash)"', "in ~/.bashrc"),
        ('eval "$(wscli completion zsh)"', "in ~/.zshrc"),
        ("wscli completion fish > ~/.config/fish/completions/wscli.fish", "once, for fish"),
    ],
    params=[click.Argument(["shell"], type=click.Choice(SHELLS), metavar="SHELL")],
    run=_run,
)
