"""Our client against servers made by others, with and without compression."""

import pytest

import wscli
from tests.interop.programs import CANNOT_FRAGMENT, LARGEST, SMALLER
from wscli.errors import ConnectionClosed
from wscli.wire.closing import Side

OFFERS = {
    "plain": {"compress": False},
    "default": {},
    "no takeover": {
        "headers": (
            (
                "Sec-WebSocket-Extensions",
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            ),
        )
    },
    "small windows": {
        "headers": (
            (
                "Sec-WebSocket-Extensions",
                "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9, "
                "permessage-deflate",
            ),
        )
    },
}


def text(size):
    return "é" * (size // 2) + "x" * (size % 2)


def binary(size):
    return bytes(range(256)) * (size // 256) + bytes(size % 256)


@pytest.fixture(params=OFFERS)
def connect(request, peer_server):
    """Return a function that connects to a path with one of the offers."""

    def start(path, **more):
        options = {"max_size": 1 << 30, **OFFERS[request.param], **more}
        return wscli.connect(peer_server.url + path, **options)

    start.compressed = request.param != "plain"
    start.largest = LARGEST[request.param]
    return start


def test_messages_of_all_sizes_come_back(connect, peer_server):
    with connect("/echo") as connection:
        assert (connection.opening.agreement.deflate is not None) == connect.compressed
        for size in (*SMALLER, connect.largest):
            for message in (text(size), binary(size)):
                connection.send(message)
                assert connection.receive(timeout=60) == message
    assert (connection.end.code, connection.end.clean) == (1000, True)
    assert peer_server.ended()[0] == 1000


def test_fragments_are_joined(connect, peer, peer_server):
    if peer[0] in CANNOT_FRAGMENT:
        pytest.skip(f"{peer[0]} sends each message in one frame")
    with connect("/fragment") as connection:
        for size in (3, 300, 70_000, connect.largest):
            for message in (text(size), binary(size)):
                connection.send(message)
                assert connection.receive(timeout=60) == message
    assert peer_server.ended()[0] == 1000


@pytest.mark.parametrize(
    ("size", "most"), [(3, 1), (300, 125), (70_000, 65_535), (1 << 20, 1 << 17)]
)
def test_our_fragments_are_joined(connect, peer_server, size, most):
    with connect("/echo", fragment=most) as connection:
        for message in (text(size), binary(size)):
            connection.send(message)
            assert connection.receive(timeout=60) == message
    assert peer_server.ended()[0] == 1000


def test_pings_both_ways(connect, peer_server):
    with connect("/ping") as connection:
        assert connection.receive(timeout=20) == "pong came"
        assert connection.ping(timeout=20) < 20
    assert peer_server.ended()[0] == 1000


@pytest.mark.parametrize(("code", "reason"), [(1000, "done"), (1001, ""), (4321, "own — ü")])
def test_we_close_first(connect, peer_server, code, reason):
    connection = connect("/echo")
    connection.close(code, reason)
    assert (connection.end.code, connection.end.began, connection.end.clean) == (
        code,
        Side.LOCAL,
        True,
    )
    assert peer_server.ended()[0] == code


@pytest.mark.parametrize(("code", "reason"), [(1000, "bye"), (1011, "oops"), (4001, "own")])
def test_the_peer_closes_first(connect, peer_server, code, reason):
    connection = connect(f"/close?code={code}&reason={reason}")
    with pytest.raises(ConnectionClosed):
        connection.receive(timeout=20)
    assert (connection.end.code, connection.end.reason) == (code, reason)
    assert (connection.end.began, connection.end.clean) == (Side.REMOTE, True)
    assert peer_server.ended()[0] == code
