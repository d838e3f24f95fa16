"""Proxies: the choice of one, and a connection through each kind."""

import socket

import pytest

from tests.program import call
from tests.proxies import HttpProxy, SocksProxy
from tests.scripted import trickle
from wscli.errors import UsageError
from wscli.net.attempt import Attempt
from wscli.net.clock import Clock, Deadline
from wscli.net.dial import dial
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.net.proxy import Proxy, choose, parse_proxy
from wscli.net.url import parse_url


def chosen(url, environ, **options):
    proxy = choose(parse_url(url), ConnectOptions(**options), environ)
    return str(proxy) if proxy else None


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("proxy:3128", Proxy("http", "proxy", 3128, None, None)),
        ("http://proxy", Proxy("http", "proxy", 8080, None, None)),
        ("http://u:p%40@proxy:1/", Proxy("http", "proxy", 1, "u", "p@")),
        ("socks5h://[::1]:1080", Proxy("socks5h", "::1", 1080, None, None)),
        ("SOCKS4://proxy", Proxy("socks4", "proxy", 1080, None, None)),
        ("http://faß.de", Proxy("http", "xn--fa-hia.de", 8080, None, None)),
    ],
)
def test_a_proxy_url_is_parsed(text, proxy):
    assert parse_proxy(text) == proxy


def test_the_repr_of_a_proxy_hides_its_password():
    assert "secret" not in repr(parse_proxy("http://user:secret@proxy"))


@pytest.mark.parametrize(
    "text", ["", "ftp://proxy", "https://proxy", "http://", "http://h:x", "http://a..ü"]
)
def test_an_invalid_proxy_url_is_rejected(text):
    with pytest.raises(UsageError):
        parse_proxy(text)


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("ws://h/", {}, None),
        ("ws://h/", {"http_proxy": "a:1"}, "http://a:1"),
        ("ws://h/", {"HTTP_PROXY": "a:1"}, None),
        ("ws://h/", {"https_proxy": "a:1"}, None),
        ("wss://h/", {"https_proxy": "a:1"}, "http://a:1"),
        ("wss://h/", {"HTTPS_PROXY": "a:1"}, "http://a:1"),
        ("wss://h/", {"wss_proxy": "b:1", "https_proxy": "a:1"}, "http://b:1"),
        ("ws://h/", {"all_proxy": "socks5://a:1"}, "socks5://a:1"),
        ("ws://h/", {"ALL_PROXY": "socks5://a:1"}, "socks5://a:1"),
        ("ws://localhost/", {"http_proxy": "a:1"}, None),
        ("ws://127.0.0.9/", {"http_proxy": "a:1"}, None),
        ("ws://[::1]/", {"http_proxy": "a:1"}, None),
        ("ws://h/", {"http_proxy": "a:1", "no_proxy": "h"}, None),
        ("ws://x.h/", {"http_proxy": "a:1", "no_proxy": ".h"}, None),
        ("ws://xh/", {"http_proxy": "a:1", "no_proxy": "h"}, "http://a:1"),
        ("ws://x.h/", {"http_proxy": "a:1", "NO_PROXY": "a, *.h"}, None),
        ("ws://h:81/", {"http_proxy": "a:1", "no_proxy": "h:82"}, "http://a:1"),
        ("ws://h:82/", {"http_proxy": "a:1", "no_proxy": "h:82"}, None),
        ("ws://10.1.2.3/", {"http_proxy": "a:1", "no_proxy": "10.0.0.0/8"}, None),
        ("ws://h/", {"http_proxy": "a:1", "no_proxy": "10.0.0.0/8"}, "http://a:1"),
        ("ws://h./", {"http_proxy": "a:1", "no_proxy": "h"}, None),
        ("ws://h/", {"http_proxy": "a:1", "no_proxy": "h."}, None),
        ("ws://x.h./", {"http_proxy": "a:1", "no_proxy": ".H."}, None),
        ("ws://h.:82/", {"http_proxy": "a:1", "no_proxy": "h.:82"}, None),
        ("ws://localhost./", {"http_proxy": "a:1"}, None),
        ("ws://10.1.2.3./", {"http_proxy": "a:1", "no_proxy": "10.0.0.0/8"}, None),
        ("ws://faß.de/", {"http_proxy": "a:1", "no_proxy": "FAß.de"}, None),
        ("ws://faß.de/", {"http_proxy": "a:1", "no_proxy": "fass.de"}, "http://a:1"),
        ("ws://h/", {"http_proxy": "a:1", "no_proxy": "."}, "http://a:1"),
        ("ws://h/", {"http_proxy": "a:1", "no_proxy": "*"}, None),
        ("ws://h/", {"http_proxy": "a:1", "no_proxy": ""}, "http://a:1"),
    ],
)
def test_the_environment_chooses_a_proxy(url, environ, proxy):
    assert chosen(url, environ) == proxy


def test_options_take_precedence_over_the_environment():
    environ = {"http_proxy": "a:1"}
    assert chosen("ws://localhost/", environ, proxy="b:2") == "http://b:2"
    assert chosen("ws://h/", environ, environment_proxies=False) is None
    assert chosen("ws://h/", environ, unix_socket="/s") is None


def test_an_http_proxy_is_asked_for_a_tunnel(echo_url):
    with HttpProxy() as proxy:
        result = call("send", "-v", "--proxy", f"http://127.0.0.1:{proxy.port}", echo_url, "hi")
        assert (result.status, result.out) == (0, b"hi\n")
        assert f"> CONNECT {echo_url.removeprefix('ws://')} HTTP/1.1" in result.err
        assert "< X-Proxy: test" in result.err
        assert len(proxy.asked) == 1


def test_an_http_proxy_gets_the_credentials_of_its_url(echo_url):
    with HttpProxy("user:pa ss") as proxy:
        address = f"127.0.0.1:{proxy.port}"
        refused = call("send", "--proxy", f"http://{address}", echo_url, "hi")
        assert refused.status == 3
        assert "answered CONNECT with 407" in refused.err
        assert (
            "try: the proxy requires credentials: --proxy http://USER:PASS@HOST:PORT" in refused.err
        )
        let_in = call("send", "--proxy", f"http://user:pa%20ss@{address}", echo_url, "hi")
        assert (let_in.status, let_in.out) == (0, b"hi\n")


def test_a_proxy_of_the_environment_is_asked_for_the_server_by_name(echo_url):
    port = echo_url.rpartition(":")[2]
    with HttpProxy() as proxy:
        env = {"http_proxy": f"http://127.0.0.1:{proxy.port}"}
        name = f"ws://server.test:{port}/"
        # The proxy of this test cannot resolve the name either; it only matters that it was asked.
        call("send", "--timeout", "2", name, "hi", env=env)
        assert b"CONNECT server.test:" in proxy.head
        proxy.head = b""
        call("send", "--no-proxy", "--timeout", "2", name, "hi", env=env)
        assert proxy.head == b""


def test_a_server_that_is_not_a_proxy_is_an_error(echo_url, scripted):
    server = scripted(lambda peer: peer.refuse("SSH-2.0-OpenSSH_9.2\r\n"))
    result = call("send", "--proxy", f"http://{server.address}", echo_url, "hi")
    assert result.status == 3
    assert "did not answer CONNECT as an HTTP proxy does" in result.err
    assert "SSH-2.0" in result.err


def test_the_deadline_covers_a_proxy_that_never_answers(echo_url, scripted):
    server = scripted(lambda peer: peer.wait_for_end())
    result = call(
        "send", "--connect-timeout", "300ms", "--proxy", f"http://{server.address}", echo_url, "hi"
    )
    assert result.status == 6
    assert "waiting for the proxy" in result.err


def test_a_proxy_that_cannot_be_reached_is_an_error_with_a_hint(echo_url):
    with HttpProxy() as proxy:
        port = proxy.port
    address = f"127.0.0.1:{port}"
    for kind in ("http", "socks5"):
        result = call("send", "--proxy", f"{kind}://{address}", echo_url, "hi")
        assert result.status == 3
        said = f"could not connect to the proxy {kind}://{address}: connection refused"
        assert said in result.err
        assert "try: start the proxy, or check --proxy" in result.err
    env = {"http_proxy": address}
    result = call("send", echo_url.replace("127.0.0.1", "192.0.2.1"), "hi", env=env)
    assert "try: start the proxy, or --no-proxy to connect directly" in result.err


def test_a_proxy_whose_name_does_not_exist_is_named_in_the_error(echo_url):
    result = call("send", "--proxy", "http://no-such-name.invalid", echo_url, "hi")
    assert result.status == 3
    assert "the name no-such-name.invalid cannot be resolved" in result.err
    assert "proxy: http://no-such-name.invalid:8080" in result.err


@pytest.mark.parametrize(
    ("kind", "sent"),
    [("socks4", "address"), ("socks4a", "name"), ("socks5", "address"), ("socks5h", "name")],
)
def test_each_kind_of_socks_proxy_gets_a_name_or_an_address(echo_url, kind, sent):
    url = echo_url.replace("127.0.0.1", "localhost")
    with SocksProxy() as proxy:
        result = call("send", "--proxy", f"{kind}://127.0.0.1:{proxy.port}", "-4", url, "hi")
        assert (result.status, result.out, result.err) == (0, b"hi\n", "")
        assert proxy.kind == sent


def test_resolve_and_the_version_of_ip_apply_through_socks(echo_url):
    port = echo_url.rpartition(":")[2]
    with SocksProxy() as proxy:
        options = ["--proxy", f"socks5://127.0.0.1:{proxy.port}"]
        name = f"ws://server.test:{port}/"
        result = call("send", *options, "--resolve", f"server.test:{port}:127.0.0.1", name, "hi")
        assert (result.status, result.out) == (0, b"hi\n")
        result = call("send", "-6", *options, echo_url, "hi")
        assert result.status == 3


def test_a_socks_proxy_gets_the_credentials_of_its_url(echo_url):
    with SocksProxy("user:secret") as proxy:
        address = f"127.0.0.1:{proxy.port}"
        let_in = call("send", "--proxy", f"socks5://user:secret@{address}", echo_url, "hi")
        assert (let_in.status, let_in.out) == (0, b"hi\n")
        refused = call("send", "--proxy", f"socks5://user:wrong@{address}", echo_url, "hi")
        assert refused.status == 3
        assert "could not connect through the proxy socks5://" in refused.err
        assert "wrong" not in refused.err


def replies(*pieces, pause):
    """Return a script of a SOCKS proxy that sends bytes one by one, and then nothing."""

    def script(peer):
        for piece in pieces:
            peer.sock.recv(65536)
            trickle(peer, piece, pause)
        peer.wait_for_end()

    return script


@pytest.mark.parametrize(
    ("kind", "pieces"),
    [
        ("socks4", [b"\0\x5a" + bytes(6)]),
        ("socks5h", [b"\5\0", b"\5\0\0\1" + bytes(6)]),
        ("socks5h", [b"\5\0", b"\5\0\0\3\xff" + b"x" * 257]),
    ],
)
def test_the_deadline_covers_a_socks_proxy_that_sends_a_byte_at_a_time(scripted, kind, pieces):
    proxy = scripted(replies(*pieces, pause=1.0))
    options = ["--connect-timeout", "1s", "--proxy", f"{kind}://{proxy.address}"]
    result = call("send", *options, "ws://192.0.2.1/", "hi")
    assert result.status == 6
    assert f"timed out after 1 s while waiting for the proxy {kind}://" in result.err


def test_a_connection_through_socks_has_an_address_and_tcp_nodelay(echo_url):
    with SocksProxy() as proxy:
        options = ConnectOptions(proxy=f"socks5://127.0.0.1:{proxy.port}")
        opening = Opening(parse_url(echo_url))
        clock = Clock()
        deadline = Deadline(clock, 10, "testing")
        attempt = Attempt(opening, options, deadline, clock, lambda *_: None)
        stream = dial(attempt, {})
        with stream.sock as sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert not sock.getblocking()
        assert opening.address == f"127.0.0.1:{proxy.port}"
        assert list(opening.timings) == ["name", "tcp", "proxy"]


@pytest.mark.parametrize("answer", [b"", b"\5", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
@pytest.mark.parametrize("kind", ["socks4", "socks5"])
def test_a_proxy_that_does_not_speak_socks_is_an_error(scripted, kind, answer):
    def script(peer):
        peer.sock.recv(65536)
        peer.send(answer)

    proxy = scripted(script)
    result = call("send", "--proxy", f"{kind}://{proxy.address}", "ws://192.0.2.1/", "hi")
    assert result.status == 3
    assert f"could not connect through the proxy {kind}://" in result.err


@pytest.mark.parametrize(
    ("kind", "user", "host", "method"),
    [
        ("socks5h", "u" * 300, "h", b"\5\2"),
        ("socks5h", "u", "a..b", b"\5\0"),
        ("socks4a", "u", "x" * 64, b""),
    ],
    ids=["user", "empty label", "long label"],
)
def test_a_name_that_socks_cannot_carry_is_a_usage_error(scripted, kind, user, host, method):
    def script(peer):
        peer.sock.recv(65536)
        peer.send(method)
        peer.wait_for_end()

    address = f"{kind}://{user}:p@{scripted(script).address}"
    result = call("send", "--proxy", address, f"ws://{host}/", "hi")
    assert result.status == 2
    assert f"wscli: cannot ask {kind}://" in result.err
    assert f" for {host}:80\n" in result.err
    assert "at most 255 bytes" in result.err
