"""The Python API: a session as a caller uses it, with servers that are not our own."""

import threading

import pytest

from wscli.errors import (
    ConnectError,
    ConnectionClosed,
    ConnectionLost,
    ProtocolError,
    TimedOut,
    UpgradeError,
    UsageError,
)
from wscli.wire.closing import Side
from wscli.wire.events import Close, Pong
from wscli.wire.frames import Frame


def test_text_is_str_and_binary_is_bytes_both_ways(connect, echo_url):
    with connect(echo_url) as connection:
        connection.send("text ✓", b"\x00\xff", "", b"")
        received = [connection.receive(timeout=5) for _ in range(4)]
    assert received == ["text ✓", b"\x00\xff", "", b""]
    assert (connection.end.code, connection.end.clean) == (1000, True)


def test_an_echo_client_is_a_loop(connect, scripted):
    echoed = []

    def script(peer):
        peer.accept()
        peer.text("one", "two")
        echoed.extend(peer.payloads(2))
        peer.close()
        peer.expect_close()

    with connect(scripted(script).url) as connection:
        for message in connection:
            connection.send(message)
    assert echoed == [b"one", b"two"]


def test_a_session_has_the_parsed_handshake(connect, echo_url):
    with connect(echo_url, headers=[("X-Test", "1")]) as connection:
        opening = connection.opening
    assert opening.request.headers.get("X-Test") == "1"
    assert opening.response.status == 101
    assert opening.agreement.deflate is not None
    assert set(opening.timings) == {"name", "tcp", "upgrade"}
    assert opening.opinion == "accepted"


def test_a_session_has_the_subprotocol_that_was_agreed_on(connect, websockets_server):
    url = websockets_server(lambda connection: connection.recv(), subprotocols=["b", "a"])
    with connect(url, subprotocols=("a", "b")) as connection:
        assert connection.subprotocol == "b"
        connection.send("done")


def test_receive_waits_no_longer_than_its_timeout(connect, echo_url):
    with connect(echo_url) as connection:
        with pytest.raises(TimedOut, match=r"no message came within 0\.05 s"):
            connection.receive(timeout=0.05)
        connection.send("still alive")
        assert connection.receive(timeout=5) == "still alive"


def test_a_ping_returns_its_round_trip_time(connect, echo_url):
    with connect(echo_url) as connection:
        connection.send("before")
        assert 0 < connection.ping() < 5
        assert 0 < connection.ping(b"payload") < 5
        assert connection.receive(timeout=5) == "before"
        with pytest.raises(UsageError):
            connection.ping(bytes(126))


def test_a_ping_that_is_not_answered_times_out(connect, scripted):
    def script(peer):
        peer.accept()
        peer.expect_close()
        peer.close()

    with connect(scripted(script).url) as connection, pytest.raises(TimedOut):
        connection.ping(timeout=0.05)


def test_iteration_ends_at_a_normal_close_and_later_calls_raise(connect, scripted):
    def script(peer):
        peer.accept()
        peer.text("last")
        peer.close(1001, "bye")
        peer.expect_close()

    with connect(scripted(script).url) as connection:
        assert list(connection) == ["last"]
        with pytest.raises(ConnectionClosed) as caught:
            connection.receive()
        assert (caught.value.code, caught.value.reason) == (1001, "bye")
        with pytest.raises(ConnectionClosed):
            connection.send("too late")


def test_iteration_raises_at_an_error_after_all_messages(connect, scripted):
    def script(peer):
        peer.accept()
        peer.text("one", "two")
        peer.close(1011, "oops")
        peer.expect_close()

    with connect(scripted(script).url) as connection:
        messages = iter(connection)
        assert [next(messages), next(messages)] == ["one", "two"]
        with pytest.raises(ConnectionClosed) as caught:
            next(messages)
    assert caught.value.code == 1011


def test_messages_before_a_violation_can_be_answered(connect, scripted):
    answers = []

    def script(peer):
        peer.accept()
        peer.send(Frame(1, b"good").to_bytes() + Frame(3).to_bytes())
        answers.append(peer.expect().payloads)
        answers.append(peer.expect_close())

    server = scripted(script)
    with connect(server.url) as connection:
        messages = iter(connection)
        connection.send(next(messages))
        with pytest.raises(ProtocolError):
            next(messages)
    server.finish()
    assert answers == [[b"good"], Close(1002, "reserved-opcode")]


def test_messages_before_a_close_can_be_answered(connect, scripted):
    answers = []

    def script(peer):
        peer.accept()
        peer.send(Frame(1, b"good").to_bytes() + Frame(8, b"\x03\xe8").to_bytes())
        answers.append(peer.expect().payloads)
        answers.append(peer.expect_close())

    server = scripted(script)
    with connect(server.url) as connection:
        for message in connection:
            connection.send(message)
    server.finish()
    assert answers == [[b"good"], Close(1000, "")]


def test_receive_raises_after_a_loss(connect, scripted):
    def script(peer):
        peer.accept()
        peer.text("before")
        peer.fin()

    with connect(scripted(script).url) as connection:
        assert connection.receive() == "before"
        with pytest.raises(ConnectionLost) as caught:
            connection.receive()
    assert caught.value.code == 1006


def test_close_sends_a_code_and_a_reason(connect, scripted):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())
        peer.close(4000, "too")

    connection = connect(scripted(script).url)
    connection.close(4000, "enough")
    connection.close()
    assert closes == [Close(4000, "enough")]
    assert (connection.end.code, connection.end.began) == (4000, Side.LOCAL)


def test_close_waits_no_longer_than_its_timeout(connect, scripted):
    def script(peer):
        peer.accept()
        peer.expect_close()
        peer.wait_for_end()

    connection = connect(scripted(script).url)
    connection.close(timeout=0.1)
    assert connection.end.detail == "the peer did not answer Close within 0.1 s"


def test_messages_that_arrived_before_the_close_can_be_received_after_it(connect, scripted):
    def script(peer):
        peer.accept()
        peer.text("kept")
        peer.expect_close()
        peer.text("late")
        peer.close()

    with connect(scripted(script).url) as connection:
        pass
    assert [connection.receive(), connection.receive()] == ["kept", "late"]


def test_an_exception_in_the_block_closes_with_going_away(connect, scripted):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())
        peer.close(1001)

    with pytest.raises(ZeroDivisionError), connect(scripted(script).url):
        raise ZeroDivisionError
    assert closes == [Close(1001, "")]


def test_the_answers_to_pings_and_close_can_be_turned_off(connect, scripted):
    silence = []

    def script(peer):
        peer.accept()
        peer.frames(Frame(9, b"are you there"))
        peer.text("go")
        peer.close(1000)
        silence.append(peer.expect((Pong, Close)))

    server = scripted(script)
    with connect(server.url, answer_pings=False, echo_close=False, close_timeout=0.1) as connection:
        assert connection.receive() == "go"
        with pytest.raises(TimedOut):
            connection.receive(timeout=0.2)
        connection.abort()
    server.finish()
    assert silence == [None]


def test_errors_of_connecting_are_raised(connect, scripted):
    with pytest.raises(ConnectError):
        connect("ws://127.0.0.1:1/")
    server = scripted(lambda peer: peer.refuse("HTTP/1.1 403 No\r\n\r\n"))
    with pytest.raises(UpgradeError):
        connect(server.url)
    with pytest.raises(TypeError):
        connect("ws://127.0.0.1:1/", no_such_option=1)


def test_messages_that_nobody_takes_make_the_server_wait(connect, scripted):
    """Waiting for a pong reads messages too, but only until the inbox is full."""
    sent = []
    stalled = threading.Event()

    def script(peer):
        peer.accept()
        peer.sock.settimeout(0.5)
        try:
            for _ in range(200):
                peer.frames(Frame(2, bytes(1 << 20)))
                sent.append(1)
        except TimeoutError:
            stalled.set()
        peer.sock.settimeout(20)
        peer.wait_for_end()

    server = scripted(script)
    with connect(server.url, close_timeout=0.1, max_size=1 << 20) as connection:
        with pytest.raises(TimedOut):
            connection.ping(timeout=2)
        assert stalled.is_set()
    assert len(sent) < 50


def test_a_flood_of_pings_is_answered_with_the_newest_only(connect, scripted):
    """RFC 6455 §5.5.3; a peer that pings and does not read cannot fill our memory."""

    def script(peer):
        peer.accept()
        for _ in range(100):
            peer.send(Frame(9, bytes(100)).to_bytes() * 2000)
        peer.text("done")
        peer.wait_for_end()

    with connect(scripted(script).url, close_timeout=0.1) as connection:
        assert connection.receive(timeout=30) == "done"
        assert connection.pending < 1 << 20


@pytest.mark.parametrize("message", [5, None, ["a"], 1.5])
def test_a_message_that_is_neither_str_nor_bytes_is_refused(connect, echo_url, message):
    with connect(echo_url) as connection, pytest.raises(TypeError):
        connection.send(message)


def test_sending_after_the_peers_close_raises_its_code_and_reason(connect, scripted):
    def script(peer):
        peer.accept(then=Frame(8, b"\x03\xf0token expired").to_bytes())
        peer.expect_close()

    with connect(scripted(script).url) as connection:
        with pytest.raises(ConnectionClosed) as caught:
            connection.send("hello")
        assert (caught.value.code, caught.value.reason) == (1008, "token expired")


def test_an_unanswered_keepalive_ping_closes_with_1011(connect, scripted):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())

    server = scripted(script)
    connection = connect(server.url, ping_interval=0.05, ping_timeout=0.1)
    with pytest.raises(TimedOut, match="keepalive"):
        connection.receive(timeout=20)
    server.finish()
    assert closes == [Close(1011, "keepalive ping timeout")]


def test_messages_of_several_threads_keep_their_order(connect, echo_url):
    count, senders = 300, 4
    with connect(echo_url) as connection:
        threads = [
            threading.Thread(
                target=lambda name: [connection.send(f"{name} {n}") for n in range(count)],
                args=(name,),
            )
            for name in range(senders)
        ]
        for thread in threads:
            thread.start()
        received = [connection.receive(timeout=20) for _ in range(count * senders)]
        for thread in threads:
            thread.join()
    for name in range(senders):
        mine = [message for message in received if message.startswith(f"{name} ")]
        assert mine == [f"{name} {n}" for n in range(count)]
