"""``wscli export``: what it writes can be run and read, and where it may write."""

import json
import re
import shutil
import stat
import subprocess
import sys
from base64 import b64encode

import pytest

from tests.captured import read_capture
from tests.program import call, wscli
from tests.recordings import closed, got, lines, opened, sent
from wscli.records.reading import read_recording
from wscli.session.events import Batch, Opened


@pytest.fixture
def recorded(serve, tmp_path):
    """Return a function that records a command with the embedded server, and gives the file."""
    server = serve()

    def record(command, path, *words, name="recording.jsonl"):
        file = tmp_path / name
        url = server.url + path
        result = call(command, "--record", file, "--append", url, *words)
        assert result.status in (0, 5, 9), result.err
        return file

    return record


def export(file, form, *options, **more):
    return call("export", file, "--to", form, *options, **more)


def exported(file, form, *options, remarks=""):
    result = export(file, form, *options)
    assert (result.status, result.err) == (0, remarks)
    return result.out


def has_secrets(*names):
    """Return the remark on an output that has credentials."""
    found = ", ".join(names)
    return f"wscli: the output has credentials ({found}); --redact leaves them out\n"


def messages(file):
    """Return the messages of a file that wscli reads: incoming, opcode, payload, time."""
    with file.open("rb") as stream:
        return [
            (event.incoming, item.opcode, item.payloads, event.time)
            for event, _ in read_recording(stream)
            if isinstance(event, Batch)
            for item in event.items
        ]


def test_a_har_has_the_messages_of_the_recording(recorded, tmp_path):
    file = recorded("send", "/echo", "hello", "grüße")
    har = tmp_path / "session.har"
    assert exported(file, "har", "-o", har) == b""
    assert messages(har) == messages(file)
    assert len(messages(har)) == 4


def test_a_har_becomes_a_recording_again(recorded, tmp_path):
    file = recorded("send", "/echo", "hello")
    har = tmp_path / "session.har"
    har.write_bytes(exported(file, "har"))
    again = tmp_path / "again.jsonl"
    again.write_bytes(exported(har, "jsonl"))
    assert messages(again) == messages(file)
    header, *events = [json.loads(line) for line in again.read_bytes().splitlines()]
    assert (header["event"], header["v"]) == ("recording", 1)
    assert [event["event"] for event in events] == ["open", "message", "message", "close"]
    assert {event["connection"] for event in events} == {1}


def test_a_server_s_recording_keeps_its_directions_in_a_har(tmp_path, serve):
    recording, har = tmp_path / "served.jsonl", tmp_path / "served.har"
    events = [got("nope"), got("bye"), sent("bye"), closed(by="peer")]
    recording.write_bytes(lines(opened(role="server"), *events))
    exported(recording, "har", "-o", har)
    assert call("import", har).out == call("import", recording).out
    assert exported(har, "python") == exported(recording, "python").replace(b".jsonl", b".har")
    url = f"{serve().url}/echo"
    assert call("replay", har, url) == call("replay", recording, url)


def test_a_recording_may_come_from_stdin(recorded):
    file = recorded("send", "/echo", "hello")
    result = wscli("export", "-", "--to", "har", stdin=file.read_bytes())
    assert (result.status, result.err) == (0, "")
    assert json.loads(result.out)["log"]["entries"]


def run_script(script):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        timeout=30,
        check=False,
    )


def test_a_python_script_sends_the_messages_again(recorded):
    file = recorded("send", "/echo?fragment=3", "hello", 'it\'s "ü"')
    done = run_script(exported(file, "python"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == ["hello", 'it\'s "ü"']


def test_a_python_script_waits_for_the_server_s_close(recorded):
    file = recorded("listen", "/close?code=4001&reason=bye")
    done = run_script(exported(file, "python"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"closed with 4001 bye\n"


def test_a_python_script_connects_as_the_client_did(recorded, serve):
    file = recorded("send", "/headers", "-n", "1", "-H", "X-Own: it's", "--cookie", "a=1")
    script = exported(file, "python", remarks=has_secrets("Cookie"))
    assert b'headers=[("Cookie", "a=1"), ("X-Own", "it\'s")]' in script
    done = run_script(script)
    assert (done.returncode, done.stderr) == (0, b"")
    seen = dict(json.loads(done.stdout.splitlines()[0])["headers"])
    assert {"X-Own": "it's", "Cookie": "a=1"}.items() <= seen.items()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_performs_the_same_upgrade(recorded):
    file = recorded("send", "/headers", "-n", "1", "-s", "chat", "-H", "X-Own: it's")
    command = exported(file, "curl").decode()
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=30, check=False)
    head, _, frames = done.stdout.partition(b"\r\n\r\n")
    with file.open("rb") as stream:
        opened = next(event for event, _ in read_recording(stream) if isinstance(event, Opened))
    assert head + b"\r\n\r\n" == opened.opening.response.raw
    assert frames


def test_a_refused_upgrade_can_be_exported(recorded):
    file = recorded("listen", "/status/403", "--no-probe")
    [entry] = json.loads(exported(file, "har"))["log"]["entries"]
    assert entry["response"]["status"] == 403
    assert b"/status/403" in exported(file, "curl")


def test_one_connection_of_several_is_selected(recorded):
    recorded("send", "/echo", "one")
    file = recorded("send", "/echo", "two")
    for form in ("har", "jsonl", "python"):
        text = exported(file, form, "--connection", "2")
        assert b"two" in text
        assert b"one" not in text


@pytest.mark.parametrize("form", ["curl", "python"])
def test_a_format_for_one_connection_lists_those_that_there_are(recorded, form):
    recorded("send", "/echo", "one")
    file = recorded("send", "/echo", "two", "three")
    result = export(file, form)
    assert (result.status, result.out) == (2, b"")
    assert "the recording has 2 connections\n  1: 1 sent, 1 received to ws://" in result.err
    assert "\n  2: 2 sent, 2 received to ws://" in result.err
    assert "try: --connection N selects one" in result.err


@pytest.mark.parametrize("form", ["har", "pcapng", "html", "jsonl", "curl"])
def test_a_connection_that_does_not_exist_is_an_error(recorded, form, tmp_path):
    file = recorded("send", "/echo", "one")
    target = tmp_path / "out"
    result = export(file, form, "--connection", "7", "-o", target)
    assert (result.status, result.out) == (2, b"")
    assert "has no connection 7" in result.err
    assert not target.exists()


def test_the_output_is_for_its_owner_alone(recorded, tmp_path):
    file = recorded("send", "/echo", "one")
    target = tmp_path / "out.har"
    exported(file, "har", "-o", target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_file_that_is_not_empty_is_replaced_only_with_force(recorded, tmp_path):
    file = recorded("send", "/echo", "one")
    target = tmp_path / "out"
    target.write_text("precious")
    result = export(file, "pcapng", "-o", target)
    assert result.status == 2
    assert result.err == f"wscli: {target} is not empty\n  8 bytes\ntry: --force replaces it\n"
    assert target.read_text() == "precious"
    exported(file, "pcapng", "-o", target, "--force")
    assert target.read_bytes().startswith(b"\x0a\x0d\x0d\x0a")


def test_the_recording_itself_is_never_replaced(recorded):
    file = recorded("send", "/echo", "one")
    before = file.read_bytes()
    result = export(file, "jsonl", "-o", file, "--force")
    assert result.status == 2
    assert "is the file that is read" in result.err
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", '{"log":{}}', "not a recording"])
def test_a_file_that_is_not_a_recording_leaves_the_output_alone(tmp_path, content):
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text(content)
    target.write_text("precious")
    result = export(source, "har", "-o", target, "--force")
    assert (result.status, result.out) == (2, b"")
    assert target.read_text() == "precious"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--to", "pcap"],
            "'pcap' is not one of 'har', 'pcapng', 'html', 'curl', 'python', 'jsonl'",
        ),
        ([], "Missing option '--to'"),
        (["--to", "curl", "--har-control"], "--har-control is for HAR, not for curl"),
        (["--to", "har", "--keylog", "x"], "--keylog is for a capture, not for har"),
        (["--to", "har", "--force"], "--force needs --output"),
        (["--to", "har", "--connection", "0"], "must be 1 or more"),
        (["--to", "pcapng", "--keylog", "/nowhere"], "cannot read the key log /nowhere"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(recorded, options, words):
    file = recorded("send", "/echo", "one")
    result = call("export", file, *options)
    assert (result.status, result.out) == (2, b"")
    assert words in result.err


def test_a_capture_is_not_written_to_a_terminal(recorded, terminal):
    screen = terminal("export", recorded("send", "/echo", "one"), "--to", "pcapng")
    screen.until("try: -o FILE writes it to a file")
    assert "pcapng is binary, and stdout is a terminal" in screen.text


@pytest.mark.parametrize("form", ["har", "html", "jsonl", "python"])
def test_a_terminal_is_sent_no_control_characters(recorded, terminal, form):
    screen = terminal("export", recorded("send", "/echo", "\x9b31m \u202e!"), "--to", form)
    screen.until("31m ")
    assert re.search(r"\\(x9b|u009b)31m \\u202e!", "".join(screen.text.splitlines()))


def test_a_reader_that_leaves_ends_the_export(recorded):
    file = recorded("listen", "/push?n=20000&size=200")
    command = (
        f"{sys.executable} -m wscli export {file} --to har | head -c 10; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_har_of_another_program_is_exported_too(tmp_path):
    from tests.records.test_har import entry, har, message

    file = tmp_path / "page.har"
    file.write_bytes(har(entry(message("send", "hi"), _closeCode=1000)))
    events = exported(file, "jsonl", remarks=has_secrets("token")).splitlines()
    assert [json.loads(line)["event"] for line in events[1:]] == ["open", "message", "close"]
    command = exported(file, "curl", remarks=has_secrets("token"))
    assert b"-H 'Origin: https://example.com'" in command


def test_what_cannot_be_read_is_a_remark(tmp_path):
    from tests.records.test_har import entry, har, message

    file = tmp_path / "page.har"
    file.write_bytes(har(entry(message("odd"), message("send", "hi"))))
    result = export(file, "jsonl")
    assert result.status == 0
    remark = "WebSocket 1: 1 of its messages left out: its type is neither send nor receive"
    assert result.err == f"wscli: {remark}\n{has_secrets('token')}"


SECRETS = ["-H", "Authorization: Bearer s3cr3t", "--cookie", "id=s3cr3t", "-H", "X-Api-Key: s3cr3t"]


@pytest.mark.parametrize("form", ["har", "pcapng", "curl", "python", "jsonl"])
def test_credentials_in_the_output_are_reported(recorded, form):
    file = recorded("send", "/echo", "hi", *SECRETS)
    names = "Cookie", "Authorization", "X-Api-Key"
    assert b"s3cr3t" in exported(file, form, remarks=has_secrets(*names))


@pytest.mark.parametrize("form", ["har", "pcapng", "curl", "python", "jsonl"])
def test_redact_leaves_out_secrets(recorded, form):
    file = recorded("send", "/echo", '{"pin":1234}', "-vv", *SECRETS)
    out = exported(file, form, "--redact", "--redact=[0-9]{4}")
    assert b"REDACTED" in out
    for text in ("s3cr3t", '"pin":1234', '"pin\\":1234'):
        assert text.encode() not in out
        assert b64encode(text.encode()) not in out


def test_a_capture_without_secrets_is_made_from_messages(recorded, tmp_path):
    file = recorded("send", "/echo", '{"pin":1234}', "-vv")
    path = tmp_path / "session.pcapng"
    exported(file, "pcapng", "--redact=[0-9]{4}", "-o", path)
    sent = b"".join(each.packet.data for each in read_capture(path.read_bytes()))
    assert sent.count(b'{"pin":REDACTED}') == 2
