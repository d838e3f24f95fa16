"""Values on the command line, and the meaning of a wrong command line, in process."""

import io
import re
import shlex

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wscli.apps.env import Env
from wscli.cli import types
from wscli.cli.command import COMMANDS, options_of
from wscli.cli.habits import HABITS, OWN_NAMES
from wscli.cli.main import load_command, main
from wscli.cli.translate import accepts, meant, show_call
from wscli.errors import UsageError
from wscli.status import ExitStatus


class Keeping(io.RawIOBase):
    def __init__(self):
        self.written = b""

    def write(self, data):
        self.written += bytes(data)
        return len(data)


def run(*args, stdin=b"", **environ):
    """Run a command line in this process; return its status, stdout and stderr."""
    env = Env(io.BytesIO(stdin), Keeping(), Keeping(), environ)
    status = main(list(args), env)
    return status, env.stdout.written.decode(), env.stderr.written.decode()


# Values


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (types.duration, "1.5", 1.5),
        (types.duration, 30.0, 30.0),
        (types.duration, "0", 0.0),
        (types.interval, "1ms", 0.001),
        (types.size, "64KiB", 65536),
        (types.size, 5, 5),
        (types.count, "1", 1),
        (types.count, "9" * 18, int("9" * 18)),
        (types.count_or_zero, "0", 0),
        (types.terminator, r"\0", b"\0"),
        (types.terminator, "é", "é".encode()),
        (types.resolve, "h:80:10.0.0.1", ("h", 80, "10.0.0.1")),
        (types.resolve, "[::1]:80:[::2]", ("::1", 80, "::2")),
        (types.resolve, "h:443:::1", ("h", 443, "::1")),
        (types.url, "demo:", "demo:"),
        (types.headers, "A: b: c", [("A", "b: c")]),
        (types.headers, "A:b", [("A", "b")]),
        (types.headers, "A:", [("A", None)]),
        (types.headers, "A: ", [("A", None)]),
        (types.headers, "A;", [("A", "")]),
        (types.headers, "A: b;", [("A", "b;")]),
    ],
)
def test_a_value_is_read(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (types.duration, "soon", "not a duration"),
        (types.duration, "-1", "not a duration"),
        (types.interval, "0ms", "longer than 0"),
        (types.size, "1T", "not a size"),
        (types.count, "0", "must be 1 or more"),
        (types.count, "-1", "must be 1 or more"),
        (types.count, "1.0", "'1.0' is not a number"),
        (types.count, "٣", "is not a number"),
        (types.count, "9" * 19, "at most 18 digits"),
        (types.count_or_zero, "-1", "must be 0 or more"),
        (types.terminator, "", "at least one byte"),
        (types.terminator, r"\q", r"invalid escape \q"),
        (types.pattern, "(", "not a regular expression"),
        (types.resolve, "h:80", "is not HOST:PORT:ADDRESS"),
        (types.resolve, "h::1", "is not HOST:PORT:ADDRESS"),
        (types.resolve, "::1:80:h", "is not HOST:PORT:ADDRESS"),
        (types.headers, "A b", "'A b' is not a header"),
        (types.headers, "@/nowhere/at/all", "cannot read headers from /nowhere/at/all: No such"),
        (types.url, "@profile", "profile"),
        (types.url, "ws:/u:secret@h/?token=secret", "has no :// after the scheme"),
    ],
)
def test_an_invalid_value_is_explained(read, text, words):
    with pytest.raises(click.BadParameter) as caught:
        read(text)
    assert words in caught.value.message
    assert "secret" not in caught.value.message


def test_a_file_of_headers_has_comments_and_empty_lines(tmp_path):
    path = tmp_path / "headers"
    path.write_bytes(b"# who I am\r\n\r\n  A: b  \r\nC;\n#D: e\nF:\n")
    assert types.headers(f"@{path}") == [("A", "b"), ("C", ""), ("F", None)]


@pytest.mark.parametrize("content", [b"A: \xff\n", b"A: b\nno header\n"])
def test_a_file_that_is_not_headers_is_refused(tmp_path, content):
    path = tmp_path / "headers"
    path.write_bytes(content)
    with pytest.raises(click.BadParameter):
        types.headers(f"@{path}")


def test_stdin_is_read_once_and_its_reader_is_named():
    with click.Context(click.Command("x"), obj="the environment"):
        assert types.claim_stdin("--header @-") == "the environment"
        with pytest.raises(UsageError, match="for --header @-, or for the message @-") as caught:
            types.claim_stdin("the message @-")
    assert caught.value.hint == "@FILE in place of @-"


@pytest.mark.parametrize(
    "word",
    [
        "ws://h",
        "x://y",
        ":80",
        ":",
        "demo:",
        "demo:/x",
        "h:80",
        "h/x",
        "a.b",
        "[::1]",
        "u@h:1",
        "h?x",
    ],
)
def test_a_word_with_a_scheme_a_port_a_path_or_a_domain_is_a_url(word):
    expected = word != "[::1]"  # without a port it might be JSON
    assert types.is_url(word) is expected


@pytest.mark.parametrize(
    ("word", "url"),
    [
        ("ws:/h", "ws://h"),
        ("WSS:h/x", "wss://h/x"),
        ("http//h", "http://h"),
        ("ws://h", ""),
        ("ws:8080", ""),
        ("ws:8080/x", ""),
        ("ws:8080x", "ws://8080x"),
        ("h", ""),
        ("ftp:/h", ""),
    ],
)
def test_a_mistyped_scheme_is_corrected_and_a_port_is_kept(word, url):
    assert types.corrected_url(word) == url


# Calls


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_with_its_arguments_is_accepted_and_any_other_option_is_not(name):
    command = load_command(name)
    required = [
        each for each in command.params if isinstance(each, click.Argument) and each.required
    ]
    args = ["bash" if name == "completion" else "ws://h" for _ in required]
    assert accepts(command, args)
    assert not accepts(command, [*args, "--no-such-option"])
    assert accepts(command, args[:-1]) == (not required)


@pytest.mark.parametrize("extra", ["more", "ws://i", ""])
def test_an_argument_too_many_is_not_accepted(extra):
    assert not accepts(load_command("connect"), ["ws://h", extra])
    assert accepts(load_command("send"), ["ws://h", extra])


@pytest.mark.parametrize("word", ["-5", "--loud", "-5e3"])
def test_a_suggested_message_that_begins_with_a_dash_comes_after_two_dashes(word):
    assert meant(["send", ":1", "hi", "--", word], "connect", load_command) == ""  # as it should be
    assert meant(["-d", word, ":1"], "connect", load_command) == f"wscli send :1 -- {word}"


@pytest.mark.parametrize(("command", "name"), OWN_NAMES)
def test_an_option_of_another_command_becomes_the_commands_own(command, name):
    known = options_of(load_command(command))
    assert OWN_NAMES[command, name] in known
    assert name not in known


@pytest.mark.parametrize("name", HABITS)
def test_an_option_of_another_program_takes_a_value_if_its_equivalent_does(name):
    habit = HABITS[name]
    if isinstance(habit.becomes, tuple):
        assert habit.takes_value or "{}" not in "".join(habit.becomes)
    else:
        assert habit.becomes in ("url", "message")
        assert habit.takes_value


WORDS = st.sampled_from(
    [
        *("ws://h", "ws:/h", ":1", "send", "sned", "listen", "hi", "-", "--", "-1", "-x", "-H"),
        *("A: b", "-n", "3", "-vv", "--until", "(", "-c", "--timout", "5", "", "-d", "@x", "é"),
    ]
)


@settings(max_examples=100)
@given(st.lists(WORDS, min_size=1, max_size=6))
def test_wscli_accepts_each_call_that_it_suggests(args):
    """It also differs from the call that was typed, since that one is invalid."""
    call = meant(args, "connect", load_command)
    if not call:
        return
    program, *words = shlex.split(call)
    assert program == "wscli"
    named = words[0] in COMMANDS
    command = load_command(words[0] if named else "connect")
    assert accepts(command, words[named:])
    assert words != args


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["-u", "me:secret", "h:1"], "wscli -u 'me:…' h:1"),
        (["--user=me:secret", "h:1"], "wscli '--user=me:…' h:1"),
        (["--bearer", "secret", "h:1"], "wscli --bearer '…' h:1"),
        (["--cookie=a=secret", "h:1"], "wscli '--cookie=…' h:1"),
        (["-H", "authorization: secret", "h:1"], "wscli -H 'authorization: …' h:1"),
        (["-H", "Cookie: a=secret", "h:1"], "wscli -H 'Cookie: …' h:1"),
        (["-H", "X-Cookies: fine", "h:1"], "wscli -H 'X-Cookies: fine' h:1"),
        (["wss://u:secret@h/?token=secret"], "wscli 'wss://…@h/?…'"),
        (["send", "h:1", "it's"], "wscli send h:1 'it'\"'\"'s'"),
    ],
)
def test_a_call_is_quoted_for_a_shell_and_has_no_secrets(args, shown):
    assert show_call(args) == shown


# The command line as a function


def test_version_and_help_are_written_to_stdout():
    assert re.fullmatch(r"wscli \d+\.\d+\S*\n", run("--version")[1])
    for args in ((), ("--help",), ("-h",)):
        status, out, err = run(*args)
        assert (status, err) == (ExitStatus.OK, "")
        assert out.startswith("Usage: wscli")
        assert all(f"  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize(
    ("args", "what", "hint"),
    [
        (["sendd"], "there is no command 'sendd'", "wscli send"),
        (["help"], "there is no command 'help'", "wscli --help"),
        (["help", "send"], "there is no command 'help'", "wscli send --help"),
        (["version"], "there is no command 'version'", "wscli --version"),
        (["demo"], "there is no command 'demo'", "wscli demo: is the embedded server"),
        (["@me"], "there is no profile '@me'", "write the URL"),
        (["host1"], "there is no command 'host1'", "wscli ws://host1, if that is a host"),
        (["a b"], "there is no command 'a b'", "wscli --help lists the commands"),
        (["send"], "Missing argument 'URL'", "wscli send --help"),
        (["ping", "--nope", ":1"], "ping has no option --nope", "wscli ping --help"),
        (["send", ":1", "hi", "--nope"], "send has no option --nope", "comes after --"),
        (["--nope", ":1"], "pipe has no option --nope", "wscli pipe --help"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_hint(args, what, hint):
    status, out, err = run(*args)
    assert (status, out) == (ExitStatus.USAGE, "")
    first, *_, last = err.splitlines()
    assert first.startswith(f"wscli: {what}")
    assert last.startswith("try: ")
    assert hint in last


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (KeyboardInterrupt(), ExitStatus.INTERRUPTED, ""),
        (BrokenPipeError(), ExitStatus.READER_GONE, ""),
        (MemoryError(), ExitStatus.USAGE, "out of memory"),
        (UsageError("it failed"), ExitStatus.USAGE, "wscli: it failed"),
        (RuntimeError("oops"), ExitStatus.BUG, "a bug in wscli: RuntimeError: oops"),
    ],
)
@pytest.mark.parametrize("debug", ["", "1"])
def test_each_exception_of_a_command_has_its_status(monkeypatch, error, status, words, debug):
    def fail(*args, **params):
        raise error

    monkeypatch.setattr(load_command("ping"), "run", fail)
    code, out, err = run("ping", ":1", WSCLI_DEBUG=debug)
    assert (code, out) == (status, "")
    assert words in err
    assert ("Traceback" in err) == (debug == "1" and status == ExitStatus.BUG)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_fits_80_columns(name):
    """Examples are typed as they stand, and may be longer."""
    _, out, _ = run(name, "--help")
    rest = out.partition("\nExamples:\n")[2].partition("\n\n")[2]
    assert rest
    assert [line for line in rest.splitlines() if len(line) > 80] == []
