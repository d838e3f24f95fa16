"""``wscli serve`` as a process: its output, its log, its end."""

import contextlib
import json
import os
import re
import resource
import signal
import socket
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

from tests.program import start, wscli
from tests.raw import Client
from tests.waiting import wait_until
from wscli.wire.codes import Opcode
from wscli.wire.frames import Frame


class Program:
    """A running ``wscli serve`` on a free port."""

    def __init__(self, *args, env=None):
        self.process = start("serve", *args, "0", env=env)
        self.first = self.line()
        self.url = re.search(r"wss?://[^/]+", self.first)[0]
        self.address = ("127.0.0.1", int(self.url.rpartition(":")[2]))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.communicate()

    def line(self):
        return self.process.stderr.readline().decode().rstrip("\n")

    def end(self, number=signal.SIGINT):
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(20)


def read_events(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_server_prints_its_address_and_that_of_the_page():
    with Program() as program:
        assert re.fullmatch(
            r"wscli: serving ws://127\.0\.0\.1:\d+/, "
            r"and a page for the browser at http://127\.0\.0\.1:\d+/; Ctrl-C ends it",
            program.first,
        )


def test_each_connection_is_one_line_of_the_log():
    with Program() as program:
        assert wscli("send", program.url + "/hub/tea", "hello").status == 0
        assert re.fullmatch(
            r"\d\d:\d\d:\d\d\.\d{3}  127\.0\.0\.1:\d+  GET /hub/tea  101  "
            r"closed 1000 by the client  in 1 \(\d+ B\)  out 1 \(\d+ B\)  \d+\.\d{3} s",
            program.line(),
        )
        assert wscli("send", program.url + "/nothing", "x").status == 5
        assert re.search(r"  GET /nothing  404  in \d+ B  out \d+ B  ", program.line())


def test_control_characters_from_a_client_are_symbols_in_the_log():
    with Program() as program, Client(program) as client:
        assert client.fetch("/\x1b[2J")[0].status == 404
        client.sock.close()
        assert "GET /␛[2J  404" in program.line()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_closes_the_clients_with_1001_and_ends_the_server(number, status):
    with Program() as program, connect(program.url) as connection:
        assert program.end(number) == status
        with pytest.raises(ConnectionClosedOK) as caught:
            connection.recv(timeout=20)
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (
            1001,
            "the server is shutting down",
        )
        assert 'closed 1001 "the server is shutting down" by the server' in program.line()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_is_ignored_at_the_start_stays_ignored(number):
    """As nohup and a script's ``&`` have it."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        program = Program()
    finally:
        signal.signal(number, before)
    with program:
        program.process.send_signal(number)
        assert wscli("send", program.url, "hello").out == b"hello\n"
        other = signal.SIGTERM if number != signal.SIGTERM else signal.SIGINT
        assert program.end(other) == 128 + other


def test_a_hang_up_leaves_no_certificate_behind():
    with Program("--tls") as program:
        folder = Path(re.search(r"--cacert (\S+) wss://", program.line())[1]).parent
        assert folder.is_dir()
        assert program.end(signal.SIGHUP) == 129
    assert not folder.exists()


def test_a_client_that_speaks_tls_to_a_plain_port_is_refused_at_once():
    with Program() as program:
        start = time.monotonic()
        done = wscli("send", program.url.replace("ws:", "wss:"), "hello")
        assert time.monotonic() - start < 8  # a head may take 10 s
        assert done.status == 4
        assert "use ws:// instead of wss://" in done.err
        assert "400" in program.line()


def test_a_server_that_accepts_every_origin_warns_of_it():
    with Program("--origin", "*") as program:
        assert "any page that a browser on this machine opens" in program.line()
        assert wscli("send", "--origin", "https://evil.example", program.url, "hi").out == b"hi\n"


@pytest.mark.parametrize(
    ("first", "second"), [(signal.SIGINT, signal.SIGINT), (signal.SIGHUP, signal.SIGTERM)]
)
def test_a_second_signal_does_not_wait_for_the_clients(first, second):
    with Program() as program, Client(program) as mute:
        mute.open("/echo")
        began = time.monotonic()
        program.process.send_signal(first)
        assert mute.closed().code == 1001
        assert program.end(second) == 128 + first
        assert time.monotonic() - began < 1.4  # clients have 1.5 s to answer


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_a_lack_of_file_descriptors_is_reported_once_and_the_server_continues():
    with Program() as program, contextlib.ExitStack() as stack:
        pid = program.process.pid
        most = len(os.listdir(f"/proc/{pid}/fd")) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        for _ in range(3):
            stack.enter_context(socket.create_connection(program.address))
        assert "Too many open files" in program.line()
        assert program.line().startswith("try: ")
        stack.close()
        assert "no request" in program.line()
        assert wscli("send", program.url, "hello").out == b"hello\n"


def test_a_recording_that_cannot_be_written_is_reported_and_the_server_continues():
    with start("serve", "--record", "/dev/full", "0") as process:
        said = ""
        while not (address := re.search(r"ws://127\.0\.0\.1:\d+/", said)):
            said += process.stderr.readline().decode()
        assert wscli("send", address[0], "hello").out == b"hello\n"
        assert wscli("send", address[0], "again").out == b"again\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143
        said += process.stderr.read().decode()
    assert "wscli: cannot write the recording /dev/full\n  No space left on device\n" in said
    assert said.count("No space left") == 1


def test_quiet_silences_the_server(tmp_path):
    path = tmp_path / "s"
    with start("serve", "--quiet", "--unix-socket", path) as process:
        wait_until(path.exists)
        assert wscli("send", "--unix-socket", path, "ws://localhost/", "hi").out == b"hi\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert (out, err) == (b"", b"")


def test_json_writes_the_address_and_the_log_as_events_on_stdout():
    with start("serve", "--json", "0") as process:
        serving = json.loads(process.stdout.readline())
        assert (serving["event"], serving["v"]) == ("serving", 1)
        assert wscli("send", serving["url"], "hello").status == 0
        event = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert err == b""
    assert event["event"] == "connection"
    assert (event["connection"], event["status"], event["target"]) == (1, 101, "/")
    assert (event["code"], event["by"], event["clean"]) == (1000, "client", True)
    assert (event["messages_in"], event["messages_out"]) == (1, 1)


def test_the_server_ends_if_nobody_reads_its_events():
    with start("serve", "--json", "0") as process:
        url = json.loads(process.stdout.readline())["url"]
        process.stdout.close()
        wscli("send", url, "hello")
        assert process.wait(20) == 141


def test_a_recording_has_every_event_of_every_connection(tmp_path):
    path = tmp_path / "served.ndjson"
    with Program("--record", path) as program:
        wscli("send", program.url + "/echo", "first")
        wscli("send", "-b", program.url + "/hub", "0x00ff")
        program.end()
    header, *events = read_events(path)
    assert (header["event"], header["v"]) == ("recording", 1)
    first = [event for event in events if event["connection"] == 1]
    assert [event["event"] for event in first] == ["open", "message", "message", "close"]
    assert [event.get("direction") for event in first[1:3]] == ["in", "out"]
    assert first[1]["text"] == first[2]["text"] == "first"
    assert first[0]["request"]["target"] == "/echo"
    assert (first[3]["code"], first[3]["by"]) == (1000, "peer")
    second = [event for event in events if event["connection"] == 2]
    assert [event.get("base64") for event in second[1:3]] == ["AP8=", "AP8="]


def test_a_recording_has_every_frame_with_vv(tmp_path):
    path = tmp_path / "served.ndjson"
    with Program("-vv", "--record", path) as program, Client(program) as client:
        client.open("/echo")
        client.send(Frame(Opcode.TEXT, b"a", fin=False, mask_key=b"\1\2\3\4").to_bytes())
        client.send(Frame(Opcode.CONTINUATION, b"b", mask_key=bytes(4)).to_bytes())
        assert client.message() == b"ab"
        program.end()
    events = read_events(path)
    frames = [event for event in events if event["event"] == "frame"]
    shown = ["direction", "opcode", "fin", "masked", "mask_key", "size", "wire_size"]
    assert [[frame.get(name) for name in shown] for frame in frames[:3]] == [
        ["in", "text", False, True, "01020304", 1, 7],
        ["in", "continuation", True, True, "00000000", 1, 7],
        ["out", "text", True, False, None, 2, 4],
    ]
    assert [event["text"] for event in events if event["event"] == "message"] == ["ab", "ab"]


def test_a_recording_has_the_agreement_of_each_connection(tmp_path):
    path = tmp_path / "served.ndjson"
    with Program("--record", path) as program:
        wscli("send", program.url + "/echo", "compressed")
        wscli("send", "--no-compress", program.url + "/echo", "plain")
        program.end()
    events = read_events(path)
    opened = [event for event in events if event["event"] == "open"]
    assert [event.get("extensions") for event in opened] == ["permessage-deflate", None]


def test_the_command_that_trusts_a_generated_certificate_is_printed():
    with Program("--tls") as program:
        trust = program.line()
        cacert = re.search(r"--cacert (\S+) wss://", trust)[1]
        assert wscli("send", "--cacert", cacert, program.url, "hello").out == b"hello\n"
        assert wscli("send", program.url, "hello").status == 4
        assert program.end() == 130


def test_the_command_that_connects_to_a_unix_socket_is_printed(tmp_path):
    path = tmp_path / "s"
    with start("serve", "--unix-socket", path) as process:
        line = process.stderr.readline().decode()
        assert f"wscli --unix-socket {path} ws://localhost/" in line
        assert wscli("send", "--unix-socket", path, "ws://localhost/", "hi").out == b"hi\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_a_server_that_other_machines_can_reach_warns_of_it():
    with start("serve", "0.0.0.0:0") as process:
        process.stderr.readline()
        line = process.stderr.readline().decode()
        assert "anyone who can reach any address of this machine can connect" in line
        process.kill()
        process.communicate()


def test_a_port_in_use_is_a_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = wscli("serve", taken.getsockname()[1])
    assert done.status == 3
    assert "cannot listen on 127.0.0.1:" in done.err
    assert "address already in use" in done.err
    assert "wscli serve 0" in done.err


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["nowhere"], "is not [HOST:]PORT"),
        (["65536"], "is not [HOST:]PORT"),
        (["--key", "k.pem"], "a private key needs its certificate"),
        (["--mode", "hub", "--script", "x"], "--mode and --script exclude each other"),
        (["--quiet", "--json"], "--quiet and --json exclude each other"),
        (["-vv"], "-v is for the recording"),
        (["--script", "/nowhere.toml"], "cannot read the script"),
        (["--record", "/nowhere/at/all"], "cannot write /nowhere/at/all"),
        (["--max-clients", "0"], "must be 1 or more"),
        (["--ping-interval", "0"], "some time between pings"),
        (["--origin", "localhost:3000"], "not an origin as browsers send it"),
        (["--origin", "https://localhost:3000/"], "not an origin as browsers send it"),
        (["--cert", "/nowhere.pem"], "cannot use the certificate"),
    ],
)
def test_wrong_usage_is_explained(args, complaint):
    done = wscli("serve", *args)
    assert done.status == 2
    assert complaint in done.err


def test_a_unix_socket_of_a_running_server_is_not_replaced(tmp_path):
    path = tmp_path / "s"
    with start("serve", "--unix-socket", path) as process:
        process.stderr.readline()
        done = wscli("serve", "--unix-socket", path)
        assert done.status == 3
        assert f"cannot listen on {path}: address already in use" in done.err
        assert wscli("send", "--unix-socket", path, "ws://localhost/", "hi").out == b"hi\n"
        process.kill()
        process.communicate()


def test_a_unix_socket_that_was_left_behind_is_replaced(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with start("serve", "--unix-socket", path) as process:
        process.stderr.readline()
        assert wscli("send", "--unix-socket", path, "ws://localhost/", "hi").out == b"hi\n"
        process.kill()
        process.communicate()


def test_an_address_of_another_machine_cannot_be_listened_on():
    done = wscli("serve", "nosuch.invalid:9000")
    assert done.status == 3
    assert "cannot listen on nosuch.invalid:9000" in done.err
    assert "try:" not in done.err
