"""Each way in which an upgrade fails: status 5, the evidence, and the hint."""

import json
import ssl
import time

import pytest
import trustme

from tests.program import call
from tests.scripted import trickle


def refused(scripted, response, *options):
    result = call("listen", *options, scripted(lambda peer: peer.refuse(response)).url)
    assert result.out == b""
    return result


@pytest.mark.parametrize(
    ("head", "hint"),
    [
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=x", "asks for Basic realm=x"),
        ("403 Forbidden", "--origin http://127.0.0.1"),
        ("404 Not Found", "check the path: / does not exist"),
        ("405 Method Not Allowed", "which this path does not accept"),
        ("400 Bad Request", "may have removed Upgrade"),
        ("426 Upgrade Required\r\nSec-WebSocket-Version: 8, 7", "speaks version 8, 7"),
        ("426 Upgrade Required", "saw no upgrade"),
        ("429 Too Many Requests", "wait, then try again"),
        ("500 Internal Server Error", "the server failed"),
        ("502 Bad Gateway", "a gateway could not reach"),
        ("503 Service Unavailable", "overloaded or still starting"),
        ("504 Gateway Timeout", "a gateway got no answer from the server behind it"),
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


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("No required SSL certificate was sent", "--cert FILE --key FILE"),
        ("The SSL certificate error", "does not accept the client certificate: check --cert"),
    ],
)
def test_nginx_says_what_is_wrong_with_the_client_certificate(scripted, said, hint):
    page = f"<html><body><h1>400 Bad Request</h1>\r\n<center>{said}</center></body></html>"
    result = refused(scripted, f"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n{page}")
    assert hint in result.err.splitlines()[-1]


def test_a_403_with_an_origin_suggests_another(scripted):
    result = refused(scripted, "HTTP/1.1 403 Forbidden\r\n\r\n", "-o", "https://a.example")
    assert "an --origin other than https://a.example" in result.err


@pytest.mark.parametrize(
    "body",
    [
        "Invalid Host header",
        'Blocked request. This host ("127.0.0.1") is not allowed.',
        "the host '127.0.0.1' is not a name of this server; start it with --origin https://a",
    ],
)
def test_a_403_about_the_host_suggests_no_origin(scripted, body):
    """As webpack's and Vite's development servers answer, and ``wscli serve``."""
    length = len(body)
    result = refused(scripted, f"HTTP/1.1 403 No\r\nContent-Length: {length}\r\n\r\n{body}")
    hint = result.err.splitlines()[-1]
    assert "the server does not accept the Host 127.0.0.1" in hint
    assert "--host" in hint
    assert "--origin" not in hint


def test_a_401_with_credentials_says_that_they_were_not_accepted(scripted):
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


def test_a_body_that_never_ends_is_waited_for_briefly(scripted):
    def script(peer):
        peer.refuse("HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nonly this")
        peer.wait_for_end()

    result = call("listen", scripted(script).url)
    assert result.status == 5
    assert "only this" in result.err


def test_the_beginning_of_a_huge_body_is_shown(scripted):
    head = "HTTP/1.1 403 No\r\nContent-Length: 10000000\r\n\r\n"
    result = refused(scripted, head + "x" * 10_000_000)
    assert result.status == 5
    assert "x" * 2048 in result.err
    assert "x" * 2049 not in result.err
    assert "bytes in all]" in result.err


def test_control_characters_in_a_body_are_symbols(scripted):
    result = refused(scripted, "HTTP/1.1 403 No\x1b[31m\r\nContent-Length: 4\r\n\r\n\x1b[2J")
    assert "403 No␛[31m" in result.err
    assert "␛[2J" in result.err
    assert "\x1b" not in result.err


ACCEPTED = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: wrong\r\n\r\n"
)


def test_a_wrong_accept_value_is_an_error(scripted):
    result = refused(scripted, ACCEPTED)
    assert result.status == 5
    assert "the server's 101 is not valid: Sec-WebSocket-Accept is 'wrong'" in result.err
    assert "the answer was not computed from this request's key" in result.err


@pytest.mark.parametrize(
    ("header", "words", "hint"),
    [
        ("Sec-WebSocket-Extensions: foo", "'foo' was not offered", "--no-compress"),
        ("Sec-WebSocket-Protocol: chat", "'chat', which was not offered", "--subprotocol"),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
            "must be 8 to 15",
            "--no-compress",
        ),
    ],
)
def test_a_subprotocol_or_extension_that_was_not_offered_is_an_error(scripted, header, words, hint):
    result = call("listen", scripted(lambda peer: peer.accept(header)).url)
    assert result.status == 5
    assert words in result.err
    assert hint in result.err


def test_compression_that_was_not_offered_is_an_error(scripted):
    script = "Sec-WebSocket-Extensions: permessage-deflate"
    result = call("listen", "--no-compress", scripted(lambda peer: peer.accept(script)).url)
    assert result.status == 5
    assert "'permessage-deflate' was not offered" in result.err


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"", "closed the connection without a response"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "answered with an SSH server's greeting"),
        (b"220 mail.example.com ESMTP\r\n", "answered with a mail or file server's greeting"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "answered with an HTTP/2 frame"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "answered with a TLS record"),
        (b"garbage", "answered with bytes that are not HTTP"),
        (b"HTTP/1.1 101", "answered with a response whose head does not end"),
        (b"HTTP/1.1 banana\r\n\r\n", "answered with a malformed HTTP head"),
        (b"HTTP/1.1 101 OK\r\nno colon\r\n\r\n", "answered with a malformed HTTP head"),
    ],
)
def test_bytes_that_are_not_a_response_are_an_error(scripted, answer, what):
    result = refused(scripted, answer)
    assert result.status == 5
    assert what in result.err
    assert "try: " in result.err


def test_the_greeting_of_another_protocol_is_shown(scripted):
    def script(peer):
        peer.refuse(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        peer.wait_for_end()

    result = call("listen", scripted(script).url)
    assert result.status == 5
    assert "an SSH server's greeting" in result.err


def test_a_head_without_an_end_is_an_error(scripted):
    def script(peer):
        peer.refuse("HTTP/1.1 101 Switching Protocols\r\n")
        for number in range(100_000):
            peer.send(f"X-{number}: {'x' * 100}\r\n")

    result = call("listen", scripted(script).url)
    assert result.status == 5
    assert "its head is longer than 65,536 bytes" in result.err


def test_a_server_that_never_answers_is_a_timeout(scripted):
    result = call(
        "listen", "--connect-timeout", "1s", scripted(lambda peer: peer.wait_for_end()).url
    )
    assert result.status == 6
    assert "timed out after 1 s while waiting for 127.0.0.1" in result.err
    assert "--connect-timeout" in result.err


def test_a_response_is_read_a_byte_at_a_time(scripted):
    def script(peer):
        peer.read_request()
        trickle(peer, peer.response_101(), pause=0.001)
        peer.text("slow")
        peer.close()
        peer.expect_close()

    result = call("listen", scripted(script).url)
    assert (result.status, result.out) == (0, b"slow\n")


def test_a_response_that_comes_too_slowly_is_a_timeout(scripted):
    def script(peer):
        peer.read_request()
        trickle(peer, peer.response_101(), pause=0.05)

    result = call("listen", "--connect-timeout", "300ms", scripted(script).url)
    assert result.status == 6


def test_interim_responses_are_shown_and_skipped(scripted):
    hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

    def script(peer):
        peer.read_request()
        peer.send(hints.encode() + b"HTTP/1.1 100 Continue\r\n\r\n" + peer.response_101())
        peer.text("open")
        peer.close()
        peer.expect_close()

    server = scripted(script)
    result = call("listen", "-v", server.url)
    assert (result.status, result.out) == (0, b"open\n")
    assert "< HTTP/1.1 103 Early Hints\n< Link: </x>\n< \n< HTTP/1.1 100 Continue" in result.err
    assert hints.encode() in call("inspect", server.url).out


def test_a_body_does_not_extend_the_deadline(scripted):
    def script(peer):
        peer.refuse("HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nonly")
        peer.wait_for_end()

    result = call("send", "--timeout", "1s", scripted(script).url, "x")
    assert result.status == 5


def test_a_message_in_the_same_segment_as_the_101_is_printed(scripted):
    from wscli.wire.frames import Frame

    def script(peer):
        peer.accept(then=Frame(1, b"early").to_bytes() + Frame(8, b"\x03\xe8").to_bytes())
        peer.expect_close()

    result = call("listen", scripted(script).url)
    assert (result.status, result.out) == (0, b"early\n")


def test_a_reset_during_the_upgrade_is_an_error(scripted):
    def script(peer):
        peer.read_request()
        peer.reset()

    result = call("listen", scripted(script).url)
    assert result.status == 5
    assert "closed the connection during the upgrade" in result.err


def test_the_evidence_in_json_has_line_feeds_only(scripted):
    refusal = "HTTP/1.1 403 No\r\nX-A: 1\r\nContent-Length: 8\r\n\r\none\r\ntwo"
    url = scripted(lambda peer: peer.refuse(refusal)).url
    event = json.loads(call("listen", "--json", url).out.splitlines()[-1])
    assert "\r" not in event["evidence"]
    assert event["evidence"].splitlines()[:2] == ["HTTP/1.1 403 No", "X-A: 1"]


# Explanations from a plain GET. The answers are those of the real servers, byte for byte.

UVICORN_403 = (
    "HTTP/1.1 403 Forbidden\r\nDate: Wed, 25 Nov 2026 01:26:03 GMT\r\nConnection: close\r\n"
    "Content-Length: 0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
)
WSPROTO_403 = "HTTP/1.1 403 \r\ncontent-length: 0\r\n\r\n"
UVICORN_404 = (
    "HTTP/1.1 404 Not Found\r\ndate: Wed, 25 Nov 2026 01:26:02 GMT\r\nserver: uvicorn\r\n"
    'content-length: 22\r\ncontent-type: application/json\r\n\r\n{"detail":"Not Found"}'
)
NODE_WS_400 = (
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/html\r\n"
    "Content-Length: 11\r\n\r\nBad Request"
)
NODE_WS_401 = (
    "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Type: text/html\r\n"
    "Content-Length: 12\r\n\r\nUnauthorized"
)
NODE_WS_426 = (
    "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\nContent-Type: text/plain\r\n"
    "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nUpgrade Required"
)
ENGINE_IO_400 = (
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-type: text/html\r\n"
    "Content-Length: 17\r\n\r\nTransport unknown"
)
ENGINE_IO_JSON = (
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n"
    'Transfer-Encoding: chunked\r\n\r\n28\r\n{"code":0,"message":"Transport unknown"}\r\n'
    "0\r\n\r\n"
)
NODE_200 = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 10\r\n\r\nhello page"
SOCKJS_200 = (
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=UTF-8\r\n"
    "Transfer-Encoding: chunked\r\n\r\n13\r\nWelcome to SockJS!\n\r\n0\r\n\r\n"
)
DEVTOOLS_JSON = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n"
    "Content-Length: 89\r\n\r\n"
    '[ {\n   "type": "page",\n   "webSocketDebuggerUrl": '
    '"ws://127.0.0.1:9222/devtools/page/A1"\n} ]'
)
RAILS_404 = (
    "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain; charset=utf-8\r\n"
    "content-length: 14\r\n\r\nPage not found"
)
GORILLA_403 = (
    "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Sec-Websocket-Version: 13\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Length: 10\r\n\r\nForbidden\n"
)
NO_BODY_404 = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def nginx(status):
    page = (
        f"<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status}</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return (
        f"HTTP/1.1 {status}\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\n"
        f"Content-Length: {len(page)}\r\nConnection: keep-alive\r\n\r\n{page}"
    )


HAPROXY_503 = (
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 107\r\ncache-control: no-cache\r\n"
    "content-type: text/html\r\n\r\n<html><body><h1>503 Service Unavailable</h1>\n"
    "No server is available to handle this request.\n</body></html>\n"
)
CADDY_502 = "HTTP/1.1 502 Bad Gateway\r\nServer: Caddy\r\nContent-Length: 0\r\n\r\n"

GET_200 = "a plain GET of /ws is answered with 200 OK"

PROBED = {
    "FastAPI: an unknown path": (
        UVICORN_403,
        UVICORN_404,
        "check the path, then its parameters: uv",
    ),
    "FastAPI on wsproto": (
        WSPROTO_403,
        UVICORN_404,
        "check the path, then its parameters: uvicorn",
    ),
    "FastAPI on hypercorn: a GET route": (
        "HTTP/1.1 403 \r\ncontent-length: 0\r\nconnection: close\r\n"
        "date: Wed, 25 Nov 2026 01:26:03 GMT\r\nserver: hypercorn-h11\r\n\r\n",
        "HTTP/1.1 200 \r\ncontent-type: application/json\r\nserver: hypercorn-h11\r\n\r\n{}",
        "check the path: /ws is an ordinary HTTP resource (application/json)",
    ),
    "FastAPI: a GET route": (
        UVICORN_403,
        'HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-type: application/json\r\n\r\n{"a":1}',
        "check the path: /ws is an ordinary HTTP resource (application/json)",
    ),
    "403 and 404": ("HTTP/1.1 403 No\r\n\r\nno", NO_BODY_404, "a plain GET finds nothing at /ws"),
    "403 and 200": (
        "HTTP/1.1 403 No\r\n\r\nno",
        NODE_200,
        "a plain GET is allowed but the upgrade is not",
    ),
    "403 twice": (
        "HTTP/1.1 403 No\r\n\r\nno",
        "HTTP/1.1 403 No\r\n\r\n",
        "is refused as well: the server may require cred",
    ),
    "gorilla": (GORILLA_403, NODE_200, "--origin http://127.0.0.1"),
    "403 for the Origin": (
        "HTTP/1.1 403 Forbidden\r\n\r\nCross origin websockets not allowed",
        NODE_200,
        "--origin http://127.0.0.1",
    ),
    "Node's ws: another path": (
        NODE_WS_400,
        NODE_200,
        "Node's `ws` library gives this answer if /ws is not its path",
    ),
    "Node's ws alone": (NODE_WS_400, NODE_WS_426, "then try --subprotocol NAME"),
    "Engine.IO, upgraded": (ENGINE_IO_400, ENGINE_IO_JSON, "EIO=4 and transport=websocket"),
    "Engine.IO, by its GET": (
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        ENGINE_IO_JSON,
        "EIO=4 and transport=websocket",
    ),
    "a missing subprotocol": (
        "HTTP/1.1 400 Bad Request\r\n\r\nno subprotocol was offered",
        NODE_200,
        "the server requires a subprotocol: --subprotocol NAME",
    ),
    "a removed upgrade": (
        'HTTP/1.1 400 Bad Request\r\n\r\nCan "Upgrade" only to "WebSocket".',
        NODE_200,
        "the server saw no upgrade: a proxy on the way",
    ),
    "DevTools": (
        NO_BODY_404,
        DEVTOOLS_JSON,
        "the webSocketDebuggerUrl of one, such as ws://127.0.0.1:9222/devtools/page/A1",
    ),
    "SockJS": (NO_BODY_404, SOCKJS_200, "its WebSocket is at /ws/websocket"),
    "404 on a page": (NO_BODY_404, NODE_200, "/ws is an ordinary HTTP resource (no type), not a"),
    "404 twice": (NO_BODY_404, NO_BODY_404, "/ws does not exist for a plain GET either"),
    "uvicorn without a library": (UVICORN_404, UVICORN_404, "pip install 'uvicorn[standard]'"),
    "Action Cable": (RAILS_404, RAILS_404, "Action Cable answers 404 to an Origin"),
    "Node's ws: verifyClient": (NODE_WS_401, NODE_200, "does not say which"),
    "401 with the GET's challenge": (
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=x\r\n\r\n",
        "a plain GET is asked for Bearer realm=x",
    ),
    "nginx, 502 twice": (
        nginx("502 Bad Gateway"),
        nginx("502 Bad Gateway"),
        "nginx could not reach the server behind it",
    ),
    "nginx, 502 for upgrades": (
        nginx("502 Bad Gateway"),
        NODE_200,
        "nginx must forward upgrades (proxy_http_version 1.1",
    ),
    "nginx, 504": (
        nginx("504 Gateway Time-out"),
        nginx("504 Gateway Time-out"),
        "nginx got no answer from the server behind it",
    ),
    "nginx, 500": (nginx("500 Oops"), nginx("500 Oops"), "nginx, a proxy in front"),
    "HAProxy": (HAPROXY_503, HAPROXY_503, "HAProxy has no server behind it that is ready"),
    "Caddy": (CADDY_502, CADDY_502, "Caddy could not reach the server behind it"),
    "nginx that removes the upgrade": (
        "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 10\r\n\r\nhello page",
        None,
        "check the path; or nginx must forward upgrades (proxy_http_version 1.1",
    ),
    "nginx in front of a 404": (
        'HTTP/1.1 404 Not Found\r\nServer: nginx/1.22.1\r\n\r\n{"detail":"Not Found"}',
        NO_BODY_404,
        "or nginx must forward upgrades",
    ),
    "nginx's own 404": (
        nginx("404 Not Found"),
        nginx("404 Not Found"),
        "common paths are /ws and /socket",
    ),
    "Channels: no route": (
        "HTTP/1.1 500 Internal server error\r\n\r\n",
        NODE_200,
        "no route matches",
    ),
    "Channels: closed early": (
        "HTTP/1.1 403 Access denied\r\n\r\n",
        NODE_200,
        "has a route for this",
    ),
    "Node's inspector": (
        "HTTP/1.0 400 Bad Request\r\n\r\nWebSockets request was expected",
        "HTTP/1.0 400 Bad Request\r\n\r\nWebSockets request was expected",
        "connect to the webSocketDebuggerUrl that a GET of /json returns",
    ),
    "500 for upgrades only": (
        "HTTP/1.1 500 No\r\n\r\n",
        NODE_200,
        "only the upgrade fails",
    ),
}


def probed(scripted, response, answer, *options, path="ws"):
    """Refuse the upgrade with one response and answer the next request with another."""
    server = scripted(lambda peer: peer.refuse(response), lambda peer: peer.refuse(answer))
    result = call("listen", *options, server.url + path)
    assert (result.status, result.out) == (5, b"")
    assert server.connections == (1 if answer is None else 2)
    return result


@pytest.mark.parametrize(("response", "answer", "hint"), PROBED.values(), ids=PROBED)
def test_a_plain_get_tests_the_guess(scripted, response, answer, hint):
    result = probed(scripted, response, answer)
    if answer is not None:
        status_line = answer.split("\r\n")[0].partition(" ")[2].strip()
        assert f"  a plain GET of /ws is answered with {status_line}" in result.err
    assert hint in result.err.splitlines()[-1]


def test_the_origin_is_suggested_last_if_the_server_does_not_mention_it(scripted):
    hint = probed(scripted, UVICORN_403, UVICORN_404).err.splitlines()[-1]
    order = [
        "the path",
        "parameters",
        "closes before it accepts",
        "--bearer TOKEN",
        "--origin http:",
    ]
    assert [hint.index(words) for words in order] == sorted(hint.index(words) for words in order)


def test_the_probe_is_the_same_request_without_the_upgrade(scripted):
    heads = []

    def script(peer):
        heads.append(peer.read_request())
        peer.send(UVICORN_403)

    options = [
        "-u",
        "me:secret",
        "--cookie",
        "a=1",
        "-o",
        "http://x",
        "-H",
        "X-Own: 1",
        "-s",
        "chat",
    ]
    call("listen", *options, scripted(script).url + "ws?token=1")
    upgrade, probe = heads
    assert probe.target == "/ws?token=1"
    kept = [
        field for field in upgrade.headers if "ocket" not in f"{field}" and "Upgrade" not in field
    ]
    assert probe.headers == [*kept, ("Connection", "close")]
    assert {"Authorization", "Cookie", "Origin", "X-Own", "Host"} <= {name for name, _ in kept}


def test_the_probe_uses_the_same_unix_socket(scripted, tmp_path):
    path = str(tmp_path / "socket")
    server = scripted(
        lambda peer: peer.refuse(UVICORN_403), lambda peer: peer.refuse(UVICORN_404), path=path
    )
    result = call("listen", "--unix-socket", path, "ws://example.com/ws")
    assert server.connections == 2
    assert "a plain GET of /ws is answered with 404 Not Found" in result.err


def test_a_query_is_not_repeated(scripted):
    page = "HTTP/1.1 404 Not Found\r\n\r\nno such thing: /ws?token=SECRET"
    result = probed(scripted, NO_BODY_404, page, path="ws?token=SECRET")
    assert "no such thing: /ws?…" in result.err
    assert "SECRET" not in result.err


def test_a_response_that_repeats_the_query_is_masked(scripted):
    refusal = (
        "HTTP/1.1 302 Found\r\nLocation: /login?next=/ws%3Ftoken=SECRET\r\n"
        "Content-Length: 12\r\n\r\ntoken=SECRET"
    )
    url = scripted(lambda peer: peer.refuse(refusal)).url + "ws?token=SECRET"
    result = call("listen", url)
    assert "Location: /login?next=/ws%3F…" in result.err
    assert "SECRET" not in result.err


@pytest.mark.parametrize(
    "head",
    [
        "302 Found\r\nLocation: /else",
        "401 Unauthorized\r\nWWW-Authenticate: Basic",
        "426 Upgrade Required",
        "429 Too Many Requests",
        "200 OK",
    ],
)
def test_no_probe_is_sent_if_it_could_not_change_the_hint(scripted, head):
    server = scripted(lambda peer: peer.refuse(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"))
    assert call("listen", server.url).status == 5
    assert server.connections == 1


def test_no_probe_turns_it_off(scripted):
    server = scripted(lambda peer: peer.refuse(UVICORN_403))
    result = call("listen", "--no-probe", server.url)
    assert server.connections == 1
    assert "a plain GET" not in result.err
    assert "try: check the path, then its parameters: uvicorn" in result.err


def test_the_python_api_sends_no_probe_unless_asked(scripted):
    import wscli as package
    from wscli.errors import UpgradeError

    server = scripted(lambda peer: peer.refuse(UVICORN_403))
    with pytest.raises(UpgradeError):
        package.connect(server.url)
    assert server.connections == 1
    with pytest.raises(UpgradeError):
        package.connect(server.url, probe=True)
    assert server.connections == 3


def test_verbose_names_the_probe(scripted):
    result = probed(scripted, UVICORN_403, UVICORN_404, "-v")
    assert "* probed the same path with a plain GET: 404 Not Found" in result.err


PROBE_FAILURES = {
    "never answers": lambda peer: peer.wait_for_end(),
    "resets": lambda peer: peer.reset(),
    "is not HTTP": lambda peer: peer.refuse(b"SSH-2.0\r\n"),
    "has a head that does not end": lambda peer: peer.refuse("HTTP/1.1 200 OK\r\n" * 9),
}


@pytest.mark.parametrize("script", PROBE_FAILURES.values(), ids=PROBE_FAILURES)
def test_a_probe_that_fails_changes_nothing(scripted, script):
    server = scripted(lambda peer: peer.refuse(UVICORN_403), script)
    result = call("listen", server.url)
    assert result.status == 5
    assert "a plain GET" not in result.err
    assert "try: check the path, then its parameters" in result.err


def test_a_probe_ends_with_the_connect_timeout(scripted):
    server = scripted(lambda peer: peer.refuse(NO_BODY_404), lambda peer: peer.wait_for_end())
    begin = time.monotonic()
    result = call("listen", "--connect-timeout", "1500ms", server.url)
    assert result.status == 5
    assert time.monotonic() - begin < 10


def test_a_probe_reads_a_bounded_body(scripted):
    def endless(peer):
        peer.refuse("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            peer.send("x" * 100_000)

    result = call("listen", scripted(lambda peer: peer.refuse(NO_BODY_404), endless).url)
    assert result.status == 5
    assert f"text/plain: {'x' * 200}…" in result.err


# No response at all


def test_a_path_that_drops_only_upgrades_is_named(scripted):
    server = scripted(lambda peer: peer.read_request(), lambda peer: peer.refuse(NODE_200))
    result = call("listen", server.url)
    assert result.status == 5
    assert "closed the connection without a response" in result.err
    assert "upgrades are dropped" in result.err


def test_a_connection_closed_for_the_get_too_suggests_tls(scripted):
    result = call("listen", scripted(lambda peer: peer.read_request()).url)
    assert "use wss://" in result.err


def test_no_answer_at_all_names_the_path_first(scripted):
    server = scripted(lambda peer: peer.wait_for_end())
    result = call("listen", "--connect-timeout", "300ms", server.url)
    assert result.status == 6
    assert (
        "try: check the path: many Node servers leave an upgrade on an unknown path" in result.err
    )
    assert "wss://" in result.err
    assert server.connections == 1


def secure_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_tls_closed_right_after_the_handshake_is_explained(scripted):
    server = scripted(lambda peer: peer.sock.close(), tls=secure_context())
    result = call("listen", "-k", server.url)
    assert result.status in (4, 5)
    assert "--cert FILE" in result.err


def test_a_server_that_speaks_only_http2_is_explained(scripted):
    def script(peer):
        peer.sock.recv(65536)
        peer.send(b"\x15\x03\x03\x00\x02\x02\x78")  # fatal: no_application_protocol
        peer.wait_for_end()

    result = call("listen", scripted(script).url.replace("ws:", "wss:"))
    assert result.status == 4
    assert "does not speak HTTP/1.1" in result.err
    assert "the server speaks HTTP/2 only" in result.err
