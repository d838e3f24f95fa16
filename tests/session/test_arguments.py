"""The Python API's arguments: invalid ones are refused before anything is sent."""

import threading

import pytest

import wscli
from tests.waiting import wait_until
from wscli.errors import ConnectionClosed, ConnectionLost, TimedOut
from wscli.net.options import ConnectOptions
from wscli.session.connect import open_driver
from wscli.wire.events import Close, Messages, Ping
from wscli.wire.frames import Frame

MIB = 1 << 20


def test_a_timeout_of_zero_polls(scripted):
    go = threading.Event()

    def script(peer):
        peer.accept()
        go.wait(20)
        peer.text("one", "two")
        peer.expect_close()
        peer.close()

    with wscli.connect(scripted(script).url) as connection:
        for timeout in (0, -1):
            with pytest.raises(TimedOut):
                connection.receive(timeout=timeout)
        go.set()

        def poll():
            try:
                return connection.receive(timeout=0)
            except TimedOut:
                return None

        assert wait_until(poll) == "one"
        assert connection.receive(timeout=0) == "two"


def test_sending_raises_after_a_reset_even_with_a_full_inbox(scripted):
    full = threading.Event()

    def script(peer):
        peer.accept()
        for _ in range(5):
            peer.frames(Frame(2, bytes(MIB)))
        full.wait(20)
        peer.reset()

    server = scripted(script)
    connection = wscli.connect(server.url, max_size=MIB)
    with pytest.raises(TimedOut):
        connection.ping(timeout=0.5)
    full.set()
    server.finish()
    with pytest.raises(ConnectionLost):
        connection.send(*("is anybody there?" for _ in range(100)))
    with pytest.raises(ConnectionClosed):
        connection.ping(timeout=None)
    assert len(connection.receive(timeout=20)) == MIB
    connection.close()
    assert connection.end.code == 1006


def pings_with(scripted, answers, payloads):
    """Send pings with these payloads; return the round-trip time of each, None without a pong.

    The peer reads all pings, and then sends pongs with the payloads ``answers``.
    """

    def script(peer):
        peer.accept()
        for _ in payloads:
            peer.expect(Ping)
        peer.frames(*(Frame(10, answer) for answer in answers))
        peer.expect_close()
        peer.close()

    driver = open_driver(scripted(script).url, ConnectOptions())
    driver.start()
    pings = [driver.post_ping(payload) for payload in payloads]
    assert not driver.until(lambda: False, 0.3)
    driver.close()
    return [ping.rtt for ping in pings]


def test_two_pings_with_the_same_payload_each_get_a_pong(scripted):
    rtts = pings_with(scripted, [b"same", b"same"], [b"same", b"same"])
    assert None not in rtts


def test_a_single_pong_answers_the_older_of_two_equal_pings(scripted):
    first, second = pings_with(scripted, [b"same"], [b"same", b"same"])
    assert first is not None
    assert second is None


def test_a_pong_answers_earlier_pings_too(scripted):
    """RFC 6455 §5.5.3: a peer may answer only the most recent ping."""
    first, second, third = pings_with(scripted, [b"two"], [b"one", b"two", b"three"])
    assert first >= second > 0
    assert third is None


def test_an_unsolicited_pong_answers_nothing(scripted):
    assert pings_with(scripted, [b"other", b""], [b"one"]) == [None]


def test_if_one_message_has_a_wrong_type_none_is_sent(scripted):
    received = []

    def script(peer):
        peer.accept()
        received.append(peer.expect((Messages, Close)))
        peer.close()

    with wscli.connect(scripted(script).url) as connection:
        with pytest.raises(TypeError, match="a message must be str or bytes, not int"):
            connection.send("a", 5)
        with pytest.raises(UnicodeEncodeError):
            connection.send("a", "\ud800")
    assert received == [Close(1000, "")]


@pytest.mark.parametrize(
    "close",
    [
        (0,),
        (999,),
        (1004,),
        (1006,),
        (1015,),
        (1016,),
        (2999,),
        (5000,),
        (70000,),
        (-1,),
        (1005, "a reason without a code"),
        (1000, "x" * 124),
        (1000, "€" * 42),
    ],
)
def test_an_invalid_close_code_or_reason_is_refused(scripted, close):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())
        peer.close()

    with wscli.connect(scripted(script).url) as connection:
        with pytest.raises(ValueError, match=r"[cC]lose"):
            connection.close(*close)
        assert not connection.closing
    assert closes == [Close(1000, "")]


@pytest.mark.parametrize(
    "close", [(1000, ""), (1014, "x" * 123), (3000, "€" * 41), (4999, ""), (1005, "")]
)
def test_a_valid_close_code_and_reason_are_sent(scripted, close):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())
        peer.close()

    server = scripted(script)
    wscli.connect(server.url).close(*close)
    server.finish()
    assert closes == [Close(*close)]


def test_an_invalid_close_can_be_sent_as_a_frame(scripted):
    frames = []

    def script(peer):
        peer.accept()
        frames.append(peer.sock.recv(100))
        peer.fin()

    server = scripted(script)
    driver = open_driver(server.url, ConnectOptions())
    driver.start()
    driver.post_frame(Frame(8, b"\x03\xee", mask_key=bytes(4)))
    driver.close()
    server.finish()
    assert frames == [b"\x88\x82" + bytes(4) + b"\x03\xee"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subprotocols": "chat"}, "subprotocols must be a list or tuple of strings, not str"),
        ({"subprotocols": ["chat", 5]}, "of strings: item 1 is not one"),
        ({"cookies": "a=b"}, "cookies must be a list or tuple of strings, not str"),
        ({"cookies": {"a": "b"}}, "not dict"),
        ({"headers": {"X-Test": "1"}}, r"headers must be .* of \(name, value\) pairs, not dict"),
        ({"headers": "X-Test: 1"}, "not str"),
        ({"headers": ["X-Test: 1"]}, "item 0 is not one"),
        ({"headers": [("X-Test", 1)]}, "item 0 is not one"),
        ({"resolve": ["localhost:80:127.0.0.1"]}, "item 0 is not one"),
    ],
)
def test_options_of_a_wrong_type_are_refused(options, message):
    with pytest.raises(TypeError, match=message):
        wscli.connect("ws://127.0.0.1:1/", **options)


def test_options_may_be_lists(scripted):
    def script(peer):
        peer.accept("Sec-WebSocket-Protocol: chat")
        peer.expect_close()
        peer.close()

    server = scripted(script)
    options = {"subprotocols": ["chat"], "headers": [["X-Test", "1"]], "cookies": ["a=b", "c=d"]}
    with wscli.connect(server.url, **options) as connection:
        sent = connection.opening.request.headers
        assert connection.subprotocol == "chat"
    assert (sent.get("X-Test"), sent.get("Cookie")) == ("1", "a=b; c=d")
