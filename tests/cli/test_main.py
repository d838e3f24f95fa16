"""The command line as a whole: help, usage errors, bugs of wscli itself."""

import os
import pty
import re
import shlex
import socket
import subprocess

import pytest

from tests import golden
from tests.program import WSCLI, call, wscli
from wscli.cli.command import COMMANDS, options_of
from wscli.cli.habits import HABITS
from wscli.cli.main import load_command
from wscli.cli.types import is_url


def test_the_help_lists_the_commands():
    result = wscli("--help")
    assert (result.status, result.err) == (0, "")
    golden.check("help.txt", result.out.decode())
    assert wscli().out == wscli("-h").out == result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples(command):
    result = call(command, "--help")
    assert (result.status, result.err) == (0, "")
    golden.check(f"help-{command}.txt", result.out.decode())
    assert "Examples:" in result.out.decode()
    assert call(command, "-h").out == result.out


def test_the_version_is_printed():
    import wscli as package

    assert wscli("--version").out.decode() == f"wscli {package.__version__}\n"


@pytest.mark.parametrize(
    ("args", "complaint", "hint"),
    [
        (["sned", "ws://x"], "there is no command 'sned'", "wscli send"),
        (["frobnicate"], "there is no command 'frobnicate'", "wscli --help"),
        (["localhost"], "there is no command 'localhost'", "wscli ws://localhost"),
        (["-"], "there is no command '-'", "wscli --help"),
        (["help"], "there is no command 'help'", "wscli --help"),
        (["help", "send"], "there is no command 'help'", "wscli send --help"),
        (["version"], "there is no command 'version'", "wscli --version"),
        (["@prod"], "there is no profile '@prod'", "write the URL"),
        (["send", "@prod", "hi"], "@prod names a profile", "wscli send --help"),
        (["localhost:80a"], "the URL is not valid", "'80a'"),
        (["listen"], "Missing argument 'URL'", "wscli listen --help"),
        (["listen", "--nope", "ws://x"], "--nope", "wscli listen --help"),
        (["listen", "-n", "0", "ws://x"], "must be 1 or more", "wscli listen --help"),
        (["listen", "-n", "x", "ws://x"], "'x' is not a number", "wscli listen --help"),
        (["listen", "-n"], "'-n' requires an argument", "wscli listen --help"),
        (["listen", "ftp://x"], "the URL is not valid", "ftp://"),
        (["send", "-t", "-b", "demo:", "x"], "text or binary, not both", "--text or --binary"),
        (["pipe", "-0", "--whole", "demo:"], "exclude each other", "give one"),
        (["send", "--until", "(", "demo:"], "is not a regular expression", "wscli send --help"),
    ],
)
def test_wrong_usage_is_explained(args, complaint, hint):
    result = call(*args)
    assert (result.status, result.out) == (2, b"")
    assert complaint in result.err
    assert re.search(f"^try: .*{re.escape(hint)}", result.err, re.MULTILINE)


@pytest.fixture
def closed_port():
    """Return a port of the loopback on which nothing listens, for as long as the test runs."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.mark.parametrize(
    "address", ["{}", "{}/ws?x=1", "[::1]:{port}", "u:p@{}", "localhost:{port}/ws", ":{port}"]
)
@pytest.mark.parametrize("options", [(), ("-H", "a: b", "-v")])
def test_an_address_alone_is_a_url(address, options, closed_port):
    address = address.format(f"127.0.0.1:{closed_port}", port=closed_port)
    assert call(*options, address).status == 3


@pytest.mark.parametrize("word", ["example.com", "example.com/feed", "h/ws", "h?x", "a.b:8/c"])
def test_a_word_like_a_host_with_a_path_or_a_domain_is_a_url(word):
    assert is_url(word)


@pytest.mark.parametrize("word", ["sned", "localhost", "", ".", "./x", "/ws", "a b.c", "help."])
def test_other_words_are_not_urls(word):
    assert not is_url(word)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        # wscat
        ("-c ws://h", "ws://h"),
        ("-c ws://h -x hi", "send ws://h hi"),
        ("ws://h -x 'a b'", "send ws://h 'a b'"),
        ("-n -c wss://h -H 'a: b' -s x -P", "-k -H 'a: b' -s x -vv wss://h"),
        ("-c h:1/ws --auth u:p", "-u 'u:…' h:1/ws"),
        ("-l 9000", "serve 9000"),
        ("-c ws://h -x hi -w 2 --slash", "send --wait 2 ws://h hi"),
        # websocat
        ("-1 ws://h", "-n 1 ws://h"),
        ("-n1 ws://h hi", "send -n 1 ws://h hi"),
        ("--protocol chat --basic-auth=u ws://h", "-s chat -u '…' ws://h"),
        # curl
        ("-d @file http://h", "send http://h @file"),
        ("-x proxy:3128 ws://h", "--proxy proxy:3128 ws://h"),
        ("-iNX GET -H 'Cookie: a=b' http://h/x", "-v -H 'Cookie: …' http://h/x"),
        ("-I https://u:p@h/?token=t", "inspect 'https://…@h/?…'"),
        ("--verbose ws://h", "-v ws://h"),
        ("--silent ws://h", "-q ws://h"),
        # none of them
        ("ws://h hi there", "send ws://h hi there"),
        ("connect ws://h hi", "send ws://h hi"),
        ("hi ws://h", "send ws://h hi"),
        ("sned ws://h hi", "send ws://h hi"),
        ("-v send ws://h hi", "send -v ws://h hi"),
        ("localhost 21002", "localhost:21002"),
        ("connect localhost 21002", "connect localhost:21002"),
        ("ws:/h:1", "ws://h:1"),
        ("send ws:/h:1 hi", "send ws://h:1 hi"),
        ("wss:h", "wss://h"),
        ("http//h:1/x", "http://h:1/x"),
        ("send -n :21002", "send -n N :21002"),
        ("listen -H :21002", "listen -H 'NAME: VALUE' :21002"),
        ("send :21002 -5", "send :21002 -- -5; a message that begins with - comes after --"),
        ("listen --until x :21002", "send --until x :21002"),
        ("listen --timeout 3 :21002", "listen --for 3 :21002"),
        ("listen -m3 :21002", "listen --for=3 :21002"),
        ("send --count=2 :21002 hi", "send --replies=2 :21002 hi"),
        ("listen --recrod f :21002", "listen --record f :21002"),
        ("listen --timestamp :21002", "listen --timestamps :21002"),
        ("connect --reconnect --no-histroy :1", "connect --reconnect --no-history :1"),
        ("send --every 9s a --timout 3 :1 b", "send --every 9s a --timeout 3 :1 b"),
    ],
)
def test_the_call_that_was_meant_is_shown(typed, meant):
    """The hint can be pasted into a shell; credentials and queries are left out of it."""
    result = call(*shlex.split(typed))
    assert (result.status, result.out) == (2, b"")
    assert result.err.splitlines()[-1] == f"try: wscli {meant}"


@pytest.mark.parametrize(
    "typed",
    [
        "listen :1 -H",
        "-H",
        "listen ws://h ws://i",
        "listen :1 -x",
        "listen --nope :1",
        "ping -n 3 :1",
        "send :1 hi --until (",
        "send :1 --every 0 hi",
        "send --timeout soon :1 hi",
        "serve -x",
        "compare a b",
        "-q",
        "-n",
    ],
)
def test_no_call_is_suggested_if_none_is_likely(typed):
    result = call(*typed.split())
    assert result.status == 2
    assert re.fullmatch("try: wscli( [a-z]+)? --help", result.err.splitlines()[-1])


@pytest.mark.parametrize("name", HABITS)
@pytest.mark.parametrize("command", ["connect", "send", "pipe", "listen", "inspect"])
def test_the_equivalent_of_an_option_exists(name, command):
    """No option of another program shadows one of wscli's, and each becomes one that exists."""
    habit = HABITS[name]
    known = {option for each in COMMANDS for option in options_of(load_command(each))}
    becomes = habit.becomes if isinstance(habit.becomes, tuple) else ()
    assert {word.replace("-vv", "-v") for word in becomes if word.startswith("-")} <= known
    assert habit.command in ("", *COMMANDS)
    assert name == "-n" or name not in options_of(load_command(command))


def test_an_odd_number_of_hexadecimal_digits_is_explained():
    result = call("send", "-b", "demo:", "0x123")
    assert result.status == 2
    assert "3 hexadecimal digits: each byte needs two, as in 0x0123" in result.err


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("0x01 g2", "'g' is not a hexadecimal digit"),
        ("0x01 0 2", "a space separates the two digits of a byte"),
    ],
)
def test_hexadecimal_that_cannot_be_decoded_is_explained(message, why):
    result = call("send", "-b", "demo:", message)
    assert result.status == 2
    assert why in result.err


def test_an_error_for_an_unknown_option_names_the_command():
    result = call("listen", "--until", "x", "demo:")
    assert result.err.startswith("wscli: listen has no option --until\n")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--timeout", "9" * 5000], "is too long"),
        (["--connect-timeout", "1000000h"], "is too long"),
        (["--max-size", "9" * 5000], "is too large"),
        (["--fragment", "9999999999GiB"], "is too large"),
        (["-n", "9" * 5000], "at most 18 digits"),
    ],
)
def test_a_number_that_is_too_large_is_wrong_usage(options, complaint):
    result = call("send", *options, "demo:", "hi")
    assert (result.status, result.out) == (2, b"")
    assert complaint in result.err
    assert len(result.err) < 300


def test_the_longest_duration_and_the_largest_size_work(echo_url):
    options = ["--timeout", "876000h", "--connect-timeout", "876000h", "--close-timeout", "876000h"]
    options += ["--ping-interval", "876000h", "--ping-timeout", "876000h"]
    options += ["--max-size", str((1 << 63) - 1), "--fragment", str((1 << 63) - 1)]
    result = wscli("send", *options, echo_url, "hi")
    assert (result.status, result.out, result.err) == (0, b"hi\n", "")
    assert wscli("send", "-n", "9" * 18, "--timeout", "100ms", echo_url, "hi").status == 6


def test_a_socket_path_that_is_too_long_is_not_a_bug():
    result = wscli("serve", "--unix-socket", "x" * 300)
    assert result.status == 3
    assert "path too long" in result.err


def test_a_lack_of_memory_is_not_a_bug(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(4 << 30)
    command = f"ulimit -v 1000000; {shlex.join(WSCLI)} send -b ws://127.0.0.1:1/ @{path}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=50)
    assert done.returncode == 2
    assert done.stderr.startswith(b"wscli: out of memory\ntry: ")


def test_a_bug_is_reported_without_a_traceback():
    """A file descriptor that is not a stream is one way to cause an unexpected exception."""
    code = (
        "import sys; from wscli.apps.env import Env; from wscli.cli import main as m;"
        "m._run = lambda args, env: 1 / 0;"
        "sys.exit(m.main(['--version'], Env.of_process()))"
    )
    command = [WSCLI[0], "-c", code]
    plain = subprocess.run(command, capture_output=True, check=False)
    assert plain.returncode == 1
    assert plain.stderr.startswith(b"wscli: a bug in wscli: ZeroDivisionError")
    assert b"Traceback" not in plain.stderr
    env = {**os.environ, "WSCLI_DEBUG": "1"}
    debug = subprocess.run(command, capture_output=True, check=False, env=env)
    assert b"Traceback" in debug.stderr


def test_closed_streams_are_treated_as_dev_null(echo_url):
    command = f"{' '.join(WSCLI)} send {echo_url} hi <&- 2>&-"
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (0, b"hi\n")


def test_help_without_a_reader_exits_with_141():
    command = f"{' '.join(WSCLI)} --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=20)
    assert done.stdout in (b"0\n", b"141\n")
    assert done.stderr == b""


def on_a_terminal(*args):
    """Run with all streams on a pseudo-terminal; return the status and the output."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*WSCLI, *args], stdin=follower, stdout=follower, stderr=follower, close_fds=True
    )
    os.close(follower)
    shown = b""
    try:
        while data := os.read(leader, 65536):
            shown += data
    except OSError:  # EIO: nobody has the other end any more
        pass
    os.close(leader)
    return process.wait(20), shown.decode()


def test_at_a_terminal_messages_have_time_direction_kind_and_size(echo_url):
    status, shown = on_a_terminal("send", echo_url, "hello")
    assert status == 0
    lines = re.sub("\x1b\\[[0-9;]*m", "", shown).split("\r\n")
    assert re.fullmatch(r"→ \d\d:\d\d:\d\d\.\d{3} text +5 B  hello", lines[0])
    assert re.fullmatch(r"← \d\d:\d\d:\d\d\.\d{3} text +5 B  hello", lines[1])
    assert lines[2].startswith("* closed with 1000 normal closure, initiated by wscli, after ")
    assert "\x1b[38;5;64m←\x1b[0m" in shown


def test_at_a_terminal_control_characters_are_symbols(scripted):
    def script(peer):
        peer.accept()
        peer.text("\x1b[2J\x1b]52;c;ZXZpbA==\x07")
        peer.close(1008, "\x1b]0;title\x07")
        peer.expect_close()

    status, shown = on_a_terminal("listen", "--color", "never", scripted(script).url)
    assert status == 9
    assert "\x1b" not in shown
    assert "␛[2J␛]52;c;ZXZpbA==␇" in shown
    assert "␛]0;title␇" in shown


@pytest.mark.parametrize("command", ["inspect", "listen", "send", "ping"])
@pytest.mark.parametrize("options", [["--color", "always"], ["--color", "always", "-vv"]])
def test_in_colour_control_characters_are_symbols(scripted, command, options):
    """Colour in a pipe is meant for a terminal behind it: `wscli inspect --color always | less`."""

    def script(peer):
        peer.refuse("HTTP/1.1 403 \x1b[2J\r\nX-Evil: \x1b]0;x\x07\u3164\r\n\r\n\x9b31m\x1b[2J")

    result = call(command, *options, scripted(script).url)
    shown = re.sub("\x1b\\[[0-9;]*m", "", result.out.decode() + result.err)
    assert result.status == 5
    assert not set(shown) & set("\x1b\x07\x9b\u3164\r")
    assert "403 ␛[2J" in shown


def test_raw_writes_payload_bytes_to_a_terminal_too(echo_url):
    _, shown = on_a_terminal("send", "--raw", "-q", echo_url, "a\tb")
    assert shown == "a\tb"
