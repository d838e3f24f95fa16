"""The command line as a whole: help, usage errors, and what happens when we are at fault."""

import os
import pty
import re
import subprocess

import pytest

from tests import golden
from tests.program import WSCLI, wscli
from wscli.cli.main import COMMANDS


def test_the_help():
    result = wscli("--help")
    assert (result.status, result.err) == (0, "")
    golden.check("help.txt", result.out.decode())
    assert wscli().out == wscli("-h").out == result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command(command):
    result = wscli(command, "--help")
    assert (result.status, result.err) == (0, "")
    golden.check(f"help-{command}.txt", result.out.decode())
    assert "Examples:" in result.out.decode()
    assert wscli(command, "-h").out == result.out


def test_the_version():
    import wscli as package

    assert wscli("--version").out.decode() == f"wscli {package.__version__}\n"


@pytest.mark.parametrize(
    ("args", "complaint", "hint"),
    [
        (["sned", "ws://x"], "there is no command 'sned'", "wscli send"),
        (["localhost:80"], "there is no command 'localhost:80'", "ws://localhost:80"),
        (["frobnicate"], "there is no command 'frobnicate'", "wscli --help"),
        (["listen"], "Missing argument 'URL'", "wscli listen --help"),
        (["listen", "--nope", "ws://x"], "--nope", "wscli listen --help"),
        (["listen", "-n", "0", "ws://x"], "'0' is no number from 1 on", "wscli listen --help"),
        (["listen", "-n"], "'-n' requires an argument", "wscli listen --help"),
        (["listen", "ftp://x"], "the URL cannot be read", "ftp://"),
        (["send", "-t", "-b", "demo:", "x"], "text or binary, not both", "--text or --binary"),
        (["pipe", "-0", "--whole", "demo:"], "exclude each other", "give one"),
        (["send", "--until", "(", "demo:"], "is not a regular expression", "wscli send --help"),
    ],
)
def test_wrong_usage_is_explained(args, complaint, hint):
    result = wscli(*args)
    assert (result.status, result.out) == (2, b"")
    assert complaint in result.err
    assert re.search(f"^try: .*{re.escape(hint)}", result.err, re.MULTILINE)


def test_a_bug_of_ours_is_admitted_without_a_traceback():
    """A file descriptor that is no stream is one way to make the program fail inside."""
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


def test_streams_that_are_closed_are_as_good_as_none(echo_url):
    command = f"{' '.join(WSCLI)} send {echo_url} hi <&- 2>&-"
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (0, b"hi\n")


def test_help_for_a_reader_that_has_gone():
    command = f"{' '.join(WSCLI)} --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=20)
    assert done.stdout in (b"0\n", b"141\n")
    assert done.stderr == b""


def on_a_terminal(*args):
    """Run with all streams on a pseudo-terminal; return status and what it showed."""
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
    assert lines[2].startswith("* closed with 1000 normal closure, begun by wscli, after ")
    assert "\x1b[38;5;64m←\x1b[0m" in shown


def test_at_a_terminal_what_a_peer_sends_is_not_obeyed(scripted):
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


def test_raw_at_a_terminal_is_raw(echo_url):
    _, shown = on_a_terminal("send", "--raw", "-q", echo_url, "a\tb")
    assert shown == "a\tb"
