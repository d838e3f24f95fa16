"""``wscli send``: messages of each kind, and what it waits for."""

import fcntl
import json
import os
import select
import sys
import termios

import pytest

from tests.program import start, wscli
from wscli.wire.events import Close
from wscli.wire.frames import Frame


def test_the_main_job():
    result = wscli("send", "-v", "demo:", "Hello from client!")
    assert (result.status, result.out) == (0, b"Hello from client!\n")
    lines = result.err.splitlines()
    assert "> GET / HTTP/1.1" in lines
    assert "< HTTP/1.1 101 Switching Protocols" in lines
    assert any(line.startswith("> Sec-WebSocket-Key: ") for line in lines)
    assert any(line.startswith("< Sec-WebSocket-Accept: ") for line in lines)


def test_each_message_has_its_reply(echo_url):
    result = wscli("send", echo_url, "one", "", "three\nlines\r\n", "ünïcødé ✓")
    assert result.status == 0
    assert result.out == "one\n\nthree\nlines\r\n\nünïcødé ✓\n".encode()


def test_without_a_message_it_waits_for_one(scripted):
    def script(peer):
        peer.accept()
        peer.text("welcome")
        peer.expect_close()
        peer.close()

    result = wscli("send", scripted(script).url)
    assert (result.status, result.out) == (0, b"welcome\n")


@pytest.mark.parametrize(
    ("argument", "payload"),
    [("0x00ff10", b"\x00\xff\x10"), ("b64:AP8Q", b"\x00\xff\x10"), ("plain", b"plain")],
)
def test_binary_messages(echo_url, argument, payload):
    result = wscli("send", "-b", "--json", echo_url, argument)
    events = [json.loads(line) for line in result.out.splitlines()]
    messages = [event for event in events if event["event"] == "message"]
    assert [event["opcode"] for event in messages] == ["binary", "binary"]
    assert wscli("send", "-b", "--raw", echo_url, argument).out == payload


@pytest.mark.parametrize("argument", ["0xf", "0xzz", "b64:!"])
def test_binary_that_cannot_be_decoded(echo_url, argument):
    result = wscli("send", "-b", echo_url, argument)
    assert result.status == 2
    assert "cannot be decoded" in result.err


def test_a_file_and_stdin_as_messages(echo_url, tmp_path):
    path = tmp_path / "message"
    path.write_bytes(b"\x00\x01\xff")
    assert wscli("send", "-b", "--raw", echo_url, f"@{path}").out == b"\x00\x01\xff"
    assert wscli("send", echo_url, "@-", stdin="from stdin ✓".encode()).out == (
        "from stdin ✓\n".encode()
    )


def test_text_that_begins_with_at_is_written_with_two(echo_url):
    assert wscli("send", echo_url, "@@alice hello").out == b"@alice hello\n"
    result = wscli("send", echo_url, "@alice hello")
    assert result.status == 2
    assert "written @@" in result.err


def test_a_message_that_begins_with_a_dash(echo_url):
    result = wscli("send", echo_url, "-1")
    assert result.status == 2
    assert "comes after --" in result.err
    assert wscli("send", echo_url, "--", "-1").out == b"-1\n"


def test_text_that_is_not_utf8_is_refused_before_connecting(tmp_path):
    path = tmp_path / "latin1"
    path.write_bytes(b"caf\xe9")
    result = wscli("send", "ws://127.0.0.1:1/", f"@{path}")
    assert result.status == 2
    assert "e9 at byte 3" in result.err
    assert "--binary sends any bytes" in result.err


def test_replies_says_how_many_to_wait_for(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.text("1", "2", "3", "4")
        peer.expect_close()
        peer.close()

    assert wscli("send", "-n", "3", scripted(script).url, "go").out == b"1\n2\n3\n"


def test_no_replies_at_all(scripted):
    seen = []

    def script(peer):
        peer.accept()
        seen.extend(peer.expect().payloads)
        seen.append(peer.expect_close())
        peer.close()

    server = scripted(script)
    result = wscli("send", "-n", "0", server.url, "fire and forget")
    server.finish()
    assert (result.status, result.out) == (0, b"")
    assert seen == [b"fire and forget", Close(1000, "")]


def test_replies_beyond_those_waited_for_are_not_lost(scripted):
    def script(peer):
        peer.accept()
        peer.text("a greeting")
        peer.expect()
        peer.text("the reply")
        peer.expect_close()
        peer.text("a late push")
        peer.close()

    result = wscli("send", scripted(script).url, "x")
    assert (result.status, result.out) == (0, b"a greeting\nthe reply\na late push\n")


def test_a_close_that_comes_with_the_101_is_told(scripted):
    def script(peer):
        peer.accept(then=Frame(8, b"\x03\xf0token expired").to_bytes())
        peer.expect_close()

    result = wscli("send", scripted(script).url, "x")
    assert result.status == 9
    assert 'the peer closed with 1008 policy violation: "token expired"' in result.err


def test_a_normal_close_that_comes_with_the_101_is_no_reply(scripted):
    def script(peer):
        peer.accept(then=Frame(8, b"\x03\xe8").to_bytes())
        peer.expect_close()

    result = wscli("send", scripted(script).url, "x")
    assert result.status == 6
    assert "closed with 1000 normal closure before all replies" in result.err


def test_after_a_timeout_the_closing_handshake_is_not_waited_for(scripted):
    def script(peer):
        peer.accept()
        peer.wait_for_end()

    result = wscli(
        "send", "--timeout", "200ms", "--close-timeout", "60s", scripted(script).url, "x"
    )
    assert result.status == 6


@pytest.mark.parametrize("duration", ["1000h", "999999999"])
def test_the_longest_of_timeouts(echo_url, duration):
    assert wscli("send", "--timeout", duration, echo_url, "hi").out == b"hi\n"


def test_stdin_that_is_not_there_yet_is_waited_for(echo_url):
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with start("send", echo_url, "@-", stdin=reader) as process:
        os.close(reader)
        os.write(writer, b"first ")
        # It has read what there was, and would have to wait for more.
        while select.select([], [writer], [], 0)[1] and unread(writer):
            pass
        os.write(writer, b"second")
        os.close(writer)
        assert process.wait(20) == 0
        assert process.stdout.read() == b"first second\n"


def unread(writer):
    """Return how many bytes of a pipe nobody has read."""
    return int.from_bytes(fcntl.ioctl(writer, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_until_waits_for_a_message_that_matches(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.text("working", "still working", "done: 42", "after")
        peer.expect_close()
        peer.close()

    server = scripted(script)
    result = wscli("send", "--until", r"done: \d+", server.url, "job")
    assert (result.status, result.out) == (0, b"working\nstill working\ndone: 42\n")


def test_missing_replies_are_a_timeout(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.text("only one")
        peer.expect_close()
        peer.close()

    result = wscli("send", "-n", "2", "--timeout", "300ms", scripted(script).url, "x")
    assert (result.status, result.out) == (6, b"only one\n")
    assert "1 of 2 replies came within 0.3 s" in result.err


def test_a_peer_that_closes_before_it_has_replied(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close(1000, "done")
        peer.expect_close()

    result = wscli("send", scripted(script).url, "x")
    assert (result.status, result.out) == (6, b"")
    assert 'the peer closed with 1000 normal closure: "done" before all replies' in result.err


def test_a_peer_that_closes_with_an_error_before_it_has_replied(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close(1008, "no")
        peer.expect_close()

    assert wscli("send", scripted(script).url, "x").status == 9


def test_the_timeout_covers_connecting(scripted):
    server = scripted(lambda peer: peer.wait_for_end())
    result = wscli("send", "--timeout", "300ms", server.url, "x")
    assert result.status == 6
    assert "timed out after 0.3 s" in result.err


def test_nothing_is_read_of_stdin_that_is_not_asked_for(echo_url):
    process = start("send", echo_url, "hi")
    assert process.wait(20) == 0
    assert process.stdout.read() == b"hi\n"
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_large_messages_come_back_whole(echo_url, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * 40_000)
    result = wscli("send", "-b", "--raw", echo_url, f"@{path}")
    assert result.status == 0
    assert result.out == path.read_bytes()


def test_compressed_messages(scripted):
    """The words of the deflated example in RFC 7692 §7.2.3.2, shared window and all."""
    received = []

    def script(peer):
        peer.accept("Sec-WebSocket-Extensions: permessage-deflate")
        peer.send(bytes.fromhex("c107f248cdc9c90700 c105f200110000"))
        received.append(peer.sock.recv(65536))
        peer.send(b"\x88\x02\x03\xe8")

    server = scripted(script)
    result = wscli("send", "-n", "2", server.url)
    assert (result.status, result.out) == (0, b"Hello\nHello\n")


def test_the_server_gets_exactly_what_was_given(scripted):
    got = []

    def script(peer):
        peer.accept()
        got.append(peer.expect())
        peer.text("ok")
        peer.expect_close()
        peer.close()

    server = scripted(script)
    wscli("send", server.url, 'a b\t"c" ✓')
    server.finish()
    assert [(item.opcode, item.payloads) for item in got] == [(1, ['a b\t"c" ✓'.encode()])]


def test_a_message_may_be_sent_in_fragments(echo_url):
    options = ["--json", "-vv", "--no-compress", "--fragment", "4"]
    result = wscli("send", *options, echo_url, "fragmented")
    events = [json.loads(line) for line in result.out.splitlines()]
    sent = [
        (event["opcode"], event["fin"], event["text" if event["opcode"] == "text" else "base64"])
        for event in events
        if event["event"] == "frame" and event["direction"] == "out" and event["opcode"] != "close"
    ]
    assert sent == [
        ("text", False, "frag"),
        ("continuation", False, "bWVudA=="),
        ("continuation", True, "ZWQ="),
    ]
    messages = [event["text"] for event in events if event["event"] == "message"]
    assert messages == ["fragmented", "fragmented"]
