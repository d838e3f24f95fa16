"""HTTP heads and bodies, whole and in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams import cuts
from wscli.wire.head import (
    MAX_FRAMING,
    Body,
    Headers,
    MalformedHead,
    Response,
    head_end,
    parse_request,
    parse_response,
)

REFUSAL = (
    b"HTTP/1.1 403 Not Here\r\n"
    b"X-Dup: 1\r\nx-dup: 2\r\n"
    b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
    b"Content-Length:5\r\nEmpty:\r\n\r\nnope!rest"
)


def response(*headers, status=403):
    return Response("1.1", status, "", Headers(headers), b"")


def test_headers_keep_order_case_and_duplicates():
    parsed = parse_response(REFUSAL)
    assert (parsed.version, parsed.status, parsed.reason) == ("1.1", 403, "Not Here")
    assert parsed.headers == [
        ("X-Dup", "1"),
        ("x-dup", "2"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Content-Length", "5"),
        ("Empty", ""),
    ]
    assert parsed.headers.get("X-DUP") == "1, 2"
    assert parsed.headers.get("Nothing") is None


def test_a_request_is_parsed():
    request = parse_request(b"GET /chat?x=1 HTTP/1.1\r\nHost: a\r\nConnection: a, Upgrade\r\n\r\n")
    assert (request.method, request.target, request.version) == ("GET", "/chat?x=1", "1.1")
    assert request.headers.tokens("connection") == ["a", "upgrade"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nName : value\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: nameless\r\n\r\n",
    ],
)
def test_bytes_that_are_not_a_response_head_are_rejected(raw):
    with pytest.raises(MalformedHead):
        parse_response(raw)


@pytest.mark.parametrize(
    "raw", [b"\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET a b HTTP/1.1\r\n\r\n"]
)
def test_bytes_that_are_not_a_request_head_are_rejected(raw):
    with pytest.raises(MalformedHead):
        parse_request(raw)


def test_a_status_line_needs_no_reason():
    assert parse_response(b"HTTP/1.1 101\r\n\r\n").status == 101


def test_a_head_is_decoded_as_utf8_or_else_byte_by_byte():
    assert parse_response(b"HTTP/1.1 200 \xe9t\xe9\r\n\r\n").reason == "été"
    assert parse_response("HTTP/1.1 200 été\r\n\r\n".encode()).reason == "été"


@given(st.data())
def test_the_end_of_a_head_is_found_however_it_arrives(data):
    received, end = bytearray(), None
    for chunk in data.draw(cuts(REFUSAL)):
        before = len(received)
        received += chunk
        end = end or head_end(received, before)
    assert end == REFUSAL.index(b"nope!")


@given(st.data())
def test_a_body_with_a_length_is_read_to_that_length(data):
    body = Body(response(("Content-Length", "5")), 100)
    for chunk in data.draw(cuts(b"nope!rest")):
        body.feed(chunk)
    assert body.complete
    assert body.content == b"nope!"


@given(st.data())
def test_a_chunked_body_is_joined(data):
    body = Body(response(("Transfer-Encoding", "chunked")), 100)
    stream = b"5;ext=1\r\nfirst\r\n006\r\nsecond\r\n0\r\nTrailer: x\r\n\r\n"
    for chunk in data.draw(cuts(stream)):
        assert not body.complete or body.content == b"firstsecond"
        body.feed(chunk)
    assert body.complete
    assert body.content == b"firstsecond"


@pytest.mark.parametrize("junk", [b"-5\r\nx", b"zz\r\n", b"\r\n", b"0x5\r\nhello"])
def test_a_malformed_chunk_ends_the_body(junk):
    body = Body(response(("Transfer-Encoding", "chunked")), 100)
    body.feed(b"2\r\nok\r\n" + junk)
    assert body.complete
    assert body.content == b"ok"


def test_chunks_with_bare_line_feeds_are_joined():
    body = Body(response(("Transfer-Encoding", "chunked")), 100)
    body.feed(b"5\nfirst\n6\nsecond\n0\n\n")
    assert body.complete
    assert body.content == b"firstsecond"


def test_a_chunked_body_ends_after_its_trailers():
    body = Body(response(("Transfer-Encoding", "chunked")), 100)
    body.feed(b"2\r\nok\r\n0\r\nTrailer: x\r\n")
    assert not body.complete
    body.feed(b"\r\n")
    assert body.complete


def test_a_chunk_longer_than_its_size_ends_the_body():
    body = Body(response(("Transfer-Encoding", "chunked")), 100)
    body.feed(b"2\r\nokay\r\n5\r\nnever\r\n")
    assert body.complete
    assert body.content == b"ok"


@pytest.mark.parametrize(
    "framing",
    [
        b"1;" + b"x" * (MAX_FRAMING + 20),
        b"1;ext=1\r\nx\r\n" * MAX_FRAMING,
        b"0\r\n" + b"A: b\r\n" * MAX_FRAMING,
    ],
    ids=["one line", "many extensions", "trailers"],
)
@pytest.mark.parametrize("size", [1 << 20, 1000])
def test_endless_framing_ends_the_body(framing, size):
    body = Body(response(("Transfer-Encoding", "chunked")), 1 << 20)
    for start in range(0, len(framing), size):
        body.feed(framing[start : start + size])
    assert body.complete
    assert len(body.content) <= MAX_FRAMING


@pytest.mark.parametrize(
    "headers",
    [(), (("Content-Length", "999999999999"),), (("Transfer-Encoding", "chunked"),)],
    ids=["length-less", "huge", "chunked"],
)
def test_a_body_is_read_up_to_the_limit(headers):
    body = Body(response(*headers), 10)
    body.feed(b"20\r\n" + b"x" * 32 if headers and "Transfer" in headers[0][0] else b"x" * 36)
    assert body.complete
    assert body.content == b"x" * 10


def test_a_body_without_a_length_ends_with_the_connection():
    body = Body(response(), 10)
    body.feed(b"partial")
    assert not body.complete
    assert body.content == b"partial"


@pytest.mark.parametrize("status", [101, 204, 304])
def test_some_statuses_have_no_body(status):
    assert Body(response(status=status), 10).complete
