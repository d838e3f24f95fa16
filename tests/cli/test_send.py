"""``wscli send``: messages of each kind, and the wait for their replies."""

import fcntl
import json
import os
import select
import sys
import termios
import time

import pytest

from tests.program import start, wscli
from wscli.wire.events import Close, Messages
from wscli.wire.frames import Frame


def test_a_message_is_sent_and_its_reply_printed():
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
def test_binary_messages_are_sent_and_printed(echo_url, argument, payload):
    result = wscli("send", "-b", "--json", echo_url, argument)
    events = [json.loads(line) for line in result.out.splitlines()]
    messages = [event for event in events if event["event"] == "message"]
    assert [event["opcode"] for event in messages] == ["binary", "binary"]
    assert wscli("send", "-b", "--raw", echo_url, argument).out == payload


@pytest.mark.parametrize("argument", ["0xf", "0xzz", "b64:!"])
def test_binary_that_cannot_be_decoded_is_a_usage_error(echo_url, argument):
    result = wscli("send", "-b", echo_url, argument)
    assert result.status == 2
    assert "cannot be decoded" in result.err


def test_a_file_and_stdin_can_be_messages(echo_url, tmp_path):
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


def test_a_message_that_begins_with_a_dash_comes_after_two_dashes(echo_url):
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


def test_replies_sets_the_number_to_wait_for(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.text("1", "2", "3", "4")
        peer.expect_close()
        peer.close()

    assert wscli("send", "-n", "3", scripted(script).url, "go").out == b"1\n2\n3\n"


def test_zero_replies_waits_for_none(scripted):
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


def test_a_close_that_comes_with_the_101_is_reported(scripted):
    def script(peer):
        peer.accept(then=Frame(8, b"\x03\xf0token expired").to_bytes())
        peer.expect_close()

    result = wscli("send", scripted(script).url, "x")
    assert result.status == 9
    assert 'the peer closed with 1008 policy violation: "token expired"' in result.err


def test_a_normal_close_that_comes_with_the_101_is_not_a_reply(scripted):
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
def test_the_longest_timeout_is_accepted(echo_url, duration):
    assert wscli("send", "--timeout", duration, echo_url, "hi").out == b"hi\n"


def test_stdin_that_is_not_ready_yet_is_waited_for(echo_url):
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


def test_a_normal_close_before_the_reply_is_a_timeout(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close(1000, "done")
        peer.expect_close()

    result = wscli("send", scripted(script).url, "x")
    assert (result.status, result.out) == (6, b"")
    assert 'the peer closed with 1000 normal closure: "done" before all replies' in result.err


def test_a_close_with_an_error_before_the_reply_has_its_status(scripted):
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


def test_stdin_is_not_read_unless_asked_for(echo_url):
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


def test_compressed_messages_are_printed_whole(scripted):
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


def test_the_server_gets_the_exact_bytes(scripted):
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


def replying(**replies):
    """Return a script that answers messages by a table, and the list of messages it received."""
    got = []

    def script(peer):
        peer.accept()
        while isinstance(item := peer.expect((Messages, Close)), Messages):
            for payload in item.payloads:
                got.append(payload.decode())
                peer.text(*replies.get(payload.decode(), ()))
        peer.close()

    return script, got


def test_a_message_is_sent_when_the_one_before_has_its_reply(scripted):
    def script(peer):
        peer.accept()
        assert peer.expect().payloads == [b"A"]
        assert not select.select([peer.sock], [], [], 0.2)[0]
        peer.text("for A")
        assert peer.expect().payloads == [b"B"]
        peer.text("for B")
        peer.expect_close()
        peer.close()

    result = wscli("send", "--wait", "10s", scripted(script).url, "A", "B")
    assert (result.status, result.out) == (0, b"for A\nfor B\n")


def test_without_a_reply_the_next_message_is_sent_after_a_wait(scripted):
    script, got = replying(B=["for B"])
    result = wscli("send", "--wait", "100ms", "-n", "1", scripted(script).url, "A", "B")
    assert (result.status, result.out) == (0, b"for B\n")
    assert got == ["A", "B"]


def test_a_wait_of_zero_sends_all_at_once(scripted):
    def script(peer):
        peer.accept()
        assert peer.payloads(2) == [b"A", b"B"]
        peer.text("1", "2")
        peer.expect_close()
        peer.close()

    result = wscli("send", "--wait", "0", scripted(script).url, "A", "B")
    assert (result.status, result.out) == (0, b"1\n2\n")


CALL = '{"id":1,"method":"a"}'
CALL_2 = '{"id":2,"method":"b"}'
EVENT = '{"method":"event"}'


def test_events_are_printed_and_are_not_replies(scripted):
    script, _ = replying(**{CALL: [EVENT, EVENT, '{"id":1}'], CALL_2: [EVENT, '{"id":2}']})
    result = wscli("send", scripted(script).url, CALL, CALL_2)
    assert (result.status, result.err) == (0, "")
    assert result.out.decode().split() == [EVENT, EVENT, '{"id":1}', EVENT, '{"id":2}']


def test_only_replies_leaves_events_out(scripted):
    script, _ = replying(**{CALL: [EVENT, '{"id":1}', EVENT], CALL_2: [EVENT, '{"id":2}']})
    result = wscli("send", "--only-replies", scripted(script).url, CALL, CALL_2)
    assert result.out.decode().split() == ['{"id":1}', '{"id":2}']


def test_a_count_counts_replies(scripted):
    script, _ = replying(**{CALL: ['{"id":1,"n":1}', EVENT, '{"id":1,"n":2}', '{"id":1,"n":3}']})
    result = wscli("send", "-n", "2", scripted(script).url, CALL)
    assert result.out.decode().split() == ['{"id":1,"n":1}', EVENT, '{"id":1,"n":2}']


def test_silence_ends_the_wait_if_only_other_messages_came(scripted):
    script, _ = replying(**{CALL: [EVENT]})
    result = wscli("send", "--wait", "200ms", scripted(script).url, CALL)
    assert (result.status, result.out.decode().strip()) == (0, EVENT)
    assert "no reply to message 1 (id 1) was recognised" in result.err


def test_heartbeats_that_are_answered_do_not_interrupt_the_silence(scripted):
    script, _ = replying(**{CALL: [EVENT, "2"], "3": ["2"]})
    options = ["--wait", "200ms", "--timeout", "5s", "--answer", "^2$=3", "--only-replies"]
    result = wscli("send", *options, scripted(script).url, CALL)
    assert result.status == 0
    assert "no reply to message 1 (id 1) was recognised" in result.err


def test_silence_does_not_end_the_wait_if_too_few_messages_came(scripted):
    script, _ = replying(**{CALL: [EVENT]})
    options = ["--wait", "100ms", "--timeout", "1s"]
    result = wscli("send", *options, scripted(script).url, CALL, CALL_2)
    assert result.status == 6
    assert "0 of 2 replies and 1 other messages came within 1 s" in result.err


def test_an_error_reply_has_a_status_of_its_own(scripted):
    error = '{"id":1,"error":{"code":-32601,"message":"Method not found"}}'
    script, got = replying(**{CALL: [error], CALL_2: ['{"id":2}']})
    result = wscli("send", scripted(script).url, CALL, CALL_2)
    assert (result.status, result.out.decode().split("\n")[:2]) == (10, [error, '{"id":2}'])
    assert "message 1 (id 1) was answered with an error\n  -32601: Method not found" in result.err
    assert got == [CALL, CALL_2]


def test_an_error_reply_explains_the_close_that_follows(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.text('{"type":"connection_error","payload":{"message":"no token"}}')
        peer.close(4400, "bad")
        peer.expect_close()

    result = wscli("send", scripted(script).url, '{"type":"connection_init"}', CALL)
    assert result.status == 10
    assert "no token" in result.err


def test_a_socketio_conversation_finds_its_replies(scripted):
    def script(peer):
        peer.accept()
        peer.text('0{"sid":"x","pingInterval":25000}')
        assert peer.payloads(1) == [b"40"]
        peer.text("2", '40{"sid":"y"}')
        assert sorted(peer.payloads(2)) == [b"3", b'421["join"]']
        peer.text('42["news"]', '431["ok"]')
        peer.expect_close()
        peer.close()

    options = ["--answer", "^2$=3", "--only-replies"]
    result = wscli("send", *options, scripted(script).url, "40", '421["join"]')
    assert (result.status, result.out) == (0, b'40{"sid":"y"}\n431["ok"]\n')


def test_an_answered_heartbeat_is_not_the_reply(scripted):
    def script(peer):
        peer.accept()
        assert peer.payloads(1) == [b"hello"]
        peer.text("2")
        assert peer.payloads(1) == [b"3"]
        peer.text("the reply")
        peer.expect_close()
        peer.close()

    result = wscli("send", "--answer", "^2$=3", scripted(script).url, "hello")
    assert (result.status, result.out) == (0, b"2\nthe reply\n")


def test_expect_waits_for_a_match_between_messages(scripted):
    def script(peer):
        peer.accept()
        peer.text("welcome")
        assert peer.payloads(1) == [b"login"]
        peer.text("wait", '{"ready":true}')
        assert peer.payloads(1) == [b"go"]
        peer.text("gone", "done")
        peer.expect_close()
        peer.close()

    url = scripted(script).url
    steps = ["--expect", "welcome", "login", "--expect", "$[?@.ready==true]", "go"]
    result = wscli("send", url, *steps, "--expect", "^done$")
    assert result.status == 0
    assert result.out.decode().split() == ["welcome", "wait", '{"ready":true}', "gone", "done"]


def test_the_place_of_expect_does_not_depend_on_the_place_of_the_url(scripted):
    script, got = replying(A=["no", "yes"], B=["end"])
    options = ["--timeout", "5s", "-v"]
    result = wscli("send", *options, scripted(script).url, "A", "--expect", "yes", "--", "B")
    assert result.out == b"no\nyes\nend\n"
    assert got == ["A", "B"]


def test_an_expectation_that_is_not_met_is_a_timeout(scripted):
    script, got = replying(A=["no"], B=["for B"])
    url = scripted(script).url
    result = wscli("send", "--timeout", "300ms", url, "A", "--expect", "yes", "B")
    assert (result.status, result.out) == (6, b"no\n")
    assert "no message that matches 'yes' came within 0.3 s" in result.err
    assert got == ["A"]


def test_a_close_before_an_expectation_is_met_is_a_timeout(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close()
        peer.expect_close()

    result = wscli("send", scripted(script).url, "A", "--expect", "yes", "B")
    assert result.status == 6
    assert "closed with 1000 normal closure before all replies" in result.err


def test_until_takes_a_query(scripted):
    script, _ = replying(go=['{"id":10}', '{"id":1}', '{"id":2}'])
    result = wscli("send", "--until", "$[?@.id==1]", scripted(script).url, "go")
    assert result.out == b'{"id":10}\n{"id":1}\n'


@pytest.mark.parametrize("option", ["--until", "--expect"])
def test_a_pattern_that_backtracks_ends_the_command_and_no_message_is_lost(scripted, option):
    hostile = "a" * 60 + "b"
    script, _ = replying(go=["x", hostile, "y"])
    result = wscli("send", scripted(script).url, "go", option, "^(a|aa)+$")
    assert (result.status, result.out.split()) == (2, [b"x", hostile.encode(), b"y"])
    assert "backtracks for too long on a message of 61 characters" in result.err


@pytest.mark.parametrize("option", ["--until", "--expect"])
def test_a_time_limit_holds_while_a_slow_pattern_is_searched(scripted, option):
    """Each message is searched for a while, and a batch of them for much longer."""
    script, _ = replying(go=["a" * 22 + "b"] * 20_000)
    start = time.monotonic()
    options = ["--timeout", "500ms", option, r"^(a|aa)+$"]
    result = wscli("send", scripted(script).url, "go", *options)
    assert result.status == 6
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("option", ["--until", "--expect"])
def test_an_invalid_pattern_is_a_usage_error(option):
    result = wscli("send", option, "(", "demo:", "x")
    assert result.status == 2
    assert "is not a regular expression" in result.err


def test_a_terminator_is_added_and_takes_the_place_of_the_line_feed(echo_url):
    result = wscli("send", "--end", r"\x1e", echo_url, "{}", "{}\x1e")
    assert result.out == b"{}\x1e{}\x1e"


def test_escapes_in_messages_are_replaced(echo_url):
    assert wscli("send", "--escapes", "--raw", echo_url, r"a\r\n\u00e9\0").out == b"a\r\n\xc3\xa9\0"
    result = wscli("send", "--escapes", echo_url, r"a\q")
    assert result.status == 2
    assert "invalid escape \\q at character 2" in result.err


def test_messages_are_repeated_during_the_wait(scripted):
    def script(peer):
        peer.accept()
        assert peer.payloads(3)[:3] == [b"go", b"beat", b"beat"]
        peer.text("at last")
        peer.expect_close()
        peer.close()

    result = wscli("send", "--every", "50ms", "beat", scripted(script).url, "go")
    assert (result.status, result.out) == (0, b"at last\n")


def test_without_a_message_pushes_are_printed(scripted):
    def script(peer):
        peer.accept()
        peer.text("1", "2", "3", "4")
        peer.expect_close()
        peer.close()

    result = wscli("send", "-n", "3", "--timeout", "5s", scripted(script).url)
    assert (result.status, result.out) == (0, b"1\n2\n3\n")


@pytest.mark.parametrize("option", ["--max-size", "--fragment"])
def test_a_size_of_0_is_not_a_bug(option):
    """No message with a payload is received then, and none is fragmented."""
    result = wscli("send", option, "0", "demo:", "")
    assert (result.status, result.err) == (0, "")
