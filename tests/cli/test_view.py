"""``wscli view``: a recording is shown as it was live, or the part of it that was asked for."""

import gzip
import json
import re
import signal

import pexpect
import pytest

from tests.program import WSCLI, start, wscli
from tests.waiting import wait_until

ROUNDED = re.compile(r"\d+\.\d(?= m?s\b)|(?<=:\d\d:\d\d)\.\d{3}")


def assert_same(shown, live):
    """Assert that texts are equal but for the last digit of durations and times of day.

    Times are recorded to the microsecond, so that one may round the other way.
    """
    assert ROUNDED.sub("N", shown) == ROUNDED.sub("N", live)
    for one, other in zip(ROUNDED.findall(shown), ROUNDED.findall(live), strict=True):
        assert abs(float(one) - float(other)) < (0.0011 if one.startswith(".") else 0.11)


def events(data):
    return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def recorded(tmp_path):
    """Return a function that records a command, and returns the file and the live output."""

    def record(*command, **options):
        path = tmp_path / "recording"
        return path, wscli(*command[:-1], "--record", path, command[-1], **options)

    return record


@pytest.fixture
def terminal_of(monkeypatch):
    """Return a function that runs wscli at a terminal, and returns what that shows."""
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*args):
        program, *rest = [*WSCLI, *map(str, args)]
        with pexpect.spawn(program, rest, dimensions=(50, 100), encoding="utf-8") as child:
            child.expect(pexpect.EOF)
            shown = child.before
        assert child.exitstatus == 0
        return shown.replace("\r\n", "\n")

    return run


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """A recording of messages, pings and frames, with every detail."""
    path = tmp_path_factory.mktemp("view") / "exchange"
    result = wscli(
        *("send", "-vv", "--record", path, "demo:", "one", '{"id":2,"price":9}', "0x00ff", "@-"),
        stdin="über\nzwei".encode(),
    )
    assert result.status == 0
    return path


# As it was live


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-v"],
        ["-vv"],
        ["-vvv"],
        ["-q"],
        ["--raw"],
        ["--hex"],
        ["--timestamps"],
        ["--json"],
        ["--json", "-v"],
        ["--json", "-vv"],
        ["--color", "always", "-v"],
    ],
    ids=" ".join,
)
def test_a_recording_is_shown_as_it_was_live(recorded, options):
    path, live = recorded("send", *options, "demo:", "hello", '{"a": [1, "ü"]}'.encode())
    shown = wscli("view", *options, path)
    assert (live.status, shown.status) == (0, 0)
    assert shown.out == live.out
    assert_same(shown.err, live.err)


@pytest.mark.parametrize("options", [[], ["-v"], ["-vvv"], ["--json"]], ids=" ".join)
@pytest.mark.parametrize(
    "path",
    ["/status/403", "/close?code=1011&reason=oops", "/fault/reset", "/fault/reserved-opcode"],
)
def test_an_error_is_shown_as_it_was_live(recorded, options, path):
    file, live = recorded("listen", *options, f"demo:{path}")
    shown = wscli("view", *options, file)
    assert (live.status > 2, shown.status) == (True, 0)
    assert shown.out == live.out
    assert_same(shown.err, live.err)


@pytest.mark.parametrize(
    "command",
    [
        ("listen", "demo:/ticks?interval=10ms&count=3"),
        ("pipe", "demo:"),
        ("ping", "-c", "2", "-i", "10ms", "demo:"),
        ("inspect", "demo:"),
        ("send", "-s", "nothing", "demo:", "x"),
    ],
    ids=lambda command: command[0],
)
def test_the_json_of_each_command_is_its_recording(tmp_path, command):
    path = tmp_path / "recording"
    name, *rest = command
    live = wscli(name, "-vv", "--json", "--record", path, *rest, stdin=b"one\ntwo\n")
    header, lines = path.read_bytes().split(b"\n", 1)
    shown = wscli("view", "--json", path)
    assert (live.status, shown.status) == (0, 0)
    assert json.loads(header)["event"] == "recording"
    assert shown.out.replace(b',"v":1', b"", 1) == lines
    if name != "ping":  # which prints the figures of each ping
        assert shown.out == live.out


def test_the_handshake_is_shown_of_a_recording_without_its_steps(recorded):
    path, _ = recorded("send", "demo:", "hello")
    shown = wscli("view", "-v", path)
    assert [line[:13] for line in shown.err.splitlines()[:2]] == ["* connected t", "> GET / HTTP/"]
    assert "* open after " in shown.err


def test_a_remark_says_that_frames_were_not_recorded(recorded):
    path, _ = recorded("send", "demo:", "hello")
    remark = "wscli: the recording has no frames; record with -vv to see them\n"
    assert wscli("view", "-vv", path).err.endswith(remark)
    assert remark not in wscli("view", "-v", path).err


def test_credentials_are_masked_as_they_were_live(recorded):
    path, live = recorded("send", "-v", "--bearer", "very secret", "demo:", "hello")
    shown = wscli("view", "-v", path)
    assert "very secret" not in live.err
    assert_same(shown.err, live.err)
    assert "very secret" in wscli("view", "-v", "--show-secrets", path).err


@pytest.mark.parametrize("options", [[], ["-v"], ["-vv"], ["-vvv"], ["--hex"]], ids=" ".join)
def test_a_terminal_shows_a_recording_in_the_order_and_the_colours_of_live(
    terminal_of, tmp_path, monkeypatch, options
):
    monkeypatch.delenv("NO_COLOR")
    path = tmp_path / "recording"
    live = terminal_of("send", *options, "--record", path, "demo:", "hello", '{"a": [1, "ü"]}')
    assert "\x1b[" in live
    assert_same(terminal_of("view", *options, path), live)


def test_a_terminal_shows_both_directions(terminal_of, exchange):
    text = terminal_of("view", exchange)
    assert re.search(r"→ \S+ text +3 B  one", text)
    assert re.search(r"← \S+ text +3 B  one", text)


def test_json_at_a_terminal_has_no_control_characters(terminal_of, tmp_path):
    path = tmp_path / "recording"
    path.write_text(
        '{"event":"message","time":"2026-01-31T12:00:00Z","elapsed":0.5,"direction":"in",'
        '"opcode":"text","text":"\x9b2J"}\n'
    )
    assert "\\u009b2J" in terminal_of("view", "--json", path)
    assert "\x9b" in wscli("view", "--json", path).out.decode()


# Parts of a recording


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--filter", "[0-9]"], ['{"id":2,"price":9}', "0x00ff"]),
        (["--filter", "$.price"], ['{"id":2,"price":9}']),
        (["--filter", "nothing"], []),
        (["--direction", "out", "--filter", "^o"], ["one"]),
        (["--opcode", "binary"], []),
        (["--opcode", "text", "--filter", "on"], ["one"]),
        (["--since", "+1h"], []),
        (["--until", "+0"], []),
        (["--connection", "1", "--until", "+1h", "--filter", "one"], ["one"]),
        (["--since", "2001-01-01T00:00:00Z", "--filter", "one"], ["one"]),
        (["--until", "2001-01-01T00:00:00Z"], []),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_part_of_a_recording_is_shown(exchange, options, lines):
    result = wscli("view", *options, exchange)
    assert (result.status, result.err) == (0, "")
    assert result.out.decode().splitlines() == lines


def test_the_frames_of_a_filtered_message_are_shown_with_it(exchange):
    shown = wscli("view", "-vv", "--filter", "id", exchange).err.splitlines()
    assert len([line for line in shown if line[2:6] == "text"]) == 2


def test_json_of_a_part_has_the_opening_and_the_end(exchange):
    shown = events(wscli("view", "--json", "--direction", "out", "--filter", "one", exchange).out)
    kinds = [event["event"] for event in shown if event["event"] != "step"]
    assert kinds == ["open", "frame", "message", "frame", "close"]


def test_pings_are_shown_where_they_are_asked_for(recorded):
    path, _ = recorded("ping", "-c", "2", "-i", "10ms", "demo:")
    kinds = [event["event"] for event in events(wscli("view", "--json", path).out)]
    assert "pong" in kinds
    # The payloads are four random bytes, of which one may be a line feed.
    assert len(wscli("view", "--opcode", "pong", path).out) == 2 * 5
    assert wscli("view", "--opcode", "pong", "--direction", "out", path).out == b""
    assert len(wscli("view", "--opcode", "ping", "--direction", "out", path).out) == 2 * 5


def test_secrets_are_known_from_the_part_that_is_not_shown(recorded):
    path, _ = recorded("send", "--bearer", "very-secret-token", "demo:", "very-secret-token")
    shown = wscli("view", "--redact", "--filter", "very|REDACTED", "--since", "+1ms", path)
    assert shown.out == b"REDACTED\n"


# Several connections


@pytest.fixture
def two(tmp_path):
    """A recording of two connections at once, as a server makes it."""
    path = tmp_path / "two"
    written = []
    for event, number, text in [
        ("open", 1, ""),
        ("open", 2, ""),
        ("message", 1, "first"),
        ("message", 2, "second"),
        ("close", 1, ""),
        ("message", 2, "third"),
        ("close", 2, ""),
    ]:
        fields = {"event": event, "time": "2026-01-31T12:00:00Z", "elapsed": 0.5}
        fields |= {"connection": number, "direction": "in", "opcode": "text", "text": text}
        written.append({**fields, "url": "ws://h/", "code": 1000, "clean": True})
    path.write_text("".join(json.dumps(event) + "\n" for event in written))
    return path


def test_one_connection_of_several_is_shown(two):
    assert wscli("view", "--connection", "2", two).out == b"second\nthird\n"
    shown = events(wscli("view", "--connection", "2", "--json", two).out)
    assert {event["connection"] for event in shown} == {2}


@pytest.mark.parametrize("options", [[], ["--json"], ["--stats"], ["--since", "+1h"]], ids=" ".join)
def test_a_connection_that_does_not_exist_is_an_error(two, options):
    result = wscli("view", "--connection", "3", *options, two)
    assert (result.status, result.out) == (2, b"")
    assert result.err == "wscli: the recording has no connection 3\n  it has 2\n"


def test_a_connection_of_another_time_is_no_error(two):
    result = wscli("view", "--connection", "2", "--since", "+1h", two)
    assert (result.status, result.out, result.err) == (0, b"", "")


def test_a_connection_may_not_exist_yet_where_a_pipe_is_followed(two):
    result = wscli("view", "--follow", "--connection", "3", "-", stdin=two.read_bytes())
    assert (result.status, result.err) == (0, "")


def test_a_terminal_shows_which_connection_is_meant(terminal_of, two):
    lines = terminal_of("view", two).splitlines()
    assert [line[:15] for line in lines if "──" in line] == ["── connection 2"]
    assert "first" in lines[0]


def test_details_say_which_connection_is_meant(two):
    lines = [line[:15] for line in wscli("view", "-v", two).err.splitlines() if "──" in line]
    assert lines == ["── connection 2"]


def test_connections_of_a_session_are_told_apart_in_json(two):
    shown = events(wscli("view", "--json", "--filter", "i", two).out)
    assert [event["connection"] for event in shown] == [1, 2, 1, 1, 2, 2]


# Files


def test_stdin_and_compressed_files_are_shown(exchange, tmp_path):
    plain = wscli("view", exchange).out
    assert wscli("view", "-", stdin=exchange.read_bytes()).out == plain
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(exchange.read_bytes()))
    assert wscli("view", packed).out == plain


def test_a_har_file_is_shown(exchange, tmp_path):
    har = tmp_path / "session.har"
    assert wscli("export", "--to", "har", "-o", har, exchange).status == 0
    assert wscli("view", har).out == wscli("view", exchange).out


@pytest.mark.parametrize(
    ("content", "err"),
    [
        (None, "wscli: cannot read FILE\n  No such file or directory\n"),
        ("", "wscli: FILE is empty\n"),
        ("GET / HTTP/1.1\n", "wscli: FILE is neither a recording nor a HAR file\n  it begins with"),
        ('{"event":"x"}\nbroken\n{"event":"x"}\n', "wscli: line 2 of FILE is not a valid event\n"),
        ('{"event":"recording","v":2}\n', "wscli: FILE has version 2 of the format\n"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=" ".join)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, content, err, options):
    path = tmp_path / "FILE"
    if content is not None:
        path.write_text(content)
    result = wscli("view", *options, path)
    assert (result.status, result.out.count(b"broken")) == (2, 0)
    assert result.err.replace(str(path), "FILE").startswith(err)


def test_a_line_that_was_cut_off_is_left_out_with_a_remark(exchange, tmp_path):
    path = tmp_path / "cut"
    path.write_bytes(exchange.read_bytes()[:-30])
    result = wscli("view", path)
    assert (result.status, result.out) == (0, wscli("view", exchange).out)
    assert re.search(r"^wscli: line \d+ of .*/cut was cut off, and is left out$", result.err)


def test_a_reader_that_goes_away_ends_it(tmp_path):
    path = tmp_path / "long"
    wscli("listen", "-q", "-n", "20000", "--record", path, "demo:/push?n=20000&size=100")
    with start("view", path) as process:
        assert process.stdout.readline().startswith(b"1 ")
        process.stdout.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b""


# A process that was killed, and one that goes on


def test_a_session_that_was_killed_can_be_shown_to_its_last_whole_line(tmp_path):
    path = tmp_path / "killed"
    with start("listen", "--record", path, "demo:/ticks?interval=5ms") as process:
        seen = [process.stdout.readline() for _ in range(20)]
        wait_until(lambda: path.read_bytes().count(b"\n") > 21)
        process.send_signal(signal.SIGKILL)
    result = wscli("view", path)
    assert result.status == 0
    assert result.out.splitlines(keepends=True)[:20] == seen


@pytest.mark.parametrize("options", [[], ["--json"]], ids=" ".join)
def test_what_a_server_is_recording_is_followed(tmp_path, options):
    path = tmp_path / "served"
    with start("view", "--follow", *options, path) as viewer:
        with start("serve", "--record", path, "0") as server:
            port = re.search(rb"127\.0\.0\.1:\d+", server.stderr.readline())[0].decode()
            for text in ("first", "second"):
                assert wscli("send", f"ws://{port}/", text).status == 0
                while text.encode() not in viewer.stdout.readline():
                    pass
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=20)
        viewer.send_signal(signal.SIGINT)
        assert viewer.wait(20) == 130
        assert viewer.stderr.read() == b""


def test_following_ends_when_the_reader_goes_away(tmp_path):
    path = tmp_path / "served"
    path.write_text('{"event":"recording","v":1}\n')
    with start("view", "--follow", path) as viewer:
        viewer.stdout.close()
        assert viewer.wait(20) == 141


def test_following_a_file_that_is_replaced_is_an_error(exchange, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(exchange.read_bytes())
    with start("view", "--follow", path) as viewer:
        assert viewer.stdout.readline() == b"one\n"
        path.write_bytes(b"")
        assert viewer.wait(20) == 2
        assert b"was replaced while it was followed" in viewer.stderr.read()


def test_a_pipe_is_shown_as_it_is_written(exchange):
    with start("view", "-") as viewer:
        for line in exchange.read_bytes().splitlines(keepends=True):
            viewer.stdin.write(line)
            viewer.stdin.flush()
            if b'"text":"one"' in line and b'"event":"message"' in line and b'"in"' in line:
                break
        assert viewer.stdout.readline() == b"one\n"
        viewer.stdin.close()
        assert viewer.wait(20) == 0


# Figures


def test_the_statistics_of_a_recording_have_plots(exchange):
    result = wscli("view", "--stats", exchange)
    assert (result.status, result.err) == (0, "")
    lines = result.out.decode().splitlines()
    assert "\x1b" not in result.out.decode()
    assert lines[1].split() == ["messages", "4", "4"]
    for title in ("messages/s sent", "bytes/s received", "reply times of 4 replies"):
        assert title in lines


def test_the_statistics_of_a_part_are_those_of_the_part(exchange):
    lines = wscli("view", "--stats", "--direction", "out", exchange).out.decode().splitlines()
    assert lines[1].split() == ["messages", "4", "0"]
    assert not any("received" in line for line in lines[1:])


def test_statistics_have_colour_at_a_terminal(exchange):
    result = wscli("view", "--stats", "--color", "always", exchange)
    assert "\x1b[" in result.out.decode()
    assert wscli("view", "--stats", "--json", exchange).status == 2
