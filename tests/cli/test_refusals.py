"""Each way an upgrade can fail: status 5, the evidence, and what to try."""

import json

import pytest

from tests.program import wscli
from tests.scripted import trickle


def refused(scripted, response, *options):
    result = wscli("listen", *options, scripted(lambda peer: peer.refuse(response)).url)
    assert result.out == b""
    return result


@pytest.mark.parametrize(
    ("head", "hint"),
    [
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x", "asks for Basic realm=x"),
        ("403 Forbidden", "--origin https://127.0.0.1"),
        ("404 Not Found", "check the path: / is not there"),
        ("405 Method Not Allowed", "another method"),
        ("400 Bad Request", "may have removed Upgrade"),
        ("426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7", "speaks version 8, 7"),
        ("426 Upgrade Required", "saw no upgrade"),
        ("429 Too Many Requests", "wait, then try again"),
        ("500 Internal Server Error", "the server failed"),
        ("502 Bad Gateway", "a gateway could not reach"),
        ("503 Service Unavailable", "takes no connections now"),
        ("504 Gateway Timeout", "waited in vain"),
        ("200 OK\r\nContent-Type: text/html", "an ordinary web page"),
        ("200 OK\r\nContent-Type: application/json", "an ordinary HTTP resource"),
        ("302 Found\r\nLocation: /else", "--location follows it, or connect to /else"),
        ("418 I'm a teapot", "may say more"),
    ],
)
def test_each_status_is_explained(scripted, head, hint):
    result = refused(scripted, f"HTTP/1.1 {head}\r\nContent-Length: 4\r\n\r\nbody")
    status_line = head.split("\r\n")[0]
    assert result.status == 5
    assert f"wscli: the server answered {status_line} instead of 101" in result.err
    assert "\n  body\n" in result.err
    assert hint in result.err.splitlines()[-1]


def test_403_with_an_origin_suggests_another(scripted):
    result = refused(scripted, "HTTP/1.1 403 Forbidden\r\n\r\n", "-o", "https://a.example")
    assert "another --origin than https://a.example" in result.err


def test_401_with_credentials_says_that_they_were_not_accepted(scripted):
    result = refused(scripted, "HTTP/1.1 401 Unauthorized\r\n\r\n", "-u", "a:b")
    assert "the credentials sent were not accepted" in result.err


def test_the_headers_of_a_refusal_are_shown_with_duplicates(scripted):
    result = refused(scripted, "HTTP/1.1 403 No\r\nX-Why: 1\r\nx-why: 2\r\n\r\n")
    assert "  X-Why: 1\n  x-why: 2\n" in result.err


BODIES = {
    "with a length": b"HTTP/1.1 403 No\r\nContent-Length: 12\r\n\r\norigin wrong",
    "chunked": b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"6\r\norigin\r\n6\r\n wrong\r\n0\r\n\r\n",
    "without a length": b"HTTP/1.1 403 No\r\n\r\norigin wrong",
}


@pytest.mark.parametrize("response", BODIES.values(), ids=BODIES)
def test_the_body_of_a_refusal_is_shown(scripted, response):
    assert "\n  origin wrong\n" in refused(scripted, response).err


def test_a_body_that_never_ends_is_waited_for_only_a_while(scripted):
    def script(peer):
        peer.refuse("HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nonly this")
        peer.wait_for_end()

    result = wscli("listen", scripted(script).url)
    assert result.status == 5
    assert "only this" in result.err


def test_of_a_huge_body_the_beginning_is_shown(scripted):
    head = "HTTP/1.1 403 No\r\nContent-Length: 10000000\r\n\r\n"
    result = refused(scripted, head + "x" * 10_000_000)
    assert result.status == 5
    assert "x" * 2048 in result.err
    assert "x" * 2049 not in result.err
    assert "bytes in all]" in result.err


def test_a_body_is_shown_and_not_obeyed(scripted):
    result = refused(scripted, "HTTP/1.1 403 No\x1b[31m\r\nContent-Length: 4\r\n\r\n\x1b[2J")
    assert "403 No␛[31m" in result.err
    assert "␛[2J" in result.err
    assert "\x1b" not in result.err


ACCEPTED = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: wrong\r\n\r\n"
)


def test_a_wrong_accept(scripted):
    result = refused(scripted, ACCEPTED)
    assert result.status == 5
    assert "the server's 101 is not valid: Sec-WebSocket-Accept is 'wrong'" in result.err
    assert "did not compute the answer from this request's key" in result.err


@pytest.mark.parametrize(
    ("header", "words", "hint"),
    [
        ("Sec-WebSocket-Extensions: foo", "'foo' was never offered", "--no-compress"),
        ("Sec-WebSocket-Protocol: chat", "'chat', which was never offered", "--subprotocol"),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
            "must be 8 to 15",
            "--no-compress",
        ),
    ],
)
def test_what_was_never_offered(scripted, header, words, hint):
    result = wscli("listen", scripted(lambda peer: peer.accept(header)).url)
    assert result.status == 5
    assert words in result.err
    assert hint in result.err


def test_compression_that_was_not_offered(scripted):
    script = "Sec-WebSocket-Extensions: permessage-deflate"
    result = wscli("listen", "--no-compress", scripted(lambda peer: peer.accept(script)).url)
    assert result.status == 5
    assert "'permessage-deflate' was never offered" in result.err


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"", "nothing: the connection was closed without a response"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "an SSH server's greeting"),
        (b"220 mail.example.com ESMTP\r\n", "a mail or file server's greeting"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "an HTTP/2 frame"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "a TLS record"),
        (b"garbage", "what is not HTTP"),
        (b"HTTP/1.1 101", "a response whose head does not end"),
        (b"HTTP/1.1 banana\r\n\r\n", "a malformed HTTP head"),
        (b"HTTP/1.1 101 OK\r\nno colon\r\n\r\n", "a malformed HTTP head"),
    ],
)
def test_what_is_no_response(scripted, answer, what):
    result = refused(scripted, answer)
    assert result.status == 5
    assert f"answered with {what}" in result.err
    assert "try: " in result.err


def test_a_greeting_of_a_server_that_then_waits(scripted):
    def script(peer):
        peer.refuse(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        peer.wait_for_end()

    result = wscli("listen", scripted(script).url)
    assert result.status == 5
    assert "an SSH server's greeting" in result.err


def test_a_head_without_end(scripted):
    def script(peer):
        peer.refuse("HTTP/1.1 101 Switching Protocols\r\n")
        for number in range(100_000):
            peer.send(f"X-{number}: {'x' * 100}\r\n")

    result = wscli("listen", scripted(script).url)
    assert result.status == 5
    assert "its head goes on after 65,536 bytes" in result.err


def test_a_server_that_never_answers(scripted):
    result = wscli(
        "listen", "--connect-timeout", "300ms", scripted(lambda peer: peer.wait_for_end()).url
    )
    assert result.status == 6
    assert "timed out after 0.3 s while waiting for 127.0.0.1" in result.err
    assert "--connect-timeout" in result.err


def test_a_response_that_comes_a_byte_at_a_time(scripted):
    def script(peer):
        peer.read_request()
        trickle(peer, peer.response_101(), pause=0.001)
        peer.text("slow")
        peer.close()
        peer.expect_close()

    result = wscli("listen", scripted(script).url)
    assert (result.status, result.out) == (0, b"slow\n")


def test_a_response_that_comes_too_slowly_is_under_the_deadline(scripted):
    def script(peer):
        peer.read_request()
        trickle(peer, peer.response_101(), pause=0.05)

    result = wscli("listen", "--connect-timeout", "300ms", scripted(script).url)
    assert result.status == 6


def test_responses_before_the_real_one_are_shown_and_skipped(scripted):
    hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

    def script(peer):
        peer.read_request()
        peer.send(hints.encode() + b"HTTP/1.1 100 Continue\r\n\r\n" + peer.response_101())
        peer.text("open")
        peer.close()
        peer.expect_close()

    server = scripted(script)
    result = wscli("listen", "-v", server.url)
    assert (result.status, result.out) == (0, b"open\n")
    assert "< HTTP/1.1 103 Early Hints\n< Link: </x>\n< \n< HTTP/1.1 100 Continue" in result.err
    assert hints.encode() in wscli("inspect", server.url).out


def test_a_body_is_no_reason_to_exceed_the_deadline(scripted):
    def script(peer):
        peer.refuse("HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nonly")
        peer.wait_for_end()

    result = wscli("send", "--timeout", "300ms", scripted(script).url, "x")
    assert result.status == 5


def test_a_message_in_the_same_segment_as_the_101(scripted):
    from wscli.wire.frames import Frame

    def script(peer):
        peer.accept(then=Frame(1, b"early").to_bytes() + Frame(8, b"\x03\xe8").to_bytes())
        peer.expect_close()

    result = wscli("listen", scripted(script).url)
    assert (result.status, result.out) == (0, b"early\n")


def test_a_server_that_resets_during_the_upgrade(scripted):
    def script(peer):
        peer.read_request()
        peer.reset()

    result = wscli("listen", scripted(script).url)
    assert result.status == 5
    assert "broke off during the upgrade" in result.err


def test_the_evidence_in_json_has_one_kind_of_line_end(scripted):
    refusal = "HTTP/1.1 403 No\r\nX-A: 1\r\nContent-Length: 8\r\n\r\none\r\ntwo"
    url = scripted(lambda peer: peer.refuse(refusal)).url
    event = json.loads(wscli("listen", "--json", url).out.splitlines()[-1])
    assert "\r" not in event["evidence"]
    assert event["evidence"].splitlines()[:2] == ["HTTP/1.1 403 No", "X-A: 1"]
