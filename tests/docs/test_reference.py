"""The command reference and the man page, which are made from the command line's own tables."""

import re
import shutil
import subprocess

import pytest

from tests.pages import ROOT, read_page
from tools import manual, reference
from tools.command_table import read_statuses
from wscli.cli.command import COMMANDS, options_of
from wscli.cli.main import load_command
from wscli.repl.commands import COMMANDS as SLASH_COMMANDS
from wscli.status import ExitStatus

STALE = "it is stale: python -m tools.reference"
OPTIONS = {option for name in COMMANDS for option in options_of(load_command(name))} - {"-h"}
LINTERS = {
    "mandoc": ["mandoc", "-Tlint", "-Wwarning"],
    "groff": ["groff", "-man", "-ww", "-Tutf8", "-z"],
}


def test_the_command_reference_is_what_its_generator_writes():
    assert read_page("docs/commands.md") == reference.write_page(), STALE


def test_the_man_page_is_what_its_generator_writes():
    page = read_page("docs/wscli.1")
    assert page == manual.write_manual(manual.date_of(page)), STALE


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_describes_a_command(name):
    assert f"## wscli {name}\n" in read_page("docs/commands.md")
    assert f".SS wscli {name}\n" in read_page("docs/wscli.1")


def test_the_reference_describes_every_option():
    named = set(re.findall(r"(?<!\w)--?[\w-]+", read_page("docs/commands.md")))
    assert named >= OPTIONS


def test_the_man_page_describes_every_option_and_slash_command():
    text = re.sub(r"\\f[BR]", " ", read_page("docs/wscli.1")).replace("\\-", "-")
    terms = " ".join(re.findall(r"^\.TP\n(.*)", text, re.MULTILINE))
    assert {f"/{name}" for name in SLASH_COMMANDS} <= set(re.findall(r"/\w+", terms))
    assert set(re.findall(r"(?<!\w)--?[\w-]+", terms)) >= OPTIONS - {"--help"}


def test_the_page_of_exit_statuses_has_each_of_them_once():
    listed = [int(number) for term, _ in read_statuses() for number in term.split(", ")]
    assert sorted(listed) == sorted(ExitStatus)


@pytest.mark.parametrize("linter", LINTERS)
def test_the_man_page_is_well_formed(linter):
    if shutil.which(linter) is None:
        pytest.skip(f"{linter} is not installed")
    command = [*LINTERS[linter], "docs/wscli.1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
