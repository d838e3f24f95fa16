"""Plain HTTP on the server: the page, polling, and invalid requests of every kind."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.raw import KEY, Client, request, upgrade
from wscli.server import gate
from wscli.server.route_table import FAULTS

UPGRADE = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {KEY}")


def answer(server, data):
    """Send bytes, and return the response and its body; the server must then end TCP."""
    with Client(server) as client:
        client.send(data)
        response = client.response()
        return response, client.read_to_end().decode()


def test_the_page_loads_nothing_else(serve):
    with Client(serve()) as client:
        response, body = client.fetch("/")
    page = body.decode()
    assert response.headers.get("Content-Type") == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers.get("Content-Security-Policy")
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", page)
    assert not re.findall(r"@import|url\((?!data:)", page)


@pytest.mark.parametrize("kind", FAULTS)
def test_the_page_offers_every_fault(serve, kind):
    with Client(serve()) as client:
        assert f'"{kind}"' in client.fetch("/")[1].decode()


def test_poll_has_the_latest_tick_and_long_poll_the_next(serve):
    with Client(serve()) as client:
        (first,) = json.loads(client.fetch("/longpoll?interval=100ms")[1])
        (polled,) = json.loads(client.fetch("/poll?interval=100ms")[1])
        (second,) = json.loads(client.fetch("/longpoll?interval=100ms")[1])
    assert first["tick"] <= polled["tick"] < second["tick"]


def test_a_long_poll_has_every_tick_since_the_last_known_one(serve):
    known = 0
    with Client(serve()) as client:
        for _ in range(5):
            target = f"/longpoll?interval=5ms&since={known}"
            numbers = [tick["tick"] for tick in json.loads(client.fetch(target)[1])]
            assert numbers == list(range(known + 1, numbers[-1] + 1))
            known = numbers[-1]


def test_polled_and_pushed_ticks_are_the_same(serve):
    server = serve()
    with Client(server) as listener, Client(server) as poller:
        listener.open("/ticks?interval=20ms")
        pushed = json.loads(listener.message())
        target = f"/poll?interval=20ms&since={pushed['tick'] - 1}"
        assert json.loads(poller.fetch(target)[1])[0] == pushed


def test_only_the_last_hundred_ticks_can_be_polled(serve):
    with Client(serve()) as client:
        client.fetch("/longpoll?interval=1ms&since=150")
        numbers = [
            tick["tick"] for tick in json.loads(client.fetch("/poll?interval=1ms&since=0")[1])
        ]
    assert len(numbers) == 100
    assert numbers[-1] >= 151


@pytest.mark.parametrize(
    "target", ["/?x=1", "/poll?intervall=1s", "/longpoll?a", "/status/200?b=c"]
)
def test_an_unknown_parameter_of_a_plain_request_is_a_400(serve, target):
    with Client(serve()) as client:
        response, body = client.fetch(target)
    assert response.status == 400
    assert b"unknown parameter" in body


def test_a_poll_without_a_new_tick_is_an_empty_list(serve):
    with Client(serve()) as client:
        assert client.fetch("/poll?interval=1h")[1] == b"[]"


def test_a_connection_can_serve_several_requests(serve):
    server = serve()
    with Client(server) as client:
        for _ in range(3):
            assert client.fetch("/poll")[0].status == 200
        client.open("/echo")
        client.text("and then a WebSocket")
        assert client.message() == b"and then a WebSocket"
    assert server.visit().requests == 4


@pytest.mark.parametrize("target", ["/poll", "/longpoll?interval=50ms"])
@pytest.mark.parametrize("behind", [request("/poll"), bytes(1 << 20)], ids=["one", "flood"])
def test_a_pipelined_request_gets_no_response(serve, target, behind):
    with Client(serve()) as client:
        client.send(request(target) + behind)
        response = client.response()
        assert response.headers.get("Connection") == "close"
        assert json.loads(client.read_to_end()) is not None


def test_an_upgrade_to_http_2_is_ignored(serve):
    with Client(serve()) as client:
        offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
        assert client.fetch("/poll", *offer)[0].status == 200


@pytest.mark.parametrize(
    "data",
    [
        request("/poll", "Connection: close"),
        b"GET /poll HTTP/1.0\r\n\r\n",
        request("/poll", "Content-Length: 5") + b"hello",
        request("/poll", "Transfer-Encoding: chunked"),
    ],
    ids=["asked for", "HTTP/1.0", "length", "chunked"],
)
def test_a_connection_that_cannot_stay_open_is_closed_after_the_response(serve, data):
    assert answer(serve(), data)[0].status == 200


def test_frames_sent_right_after_the_request_are_not_lost(serve):
    with Client(serve()) as client:
        client.send(upgrade("/echo") + client.encoder.messages(1, [b"early"]))
        assert client.response().status == 101
        assert client.message() == b"early"


def test_a_request_may_arrive_byte_by_byte(serve):
    with Client(serve()) as client:
        for octet in upgrade("/echo"):
            client.send(bytes([octet]))
        assert client.response().status == 101


BAD_REQUESTS = {
    "not HTTP": (b"\x17\x03\x01\x02\x00\x01\r\n\r\n", 400, "not an HTTP request line"),
    "TLS": (b"\x16\x03\x01", 400, "this port does not speak TLS"),
    "no version": (b"GET /\r\n\r\n", 400, "not an HTTP request line"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 405, "only GET"),
    "header": (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400, "not a header field"),
    "folded": (request("/", "A: b", " c"), 400, "not a header field"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400, "one Host header"),
    "two hosts": (request("/", "Host: b"), 400, "one Host header"),
    "target": (request("*"), 400, "the target must be a path"),
    "scheme": (request("ftp://localhost/"), 400, "the target must be a path"),
    "POST": (request("/", "Content-Length: 3", method="POST") + b"abc", 405, "only GET"),
    "HEAD": (request("/", method="HEAD"), 405, "only GET"),
    "CONNECT": (request("a:1", method="CONNECT"), 405, "only GET"),
    "plain": (request("/echo"), 426, "Upgrade: websocket"),
    "unknown": (request("/favicon.ico"), 404, "/hub/NAME"),
    "escape": (request("/%2e%2e/%2e%2e/etc/passwd"), 404, "does not exist"),
    "HTTP/1.0 upgrade": (upgrade("/").replace(b"/1.1", b"/1.0"), 400, "HTTP/1.0 has no upgrade"),
    "POST upgrade": (upgrade("/").replace(b"GET", b"POST"), 405, "only GET"),
    "version": (upgrade("/").replace(b": 13", b": 8"), 426, "version 13"),
    "no version header": (request("/", *UPGRADE), 426, "version 13"),
    "no connection": (
        upgrade("/").replace(b"Connection: Upgrade\r\n", b""),
        400,
        "Connection: Upgrade is missing",
    ),
    "no upgrade": (
        upgrade("/").replace(b"Upgrade: websocket", b"A: b"),
        400,
        "Upgrade: websocket is missing",
    ),
    "no key": (upgrade("/").replace(b"Sec-WebSocket-Key", b"Key"), 400, "Sec-WebSocket-Key"),
    "short key": (upgrade("/").replace(KEY.encode(), b"YWJj"), 400, "16 bytes in base64"),
    "two keys": (upgrade("/", f"Sec-WebSocket-Key: {KEY}"), 400, "one Sec-WebSocket-Key"),
    "subprotocol": (upgrade("/", "Sec-WebSocket-Protocol: a b"), 400, "invalid subprotocol in"),
    "CR": (upgrade("/", "Sec-WebSocket-Protocol: a\rX: y"), 400, "a bare CR"),
    "NUL": (request("/", "A: b\0c"), 400, "contains a NUL"),
    "long head": (request("/", f"A: {'b' * 17_000}"), 431, "more than 16,384 bytes"),
    "endless head": (b"GET / HTTP/1.1\r\nA: " + b"b" * 20_000, 431, "more than 16,384 bytes"),
    "many headers": (request("/", *["A: b"] * 100), 431, "more than 100 header fields"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_bad_request_is_refused_with_the_reason(serve, name):
    data, status, sentence = BAD_REQUESTS[name]
    server = serve()
    response, body = answer(server, data)
    assert response.status == status
    assert sentence in body
    assert "Traceback" not in body
    assert server.visit().status == status


def test_a_refusal_has_the_headers_that_http_requires(serve):
    server = serve()
    assert answer(server, request("/", method="PUT"))[0].headers.get("Allow") == "GET"
    old = answer(server, upgrade("/").replace(b": 13", b": 8"))[0]
    assert old.headers.get("Sec-WebSocket-Version") == "13"
    for response in (old, answer(server, request("/hub"))[0]):
        assert response.headers.get("Upgrade") == "websocket"
        assert response.headers.tokens("Connection") == ["upgrade", "close"]


@pytest.mark.parametrize("origin", ["http://localhost", "HTTPS://[::1]:8765"])
def test_a_target_may_be_a_whole_uri(serve, origin):
    server = serve()
    with Client(server) as client:
        assert json.loads(client.fetch(f"{origin}/poll?interval=1h")[1]) == []
        client.open(f"{origin}/headers")
        assert json.loads(client.message())["target"] == f"{origin}/headers"
    with Client(server) as client:
        client.open(origin)
        client.text("echo")
        assert client.message() == b"echo"


def test_a_refusal_arrives_even_if_a_large_body_was_not_read(serve):
    """Closing a socket with unread bytes is a reset, which can overtake the response."""
    head = request("/", "Content-Length: 4000000", method="POST")
    assert answer(serve(), head + bytes(1_000_000))[0].status == 405


def test_a_head_that_takes_too_long_is_a_408(serve, monkeypatch):
    monkeypatch.setattr(gate, "HEAD_TIMEOUT", 0.1)
    response, body = answer(serve(), upgrade("/")[:-2])
    assert response.status == 408
    assert "within 0.1 s" in body


def test_a_connection_without_a_request_times_out(serve, monkeypatch):
    monkeypatch.setattr(gate, "HEAD_TIMEOUT", 0.1)
    assert answer(serve(), b"")[0].status == 408


def test_an_idle_connection_is_ended_without_a_response(serve, monkeypatch):
    monkeypatch.setattr(gate, "HEAD_TIMEOUT", 0.1)
    server = serve()
    with Client(server) as client:
        client.fetch("/poll")
        assert client.read() == b""
    assert server.visit().status == 200


@pytest.fixture(scope="module")
def any_server():
    """One server for all examples, which must outlive them."""
    from tests.conftest import Embedded

    with Embedded() as server:
        yield server


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.binary(max_size=20), st.sampled_from([b"\r\n", b"\n", b"\0"])).map(b"".join),
        st.text(max_size=40).map(lambda text: f"GET /{text} HTTP/1.1\r\nHost: a".encode()),
        st.text(max_size=60).map(lambda text: upgrade("/ticks?" + text)[:-4]),
        st.text(max_size=60).map(
            lambda text: upgrade("/", f"Sec-WebSocket-Extensions: {text}")[:-4]
        ),
    )
)
def test_any_bytes_get_an_http_response_or_the_end_of_tcp(any_server, data):
    with Client(any_server) as client:
        client.send(data + b"\r\n\r\n")
        client.sock.shutdown(1)
        received = client.read_to_end()
        assert received == b"" or received.startswith(b"HTTP/1.1 ")
        assert b"Traceback" not in received


def test_after_the_fuzzing_the_server_still_works(any_server):
    with Client(any_server) as client:
        assert client.fetch("/poll")[0].status == 200
