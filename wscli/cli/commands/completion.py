"""``wscli completion``."""

from __future__ import annotations

from typing import Any

import click

from wscli.apps.env import Env
from wscli.cli.command import Command
from wscli.cli.completion import SHELLS, read_script
from wscli.sinks.output import Output
from wscli.status import ExitStatus


def _run(env: Env, params: dict[str, Any]) -> ExitStatus:
    Output(env.stdout).write(read_script(params["shell"]).encode())
    return ExitStatus.OK


command = Command(
    "completion",
    summary="Print the script that completes wscli's commands, options and files in a shell.",
    text="SHELL is bash, zsh or fish. The script asks wscli for the candidates, so it stays valid "
    "after an upgrade.",
    examples=[
        ('eval "$(wscli completion bash)"', "in ~/.bashrc"),
        ('eval "$(wscli completion zsh)"', "in ~/.zshrc"),
        (
            "wscli completion fish > ~/.config/fish/completions/wscli.fish",
            "once, for fish",
        ),
    ],
    params=[click.Argument(["shell"], type=click.Choice(SHELLS), metavar="SHELL")],
    run=_run,
)
