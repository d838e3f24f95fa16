"""Limits on clients, messages and time, and the shutdown of the server."""

import contextlib
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import connect, unix_connect

from tests.raw import Client, upgrade
from wscli.server import connection
from wscli.server.endpoints.echo import Echo
from wscli.session import asyncio_stream
from wscli.wire.codes import Opcode
from wscli.wire.events import Close, Messages, Ping


def test_a_client_above_the_limit_gets_503_until_another_leaves(serve):
    server = serve(max_clients=2)
    with connect(server.url) as first, connect(server.url):
        with pytest.raises(InvalidStatus) as caught, connect(server.url):
            pass
        assert caught.value.response.status_code == 503
        assert "2 clients are connected" in caught.value.response.body.decode()
        with Client(server) as client:
            assert client.fetch("/poll")[0].status == 200
        first.close()
        server.visit(), server.visit(), server.visit()
        with connect(server.url) as third:
            third.send("now")
            assert third.recv(timeout=20) == "now"


def test_a_message_above_the_limit_closes_with_1009(serve):
    with connect(serve(max_size=1000).url) as connection:
        connection.send("x" * 1000)
        assert len(connection.recv(timeout=20)) == 1000
        connection.send("x" * 1001)
        with pytest.raises(ConnectionClosedError) as caught:
            connection.recv(timeout=20)
    assert caught.value.rcvd.code == 1009


def test_a_message_that_inflates_beyond_the_limit_closes_with_1009(serve):
    with connect(serve(max_size=1 << 20).url, compression="deflate") as connection:
        connection.send("x" * (1 << 24))
        with pytest.raises(ConnectionClosedError) as caught:
            connection.recv(timeout=20)
    assert caught.value.rcvd.code == 1009


def test_messages_before_a_violation_are_answered_before_the_close(serve):
    with Client(serve()) as client:
        client.open("/echo")
        good = client.encoder.messages(1, [b"one", b"two"]) + client.encoder.ping(b"p")
        client.send(good + b"\x83\x80\x00\x00\x00\x00" + client.encoder.messages(1, [b"three"]))
        # A pong need not wait for the replies to messages that came with its ping (§5.5.2).
        reply = b"\x8a\x01p\x81\x03one\x81\x03two\x88\x11\x03\xeareserved-opcode"
        assert client.read_to_end() == reply


def test_a_client_that_does_not_answer_pings_is_dropped(serve):
    server = serve(ping_interval=0.05)
    with Client(server) as alive, Client(server) as dead:
        alive.open("/echo")
        dead.open("/hub")
        for _ in range(6):
            ping = alive.next(Ping)
            alive.send(alive.encoder.pong(ping.payload))
        pings = 0
        while isinstance(item := dead.next(Ping, Close), Ping):
            pings += 1
        assert pings == 2
        assert item == Close(1011, "keepalive ping timeout")
        alive.text("still here")
        assert alive.message() == b"still here"


def test_a_client_that_has_vanished_is_dropped(serve, monkeypatch):
    monkeypatch.setattr(connection, "_CLOSE_TIMEOUT", 0.1)
    server = serve(ping_interval=0.05)
    with Client(server) as dead:
        dead.open("/echo")
        visit = server.visit()
    assert (visit.code, visit.by, visit.clean) == (1011, "server", False)


def test_an_echo_reads_no_more_from_a_client_that_does_not_read(serve):
    with Client(serve(), receive_buffer=4096) as client:
        client.open("/echo")
        message = bytes(60_000)
        client.sock.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 2000:  # 120 MB, more than any buffer of the kernel takes
                client.send(client.encoder.messages(Opcode.BINARY, [message]))
                sent += 1
        assert sent < 2000


def test_a_client_that_reads_late_gets_all_pushed_messages(serve):
    with Client(serve(), receive_buffer=8192) as client:
        client.open("/push?n=20000&size=100")
        count = 0
        while not isinstance(item := client.next(Messages, Close), Close):
            count += len(item.payloads)
        assert count == 20_000


@pytest.mark.parametrize(
    ("target", "size"), [("/echo", 4 << 20), ("/push?n=1&size=4MiB", None)], ids=["echo", "push"]
)
def test_a_client_that_reads_slowly_gets_everything_before_tcp_ends(
    serve, monkeypatch, target, size
):
    monkeypatch.setattr(asyncio_stream, "_FIN_TIMEOUT", 0.2)
    monkeypatch.setattr(connection, "_CLOSE_TIMEOUT", 0.2)
    with Client(serve(), receive_buffer=65536) as client:
        client.open(target)
        if size is not None:
            message = client.encoder.messages(Opcode.BINARY, [bytes(size)])
            client.send(message + client.encoder.close(1000))
        pieces = [client.read()]
        while not pieces[-1].endswith(b"\x88\x02\x03\xe8"):
            time.sleep(0.01)  # 64 KiB each, so that it takes at least three times the limit
            pieces.append(client.read())
    assert sum(map(len, pieces)) == (4 << 20) + 10 + 4


def test_shutting_down_closes_every_client_with_1001(serve):
    server = serve()
    with connect(server.url) as echo, connect(server.url + "/hub") as hub, Client(server) as client:
        client.send(b"GET /longpoll?interval=1h HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with Client(server) as sign_of_life:
            sign_of_life.fetch("/poll")
        server.stop()
        for connection in (echo, hub):
            with pytest.raises(ConnectionClosedOK) as caught:
                connection.recv(timeout=20)
            assert caught.value.rcvd.code == 1001


def test_a_client_that_does_not_answer_does_not_delay_the_shutdown(serve):
    server = serve()
    with Client(server) as stalled, Client(server) as mute:
        stalled.open("/fault/stall")
        mute.open("/echo")
        server.stop()
        assert mute.closed().code == 1001
        with pytest.raises(ConnectionResetError):
            mute.read()


def test_a_client_without_a_request_does_not_delay_the_shutdown(serve):
    server = serve()
    with Client(server) as silent, Client(server) as other:
        other.fetch("/poll")
        server.stop()
        assert silent.read() == b""


def test_thousands_of_connections_leave_nothing_behind(serve):
    server = serve()
    for number in range(1500):
        with Client(server) as client:
            client.send(upgrade("/hub" if number % 2 else "/echo"))
            client.response()
            client.text("x")
            assert client.message() == b"x"
    for _ in range(1500):
        server.visit()
    server.stop()
    assert not _alive("ServerConnection", "Channel", "Hub", "Echo", "Room", "TimerHandle", "Task")


def _alive(*names):
    import gc

    gc.collect()
    ours = ("wscli.", "asyncio.", "_asyncio")  # pytest-xdist has a class Channel too
    return [
        each
        for each in gc.get_objects()
        if type(each).__name__ in names and type(each).__module__.startswith(ours)
    ]


def test_an_error_in_an_endpoint_ends_one_connection_and_is_reported(serve, monkeypatch):
    server = serve()
    with Client(server) as unlucky, Client(server) as other:
        unlucky.open("/echo")
        other.open("/hub")
        monkeypatch.setattr(Echo, "received", _fail)
        unlucky.text("x")
        with contextlib.suppress(ConnectionResetError):
            assert unlucky.read() == b""
        other.text("well?")
        assert other.message() == b"well?"
    ((_, error),) = server.failures
    assert isinstance(error, ZeroDivisionError)
    server.failures.clear()


def _fail(*args):
    raise ZeroDivisionError


def test_a_unix_socket_is_served_and_removed_at_the_end(serve, tmp_path):
    path = tmp_path / "wscli.sock"
    server = serve(unix_socket=str(path))
    assert server.url == "ws://localhost"
    with unix_connect(str(path), "ws://localhost/echo") as connection:
        connection.send("hello")
        assert connection.recv(timeout=20) == "hello"
    drop = unix_connect(str(path), "ws://localhost/fault/drop")
    with drop as connection, pytest.raises(ConnectionClosedError):
        connection.recv(timeout=20)
    assert server.visit().address == "local"
    server.stop()
    assert not path.exists()


def test_an_ipv6_address_is_served(serve):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = serve(host="::1")
    assert server.url.startswith("ws://[::1]:")
    with connect(server.url) as connection:
        connection.send("six")
        assert connection.recv(timeout=20) == "six"
