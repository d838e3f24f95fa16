"""The names in Host that are served, and the pages in Origin that may connect."""

import socket

import pytest

from tests.program import call
from tests.raw import KEY, Client, request
from wscli.server.admission import Admission
from wscli.server.http import Refused
from wscli.server.options import ServeOptions
from wscli.server.server import WILDCARDS
from wscli.wire.head import parse_request

MACHINE = socket.gethostname()
ANYWHERE = WILDCARDS[0]


def head(host, origin=None):
    """Return the head of an upgrade request."""
    lines = ["GET /echo HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13"]
    lines += [f"Origin: {origin}"] if origin is not None else []
    return "\r\n".join([*lines, "", ""]).encode()


def answer(server, host, origin=None):
    with Client(server) as client:
        client.send(head(host, origin))
        response = client.response()
        return response, client.body(response).decode() if response.status != 101 else ""


def admits(name, origin=None, **options):
    """Return whether a request passes both checks of a server with these options."""
    admission = Admission(ServeOptions(**options))
    try:
        admission.check_host(parse_request(head(name, origin)))
        admission.check_origin(parse_request(head(name, origin)))
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://localhost",
        "https://localhost:3000",
        "http://app.localhost:5173",
        "http://127.0.0.1:8000",
        "http://127.8.8.8",
        "http://[::1]:3000",
    ],
)
def test_local_pages_and_non_browser_clients_may_connect(serve, origin):
    assert answer(serve(), "127.0.0.1:8765", origin)[0].status == 101


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example",
        "http://evil-localhost",
        "http://127.0.0.1.evil.example",
        "http://user@localhost",
        "http://6.6.6.6",
        "null",
        "file://",
        "chrome-extension://abcdef",
        "",
        "http://",
    ],
)
def test_foreign_pages_get_a_403_that_names_the_option(serve, origin):
    response, body = answer(serve(), "127.0.0.1:8765", origin)
    assert response.status == 403
    assert repr(origin) in body
    assert "--origin" in body


def test_plain_requests_of_foreign_pages_get_a_403_too(serve):
    with Client(serve()) as client:
        client.send(request("/poll?interval=1h", "Origin: https://evil.example"))
        response = client.response()
        assert response.status == 403
        assert "--origin https://evil.example" in client.body(response).decode()


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8765", "localhost.:8765", "a.localhost", "127.0.0.1", "[::1]:8765"],
)
def test_names_of_this_machine_are_served(serve, host):
    assert answer(serve(), host)[0].status == 101


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "localhost.evil.example", ""]
)
@pytest.mark.parametrize("upgrade", [True, False])
def test_a_host_that_is_not_the_servers_is_a_403_against_dns_rebinding(serve, host, upgrade):
    data = (
        head(host)
        if upgrade
        else request("/").replace(b"Host: localhost", b"Host: %b" % host.encode())
    )
    with Client(serve()) as client:
        client.send(data)
        response = client.response()
        body = client.body(response).decode()
    assert response.status == 403
    assert f"{host!r} is not a name of this server" in body
    assert "--origin" in body


def test_an_ip_address_as_host_is_always_served():
    assert admits("192.168.1.5:8765", host=ANYWHERE)
    assert admits("[fe80::1]", host="::")
    assert admits("127.1:8765")


def test_the_name_to_listen_on_is_served_and_its_pages_may_connect():
    assert admits("Box.lan:8765", "http://box.lan", host="box.lan")
    assert admits("box.lan:8765", "https://box.lan:3000", host="box.lan")
    assert not admits("other.lan", host="box.lan")
    assert not admits("box.lan", "http://other.lan", host="box.lan")


def test_the_name_of_the_machine_is_served_if_others_can_reach_it():
    assert admits(f"{MACHINE}:8765", f"http://{MACHINE}:3000", host=ANYWHERE)
    assert admits(f"{MACHINE.partition('.')[0]}.local", host=ANYWHERE)
    assert not admits(f"{MACHINE}.evil.example", host=ANYWHERE)


def test_a_page_from_an_address_may_connect_only_to_that_address():
    assert admits("192.168.1.5:8765", "http://192.168.1.5:3000", host=ANYWHERE)
    assert not admits("192.168.1.5:8765", "http://192.168.1.6:3000", host=ANYWHERE)


def test_an_allowed_origin_is_accepted_and_its_host_is_a_name_of_the_server():
    allowed = {"origins": ("https://x.tunnel.example", "null")}
    assert admits("127.0.0.1", "https://x.tunnel.example", **allowed)
    assert admits("x.tunnel.example", "https://x.tunnel.example", **allowed)
    assert admits("127.0.0.1", "http://localhost:3000", **allowed)
    assert admits("127.0.0.1", "null", **allowed)
    assert admits("127.0.0.1", **allowed)
    assert not admits("127.0.0.1", "https://y.tunnel.example", **allowed)
    assert not admits("127.0.0.1", "https://x.tunnel.example:8443", **allowed)


def test_origin_star_accepts_everything():
    assert admits("evil.example", "https://evil.example", origins=("*",))


def test_on_a_unix_socket_any_host_is_served():
    assert admits("site.example", "https://site.example", unix_socket="s")
    assert not admits("site.example", "https://evil.example", unix_socket="s")


def test_a_refusal_is_shown_by_inspect(serve):
    server = serve()
    result = call("inspect", "--origin", "https://evil.example", server.url)
    assert result.status == 5
    shown = result.out.decode() + result.err
    assert "403 Forbidden" in shown
    assert "start the server with --origin https://evil.example" in shown
    result = call("inspect", "--host", "evil.example", server.url)
    assert "'evil.example' is not a name of this server" in result.out.decode() + result.err


def test_a_malformed_origin_is_not_repeated_in_the_advice(serve):
    body = answer(serve(), "localhost", "https://a b\x1b[2J'; rm -rf")[1]
    assert body.rstrip().endswith("--origin ORIGIN")
