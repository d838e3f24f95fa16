"""The checks before a route: finding the head in received bytes, requests, handshakes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.raw import KEY, request, upgrade
from tests.streams import cuts
from wscli.server import gate
from wscli.server.admission import Admission
from wscli.server.http import (
    HttpResponse,
    Refused,
    compact_json,
    json_answer,
    phrase,
    refusal_answer,
    refuse,
)
from wscli.server.options import ServeOptions
from wscli.wire.head import parse_request, parse_response

ADMISSION = Admission(ServeOptions())
HEAD = request("/", "A: b")


def refusal(check, *args):
    """Return the refusal that a check raises."""
    with pytest.raises(Refused) as caught:
        check(*args)
    return caught.value.refusal


def plain(*fields, version="HTTP/1.1", target="/", method="GET"):
    return parse_request(request(target, *fields, version=version, method=method))


def opening(*fields, **changes):
    """Return an upgrade request in which some text is replaced."""
    head = upgrade("/", *fields).decode()
    for before, after in changes.items():
        head = head.replace(before, after)
    return parse_request(head.encode())


# The head


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_a_head_is_removed_and_the_bytes_after_it_are_kept(end):
    received = bytearray(b"GET / HTTP/1.1" + end + b"\x81\x00")
    assert gate.take_head(received, 0) == b"GET / HTTP/1.1" + end
    assert received == b"\x81\x00"


@settings(max_examples=50)
@given(st.data())
def test_a_head_is_found_however_it_is_cut(data):
    received, taken = bytearray(), []
    for piece in data.draw(cuts(HEAD + HEAD)):
        before = len(received)
        received += piece
        if received and (head := gate.take_head(received, before)) is not None:
            taken.append(head)
            if received and (head := gate.take_head(received, 0)) is not None:
                taken.append(head)
    assert (taken, bytes(received)) == ([HEAD, HEAD], b"")


@pytest.mark.parametrize("more", [0, 1])
def test_a_head_may_be_as_long_as_the_limit(more):
    line = b"GET / HTTP/1.1\r\nA: "
    head = line + b"b" * (gate.MAX_HEAD - len(line) - 4 + more) + b"\r\n\r\n"
    received = bytearray(head + b"c" * gate.MAX_HEAD)
    if more:
        assert refusal(gate.take_head, received, 0).status == 431
    else:
        assert gate.take_head(received, 0) == head


@pytest.mark.parametrize("more", [0, 1])
def test_a_head_without_an_end_is_refused_at_the_limit(more):
    received = bytearray(b"a" * (gate.MAX_HEAD + more))
    if more:
        assert refusal(gate.take_head, received, 0).status == 431
    else:
        assert gate.take_head(received, 0) is None


def test_tls_is_recognised_by_its_first_byte_before_a_head_is_complete():
    refused = refusal(gate.take_head, bytearray(b"\x16"), 0)
    assert (refused.status, "use http:// or ws://" in refused.sentence) == (400, True)
    assert gate.take_head(bytearray(b"G\x16"), 0) is None


def serve(data):
    """Return the refusal of a request, or None if it would be served."""
    try:
        head = gate.take_head(bytearray(data), 0)
        if head is None:
            return None
        read = gate.read_request(head)
        gate.check_request(read, ADMISSION)
        if gate.wants_upgrade(read):
            gate.check_upgrade(read, 0, None)
            gate.choose_subprotocol(read)
        else:
            gate.keeps_open(read)
    except Refused as refused:
        return refused.refusal
    return None


FIELDS = st.sampled_from(
    [
        b"Host: localhost",
        b"Host:",
        b"Host: [::1",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: " + KEY.encode(),
        b"Sec-WebSocket-Protocol: ,a, b",
        b"Origin: null",
        b"Origin: http://[",
        b"Content-Length: -1",
        b": x",
        b"\xff: \xfe",
    ]
)
HEADS = st.builds(
    lambda line, fields: b"\r\n".join([line, *fields, b"", b""]),
    st.sampled_from([b"GET / HTTP/1.1", b"GET http:// HTTP/1.0", b"\xff / HTTP/1.1", b""])
    | st.binary(max_size=20),
    st.lists(FIELDS | st.binary(max_size=12), max_size=6),
)


@given(st.binary(min_size=1, max_size=60) | HEADS)
def test_any_bytes_are_served_or_refused_with_a_client_error(data):
    refused = serve(data or b"\n")
    if refused is not None:
        assert 400 <= refused.status < 500
        response = parse_response(refusal_answer(refused).to_bytes(keep=False).split(b"\n\n")[0])
        assert response.status == refused.status
        assert "\n" not in refused.sentence


# The request


@pytest.mark.parametrize("count", [100, 101])
def test_a_request_may_have_a_hundred_header_fields(count):
    read = plain(*["A: b"] * (count - 1))
    if count > gate.MAX_HEADERS:
        assert refusal(gate.check_request, read, ADMISSION).status == 431
    else:
        gate.check_request(read, ADMISSION)


def test_http_1_0_needs_no_host():
    gate.check_request(parse_request(b"GET / HTTP/1.0\r\n\r\n"), ADMISSION)
    assert refusal(gate.check_request, parse_request(b"GET / HTTP/1.1\r\n\r\n"), ADMISSION)


def test_an_invalid_request_is_refused_as_such_before_its_host_is_checked():
    """So a client with a bug is told of it, even if it may not connect."""
    wrong = parse_request(b"POST / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert refusal(gate.check_request, wrong, ADMISSION).status == 405
    foreign = parse_request(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert refusal(gate.check_request, foreign, ADMISSION).status == 403


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a?b", "/a?b"),
        ("http://h/a?b", "/a?b"),
        ("HTTPS://h:1/a", "/a"),
        ("http://h", "/"),
        ("http://h?b", "/?b"),
        ("http://u@h/http://x", "/http://x"),
        ("ws://h/a", "ws://h/a"),
        ("*", "*"),
        ("", ""),
    ],
)
def test_the_path_of_a_target_follows_the_authority(target, path):
    assert gate.path_of(target) == path


@pytest.mark.parametrize(
    ("fields", "wants"),
    [
        ((), False),
        (("Upgrade: websocket",), True),
        (("Upgrade: h2c, WebSocket",), True),
        (("Upgrade: h2c",), False),
        (("Upgrade: websocket2",), False),
        ((f"Sec-WebSocket-Key: {KEY}",), True),
        (("sec-websocket-key:",), True),
        (("Sec-WebSocket-Version: 13",), False),
    ],
)
def test_a_request_with_a_key_or_an_upgrade_is_a_handshake(fields, wants):
    assert gate.wants_upgrade(plain(*fields)) is wants


@pytest.mark.parametrize(
    ("fields", "version", "keeps"),
    [
        ((), "HTTP/1.1", True),
        ((), "HTTP/1.0", False),
        (("Connection: keep-alive",), "HTTP/1.0", False),
        (("Connection: Keep-Alive, Close",), "HTTP/1.1", False),
        (("Connection: closed",), "HTTP/1.1", True),
        (("Content-Length: 0",), "HTTP/1.1", True),
        (("Content-Length: 1",), "HTTP/1.1", False),
        (("Content-Length: 0", "Content-Length: 5"), "HTTP/1.1", False),
        (("Transfer-Encoding: chunked",), "HTTP/1.1", False),
    ],
)
def test_a_connection_stays_open_unless_there_is_a_body_or_the_client_closes(
    fields, version, keeps
):
    assert gate.keeps_open(plain(*fields, version=version)) is keeps


# The handshake


@pytest.mark.parametrize(
    ("clients", "most", "status"),
    [(0, None, None), (10_000, None, None), (1, 2, None), (2, 2, 503), (3, 2, 503), (0, 0, 503)],
)
def test_clients_are_accepted_up_to_the_limit(clients, most, status):
    if status is None:
        gate.check_upgrade(opening(), clients, most)
    else:
        refused = refusal(gate.check_upgrade, opening(), clients, most)
        assert refused.status == status
        assert refused.sentence.startswith(f"{clients} clients are connected")


def test_an_invalid_handshake_is_refused_as_such_even_by_a_full_server():
    assert refusal(gate.check_upgrade, opening(**{": 13": ": 8"}), 2, 2).status == 426


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ((), None),
        (("",), None),
        ((" , ,",), None),
        (("chat",), "chat"),
        ((" , b , a",), "b"),
        (("b", "a"), "b"),
        (("", "a"), "a"),
        (("graphql-ws!#$", "x"), "graphql-ws!#$"),
    ],
)
def test_the_first_subprotocol_in_the_offer_is_chosen(offered, chosen):
    fields = [f"Sec-WebSocket-Protocol: {value}" for value in offered]
    assert gate.choose_subprotocol(plain(*fields)) == chosen


@pytest.mark.parametrize("name", ["a b", '"a"', "a/b", "ä", "a;b", "(a)"])
def test_a_subprotocol_that_is_not_a_token_is_refused(name):
    refused = refusal(gate.choose_subprotocol, plain(f"Sec-WebSocket-Protocol: {name}, b"))
    assert refused.status == 400
    assert repr(name) in refused.sentence


# Responses


def test_a_response_has_its_length_and_type():
    head = HttpResponse(200, "é".encode(), "text/x", (("A", "b"),)).to_bytes(keep=True)
    assert head == (
        b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\n\xc3\xa9"
    )


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("keep", [True, False])
def test_a_response_without_a_body_has_no_length(status, keep):
    data = HttpResponse(status, b"not sent").to_bytes(keep=keep)
    response = parse_response(data)
    assert data == response.raw
    assert response.headers.get("Content-Length") is None
    assert response.headers.get("Connection") == (None if keep else "close")


@pytest.mark.parametrize(
    ("headers", "keep", "connection"),
    [
        ((), True, None),
        ((), False, "close"),
        ((("Upgrade", "websocket"),), True, "Upgrade"),
        ((("Upgrade", "websocket"),), False, "Upgrade, close"),
    ],
)
def test_the_connection_header_names_upgrade_and_close(headers, keep, connection):
    response = parse_response(HttpResponse(426, b"", headers=headers).to_bytes(keep=keep))
    assert response.headers.get("Connection") == connection


def test_a_response_has_the_usual_reason_unless_one_is_given():
    assert b" 404 Not Found\r\n" in HttpResponse(404, b"").to_bytes(keep=True)
    assert b" 404 Gone away\r\n" in HttpResponse(404, b"", reason="Gone away").to_bytes(keep=True)
    assert HttpResponse(599, b"").to_bytes(keep=True).startswith(b"HTTP/1.1 599 \r\n")


@pytest.mark.parametrize(
    ("status", "words"), [(200, "OK"), (431, "Request Header Fields Too Large")]
)
def test_a_status_has_its_phrase(status, words):
    assert phrase(status) == words
    assert phrase(299) == phrase(-1) == phrase(1000) == ""


def test_a_refusal_is_a_line_of_text_with_its_headers():
    answer = refusal_answer(refuse(405, "only GET", ("Allow", "GET")).refusal)
    assert (answer.status, answer.body, answer.reason) == (405, b"only GET\n", "Method Not Allowed")
    assert answer.headers == (("Allow", "GET"),)
    assert answer.content_type.startswith("text/plain")


def test_json_is_compact_utf8_that_is_not_cached():
    answer = json_answer({"name": "Zoë", "list": [1, None]})
    assert answer.body == '{"name":"Zoë","list":[1,null]}'.encode()
    assert answer.content_type == "application/json"
    assert ("Cache-Control", "no-store") in answer.headers
    assert compact_json("\x1b") == b'"\\u001b"'
