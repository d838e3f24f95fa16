"""The Python API: its public names, its arguments, and the time between two calls."""

import errno
import gc
import inspect
import logging
import subprocess
import sys
import threading
import time
import typing
import weakref

import pytest

import wscli
from tests.waiting import wait_until
from wscli import aio
from wscli.net.options import ConnectOptions
from wscli.wire.events import Close, Messages, Pong
from wscli.wire.frames import Frame

MIB = 1 << 20


def echo(peer):
    peer.accept()
    while (event := peer.expect((Messages, Close))) and isinstance(event, Messages):
        for payload in event.payloads:
            peer.frames(Frame(event.opcode, payload))
    peer.close()


# Public names


def test_connect_has_the_options_as_keyword_arguments():
    parameters = inspect.signature(wscli.connect).parameters
    hints = typing.get_type_hints(ConnectOptions)
    assert list(parameters) == ["url", *ConnectOptions._fields, "background"]
    own = typing.get_type_hints(wscli.connect, localns={"Session": wscli.Session})
    for name in ConnectOptions._fields:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default == ConnectOptions._field_defaults[name], name
        assert own[name] == hints[name], name


def test_aio_connect_has_the_same_arguments():
    parameters = dict(inspect.signature(wscli.connect).parameters)
    del parameters["background"]  # the event loop reads
    assert dict(inspect.signature(aio.connect).parameters) == parameters


@pytest.mark.parametrize(
    ("connect", "target"),
    [
        (wscli.connect, "wscli.session.connect.open_session"),
        (aio.connect, "wscli.aio.Connecting"),
    ],
    ids=["threads", "asyncio"],
)
def test_each_keyword_argument_becomes_its_option(monkeypatch, connect, target):
    taken = {}
    monkeypatch.setattr(target, lambda url, options, **others: taken.update(o=options))
    values = {name: object() for name in ConnectOptions._fields}
    connect("ws://localhost/", **values)
    assert taken["o"]._asdict() == values


def test_an_option_that_does_not_exist_is_a_type_error():
    with pytest.raises(TypeError, match="timeout"):
        wscli.connect("ws://localhost/", timeout=5)


def test_every_exported_name_exists():
    for name in wscli.__all__:
        assert getattr(wscli, name) is not None
    assert set(wscli.__all__) == set(dir(wscli))
    assert wscli.Message == str | bytes
    errors = [getattr(wscli, name) for name in wscli.__all__ if name.endswith(("Error", "Lost"))]
    assert all(issubclass(error, wscli.WscliError) for error in errors)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Sessions'"):
        _ = wscli.Sessions


@pytest.mark.parametrize("session", [wscli.Session, aio.AsyncSession])
def test_a_session_has_no_public_names_besides_its_api(session):
    public = {name for name in dir(session) if not name.startswith("_")}
    assert public == {
        "abort",
        "close",
        "closing",
        "end",
        "opening",
        "pending",
        "ping",
        "receive",
        "send",
        "subprotocol",
    }


@pytest.mark.parametrize("module", ["asyncio", "ssl", "websocket", "logging", "threading"])
def test_importing_the_package_does_not_load_heavy_modules(module):
    code = f"import sys, wscli; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_errors_are_also_built_in_errors():
    assert issubclass(wscli.TimedOut, TimeoutError)
    assert issubclass(wscli.ConnectError, OSError)
    assert issubclass(wscli.UsageError, ValueError)


def test_a_refused_connection_is_an_os_error(connect):
    with pytest.raises(OSError, match=r"could not connect.*127\.0\.0\.1:1") as caught:
        connect("ws://127.0.0.1:1/")
    assert caught.value.errno == errno.ECONNREFUSED
    assert "--" not in str(caught.value)


def test_a_refused_upgrade_shows_the_response_as_a_note(connect, scripted):
    def script(peer):
        peer.refuse("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(wscli.UpgradeError) as caught:
        connect(scripted(script).url)
    assert caught.value.http_status == 403
    assert "403 Forbidden" in caught.value.__notes__[0]
    assert "--" not in str(caught.value) + caught.value.__notes__[0]


# Arguments


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"connect_timeout": -1}, ValueError, "connect_timeout must be 0 or more seconds, not -1"),
        ({"close_timeout": float("nan")}, ValueError, "close_timeout must be 0 or more"),
        ({"close_timeout": None}, TypeError, "close_timeout must be a number of seconds"),
        ({"ping_interval": "5"}, TypeError, "ping_interval must be a number of seconds, not str"),
        ({"ping_timeout": True}, TypeError, "ping_timeout must be a number of seconds, not bool"),
        ({"max_size": -1}, ValueError, "max_size must be 0 bytes or more"),
        ({"max_size": "x"}, TypeError, "max_size must be a number of bytes, not str"),
        ({"origin": 5}, TypeError, "origin must be a str, not int"),
        ({"password": b"x"}, TypeError, "password must be a str, not bytes"),
        ({"max_size": 1.5}, TypeError, "max_size must be a number of bytes, not float"),
        ({"fragment": -1}, ValueError, "fragment must be 0 bytes or more"),
        ({"family": 5}, ValueError, "family must be 4, 6 or None"),
        ({"tls_min": "1.1"}, ValueError, "'1.1' is not a version of TLS"),
        ({"headers": [("bad name", "x")]}, ValueError, "bad name"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_sent(
    connect, scripted, options, error, message
):
    server = scripted(echo)
    with pytest.raises(error, match=message):
        connect(server.url, **options)
    assert server.connections == 0


@pytest.mark.parametrize("url", ["ws:///x", "ftp://localhost/", "ws://", "ws://localhost:99999/"])
def test_a_bad_url_is_a_value_error(connect, url):
    with pytest.raises(ValueError, match=r".+"):
        connect(url)


def test_a_ping_of_more_than_125_bytes_is_a_value_error(connect, scripted):
    with (
        connect(scripted(echo).url) as session,
        pytest.raises(ValueError, match="at most 125 bytes"),
    ):
        session.ping(bytes(126))


# Sending in time


def test_sending_times_out_if_the_peer_does_not_read(connect, scripted):
    go = threading.Event()

    def script(peer):
        peer.accept()
        go.wait(20)
        for _ in range(2):
            peer.expect()
        peer.expect_close()
        peer.close()

    with connect(scripted(script).url) as session:
        with pytest.raises(wscli.TimedOut, match=r"not sent within 0\.2 s") as caught:
            session.send(bytes(30 * MIB), timeout=0.2)
        assert "bytes are waiting" in caught.value.__notes__[0]
        go.set()
        session.send("and this", timeout=20)
    assert session.end.clean


# Between calls


def pinging(peer):
    """Ping every 50 ms, and end the connection if a pong takes longer than 300 ms."""
    peer.accept()
    peer.sock.settimeout(0.3)
    try:
        for number in range(20):
            peer.frames(Frame(9, b"%d" % number))
            peer.expect(Pong)
            time.sleep(0.05)
    except TimeoutError:
        peer.reset()
        return
    peer.sock.settimeout(20)
    peer.text("still here")
    peer.expect_close()
    peer.close()


def test_pings_are_answered_while_the_caller_is_busy(connect, scripted):
    with connect(scripted(pinging).url) as session:
        time.sleep(1.5)
        assert session.receive(timeout=20) == "still here"
    assert session.end.code == 1000


def test_without_the_reader_no_ping_is_answered_between_calls(scripted):
    session = wscli.connect(scripted(pinging).url, background=False)
    time.sleep(0.6)
    with pytest.raises(wscli.ConnectionLost):
        session.receive(timeout=20)


def test_messages_that_arrive_between_calls_are_kept_in_order(connect, scripted):
    def script(peer):
        peer.accept()
        for number in range(100):
            peer.text(str(number))
            time.sleep(0.002)
        peer.close()
        peer.expect_close()

    with connect(scripted(script).url) as session:
        time.sleep(0.3)
        assert list(session) == [str(number) for number in range(100)]


def test_the_reader_stops_reading_when_the_inbox_is_full(connect, scripted):
    sent = []

    def script(peer):
        peer.accept()
        peer.sock.settimeout(0.5)
        try:
            for _ in range(200):
                peer.frames(Frame(2, bytes(MIB)))
                sent.append(MIB)
        except TimeoutError:
            peer.reset()

    server = scripted(script)
    session = connect(server.url, max_size=MIB)
    server.finish()
    assert len(sent) < 100
    session.abort()


def test_the_close_of_the_peer_is_answered_between_calls(connect, scripted):
    answers = []

    def script(peer):
        peer.accept()
        peer.close(1001, "bye")
        answers.append(peer.expect_close())

    server = scripted(script)
    session = connect(server.url)
    server.finish()
    assert answers == [Close(1001, "")]
    with pytest.raises(wscli.ConnectionClosed):
        session.receive(timeout=20)


def test_a_close_waits_until_the_messages_before_it_have_been_taken(connect, scripted):
    received = []

    def script(peer):
        peer.accept()
        peer.text("question")
        peer.close()
        received.extend(peer.expect().payloads)
        peer.expect_close()

    server = scripted(script)
    session = connect(server.url)
    time.sleep(0.3)
    session.send(f"answer to {session.receive(timeout=20)}")
    with pytest.raises(wscli.ConnectionClosed):
        session.receive(timeout=20)
    server.finish()
    assert received == [b"answer to question"]


def readers():
    return [thread for thread in threading.enumerate() if thread.name == "wscli-reader"]


def test_the_reader_ends_with_the_connection(scripted):
    with wscli.connect(scripted(echo).url):
        assert len(readers()) == 1
    assert wait_until(lambda: not readers())


def test_a_session_without_references_is_dropped(scripted):
    server = scripted(echo)
    session = wscli.connect(server.url)
    time.sleep(0.2)  # the reader waits for the network
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None
    server.finish()
    assert wait_until(lambda: not readers())


def test_a_program_that_does_not_close_its_session_exits_at_once(scripted):
    code = (
        "import sys, wscli\n"
        "session = wscli.connect(sys.argv[1])\n"
        "session.send('hello')\n"
        "print(session.receive(timeout=5))\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, scripted(echo).url]
    done = subprocess.run(command, capture_output=True, check=False, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello\n", b"")


def test_several_threads_and_the_reader_can_share_a_session(scripted):
    with wscli.connect(scripted(echo).url) as session:
        for _ in range(3):
            time.sleep(0.1)  # the reader drives
            threads = [threading.Thread(target=session.send, args=("x",)) for _ in range(8)]
            for thread in threads:
                thread.start()
            assert [session.receive(timeout=20) for _ in threads] == ["x"] * 8
            for thread in threads:
                thread.join()


# The repr and the log


def test_the_repr_has_no_secrets(connect, scripted):
    server = scripted(echo)
    url = server.url.replace("://", "://me:secret@") + "?token=abc123def"
    with connect(url) as session:
        assert "secret" not in repr(session)
        assert "abc123def" not in repr(session)
        assert repr(session).endswith(" open>")
    assert repr(session).endswith(" ended>")


def test_the_opening_and_the_end_are_logged_without_secrets(connect, scripted, caplog):
    caplog.set_level(logging.DEBUG, logger="wscli")
    url = scripted(echo).url.replace("://", "://me:secret@") + "?token=abc123def"
    with connect(url, bearer=None, headers=[("Authorization", "Basic Zm9v")]):
        pass
    text = caplog.text
    assert "open after" in text
    assert "closed with 1000" in text
    assert "tcp done" in text
    assert not any(secret in text for secret in ("secret", "abc123def", "Zm9v"))


def test_a_loss_is_logged_as_a_warning(connect, scripted, caplog):
    def script(peer):
        peer.accept()
        peer.reset()

    session = connect(scripted(script).url)
    with pytest.raises(wscli.ConnectionLost):
        session.receive(timeout=20)
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "the connection was lost" in record.message


def test_nothing_is_logged_to_stderr_by_default(scripted):
    code = "import sys, wscli\nwith wscli.connect(sys.argv[1]): pass\n"
    command = [sys.executable, "-c", code, scripted(echo).url]
    assert subprocess.run(command, capture_output=True, check=True, timeout=20).stderr == b""
