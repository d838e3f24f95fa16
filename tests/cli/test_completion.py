"""Completion in a shell: the scripts are what the program makes, and they work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import wscli

FOLDER = Path(__file__).parent.parent.parent / "completions"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_what_the_program_makes(shell):
    result = wscli(env={"_WSCLI_COMPLETE": f"{shell}_source"})
    assert result.out.decode().strip() == (FOLDER / f"wscli.{shell}").read_text().strip()


def complete(*words):
    """Return what bash offers for a line of which the last word is being typed."""
    script = (
        f"source {FOLDER}/wscli.bash 2>/dev/null; COMP_WORDS=({' '.join(words)});"
        f"COMP_CWORD={len(words) - 1}; _wscli_completion wscli; echo ${{COMPREPLY[@]}}"
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, env={**os.environ, "PATH": path}, check=True
    )
    return done.stdout.decode().split()


def test_commands_are_completed():
    assert complete("wscli", "se") == ["send", "serve"]
    assert complete("wscli", "p") == ["pipe", "ping"]


def test_options_are_completed():
    assert complete("wscli", "listen", "--time") == ["--timestamps"]
    assert complete("wscli", "listen", "--tls-min", "''") == ["1.2", "1.3"]
