"""``wscli import``: the WebSockets of a HAR file as commands, or as a recording."""

import json
import stat
import subprocess
import sys

import pytest

from tests.program import call
from tests.records.test_har import entry, har, message

REMARK = "wscli: the output has credentials (token); --redact leaves them out\n"


@pytest.fixture
def page(tmp_path):
    """A HAR file with two WebSockets."""
    path = tmp_path / "page.har"
    second = entry(message("send", "two"), startedDateTime="2026-01-31T12:00:01Z")
    path.write_bytes(har(entry(message("send", "one"), message()), second))
    return path


def test_each_websocket_is_printed_as_commands(page):
    result = call("import", page)
    assert (result.status, result.err) == (0, REMARK)
    options = "--origin https://example.com --subprotocol chat --no-compress"
    url = "'wss://example.com/feed?token=1'"
    assert result.out.decode() == (
        "# connection 1: 1 sent, 1 received to wss://example.com/feed\n"
        f"wscli connect {options} {url}\n"
        f"wscli send {options} {url} one\n"
        "\n"
        "# connection 2: 1 sent, 0 received to wss://example.com/feed\n"
        f"wscli connect {options} {url}\n"
        f"wscli send {options} {url} two\n"
    )


def test_one_websocket_is_selected(page):
    out = call("import", page, "--entry", "2").out
    assert out.startswith(b"# connection 2")
    assert b"one" not in out


def test_a_websocket_that_does_not_exist_is_an_error(page):
    result = call("import", page, "--entry", "3")
    assert (result.status, result.out) == (2, b"")
    assert f"wscli: {page} has no WebSocket 3\n  it has 2\n" in result.err


def test_the_commands_run(tmp_path, serve):
    server = serve()
    recording, page = tmp_path / "recording.jsonl", tmp_path / "page.har"
    call("send", "--record", recording, f"{server.url}/echo", "it's", "x\n$HOME")
    call("export", recording, "--to", "har", "-o", page)
    command = call("import", page).out.decode().partition("wscli send ")[2]
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m wscli send {command}"],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"it's\nx\n$HOME\n")


def test_the_websockets_become_a_recording(page, tmp_path):
    recording = tmp_path / "page.jsonl"
    result = call("import", page, "--record", recording)
    assert (result.status, result.out, result.err) == (0, b"", REMARK)
    _, *events = [json.loads(line) for line in recording.read_bytes().splitlines()]
    found = [(event["connection"], event["event"]) for event in events]
    assert found == [(1, "open"), (1, "message"), (1, "message"), (2, "open"), (2, "message")]
    assert stat.S_IMODE(recording.stat().st_mode) == 0o600
    assert call("import", page, "-o", recording).status == 2
    assert call("import", page, "-o", recording, "--force", "--entry", "2").status == 0
    assert len(recording.read_bytes().splitlines()) == 3


def test_redact_leaves_out_secrets(page):
    result = call("import", page, "--redact=two")
    assert (result.status, result.err) == (0, "")
    assert result.out.count(b"'wss://example.com/feed?token=REDACTED'") == 4
    assert b" one\n" in result.out
    assert b" REDACTED\n" in result.out


def test_force_needs_a_recording(page):
    result = call("import", page, "--force")
    assert result.status == 2
    assert "--force needs --record" in result.err


def test_a_har_without_websockets_is_an_error(tmp_path):
    path = tmp_path / "page.har"
    path.write_bytes(har())
    result = call("import", path)
    assert (result.status, result.out) == (2, b"")
    assert result.err == f"wscli: {path} has no WebSocket\n"
