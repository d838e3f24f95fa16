"""Dialling: names, addresses in turn, Unix sockets, and one deadline over all of it."""

import contextlib
import errno
import select
import socket
import struct
import threading

import pytest

from tests.program import call
from wscli.errors import ConnectError, TimedOut
from wscli.net.clock import Clock, Deadline
from wscli.net.dial import connect_any, connection_result, look_up


def deadline(seconds=10.0):
    return Deadline(Clock(), seconds, "testing")


@contextlib.contextmanager
def black_hole():
    """An address that answers no connection request: the queue of its listener is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield socket.AF_INET, listener.getsockname()


@contextlib.contextmanager
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield socket.AF_INET, sock.getsockname()


@pytest.fixture
def refused():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        address = sock.getsockname()
    return socket.AF_INET, address


def connect(addresses, expected):
    """Connect to one of the addresses, and check that it is the expected one."""
    sock, peer = connect_any(addresses, "h:1", deadline(), Clock())
    with sock:
        assert peer == sock.getpeername() == expected[1]
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_first_address_that_answers_is_used(refused):
    with listener() as alive:
        connect([refused, alive], alive)


def test_a_silent_address_does_not_delay_the_next():
    with black_hole() as silent, listener() as alive:
        connect([silent, alive], alive)


UNREACHABLE = (socket.AF_INET, ("255.255.255.255", 80))  # TCP to it fails at once


def test_an_address_that_fails_at_once_does_not_count_as_an_answer():
    with listener() as alive:
        connect([UNREACHABLE, alive], alive)


def test_an_address_that_fails_at_once_is_a_failure():
    result = call("send", "ws://255.255.255.255/", "x")
    assert result.status == 3
    assert "could not connect to 255.255.255.255:80" in result.err


def accept_and_reset(listening):
    with contextlib.suppress(OSError):
        while True:
            sock, _ = listening.accept()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()


@pytest.fixture
def resetting():
    """The address of a server that resets each connection as soon as it has accepted it."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=accept_and_reset, args=(sock,))
        thread.start()
        yield socket.AF_INET, sock.getsockname()
        sock.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_connection_that_is_reset_before_it_is_checked_is_a_failure(resetting):
    with socket.create_connection(resetting[1]) as sock:
        poll = select.poll()
        poll.register(sock, 0)
        assert poll.poll(20_000)
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # reading the error clears it
        assert connection_result(sock) == (errno.ECONNRESET, None)


def test_a_server_that_resets_at_once_gives_a_connection_or_a_connect_error(resetting):
    failures = set()
    for _ in range(1000):
        try:
            sock, peer = connect_any([resetting], "h:1", deadline(), Clock())
        except ConnectError as error:
            failures.add(error.what)
        else:
            sock.close()
            assert peer == resetting[1]
    assert failures <= {"could not connect to h:1: connection reset by peer"}


def test_the_error_names_each_address_that_failed(refused):
    with pytest.raises(ConnectError) as caught:
        connect_any([refused, refused], "name:81", deadline(), Clock())
    assert caught.value.what == "could not connect to name:81: connection refused"
    assert caught.value.evidence.count("connection refused") == 2


def test_the_deadline_covers_a_silent_address():
    with black_hole() as silent, pytest.raises(TimedOut, match="while testing"):
        connect_any([silent], "h:1", deadline(0.2), Clock())


def test_the_deadline_covers_a_silent_name_server(monkeypatch):
    answer = threading.Event()
    lookup = socket.getaddrinfo

    def hang(host, *args, **options):
        if not options.get("flags"):
            answer.wait(20)
        return lookup(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(TimedOut):
            look_up("localhost", 80, socket.AF_UNSPEC, deadline(0.2))
    finally:
        answer.set()


def test_the_two_versions_of_ip_are_tried_in_turn(monkeypatch):
    found = [
        (family, socket.SOCK_STREAM, 6, "", (name, 80))
        for family, name in (
            (socket.AF_INET6, "a6"),
            (socket.AF_INET6, "b6"),
            (socket.AF_INET, "a4"),
        )
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
    addresses = look_up("name", 80, socket.AF_UNSPEC, deadline())
    assert [address[0] for _, address in addresses] == ["a6", "a4", "b6"]


def test_an_ipv6_address_keeps_its_zone():
    index, name = socket.if_nameindex()[0]
    [(family, address)] = look_up(f"fe80::1%{name}", 80, socket.AF_UNSPEC, deadline())
    assert family == socket.AF_INET6
    assert address[3] == index


def test_a_name_that_does_not_exist_is_an_error_with_a_hint():
    result = call("send", "ws://no-such-name.invalid/", "hi")
    assert result.status == 3
    assert "the name no-such-name.invalid cannot be resolved" in result.err
    assert "try: check the spelling" in result.err


def test_a_port_where_nobody_listens_is_an_error_with_a_hint(refused):
    port = refused[1][1]
    result = call("send", f"ws://127.0.0.1:{port}/", "hi")
    assert result.status == 3
    assert f"could not connect to 127.0.0.1:{port}: connection refused" in result.err
    assert "try: check that a server is listening on that port" in result.err


def test_resolve_replaces_a_look_up(echo_url):
    port = echo_url.rpartition(":")[2]
    result = call(
        "send",
        "-v",
        "--resolve",
        f"server.test:{port}:127.0.0.1",
        f"ws://server.test:{port}/",
        "hi",
    )
    assert (result.status, result.out) == (0, b"hi\n")
    assert f"> Host: server.test:{port}" in result.err


def test_resolve_compares_international_names_in_one_form(scripted):
    def script(peer):
        peer.accept()
        peer.close()
        peer.expect_close()

    server = scripted(script)
    options = ["--resolve", "a..ü:80:192.0.2.1", "--resolve", f"Faß.de.:{server.port}:127.0.0.1"]
    result = call("listen", "-v", *options, f"ws://faß.de:{server.port}/")
    assert result.status == 0
    assert f"> Host: xn--fa-hia.de:{server.port}" in result.err


def test_an_ipv6_address_can_be_connected_to(scripted):
    def script(peer):
        peer.accept()
        peer.text("six")
        peer.close()
        peer.expect_close()

    server = scripted(script, family=socket.AF_INET6)
    result = call("listen", "-v", server.url)
    assert (result.status, result.out) == (0, b"six\n")
    assert f"> Host: [::1]:{server.port}" in result.err
    only4 = call("listen", "-4", server.url)
    assert only4.status == 3


def test_a_unix_socket_can_be_connected_to(tmp_path, scripted):
    def script(peer):
        peer.accept()
        peer.text(peer.request.headers.get("Host"))
        peer.close()
        peer.expect_close()

    path = str(tmp_path / "socket")
    scripted(script, path=path)
    result = call("listen", "--unix-socket", path, "ws://any.name/x")
    assert (result.status, result.out) == (0, b"any.name\n")


def test_a_unix_socket_that_does_not_exist_is_an_error(tmp_path):
    result = call("send", "--unix-socket", tmp_path / "none", "ws://h/", "hi")
    assert result.status == 3
    assert "could not connect to the Unix socket" in result.err
    assert "No such file" in result.err
