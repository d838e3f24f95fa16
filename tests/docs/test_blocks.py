"""The commands on the pages are run, and print the output that the pages show."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from tests.pages import PAGES, blocks, blocks_of
from wscli.cli.command import COMMANDS, options_of
from wscli.cli.main import load_command
from wscli.cli.translate import accepts
from wscli.repl.commands.frame_syntax import OPTIONS as FRAME_OPTIONS

PORT = "8765"
MARK = "--- the next step ---"
CONSOLE = blocks("console")
PYTHON = blocks("python")
SHELL = blocks("sh")
NAMES_OTHERS = {
    "README.md",
    "getting-started.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "comparison.md",
    "conformance.md",
}
NAMES_ONLY_OURS = [page for page in PAGES if page.name not in NAMES_OTHERS]


@pytest.mark.parametrize("block", CONSOLE, ids=[block.id for block in CONSOLE])
def test_the_commands_of_a_console_block_print_what_the_page_says(block, tmp_path):
    if "| jq " in block.code and not shutil.which("jq"):
        pytest.skip("jq is not installed")
    write_titled_files(block.page, tmp_path)
    steps = split_steps(block.code.replace(PORT, free_port()))
    shown = run_steps([command for command, _ in steps], tmp_path)
    for (command, expected), output in zip(steps, shown, strict=True):
        assert matches(expected, output), f"$ {command}\n{output}"


@pytest.mark.parametrize("block", PYTHON, ids=[block.id for block in PYTHON])
def test_a_python_block_runs_and_prints_something(block, serve):
    code = block.code.replace(f"ws://localhost:{PORT}", serve().url)
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr if "logging" in code else done.stdout and not done.stderr


@pytest.mark.parametrize("block", SHELL, ids=[block.id for block in SHELL])
def test_wscli_takes_the_options_in_a_shell_block(block):
    for call in calls_of_wscli(block.code):
        assert is_accepted(call), shlex.join(call)


@pytest.mark.parametrize("page", NAMES_ONLY_OURS, ids=[page.name for page in NAMES_ONLY_OURS])
def test_the_options_that_a_page_names_exist(page):
    known = {name for each in COMMANDS for name in options_of(load_command(each))}
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"(?<=[`\s])--[a-z][a-z-]+", prose))
    assert named <= known | {"--version", *FRAME_OPTIONS}


def test_there_are_blocks_of_each_kind():
    assert len(CONSOLE) >= 25
    assert len(PYTHON) >= 4
    assert len(SHELL) >= 10


def split_steps(code):
    """Return the commands of a console block, each with the output that the page shows."""
    steps = []
    for step in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command = re.match(r"(?:.*\\\n)*.*", step)[0]
        steps.append((command, step[len(command) + 1 :]))
    return steps


def run_steps(commands, folder):
    """Run commands one after another in one shell, as a reader would; return what each prints."""
    script = ["trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for command in commands:
        script.append(f"status=$?; echo '{MARK}'; (exit $status)")
        script.append(command)
        if command.endswith("&"):  # a server, which a reader would see start
            port = re.search(r"\b\d{4,5}\b", command)[0]
            script.append(f"until (: < /dev/tcp/127.0.0.1/{port}) 2>/dev/null; do :; done")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        timeout=40,
        check=False,
    )
    return done.stdout.decode().split(f"{MARK}\n")[1:]


def matches(expected, text):
    """Compare line by line without trailing spaces; an ellipsis stands for anything."""
    tidy = "\n".join(line.rstrip() for line in text.splitlines())
    pattern = re.escape("\n".join(line.rstrip() for line in expected.splitlines()))
    return re.fullmatch(pattern.replace("…", ".*"), tidy, re.DOTALL)


def write_titled_files(page, folder):
    """Write the files that a page shows in blocks with a title, which is their name."""
    for block in blocks_of(page):
        if block.title:
            (folder / block.title).write_text(block.code, encoding="utf-8")


def free_port():
    """Return the number of a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def calls_of_wscli(code):
    """Yield the arguments of each call of ``wscli`` in a script."""
    for line in code.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        for is_operator, group in groupby(lexer, lambda word: not word.strip("|&;()<>")):
            words = list(group)
            names = [Path(word).name for word in words]
            if not is_operator and "wscli" in names:
                yield words[names.index("wscli") + 1 :]


def is_accepted(arguments):
    """Return True if wscli's parser takes these arguments, of which the first may be a URL."""
    named = arguments[0] in COMMANDS
    command = load_command(arguments[0] if named else "connect")
    return accepts(command, arguments[named:]) or arguments in (["--version"], ["--help"])
