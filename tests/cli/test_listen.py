"""``wscli listen``: its output, and its end."""

import json
import os
import signal
import subprocess
import threading

import pytest

from tests.program import WSCLI, start, wscli
from wscli.wire.events import Close
from wscli.wire.frames import Frame


def pushing(*messages, finish=lambda peer: peer.close()):
    def script(peer):
        peer.accept()
        peer.text(*messages)
        finish(peer)
        peer.expect_close()

    return script


def do_nothing(peer):
    pass


def pushing_for_ever(peer):
    peer.accept()
    while True:
        peer.text(*["tick"] * 100)


def test_each_message_is_a_line_until_the_server_closes(scripted):
    result = wscli("listen", scripted(pushing("one", "", "three")).url)
    assert (result.status, result.out, result.err) == (0, b"one\n\nthree\n", "")


def test_a_payload_is_never_changed(scripted):
    def script(peer):
        peer.accept()
        peer.frames(Frame(1, b"a\r\nb\tc\x1b[2J\x00"), Frame(2, b"\xff\xfe\n"), Frame(2, b""))
        peer.close()
        peer.expect_close()

    server = scripted(script)
    assert wscli("listen", server.url).out == b"a\r\nb\tc\x1b[2J\x00\n\xff\xfe\n\n\n"
    assert wscli("listen", "--raw", server.url).out == b"a\r\nb\tc\x1b[2J\x00\xff\xfe\n"


def test_fragments_are_joined_and_pings_between_are_not_printed(scripted):
    def script(peer):
        peer.accept()
        peer.frames(
            Frame(1, b"part1-", fin=False),
            Frame(9, b"ping inside"),
            Frame(0, b"part2-", fin=False),
            Frame(0, b"part3"),
        )
        peer.close()
        peer.expect_close()

    assert wscli("listen", scripted(script).url).out == b"part1-part2-part3\n"


def test_a_count_ends_the_command(scripted):
    result = wscli("listen", "-n", "3", scripted(pushing_for_ever).url, "--close-timeout", "100ms")
    assert result.out == b"tick\n" * 3


def test_a_duration_ends_the_command(scripted):
    def script(peer):
        peer.accept()
        peer.text("early")
        peer.expect_close()
        peer.close()

    result = wscli("listen", "--for", "100ms", scripted(script).url)
    assert (result.status, result.out) == (0, b"early\n")


def test_a_duration_that_passes_before_the_count_is_reached_is_a_timeout(scripted):
    result = wscli(
        "listen", "-n", "3", "--for", "300ms", scripted(pushing("a", "b", finish=do_nothing)).url
    )
    assert (result.status, result.out) == (6, b"a\nb\n")
    assert "2 of 3 messages came within 0.3 s" in result.err


def test_heartbeats_are_answered(scripted):
    got = []

    def script(peer):
        peer.accept()
        peer.text("PING\r\n", '{"type":"ping","id":7}')
        got.extend(peer.payloads(2))
        peer.close()
        peer.expect_close()

    options = ["--answer", "^PING=PONG", "--answer", "$[?@.type=='ping']=pong", "--end", r"\r\n"]
    result = wscli("listen", *options, scripted(script).url)
    assert result.out == b'PING\r\n{"type":"ping","id":7}\r\n'
    assert got == [b"PONG\r\n", b"pong\r\n"]


def test_a_pattern_that_backtracks_ends_the_command_and_no_message_is_lost(scripted):
    hostile = "a" * 60 + "b"
    url = scripted(pushing("x", hostile, "y", finish=do_nothing)).url
    result = wscli("listen", "--answer", "^(a|aa)+$=z", url)
    assert (result.status, result.out.split()) == (2, [b"x", hostile.encode(), b"y"])
    assert "backtracks for too long on a message of 61 characters" in result.err


@pytest.mark.parametrize(
    "options",
    [
        ["--answer", "no reply"],
        ["--answer", "(=x"],
        ["--every", "0", "x"],
        ["--every", "soon", "x"],
        ["--every", "1s"],
        ["--escapes", "--answer", r"a=\q"],
    ],
)
def test_automatic_messages_that_cannot_be_read_are_usage_errors(options):
    assert wscli("listen", *options, "demo:").status == 2


def test_hex_prints_dumps(scripted):
    result = wscli("listen", "--hex", scripted(pushing("Hello, 16 bytes!+")).url)
    assert result.out.decode() == (
        "00000000  48 65 6c 6c 6f 2c 20 31  36 20 62 79 74 65 73 21  |Hello, 16 bytes!|\n"
        "00000010  2b                                                |+|\n"
    )


def test_timestamps_begin_each_line(scripted):
    result = wscli("listen", "--timestamps", scripted(pushing("a", "b")).url)
    stamps = [line.split(b" ") for line in result.out.splitlines()]
    assert [text for _, text in stamps] == [b"a", b"b"]
    assert all(len(stamp) == len("2026-01-31T12:00:00.123456Z") for stamp, _ in stamps)


@pytest.mark.parametrize(
    "options", [["--raw", "--json"], ["--hex", "--raw"], ["--raw", "--timestamps"]]
)
def test_forms_exclude_each_other(options):
    result = wscli("listen", *options, "demo:")
    assert result.status == 2
    assert "exclude each other" in result.err


def test_a_reader_that_goes_away_ends_the_command_quietly(scripted):
    closes = []

    def script(peer):
        peer.accept()
        peer.text(*["tick"] * 1000)
        closes.append(peer.expect_close())
        peer.close(1001)

    server = scripted(script)
    command = " ".join([*WSCLI, "listen", server.url])
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        timeout=20,
        check=True,
    )
    server.finish()
    assert done.stdout == b"tick\n141\n"
    assert done.stderr == b""
    assert closes == [Close(1001, "")]


def test_a_reader_that_goes_away_is_noticed_without_traffic(scripted):
    def script(peer):
        peer.accept()
        peer.expect_close()
        peer.close(1001)

    with start("listen", scripted(script).url) as process:
        process.stdout.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_an_interrupt_closes_normally(scripted, number, status):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())
        peer.close()

    server = scripted(script)
    with start("listen", "-v", server.url) as process:
        for line in process.stderr:
            if b"open after" in line:
                break
        process.send_signal(number)
        assert process.wait(20) == status
    server.finish()
    assert closes == [Close(1000, "")]


def test_an_interrupt_during_traffic_closes_with_1001(scripted):
    closes = []

    def script(peer):
        peer.accept()
        peer.text("tick")
        closes.append(peer.expect_close())
        peer.close()

    server = scripted(script)
    with start("listen", server.url) as process:
        assert process.stdout.readline() == b"tick\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == b""
    server.finish()
    assert closes == [Close(1001, "")]


def test_a_second_interrupt_ends_at_once(scripted):
    def script(peer):
        peer.accept()
        peer.text("tick")
        peer.wait_for_end()

    with start("listen", "--close-timeout", "60s", "-vv", scripted(script).url) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        for line in process.stderr:
            if line.startswith(b"> close"):
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_a_second_interrupt_ends_a_command_whose_stdout_is_not_read(scripted):
    blocked = threading.Event()

    def script(peer):
        peer.accept()
        peer.sock.settimeout(0.5)
        try:
            while True:
                peer.text(*["x" * 1000] * 100)
        except TimeoutError:
            blocked.set()
        peer.sock.settimeout(20)
        peer.wait_for_end()

    with start("listen", "--json", scripted(script).url) as process:
        assert blocked.wait(20)
        process.send_signal(signal.SIGINT)
        while not process.poll() and signal_pending(process.pid, signal.SIGINT):
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def signal_pending(pid, number):
    """Return True if a signal has not been delivered yet."""
    with open(f"/proc/{pid}/status") as status:
        pending = next(line for line in status if line.startswith("ShdPnd:"))
    return bool(int(pending.split()[1], 16) >> (number - 1) & 1)


def test_close_is_sent_even_if_the_reader_was_gone_from_the_start(scripted):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())
        peer.close(1001)

    server = scripted(script)
    reader, writer = os.pipe()
    os.close(reader)
    with start("listen", "--json", server.url, stdout=writer) as process:
        os.close(writer)
        assert process.wait(20) == 141
    server.finish()
    assert closes == [Close(1001, "")]


def test_a_closed_stderr_does_not_end_the_command(scripted):
    reader, writer = os.pipe()
    os.close(reader)
    with start("listen", "-v", scripted(pushing("data")).url, stderr=writer) as process:
        os.close(writer)
        assert process.stdout.read() == b"data\n"
        assert process.wait(20) == 0


def test_an_interrupt_that_is_ignored_stays_ignored(scripted):
    def script(peer):
        peer.accept()
        peer.text("one")
        peer.expect()
        peer.text("two")
        peer.close()
        peer.expect_close()

    command = f"trap '' INT; exec {' '.join(WSCLI)} pipe {scripted(script).url}"
    with subprocess.Popen(
        ["bash", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"one\n"
        process.send_signal(signal.SIGINT)
        process.stdin.write(b"go on\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"two\n"
        assert process.wait(20) == 0


def test_an_interrupt_while_connecting_exits_with_130(scripted):
    asked = threading.Event()

    def script(peer):
        peer.read_request()
        asked.set()
        peer.wait_for_end()

    with start("listen", scripted(script).url) as process:
        assert asked.wait(20)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == b""


def test_a_recording_equals_the_output_of_json(scripted, tmp_path):
    path = tmp_path / "session.ndjson"
    result = wscli("listen", "--record", path, scripted(pushing("one", "two")).url)
    assert result.out == b"one\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o600
    events = [json.loads(line) for line in path.read_text().splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["recording", "open", "message", "message", "close"]
    assert [event.get("text") for event in events[2:4]] == ["one", "two"]
    url = scripted(pushing("one", "two")).url
    options = ["--json", "-vv", "--record", path, "--force"]
    first, *others = wscli("listen", *options, url).out.splitlines()
    _, first_recorded, *others_recorded = path.read_bytes().splitlines()
    assert others == others_recorded
    assert first.replace(b',"v":1', b"") == first_recorded


def test_a_recording_that_cannot_be_written_is_a_usage_error():
    result = wscli("listen", "--record", "/nonexistent/x", "demo:")
    assert result.status == 2
    assert "cannot write /nonexistent/x" in result.err


def test_a_full_disk_ends_only_the_recording_and_is_reported_once(scripted):
    result = wscli("listen", "--record", "/dev/full", scripted(pushing("x", "y")).url)
    assert (result.status, result.out) == (0, b"x\ny\n")
    assert result.err == (
        "wscli: cannot write the recording /dev/full\n  No space left on device\n"
        "  the recording ends here; the connection goes on\n"
    )


def test_output_that_cannot_be_written_exits_with_141(scripted):
    with (
        open("/dev/full", "wb") as full,
        start("listen", scripted(pushing("x")).url, stdout=full) as process,
    ):
        assert process.wait(20) == 141
        assert b"cannot write the output\n  No space left on device" in process.stderr.read()


def test_every_message_of_a_flood_is_printed(websockets_server):
    count = 20_000

    def handler(connection):
        for number in range(count):
            connection.send(str(number))

    result = wscli("listen", websockets_server(handler))
    assert result.status == 0
    assert result.out.split() == [str(number).encode() for number in range(count)]
