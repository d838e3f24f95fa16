"""``--record``: the file is readable by its owner only, and never replaced by accident."""

import base64
import json
import os
import re
import signal
import stat
import subprocess

import pytest

from tests.program import WSCLI, start, wscli


def events(path):
    """Return the events behind the header."""
    header, *events = [json.loads(line) for line in path.read_text().splitlines()]
    assert header["event"] == "recording"
    return events


def send(path, *options):
    return wscli("send", "-u", "me:secret", "--record", path, *options, "demo:", "hello")


@pytest.fixture
def existing(tmp_path):
    """A recording that others can read."""
    path = tmp_path / "session.ndjson"
    path.write_text('{"event":"close"}\n')
    path.chmod(0o644)
    return path


def test_a_file_that_is_not_empty_is_not_replaced(existing):
    result = send(existing)
    assert (result.status, result.out) == (2, b"")
    assert result.err == (
        f"wscli: {existing} is not empty\n  18 bytes\n"
        "try: --force replaces it, --append adds to it\n"
    )
    assert existing.read_text() == '{"event":"close"}\n'
    assert stat.S_IMODE(existing.stat().st_mode) == 0o644


def test_force_replaces_the_file_and_makes_it_private(existing):
    assert send(existing, "--force").status == 0
    kinds = [event["event"] for event in events(existing)]
    assert kinds == ["open", "message", "message", "close"]
    assert stat.S_IMODE(existing.stat().st_mode) == 0o600


def test_append_adds_a_connection_and_makes_the_file_private(existing):
    assert send(existing, "--append").status == 0
    before, header, *rest = [json.loads(line) for line in existing.read_text().splitlines()]
    assert before == {"event": "close"}
    assert (header["event"], header["v"]) == ("recording", 1)
    assert [event["event"] for event in rest] == ["open", "message", "message", "close"]
    assert stat.S_IMODE(existing.stat().st_mode) == 0o600


def test_append_does_not_continue_a_truncated_line(existing):
    existing.write_text('{"event":"mess')
    assert send(existing, "--append").status == 0
    cut, *lines = existing.read_text().splitlines()
    assert cut == '{"event":"mess'
    assert json.loads(lines[0])["event"] == "recording"


def test_append_creates_a_file_too(tmp_path):
    assert send(tmp_path / "new", "--append").status == 0
    assert events(tmp_path / "new")[0]["event"] == "open"


def test_an_empty_file_is_written_and_made_private(tmp_path):
    path = tmp_path / "empty"
    path.touch(0o666)
    assert send(path).status == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("options", [[], ["--force"], ["--append"]])
@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_to_a_file_is_not_followed(tmp_path, options, there):
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    if there:
        target.write_text("precious")
    result = send(link, *options)
    assert result.status == 2
    assert f"cannot write {link}: it is a symbolic link to a file" in result.err
    assert f"  it points to {target}\n" in result.err
    assert target.exists() == there
    assert not there or target.read_text() == "precious"


def test_a_recording_may_go_through_a_shell_to_a_program(tmp_path):
    program = " ".join(WSCLI)
    command = f"{program} send --record >(cat > {tmp_path}/copy; echo done >&2) demo: hello"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, b"hello\n")
    assert done.stderr == b"done\n"
    assert events(tmp_path / "copy")[0]["event"] == "open"


def test_a_recording_may_go_to_a_named_pipe_whose_reader_may_leave(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    with start("pipe", "--record", pipe, "demo:") as process:
        with pipe.open("rb") as reader:
            process.stdin.write(b"one\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"one\n"
            assert b'"recording"' in reader.readline()
        process.stdin.write(b"two\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"two\n"
        process.stdin.close()
        assert process.wait(20) == 0
        said = process.stderr.read().decode()
    assert "its reader is gone" in said
    assert said.count("the recording ends here") == 1
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--record", "-"], "--json prints the events on stdout"),
        (["--record", "."], "cannot write .\n  Is a directory"),
        (["--record", "x", "--force", "--append"], "--force and --append exclude each other"),
        (["--force"], "--force needs --record"),
        (["--append"], "--append needs --record"),
    ],
)
@pytest.mark.parametrize("command", [["listen", "demo:"], ["serve", "0"]], ids=" ".join)
def test_an_impossible_recording_is_a_usage_error(command, options, words):
    name, *rest = command
    result = wscli(name, *options, *rest)
    assert result.status == 2
    assert words in result.err
    assert not os.path.exists("x")


def test_a_recording_that_exists_is_not_replaced_by_the_server(existing):
    result = wscli("serve", "--record", existing, "0")
    assert result.status == 2
    assert "--force replaces it, --append adds to it" in result.err


# A file that takes no more


def test_a_disk_that_is_full_ends_the_recording_alone(tmp_path):
    path = tmp_path / "full"
    program = " ".join(WSCLI)
    url = "demo:/push?n=500&size=100"
    command = f"ulimit -f 16; exec {program} listen --record {path} '{url}'"  # 16 KiB
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 500)
    assert done.stderr.decode().splitlines() == [
        f"wscli: cannot write the recording {path}",
        "  File too large",
        "  the recording ends here; the connection goes on",
    ]
    shown = wscli("view", path)
    assert (shown.status, shown.err.count("was cut off")) == (0, 1)
    assert done.stdout.startswith(shown.out)
    assert shown.out.count(b"\n") > 10


# Without secrets

SECRET_OPTIONS = ["-u", "me:pass word", "--cookie", "sid=cookie-value", "--redact"]


@pytest.mark.parametrize("detail", [[], ["-vv"]], ids=" ".join)
def test_a_recording_is_made_without_secrets(tmp_path, websockets_server, detail):
    path = tmp_path / "redacted"
    message = '{"password":"hunter2","user":"me"}'
    options = [*SECRET_OPTIONS, '--redact="password":"(.*?)"', *detail]
    url = websockets_server(lambda connection: connection.send(connection.recv()))
    result = wscli("send", *options, "--record", path, f"{url}/?token=query-value", message)
    assert (result.status, result.out.decode()) == (0, f"{message}\n")
    written = path.read_text()
    for secret in ("pass word", "bWU6cGFzcyB3b3Jk", "cookie-value", "query-value", "hunter2"):
        assert secret not in written
        assert base64.b64encode(secret.encode()).decode()[:-4] not in written
    shown = wscli("view", path)
    assert shown.out.decode() == '{"password":"REDACTED","user":"me"}\n'


def test_a_server_records_without_secrets(tmp_path):
    path = tmp_path / "redacted"
    with start("serve", "--redact=hun.*", "--record", path, "0") as server:
        port = re.search(rb"127\.0\.0\.1:\d+", server.stderr.readline())[0].decode()
        wscli("send", "--cookie", "sid=cookie-value", f"ws://{port}/", "hunter2")
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
    written = path.read_text()
    assert "cookie-value" not in written
    assert [event.get("text") for event in events(path)][1:3] == ["REDACTED"] * 2


def test_secrets_are_left_out_afterwards(tmp_path):
    path = tmp_path / "recording"
    assert send(path).status == 0
    assert base64.b64encode(b"me:secret").decode() in path.read_text()
    shown = wscli("view", "--json", "--redact=hello", path)
    assert shown.status == 0
    assert b"hello" not in shown.out
    assert base64.b64encode(b"me:secret") not in shown.out
    assert wscli("view", "-", stdin=shown.out).out == b"REDACTED\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["listen", "--redact", "demo:"], "--redact needs --record"),
        (["serve", "--redact", "0"], "--redact needs --record"),
        (["listen", "--record", "x", "--redact=(", "demo:"], "'(' is not a regular expression"),
    ],
)
def test_a_redaction_that_makes_no_sense_is_a_usage_error(args, words):
    result = wscli(*args)
    assert result.status == 2
    assert words in result.err
