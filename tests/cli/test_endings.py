"""Each way a connection can end has its exit status, and is told on stderr."""

import pytest

from tests.program import wscli
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
    result = wscli("listen", "--close-timeout", "500ms", *options, scripted(ending(finish)).url)
    return result.status, result.out.decode(), result.err


@pytest.mark.parametrize("code", [1000, 1001, 1005])
def test_a_normal_close(scripted, code):
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
def test_a_close_with_an_error_code(scripted, code, name):
    status, out, err = listen(scripted, lambda peer: peer.close(code, "because"))
    assert (status, out) == (9, "before\n")
    assert f'wscli: the peer closed with {code} {name}: "because"\n' in err


def test_the_reason_of_a_close_is_shown_and_not_obeyed(scripted):
    _, _, err = listen(scripted, lambda peer: peer.close(1008, "\x1b[2J\x1b]0;title\x07"))
    assert '"␛[2J␛]0;title␇"' in err
    assert "\x1b" not in err


def test_a_lost_connection(scripted):
    status, out, err = listen(scripted, lambda peer: peer.fin())
    assert (status, out) == (8, "before\n")
    assert "lost with no Close frame (1006): the peer ended the TCP connection" in err


def test_a_reset_connection(scripted):
    def script(peer):
        peer.accept()
        peer.reset()

    result = wscli("listen", scripted(script).url)
    assert result.status == 8
    assert "(1006): Connection reset by peer" in result.err


def test_half_a_frame(scripted):
    def finish(peer):
        peer.send(Frame(1, bytes(100)).to_bytes()[:50])
        peer.fin()

    status, out, err = listen(scripted, finish)
    assert (status, out) == (8, "before\n")
    assert "in the middle of a message" in err


def test_half_a_message(scripted):
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
        "before the last one had ended",
        1002,
    ),
    "a stray continuation": ([Frame(0, b"x")], "where none was begun", 1002),
    "a length in too many bytes": ([Frame(1, b"x", length_form=64)], "shortest form", 1002),
    "half a close code": ([Frame(8, b"\x03")], "half a close code", 1002),
    "a close code that is not for the wire": (
        [Frame(8, b"\x03\xee")],
        "may not be on the wire",
        1002,
    ),
    "a reason that is not UTF-8": ([Frame(8, b"\x03\xe8\xff")], "reason that is not UTF-8", 1007),
}


@pytest.mark.parametrize(("frames", "words", "code"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_peer_that_breaks_the_protocol(scripted, frames, words, code):
    answers = []

    def script(peer):
        peer.accept()
        peer.text("before")
        peer.frames(*frames)
        answers.append(peer.expect_close())

    server = scripted(script)
    result = wscli("listen", server.url)
    server.finish()
    assert (result.status, result.out) == (7, b"before\n")
    assert words in result.err
    assert f"closed with {code}" in result.err
    assert answers[0].code == code


def test_a_message_that_is_too_large(scripted):
    answers = []

    def script(peer):
        peer.accept()
        peer.frames(Frame(2, bytes(2000)))
        answers.append(peer.expect_close())

    server = scripted(script)
    result = wscli("listen", "--max-size", "1KiB", server.url)
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

    result = wscli("listen", scripted(script).url)
    assert result.status == 7
    assert "larger than the limit" in result.err


def test_a_peer_that_never_answers_close(scripted):
    def script(peer):
        peer.accept()
        peer.text("one")
        peer.wait_for_end()

    result = wscli("listen", "-n", "1", "--close-timeout", "200ms", scripted(script).url)
    assert (result.status, result.out) == (8, b"one\n")
    assert "the peer did not answer Close within 0.2 s" in result.err


def test_close_is_answered_with_its_own_code(scripted):
    answers = []

    def finish(peer):
        peer.close(4001, "own")
        answers.append(peer.expect_close())

    server = scripted(ending(finish))
    wscli("listen", server.url)
    server.finish()
    assert answers[0].code == 4001


def test_what_comes_before_the_answer_to_close_is_printed(scripted):
    def script(peer):
        peer.accept()
        peer.text("first")
        peer.expect_close()
        peer.text("late", "later")
        peer.close()

    result = wscli("listen", "--for", "100ms", scripted(script).url)
    assert (result.status, result.out) == (0, b"first\nlate\nlater\n")


def test_keepalive_pings_that_get_no_pong_end_it(scripted):
    def script(peer):
        peer.accept()
        peer.wait_for_end()

    result = wscli(
        "listen", "--ping-interval", "50ms", "--ping-timeout", "150ms", scripted(script).url
    )
    assert result.status == 6
    assert "no pong came within 0.15 s of a keepalive ping" in result.err


def test_keepalive_pings_that_are_answered_keep_it_open(echo_url):
    options = ["--ping-interval", "20ms", "--ping-timeout", "5s", "--for", "200ms"]
    result = wscli("listen", *options, "-vv", echo_url)
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
    assert wscli("listen", server.url).status == 0
    server.finish()
    assert pongs == [Pong(b"are you there")]
