"""``wscli pipe``: nothing is lost, in either direction, whatever the peer does."""

import json
import re
import subprocess
import time

import pytest

from tests.program import WSCLI, start, wscli
from wscli.wire.events import Close, Messages

PATIENT = ("--linger", "400ms")


def seq(count):
    return b"".join(b"%d\n" % number for number in range(1, count + 1))


@pytest.mark.parametrize("attempt", range(5))
def test_two_hundred_lines_are_echoed(echo_url, attempt):
    result = wscli("pipe", echo_url, stdin=seq(200))
    assert (result.status, result.out, result.err) == (0, seq(200), "")


def test_a_url_alone_is_a_pipe(echo_url):
    assert wscli(echo_url, stdin=b"one\ntwo\n").out == b"one\ntwo\n"
    assert wscli("--linger", "100ms", echo_url, stdin=b"x\n").out == b"x\n"
    assert wscli("demo:", stdin=b"x\n").out == b"x\n"


def test_the_last_line_needs_no_line_feed(echo_url):
    assert wscli("pipe", *PATIENT, echo_url, stdin=b"one\ntwo").out == b"one\ntwo\n"


def test_an_empty_line_is_an_empty_message(echo_url):
    assert wscli("pipe", *PATIENT, echo_url, stdin=b"\n\nx\n\n").out == b"\n\nx\n\n"


def test_empty_stdin_sends_nothing(echo_url):
    result = wscli("pipe", "--linger", "100ms", echo_url)
    assert (result.status, result.out, result.err) == (0, b"", "")


def test_carriage_returns_are_part_of_the_line(echo_url):
    assert wscli("pipe", *PATIENT, "--raw", echo_url, stdin=b"dos\r\n").out == b"dos\r"


def test_a_line_of_megabytes_is_sent_whole(echo_url):
    line = b"x" * (5 << 20)
    assert wscli("pipe", *PATIENT, echo_url, stdin=line + b"\nshort\n").out == line + b"\nshort\n"


def test_null_separates_messages_by_nul(echo_url):
    result = wscli("pipe", *PATIENT, "-0", echo_url, stdin=b"two\nlines\0one\0")
    assert result.out == b"two\nlines\0one\0"


def test_whole_sends_stdin_as_one_message(echo_url):
    result = wscli(
        "pipe", *PATIENT, "--whole", "--raw", "-b", echo_url, stdin=bytes(range(256)) * 1000
    )
    assert result.out == bytes(range(256)) * 1000
    assert wscli("pipe", *PATIENT, "--whole", "-n", "1", echo_url).out == b"\n"


def test_binary_sends_lines_that_are_not_utf8(echo_url):
    assert (
        wscli("pipe", *PATIENT, "-b", echo_url, stdin=b"\xff\xfe\n\x00\n").out
        == b"\xff\xfe\n\x00\n"
    )


def test_a_line_that_is_not_utf8_is_named_and_earlier_lines_are_sent(echo_url):
    result = wscli("pipe", *PATIENT, echo_url, stdin=b"one\ntwo\nthr\xe9e\nfour\n")
    assert (result.status, result.out) == (2, b"one\ntwo\n")
    assert "message 3 of stdin is not UTF-8, as text must be\n  e9 at byte 3" in result.err
    assert "--binary" in result.err


def test_a_line_that_is_too_long_is_named_and_earlier_lines_are_sent(echo_url):
    result = wscli(
        "pipe", *PATIENT, "--max-size", "10", echo_url, stdin=b"one\n" + b"x" * 11 + b"\n"
    )
    assert (result.status, result.out) == (2, b"one\n")
    assert "message 2 of stdin is too long" in result.err


def test_stdin_without_end_is_refused_at_the_limit(echo_url):
    result = wscli("pipe", *PATIENT, "--whole", "--max-size", "1KiB", echo_url, stdin=bytes(5000))
    assert result.status == 2
    assert "message 1 of stdin is too long" in result.err


def test_a_count_ends_the_pipe_while_stdin_is_open(echo_url):
    with start("pipe", "-n", "2", echo_url) as process:
        process.stdin.write(b"one\ntwo\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"one\n"
        assert process.stdout.readline() == b"two\n"
        assert process.wait(20) == 0


def test_the_pipe_ends_when_the_peer_closes_while_stdin_is_open(scripted):
    def script(peer):
        peer.accept()
        peer.text("bye")
        peer.close()
        peer.expect_close()

    with start("pipe", scripted(script).url) as process:
        assert process.wait(20) == 0
        assert process.stdout.read() == b"bye\n"


def pipe_file(tmp_path, content, *args):
    """Run ``wscli pipe`` with a file as stdin, of which all can be read at any time."""
    path = tmp_path / "stdin"
    path.write_bytes(content)
    with open(path, "rb") as file, start("pipe", *args, stdin=file) as process:
        err = process.stderr.read().decode()
        return process.wait(20), err


def unsent_of(err):
    """Return the numbers in "5 of 10 lines were not sent"."""
    found = re.search(r"([\d,]+) of ([\d,]+) lines were not sent", err)
    return [int(number.replace(",", "")) for number in found.groups()]


def test_the_pipe_ends_when_the_peer_closes_in_the_middle_of_input(scripted, tmp_path):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close(1000, "enough")
        peer.expect_close()

    status, err = pipe_file(tmp_path, seq(500_000), scripted(script).url)
    assert status == 8
    assert 'closed with 1000 normal closure: "enough" before all of stdin was sent' in err
    unsent, total = unsent_of(err)
    assert 0 < unsent < total == 500_000


def test_messages_that_the_peer_has_received_do_not_count_as_unsent(scripted, tmp_path):
    received = []

    def script(peer):
        peer.accept()
        received.append(len(peer.expect().payloads))
        peer.close(1000)
        while isinstance(item := peer.expect((Messages, Close)), Messages):
            received.append(len(item.payloads))

    server = scripted(script)
    status, err = pipe_file(tmp_path, (b"x" * 99 + b"\n") * 200_000, server.url)
    server.finish()
    unsent, total = unsent_of(err)
    assert (status, total) == (8, 200_000)
    assert 0 < unsent <= total - sum(received)


def test_a_peer_that_closes_when_everything_was_sent_is_a_normal_end(scripted):
    def script(peer):
        peer.accept()
        peer.payloads(3)
        peer.close(1000)
        peer.expect_close()

    result = wscli("pipe", "--linger", "20s", scripted(script).url, stdin=seq(3))
    assert (result.status, result.err) == (0, "")


def test_stdin_without_end_is_not_counted_to_its_end(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close(1008, "too much")
        peer.expect_close()

    command = f"yes | {' '.join([*WSCLI, 'pipe', scripted(script).url])} >/dev/null"
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[1]}}"],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 8
    assert b'closed with 1008 policy violation: "too much" before all' in done.stderr
    assert re.search(rb"at least [\d,]+ lines were not sent, and stdin has more", done.stderr)


def test_messages_that_linger_zero_could_not_send_are_reported(scripted, tmp_path):
    def script(peer):
        peer.accept()
        peer.close(1000)
        peer.sock.recv(10)

    lines = (b"x" * 999 + b"\n") * 9000
    status, err = pipe_file(tmp_path, lines, "--linger", "0", scripted(script).url)
    assert status == 8
    assert unsent_of(err)[1] == 9000


def test_a_line_is_sent_as_soon_as_it_is_read(echo_url):
    with start("pipe", echo_url) as process:
        for number in range(3):
            process.stdin.write(b"%d\n" % number)
            process.stdin.flush()
            assert process.stdout.readline() == b"%d\n" % number
        process.stdin.close()
        assert process.wait(20) == 0


def test_pushes_are_printed_while_stdin_is_idle(scripted):
    def script(peer):
        peer.accept()
        peer.text("pushed")
        peer.expect()
        peer.close()
        peer.expect_close()

    with start("pipe", scripted(script).url) as process:
        assert process.stdout.readline() == b"pushed\n"
        process.stdin.write(b"enough\n")
        process.stdin.flush()
        assert process.wait(20) == 0


def test_a_slow_answer_is_waited_for(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        time.sleep(0.3)  # the point of this test: an answer later than the end of stdin
        peer.text("late")
        peer.expect_close()
        peer.close()

    result = wscli("pipe", "--linger", "5s", "-n", "1", scripted(script).url, stdin=b"x\n")
    assert (result.status, result.out) == (0, b"late\n")


def test_linger_zero_closes_at_once_and_still_sends_all(scripted):
    received = []

    def script(peer):
        peer.accept()
        while isinstance(item := peer.expect((Messages, Close)), Messages):
            received.extend(item.payloads)
        peer.close()

    server = scripted(script)
    result = wscli("pipe", "--linger", "0", server.url, stdin=seq(50_000))
    server.finish()
    assert result.status == 0
    assert b"".join(line + b"\n" for line in received) == seq(50_000)


def test_a_server_that_reads_slowly_gets_everything(scripted):
    received = []

    def script(peer):
        peer.accept()
        while isinstance(item := peer.expect((Messages, Close), chunk=16384), Messages):
            received.append(sum(map(len, item.payloads)))
        peer.close()

    server = scripted(script)
    lines = (b"x" * 999 + b"\n") * 10_000
    assert wscli("pipe", "--linger", "0", server.url, stdin=lines).status == 0
    server.finish()
    assert sum(received) == 999 * 10_000


def test_a_server_that_pauses_longer_than_the_close_timeout_gets_everything(scripted):
    received = []

    def script(peer):
        peer.accept()
        time.sleep(1)  # the point of this test: longer than the close timeout, with a full outbox
        while isinstance(item := peer.expect((Messages, Close)), Messages):
            received.append(sum(map(len, item.payloads)))
        peer.close()

    server = scripted(script)
    lines = (b"x" * 999 + b"\n") * 8_000
    options = ["--linger", "0", "--close-timeout", "2s"]
    assert wscli("pipe", *options, server.url, stdin=lines).status == 0
    server.finish()
    assert sum(received) == 999 * 8_000


@pytest.mark.parametrize("redirection", ["0>/dev/null", "<&-", "</dev/null"])
def test_stdin_that_is_closed_or_write_only_is_empty(scripted, redirection):
    def script(peer):
        peer.accept()
        peer.text("one", "two")
        peer.expect_close()
        peer.close()

    command = " ".join([*WSCLI, "pipe", *PATIENT, scripted(script).url, redirection])
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"one\ntwo\n", b"")


def test_a_terminator_stays_in_the_message_and_in_the_output(echo_url):
    frames = b"CONNECT\nhost:h\n\n\0SEND\n\nbody\n\0"
    result = wscli("pipe", *PATIENT, "--end", r"\0", "--json", echo_url, stdin=frames)
    texts = [json.loads(line).get("text") for line in result.out.splitlines()]
    assert [text for text in texts if text][:2] == ["CONNECT\nhost:h\n\n\0", "SEND\n\nbody\n\0"]
    assert wscli("pipe", *PATIENT, "--end", r"\0", echo_url, stdin=frames).out == frames


def test_the_last_message_gets_its_terminator(echo_url):
    result = wscli("pipe", *PATIENT, "--end", r"\r\n", echo_url, stdin=b"a\r\nb")
    assert result.out == b"a\r\nb\r\n"


def test_escapes_make_a_message_of_a_line(echo_url):
    options = [*PATIENT, "--escapes", "--end", r"\x1e", "--raw"]
    stdin = rb"""{"a":1}
two\nlines\x1e
\u00fc
"""
    out = wscli("pipe", *options, echo_url, stdin=stdin).out
    assert out == '{"a":1}\x1etwo\nlines\x1eü\x1e'.encode()


def test_an_invalid_escape_is_named_and_earlier_lines_are_sent(echo_url):
    result = wscli("pipe", *PATIENT, "--escapes", echo_url, stdin=b"one\n\\q\nthree\n")
    assert (result.status, result.out) == (2, b"one\n")
    assert "message 2 of stdin cannot be read\n  invalid escape \\q at character 1" in result.err


@pytest.mark.parametrize("options", [["-0", "--end", "x"], ["-0", "--whole"], ["--end", ""]])
def test_options_that_exclude_each_other_are_refused(options):
    assert wscli("pipe", *options, "demo:").status == 2


def test_answers_and_repeated_messages_are_sent(scripted):
    got = []

    def script(peer):
        peer.accept()
        peer.text("2")
        got.extend(peer.payloads(3))
        peer.close()
        peer.expect_close()

    options = ["--answer", "^2$=3", "--every", "50ms", "beat", "--linger", "20s"]
    result = wscli("pipe", *options, scripted(script).url, stdin=b"")
    assert (result.status, result.out) == (0, b"2\n")
    assert got[:3] == [b"3", b"beat", b"beat"]


def test_a_reader_that_stops_for_a_while_loses_nothing(scripted):
    def script(peer):
        peer.accept()
        peer.text(*(str(number) for number in range(50_000)))
        peer.close()
        peer.expect_close()

    command = " ".join([*WSCLI, "listen", scripted(script).url])
    done = subprocess.run(
        ["bash", "-c", f"{command} | (sleep 0.5; cat)"], capture_output=True, timeout=30, check=True
    )
    assert done.stdout.split() == [str(number).encode() for number in range(50_000)]


def test_stdin_is_not_read_if_the_upgrade_fails(scripted):
    server = scripted(lambda peer: peer.refuse("HTTP/1.1 403 No\r\n\r\n"))
    command = " ".join([*WSCLI, "pipe", server.url])
    done = subprocess.run(
        ["bash", "-c", f"({command} 2>/dev/null; echo $?; cat)"],
        input=b"kept\n",
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == b"5\nkept\n"


def test_json_writes_events_in_a_pipe(echo_url):
    result = wscli("pipe", *PATIENT, "--json", "-n", "1", echo_url, stdin=b"hello\n")
    assert result.out.count(b'"event":"message"') == 2
    assert b'"direction":"out","opcode":"text","size":5,"text":"hello"}' in result.out
    assert b'"direction":"in","opcode":"text","size":5,"text":"hello"}' in result.out
