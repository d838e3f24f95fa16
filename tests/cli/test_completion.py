"""Completion: the candidates for each position, and the scripts in the shells themselves."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest

from tests.program import call
from tests.terminal import Terminal
from wscli.cli.command import COMMANDS, has_optional_value, options_of, takes_value
from wscli.cli.completion import SHELLS, Candidate, Files, candidates, split_line
from wscli.cli.main import load_command
from wscli.server.route_table import websocket_paths


def complete(line):
    """Return the completions of the last word: words, or the head before a file name."""
    words = split_line(f"wscli {line}")[1:]
    found = list(candidates(words, COMMANDS, load_command))
    files = [each.head for each in found if isinstance(each, Files)]
    return files[0] if files else [each.word for each in found if isinstance(each, Candidate)]


# Candidates


def test_commands_are_completed():
    assert complete("") == list(COMMANDS)
    assert complete("se") == ["send", "serve"]
    assert complete("p") == ["pipe", "ping"]
    assert complete("x") == []


def test_options_of_a_command_are_completed():
    assert complete("listen --time") == ["--timestamps"]
    assert complete("listen demo: --time") == ["--timestamps"]
    assert complete("serve --max-c") == ["--max-clients"]
    assert "-h" in complete("listen -")
    assert "--help" in complete("compare --h")


def test_options_of_the_implied_commands_are_completed():
    assert complete("demo: --re") == ["--reconnect", "--record", "--redact", "--resolve"]
    assert complete("--li") == complete("localhost:1 --li") == ["--linger"]
    assert complete("-v --on") == ["--on-open"]


def test_an_option_is_offered_once_unless_it_may_be_repeated():
    assert complete("listen --json --js") == []
    assert complete("listen -q --qu") == []
    assert complete("listen --cookie a=b --cookie") == ["--cookie"]


def test_choices_are_completed():
    assert complete("listen --tls-min ") == ["1.2", "1.3"]
    assert complete("listen --color a") == ["auto", "always"]
    assert complete("listen --color=n") == ["--color=never"]
    assert complete("serve --mode ") == ["echo", "hub"]
    assert complete("view --opcode pi") == ["ping"]
    assert complete("connect --reconnect=a") == ["--reconnect=auto", "--reconnect=always"]
    assert complete("completion ") == list(SHELLS)
    assert complete("completion z") == ["zsh"]


def test_an_option_with_an_optional_value_does_not_take_the_next_word():
    assert complete("connect --reconnect d") == ["demo:"]


def test_file_names_are_completed():
    assert complete("listen --cacert hd") == 0
    assert complete("listen --cacert=hd") == len("--cacert=")
    assert complete("serve --script ") == 0
    assert complete("demo: --record ") == 0
    assert complete("view ") == 0
    assert complete("view -v ") == 0
    assert complete("demo: -H @") == 1
    assert complete("demo: -H@h") == len("-H@")
    assert complete("send demo: @bi") == 1
    assert complete("send demo: hi @bi") == 1
    assert complete("send -vb demo: -- @bi") == 1
    assert complete("listen --unix-socket /run/") == 0


def test_texts_are_not_file_names():
    assert complete("send demo: bi") == []
    assert complete("send demo: @@bi") == []
    assert complete("demo: -H h") == []
    assert complete("listen --origin h") == []
    assert complete("listen -- -") == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_that_takes_a_file_completes_files(command):
    for name, option in options_of(load_command(command)).items():
        if takes_value(option) and option.metavar in ("FILE", "PATH"):
            assert complete(f"{command} {name} x") == 0


def test_urls_of_the_embedded_server_are_completed():
    assert complete("d") == ["demo:"]
    assert complete("demo:/fault/bad") == ["demo:/fault/bad-utf8", "demo:/fault/bad-accept"]
    assert complete("listen demo:/t") == ["demo:/ticks"]
    assert complete("send ") == []


def test_the_completed_urls_are_the_routes():
    assert complete("demo:/") == [f"demo:{path}" for path, _ in websocket_paths()]


def test_a_url_is_offered_with_its_meaning():
    (found,) = candidates(["send", "demo:/fault/sl"], COMMANDS, load_command)
    assert found == Candidate("demo:/fault/slow", "one byte every 10 ms")


@pytest.mark.parametrize(
    "line",
    [
        "demo: --",
        "nonsense --x ",
        "-",
        "-- ",
        "--",
        "-Z",
        "-vvvvHx",
        "listen --nope=",
        "send 'open",
        'send "{\\"a',
        "send \\",
        "listen -n ",
        "listen --color=",
        "a\tb\nc",
        "> ",
        "\udcff",
        "send demo: \x1b[A",
    ],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_completion_never_prints_an_error(shell, line):
    args = [f"wscli {line}", ""] if shell == "bash" else line.split(" ")
    result = call(*map(os.fsencode, args), env={"_WSCLI_COMPLETE": shell})
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize("args", [(), ("",)])
@pytest.mark.parametrize("shell", [*SHELLS, "unknown"])
def test_completion_of_nothing_lists_the_commands(shell, args):
    result = call(*args, env={"_WSCLI_COMPLETE": shell})
    assert len(result.out.splitlines()) == len(COMMANDS)


def test_each_shell_gets_descriptions_in_its_form():
    def lines(shell):
        result = call("listen", "--connect", env={"_WSCLI_COMPLETE": shell})
        return result.out.decode()

    meaning = "Time limit for connecting: name, TCP, proxy, TLS and upgrade together"
    assert lines("zsh") == f"--connect-timeout:{meaning}\n"
    assert lines("fish") == f"--connect-timeout\t{meaning}\n"
    assert (
        call("demo:/ti", env={"_WSCLI_COMPLETE": "zsh"}).out
        == b"demo\\:/ticks:pushes a JSON tick at each interval\n"
    )


def test_every_option_has_the_attributes_that_completion_reads():
    for command in map(load_command, COMMANDS):
        for option in options_of(command).values():
            assert isinstance(option, click.Option)
            assert has_optional_value(option) == (option.metavar or "").startswith("[=")


# The scripts


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed(shell):
    result = call("completion", shell)
    assert (result.status, result.err) == (0, "")
    assert f"_WSCLI_COMPLETE={shell} " in result.out.decode()


def test_an_unknown_shell_is_wrong_usage():
    result = call("completion", "tcsh")
    assert result.status == 2
    assert "'bash', 'zsh', 'fish'" in result.err


COMMAND_LINES = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SETUP = {
    "bash": "PS1='$ '; eval \"$(wscli completion bash)\"",
    "zsh": "PS1='$ '; eval \"$(wscli completion zsh)\"",
    "fish": "function fish_prompt; echo '$ '; end; wscli completion fish | source",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a directory with files to complete, which is HOME too."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("hd.pem", "bin.dat", "my file.txt", "inner/in.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    return folder


@pytest.fixture(scope="module", params=SHELLS)
def prompt(request, folder):
    """Return a function that types a line into a shell, presses Tab, and waits for the result."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    program = Path(sys.executable).parent
    env = {"PATH": f"{program}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "xterm"}
    with Terminal(command=COMMAND_LINES[request.param], columns=120, env=env) as shell:
        shell.enter(f"cd {folder}; {SETUP[request.param]}; echo re''ady")
        shell.until("ready")

        def type_line(typed, result):
            shell.press("ctrl-u", "ctrl-l")
            shell.until(lambda: shell.screen.strip() == "$")
            shell.type(f"{typed}\t")
            shell.until(lambda: shell.screen.split("\n")[0].rstrip() == f"$ {result}".rstrip())
            return shell.screen

        yield type_line


@pytest.mark.parametrize(
    ("typed", "result"),
    [
        ("wscli lis", "wscli listen"),
        ("wscli demo: --rec", "wscli demo: --reco"),
        ("wscli demo: --resol", "wscli demo: --resolve"),
        ("wscli demo:/ti", "wscli demo:/ticks"),
        ("wscli demo:/fault/bad", "wscli demo:/fault/bad-"),
        ("wscli listen 'demo:/ti", "wscli listen 'demo:/ticks'"),
        ("wscli listen --color alw", "wscli listen --color always"),
        ("wscli listen --color=alw", "wscli listen --color=always"),
        ("wscli listen --cacert hd", "wscli listen --cacert hd.pem"),
        ("wscli listen --cacert=hd", "wscli listen --cacert=hd.pem"),
        ("wscli listen --cacert ~/hd", "wscli listen --cacert ~/hd.pem"),
        ("wscli listen --cacert=~/hd", "wscli listen --cacert=~/hd.pem"),
        ("wscli serve --script hd", "wscli serve --script hd.pem"),
        ("wscli demo: --record inn", "wscli demo: --record inner/"),
        ("wscli send demo: @bi", "wscli send demo: @bin.dat"),
        ('wscli send demo: "@bi', 'wscli send demo: "@bin.dat"'),
        ("wscli send demo: @inn", "wscli send demo: @inner/"),
        ("wscli send demo: @inner/", "wscli send demo: @inner/in.json"),
        ("wscli send demo: '@my f", "wscli send demo: '@my file.txt'"),
        ("wscli listen -H @bi", "wscli listen -H @bin.dat"),
        ("wscli listen --cacert my", r"wscli listen --cacert my\ file.txt"),
        ("wscli pipe > hd", "wscli pipe > hd.pem"),
        ("wscli pipe < hd.pem --lin", "wscli pipe < hd.pem --linger"),
        ("WSCLI_DEBUG=1 wscli pipe --lin", "WSCLI_DEBUG=1 wscli pipe --linger"),
    ],
)
def test_a_shell_completes(prompt, typed, result):
    prompt(typed, result)


@pytest.mark.parametrize("typed", ["wscli nonsense --x", "wscli send '{\"a", "wscli ping -c "])
def test_a_shell_shows_nothing_if_nothing_matches(prompt, typed):
    screen = prompt(f"{typed}\t", typed)
    assert screen.strip() == f"$ {typed}".strip()


def test_the_wheel_has_the_scripts(tmp_path):
    """They are data of the package, so that `wscli completion` finds them after `pip install`."""
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-qq", "-w", tmp_path, root]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("the wheel cannot be built: hatchling is needed")
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {f"wscli/cli/completions/wscli.{shell}" for shell in SHELLS} <= set(names)
