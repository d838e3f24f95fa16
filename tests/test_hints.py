"""Hints name only options that the running command has."""

import re

import pytest

from tests.program import wscli
from tests.test_advice import KINDS, MENTIONED, all_advice
from wscli.advice import advise
from wscli.advice.options import keep_known
from wscli.cli.command import COMMANDS, options_of
from wscli.cli.main import load_command
from wscli.errors import UsageError
from wscli.status import ExitStatus, OutputStalled


@pytest.mark.parametrize("command", COMMANDS)
def test_no_hint_names_an_option_that_the_command_lacks(command):
    options = options_of(load_command(command))
    for kind in KINDS:
        for hint in all_advice(kind):
            kept = keep_known(hint, options)
            for name, _ in re.findall(MENTIONED, kept.replace("curl -N", "curl")):
                assert name in options or name[:2] in options, kept


def test_send_has_every_option_for_connecting_so_its_hints_are_whole():
    options = options_of(load_command("send"))
    for kind in KINDS:
        for hint in all_advice(kind):
            assert keep_known(hint, options) == hint


@pytest.mark.parametrize(
    ("hint", "kept"),
    [
        ("check host and port", "check host and port"),
        ("a longer --connect-timeout, or --timeout", "a longer --connect-timeout"),
        ("--timeout, or --connect-timeout", "--connect-timeout"),
        ("--resolve; or the server hangs", "the server hangs"),
        ("check the path; --origin; or wait", "check the path; or wait"),
        ("the server wants credentials: --bearer TOKEN", "the server wants credentials"),
        ("--host NAME: the server does not accept this Host", ""),
        ("-vv shows each frame", "-vv shows each frame"),
        ("-4 or -6 uses one version of IP only", ""),
        ("this is plain HTTP: curl -N reads it", "this is plain HTTP: curl -N reads it"),
        ("check the path /a--b/-c", "check the path /a--b/-c"),
    ],
)
def test_a_clause_with_an_unknown_option_is_left_out_but_for_its_reason(hint, kept):
    assert keep_known(hint, {"-v", "--connect-timeout"}) == kept


def test_a_hint_written_for_a_command_is_not_changed():
    error = UsageError("it failed", hint="/frame --opcode close sends it")
    assert advise(error, options=frozenset()) == error.hint


def test_only_a_command_with_a_time_limit_suggests_a_longer_one():
    error = OutputStalled("the output", 1, ExitStatus.TIMEOUT)
    assert advise(error, {"--timeout"}).startswith("--timeout")
    assert advise(error, {"--for"}) == ""


@pytest.mark.parametrize(("command", "mentions"), [("send", True), ("listen", False)])
def test_stderr_and_the_event_name_timeout_only_where_it_exists(scripted, command, mentions):
    url = scripted(lambda peer: peer.wait_for_end()).url
    result = wscli(command, "--json", "--connect-timeout", "0.2", url)
    assert result.status == 6
    for text in (result.err, result.out.decode()):
        assert "--connect-timeout" in text
        assert ("--timeout" in text) == mentions
