"""README is run: what it says that a command prints, the command prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def steps():
    """Yield each command of the console blocks with what README says it prints."""
    for block in blocks("console"):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            yield command, output


def follow(commands):
    """Run commands in one shell, as a reader would, and return what the last one prints."""
    marker = "--- the last one ---"
    *before, last = commands
    script = "\n".join([*before, f"status=$?; echo '{marker}'; (exit $status)", last])
    folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        timeout=30,
        check=False,
    )
    return done.stdout.decode().partition(f"{marker}\n")[2]


def matches(expected, text):
    """Compare line by line without trailing spaces; an ellipsis stands for anything."""
    tidy = "\n".join(line.rstrip() for line in text.splitlines())
    pattern = re.escape("\n".join(line.rstrip() for line in expected.splitlines()))
    return re.fullmatch(pattern.replace("…", ".*"), tidy, re.DOTALL)


STEPS = list(steps())


@pytest.mark.parametrize("index", range(len(STEPS)), ids=[command for command, _ in STEPS])
def test_a_command_prints_what_readme_says(index):
    commands = [STEPS[index][0]]
    if commands[0].startswith("echo $?"):
        commands.insert(0, STEPS[index - 1][0])
    shown = follow(commands)
    assert matches(STEPS[index][1], shown), shown


@pytest.mark.parametrize("block", blocks("python"), ids=["threads", "asyncio"])
def test_the_python_of_readme_runs(block, echo_url):
    code = block.replace("ws://localhost:8765", echo_url)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    sent = re.search(r'send\("([^"]+)"', block)[1]
    assert f"{sent}\n".encode() in done.stdout


def test_the_blocks_are_there():
    assert len(STEPS) >= 6
    assert blocks("python")
