"""Each way in which a connection ends has its exit status, and is reported on stderr."""

import re
import time

import pytest

from tests.program import call
from tests.scripted import trickle
from wscli.wire.closing import Side
from wscli.wire.frames import Frame


def ending(finish):
    """Return a script that accepts, sends a message, and then finishes in its own way."""

    def script(peer):
        peer.accept()
        peer.text("before")
        finish(peer)
        peer.expect_close()

    return script


def listen(scripted, finish, *options):
    result = call("listen", "--close-timeout", "500ms", *options, scripted(ending(finish)).url)
    return result.status, result.out.decode(), result.err


@pytest.mark.parametrize("code", [1000, 1001, 1005])
def test_a_normal_close_exits_with_0(scripted, code):
    assert listen(scripted, lambda peer: peer.close(code)) == (0, "before\n", "")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (1002, "protocol error"),
        (1003, "unsupported data"),
        (1007, "invalid payload"),
        (1008, "policy violation"),
        (1009, "message too big"),
        (1011, "internal error"),
        (1012, "service restart"),
        (1013, "try again later"),
        (3000, "registered use"),
        (4001, "private use"),
    ],
)
def test_a_close_with_an_error_code_exits_with_9(scripted, code, name):
    status, out, err = listen(scripted, lambda peer: peer.close(code, "because"))
    assert (status, out) == (9, "before\n")
    assert f'wscli: the peer closed with {code} {name}: "because"\n' in err


def test_the_reason_of_a_close_is_shown_with_symbols_for_control_characters(scripted):
    _, _, err = listen(scripted, lambda peer: peer.close(1008, "\x1b[2J\x1b]0;title\x07"))
    assert '"␛[2J␛]0;title␇"' in err
    assert "\x1b" not in err


def test_a_lost_connection_exits_with_8(scripted):
    status, out, err = listen(scripted, lambda peer: peer.fin())
    assert (status, out) == (8, "before\n")
    assert "lost with no Close frame (1006): the peer ended the TCP connection" in err


def test_a_reset_connection_exits_with_8(scripted):
    def script(peer):
        peer.accept()
        peer.reset()

    result = call("listen", scripted(script).url)
    assert result.status == 8
    assert "(1006): Connection reset by peer" in result.err


def test_half_a_frame_is_a_loss(scripted):
    def finish(peer):
        peer.send(Frame(1, bytes(100)).to_bytes()[:50])
        peer.fin()

    status, out, err = listen(scripted, finish)
    assert (status, out) == (8, "before\n")
    assert "in the middle of a message" in err


def test_half_a_message_is_a_loss(scripted):
    def finish(peer):
        peer.frames(Frame(1, b"part", fin=False))
        peer.fin()

    status, out, err = listen(scripted, finish)
    assert (status, out) == (8, "before\n")
    assert "in the middle of a message" in err


VIOLATIONS = {
    "a masked frame": ([Frame(1, b"x", mask_key=b"abcd")], "masked a frame", 1002),
    "a reserved bit": ([Frame(1, b"x", rsv=2)], "set a reserved bit", 1002),
    "a compressed frame": ([Frame(1, b"x", rsv=4)], "set a reserved bit", 1002),
    "a reserved opcode": ([Frame(3, b"x")], "a reserved opcode", 1002),
    "a reserved control opcode": ([Frame(0xB, b"x")], "a reserved opcode", 1002),
    "text that is not UTF-8": ([Frame(1, b"\xff")], "text that is not UTF-8", 1007),
    "bad UTF-8 over fragments": (
        [Frame(1, b"ok \xe2", fin=False), Frame(0, b"\x28")],
        "text that is not UTF-8",
        1007,
    ),
    "a long ping": ([Frame(9, bytes(126))], "more than 125 bytes", 1002),
    "a fragmented ping": ([Frame(9, b"x", fin=False)], "fragmented a control frame", 1002),
    "an interleaved message": (
        [Frame(1, b"x", fin=False), Frame(1, b"y")],
        "before the previous one had ended",
        1002,
    ),
    "a stray continuation": ([Frame(0, b"x")], "without a message to continue", 1002),
    "a length in too many bytes": ([Frame(1, b"x", length_form=64)], "shortest form", 1002),
    "half a close code": ([Frame(8, b"\x03")], "half a close code", 1002),
    "a close code that is not for the wire": (
        [Frame(8, b"\x03\xee")],
        "a Close frame must not have",
        1002,
    ),
    "a reason that is not UTF-8": ([Frame(8, b"\x03\xe8\xff")], "reason that is not UTF-8", 1007),
}


@pytest.mark.parametrize(("frames", "words", "code"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_violation_exits_with_7(scripted, frames, words, code):
    answers = []

    def script(peer):
        peer.accept()
        peer.text("before")
        peer.frames(*frames)
        answers.append(peer.expect_close())

    server = scripted(script)
    result = call("listen", server.url)
    server.finish()
    assert (result.status, result.out) == (7, b"before\n")
    assert words in result.err
    assert f"closed with {code}" in result.err
    assert answers[0].code == code


def test_a_message_that_is_too_large_closes_with_1009(scripted):
    answers = []

    def script(peer):
        peer.accept()
        peer.frames(Frame(2, bytes(2000)))
        answers.append(peer.expect_close())

    server = scripted(script)
    result = call("listen", "--max-size", "1KiB", server.url)
    server.finish()
    assert result.status == 7
    assert "larger than the limit" in result.err
    assert "2,000 bytes; the limit is 1,024 bytes" in result.err
    assert "try: --max-size SIZE" in result.err
    assert answers[0].code == 1009


def test_a_length_of_petabytes_is_refused_at_once(scripted):
    def script(peer):
        peer.accept()
        peer.send(b"\x82\x7f\x00\x04" + bytes(6))
        peer.expect_close()

    result = call("listen", scripted(script).url)
    assert result.status == 7
    assert "larger than the limit" in result.err


def test_a_close_without_an_answer_ends_after_the_close_timeout(scripted):
    def script(peer):
        peer.accept()
        peer.text("one")
        peer.wait_for_end()

    result = call("listen", "-n", "1", "--close-timeout", "200ms", scripted(script).url)
    assert (result.status, result.out) == (8, b"one\n")
    assert "the peer did not answer Close within 0.2 s" in result.err


def test_close_is_answered_with_its_own_code(scripted):
    answers = []

    def finish(peer):
        peer.close(4001, "own")
        answers.append(peer.expect_close())

    server = scripted(ending(finish))
    call("listen", server.url)
    server.finish()
    assert answers[0].code == 4001


def test_messages_before_the_answer_to_close_are_printed(scripted):
    def script(peer):
        peer.accept()
        peer.text("first")
        peer.expect_close()
        peer.text("late", "later")
        peer.close()

    result = call("listen", "--for", "100ms", scripted(script).url)
    assert (result.status, result.out) == (0, b"first\nlate\nlater\n")


def test_keepalive_pings_without_a_pong_end_the_connection(scripted):
    def script(peer):
        peer.accept()
        peer.wait_for_end()

    result = call(
        "listen", "--ping-interval", "50ms", "--ping-timeout", "150ms", scripted(script).url
    )
    assert result.status == 6
    assert "no pong came within 0.15 s of a keepalive ping" in result.err


def test_answered_keepalive_pings_keep_the_connection_open(echo_url):
    options = ["--ping-interval", "20ms", "--ping-timeout", "5s", "--for", "200ms"]
    result = call("listen", *options, "-vv", echo_url)
    assert result.status == 0
    assert result.err.count("> ping") > 2
    assert result.err.count("< pong") > 2


def test_a_ping_is_answered_with_its_payload(scripted):
    from wscli.wire.events import Pong

    pongs = []

    def script(peer):
        peer.accept()
        peer.frames(Frame(9, b"are you there"))
        pongs.append(peer.expect(Pong))
        peer.close()
        peer.expect_close()

    server = scripted(script)
    assert call("listen", server.url).status == 0
    server.finish()
    assert pongs == [Pong(b"are you there")]


# Who closed


def closing_with(code, reason=""):
    """Return a script that answers our Close with a code of the peer's own."""

    def script(peer):
        peer.accept()
        peer.text("one")
        peer.expect_close()
        peer.close(code, reason)

    return script


def test_an_error_code_in_answer_to_our_close_is_the_peers(scripted):
    result = call("listen", "-n", "1", scripted(closing_with(1011, "broken")).url)
    assert (result.status, result.out) == (9, b"one\n")
    assert 'the peer answered our Close 1000 with 1011 internal error: "broken"' in result.err


@pytest.mark.parametrize("code", [1000, 1001])
def test_the_reason_of_a_normal_close_is_shown(scripted, code):
    status, out, err = listen(scripted, lambda peer: peer.close(code, "bye \x1b[2J"))
    assert (status, out) == (0, "before\n")
    assert f"wscli: the connection was closed with {code} " in err
    assert ': "bye ␛[2J"\n' in err


def test_the_reason_in_an_answer_to_our_close_is_shown(scripted):
    result = call("listen", "-n", "1", scripted(closing_with(1001, "restarting")).url)
    assert result.status == 0
    assert 'closed with 1000 normal closure, answered with 1001 going away: "rest' in result.err


@pytest.mark.parametrize("option", ["-q", "--json"])
def test_the_reason_of_a_normal_close_is_not_an_error_message(scripted, option):
    result = call("listen", option, scripted(ending(lambda peer: peer.close(1000, "bye"))).url)
    assert (result.status, result.err) == (0, "")


def test_verbose_shows_the_reason_once(scripted):
    _, _, err = listen(scripted, lambda peer: peer.close(1000, "bye"), "-v")
    assert err.count("bye") == 1


@pytest.mark.parametrize("code", [1006, 5000, 0])
def test_the_reason_is_shown_before_a_code_that_must_not_be_sent(scripted, code):
    payload = code.to_bytes(2, "big") + b"going down"
    status, out, err = listen(scripted, lambda peer: peer.frames(Frame(8, payload)))
    assert (status, out) == (7, "before\n")
    what, evidence = err.splitlines()[:2]
    assert what.startswith('wscli: the peer closed with "going down", and sent a close code that')
    assert evidence.startswith(f"  {code} ")


# Our Close that the peer does not answer


def leave_unanswered(leave):
    def script(peer):
        peer.accept()
        peer.text("one")
        peer.expect_close()
        leave(peer)

    return script


@pytest.mark.parametrize("leave", [lambda peer: peer.fin(), lambda peer: peer.reset()])
def test_ending_tcp_instead_of_answering_our_close_is_normal(scripted, leave):
    server = scripted(leave_unanswered(leave))
    result = call("listen", "-n", "1", server.url)
    assert (result.status, result.out, result.err) == (0, b"one\n", "")
    result = call("listen", "-n", "1", "-v", server.url)
    assert result.status == 0
    line = result.err.splitlines()[-1]
    assert line.startswith(
        "* closed with 1000 normal closure, initiated by wscli; the peer ended TCP"
    )


def test_half_a_message_behind_our_close_is_a_loss(scripted):
    def leave(peer):
        peer.send(b"\x81\x7e\x01")
        peer.fin()

    result = call("listen", "-n", "1", scripted(leave_unanswered(leave)).url)
    assert result.status == 8
    assert "in the middle of a message" in result.err


def test_a_reply_that_is_missing_stays_an_error(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.fin()

    result = call("send", scripted(script).url, "one")
    assert result.status == 8


# Traffic before a loss


def test_a_loss_names_the_message_just_before_it(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.fin()

    result = call("send", scripted(script).url, "hello")
    assert result.status == 8
    assert re.search(r"^  [0-9.]+ ms after message 1, text, 5 B$", result.err, re.MULTILINE)


def test_a_loss_does_not_name_a_message_that_was_answered(scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.text("reply")
        peer.fin()

    result = call("send", "-n", "2", scripted(script).url, "hello")
    assert result.status == 8
    assert "after message" not in result.err


def test_a_loss_names_the_time_without_traffic(scripted):
    def finish(peer):
        time.sleep(1.2)  # the silence that the test is about
        peer.fin()

    status, _, err = listen(scripted, finish)
    assert status == 8
    assert re.search(r"^  idle for 1\.[2-9] s$", err, re.MULTILINE)


# HTTP in place of frames

LATE_REFUSAL = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-type: text/html\r\n"
    b"Content-Length: 28\r\n\r\nUnsupported protocol version"
)


def in_one_segment(peer, data):
    peer.accept(then=data)


def in_the_next_segment(peer, data):
    peer.accept()
    peer.send(data)


def byte_by_byte(peer, data):
    peer.accept()
    trickle(peer, data, pause=0.001)


@pytest.mark.parametrize("send", [in_one_segment, in_the_next_segment, byte_by_byte])
@pytest.mark.parametrize("option", ["-v", "-vvv", "--json"])
def test_an_http_response_behind_the_101_is_shown(scripted, send, option):
    def script(peer):
        send(peer, LATE_REFUSAL)
        peer.expect_close()

    result = call("listen", option, scripted(script).url)
    assert result.status == 7
    assert "the peer sent an HTTP response instead of frames after its 101" in result.err
    assert "  HTTP/1.1 400 Bad Request\n  Connection: close\n" in result.err
    assert "\n  Unsupported protocol version\n" in result.err
    assert "try: this is Engine.IO (Socket.IO): set EIO=4" in result.err


def test_a_late_response_that_is_cut_short_is_shown(scripted):
    def script(peer):
        peer.accept(then=LATE_REFUSAL[:-10])
        peer.fin()

    result = call("listen", scripted(script).url)
    assert result.status == 7
    assert "  Unsupported protoc\n" in result.err


def test_a_late_response_that_never_ends_is_bounded(scripted):
    def script(peer):
        peer.accept(then=b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.send(b"x" * 100_000)

    result = call("listen", scripted(script).url)
    assert result.status == 7
    assert "bytes in all]" in result.err


def test_half_the_beginning_of_a_response_is_half_a_frame(scripted):
    def script(peer):
        peer.accept(then=b"HTTP/")
        peer.fin()

    result = call("listen", scripted(script).url)
    assert result.status == 7
    assert "set a reserved bit" in result.err


def test_http_behind_a_valid_frame_is_a_broken_frame(scripted):
    status, out, err = listen(scripted, lambda peer: peer.send(LATE_REFUSAL))
    assert (status, out) == (7, "before\n")
    assert "set a reserved bit" in err


# A subprotocol that was not chosen

DECLINED = "the server chose none of the subprotocols offered (chat, v2.chat); a browser would fail"


def accept_and_close(peer):
    peer.accept()
    peer.text("one")
    peer.close()
    peer.expect_close()


@pytest.mark.parametrize("command", ["listen", "send", "pipe"])
def test_a_subprotocol_that_was_not_chosen_causes_one_warning(scripted, command):
    server = scripted(accept_and_close)
    offer = ["-s", "chat", "-s", "v2.chat"]
    result = call(command, *offer, server.url)
    assert (result.status, result.out) == (0, b"one\n")
    assert result.err.count(DECLINED) == 1
    assert call("listen", *offer, "-v", server.url).err.count(DECLINED) == 1
    assert call("listen", *offer, "-q", server.url).err == ""
    assert call("listen", server.url).err == ""


# A close code of our own


def test_a_code_of_our_own_is_reported_as_ours_in_the_session(session):
    shell = session()
    shell.enter("/close 4001")
    shell.until("closed with 4001 private use, initiated by wscli")
    assert "the peer closed" not in shell.text
    shell.press("ctrl-d")
    assert shell.ended() == 0


def test_a_code_of_our_own_is_reported_as_ours_in_the_api(echo_url):
    import wscli as package
    from wscli.errors import ConnectionClosed

    session = package.connect(echo_url)
    session.close(4001, "enough")
    assert (session.end.code, session.end.began) == (4001, Side.LOCAL)
    with pytest.raises(
        ConnectionClosed, match="we closed the connection with 4001 private use"
    ) as caught:
        session.receive()
    assert caught.value.code == 4001


def test_a_late_response_that_stalls_is_still_shown(scripted):
    def script(peer):
        peer.accept(then=LATE_REFUSAL[:-10])
        peer.wait_for_end()

    result = call("send", scripted(script).url, "hello")
    assert result.status == 7
    assert "  Unsupported protoc\n" in result.err
