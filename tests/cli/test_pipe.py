"""``wscli pipe``: nothing is lost, in either direction, whatever the peer does."""

import subprocess
import time

import pytest

from tests.program import WSCLI, start, wscli
from wscli.wire.events import Close, Messages

PATIENT = ("--linger", "400ms")


def seq(count):
    return b"".join(b"%d\n" % number for number in range(1, count + 1))


@pytest.mark.parametrize("attempt", range(5))
def test_two_hundred_lines_there_and_back(echo_url, attempt):
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


def test_no_input_is_nothing_special(echo_url):
    result = wscli("pipe", "--linger", "100ms", echo_url)
    assert (result.status, result.out, result.err) == (0, b"", "")


def test_carriage_returns_are_part_of_the_line(echo_url):
    assert wscli("pipe", *PATIENT, "--raw", echo_url, stdin=b"dos\r\n").out == b"dos\r"


def test_a_line_of_megabytes(echo_url):
    line = b"x" * (5 << 20)
    assert wscli("pipe", *PATIENT, echo_url, stdin=line + b"\nshort\n").out == line + b"\nshort\n"


def test_nul_as_separator(echo_url):
    result = wscli("pipe", *PATIENT, "-0", echo_url, stdin=b"two\nlines\0one\0")
    assert result.out == b"two\nlines\0one\0"


def test_all_of_stdin_as_one_message(echo_url):
    result = wscli(
        "pipe", *PATIENT, "--whole", "--raw", "-b", echo_url, stdin=bytes(range(256)) * 1000
    )
    assert result.out == bytes(range(256)) * 1000
    assert wscli("pipe", *PATIENT, "--whole", "-n", "1", echo_url).out == b"\n"


def test_binary_lines(echo_url):
    assert (
        wscli("pipe", *PATIENT, "-b", echo_url, stdin=b"\xff\xfe\n\x00\n").out
        == b"\xff\xfe\n\x00\n"
    )


def test_a_line_that_is_not_utf8_is_named_and_what_came_before_is_sent(echo_url):
    result = wscli("pipe", *PATIENT, echo_url, stdin=b"one\ntwo\nthr\xe9e\nfour\n")
    assert (result.status, result.out) == (2, b"one\ntwo\n")
    assert "message 3 of stdin is not UTF-8, as text must be\n  e9 at byte 3" in result.err
    assert "--binary" in result.err


def test_a_line_that_is_too_long_is_named_and_what_came_before_is_sent(echo_url):
    result = wscli(
        "pipe", *PATIENT, "--max-size", "10", echo_url, stdin=b"one\n" + b"x" * 11 + b"\n"
    )
    assert (result.status, result.out) == (2, b"one\n")
    assert "message 2 of stdin is too long" in result.err


def test_stdin_without_end_is_refused_at_the_limit(echo_url):
    result = wscli("pipe", *PATIENT, "--whole", "--max-size", "1KiB", echo_url, stdin=bytes(5000))
    assert result.status == 2
    assert "message 1 of stdin is too long" in result.err


def test_a_count_ends_it_while_stdin_is_open(echo_url):
    with start("pipe", "-n", "2", echo_url) as process:
        process.stdin.write(b"one\ntwo\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"one\n"
        assert process.stdout.readline() == b"two\n"
        assert process.wait(20) == 0


def test_it_ends_when_the_peer_closes_while_stdin_is_open(scripted):
    def script(peer):
        peer.accept()
        peer.text("bye")
        peer.close()
        peer.expect_close()

    with start("pipe", scripted(script).url) as process:
        assert process.wait(20) == 0
        assert process.stdout.read() == b"bye\n"


def test_it_ends_when_the_peer_closes_in_the_middle_of_input(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close(1000, "enough")
        peer.expect_close()

    result = wscli("pipe", scripted(script).url, stdin=seq(500_000))
    assert result.status == 0
    assert result.err == 'wscli: the connection was closed with 1000 normal closure: "enough"\n'


def test_a_line_is_sent_as_soon_as_it_is_there(echo_url):
    with start("pipe", echo_url) as process:
        for number in range(3):
            process.stdin.write(b"%d\n" % number)
            process.stdin.flush()
            assert process.stdout.readline() == b"%d\n" % number
        process.stdin.close()
        assert process.wait(20) == 0


def test_pushes_come_while_nothing_is_typed(scripted):
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
        time.sleep(0.3)  # what this test is about: an answer later than the end of stdin
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
        time.sleep(1)  # what this test is about: longer than the close timeout, with a full outbox
        while isinstance(item := peer.expect((Messages, Close)), Messages):
            received.append(sum(map(len, item.payloads)))
        peer.close()

    server = scripted(script)
    lines = (b"x" * 999 + b"\n") * 8_000
    options = ["--linger", "0", "--close-timeout", "2s"]
    assert wscli("pipe", *options, server.url, stdin=lines).status == 0
    server.finish()
    assert sum(received) == 999 * 8_000


def test_stdin_that_cannot_be_read(echo_url, tmp_path):
    with (
        open(tmp_path / "out", "wb") as write_only,
        start("pipe", echo_url, stdin=write_only) as process,
    ):
        assert process.wait(20) == 2
        assert b"cannot read stdin" in process.stderr.read()


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


def test_an_upgrade_that_fails_reads_nothing_of_stdin(scripted):
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


def test_json_out_of_a_pipe(echo_url):
    result = wscli("pipe", *PATIENT, "--json", "-n", "1", echo_url, stdin=b"hello\n")
    assert result.out.count(b'"event":"message"') == 2
    assert b'"direction":"out","opcode":"text","size":5,"text":"hello"}' in result.out
    assert b'"direction":"in","opcode":"text","size":5,"text":"hello"}' in result.out
