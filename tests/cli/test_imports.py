"""Start-up is part of the product: the modules that a command may import."""

import os
import subprocess
import sys

import pytest

from tests.program import WSCLI

WITHOUT_A_CONNECTION = [
    ["--help"],
    ["--version"],
    ["send", "--help"],
    ["serve", "--help"],
    ["compare", "--help"],
    ["completion", "bash"],
]
HEAVY = {"rich", "prompt_toolkit", "asyncio", "dataclasses", "json", "idna"}


def imported(*args, env=None):
    command = [sys.executable, "-X", "importtime", *WSCLI[1:], *args]
    env = {**os.environ, **(env or {})}
    done = subprocess.run(command, capture_output=True, check=True, env=env)
    lines = done.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize("args", WITHOUT_A_CONNECTION)
def test_help_imports_nothing_heavy(args):
    assert not imported(*args) & HEAVY


@pytest.mark.parametrize("args", WITHOUT_A_CONNECTION)
def test_commands_without_a_connection_import_no_network(args):
    assert not imported(*args) & {"websocket", "ssl", "socket"}


def test_help_imports_no_command():
    assert not any(name.startswith("wscli.cli.commands") for name in imported("--help"))


def test_completion_imports_nothing_heavy():
    names = imported("send", "demo:", "--re", env={"_WSCLI_COMPLETE": "fish"})
    assert not names & {*HEAVY, "websocket", "ssl", "socket", "click.shell_completion"}


def test_only_an_error_imports_the_modules_that_explain_it():
    assert not imported("send", "--help") & {"wscli.cli.translate", "wscli.cli.completion"}


@pytest.mark.parametrize("command", ["send", "serve"])
def test_only_the_type_checker_imports_the_types_of_the_parameters(command):
    assert "wscli.cli.param_types" not in imported(command, "--help")


def test_send_imports_nothing_heavy(echo_url):
    # websocket-client imports python-socks where that is installed, and that one dataclasses.
    assert not imported("send", echo_url, "hello") & (HEAVY - {"dataclasses"})


def test_the_package_alone_imports_nothing():
    code = "import sys, wscli; print(*(name for name in sys.modules if 'wscli' in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().split() == ["wscli"]
