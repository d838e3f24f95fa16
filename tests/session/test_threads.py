"""One thread owns the socket: over TLS, with senders and a reader at once, no connection dies."""

import ssl
import threading

import pytest
import trustme

import wscli
from wscli.errors import ConnectionClosed, ConnectionLost, WscliError
from wscli.wire.events import Ping
from wscli.wire.frames import Frame

CONNECTIONS = 50
SENDERS = 3
MESSAGES = 40
PAYLOAD = "x" * 3000
PING = 10  # bytes of a ping as `ping` sends it: header, mask key and four bytes


@pytest.fixture(scope="module")
def certificates():
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return ca, context


def exchange(url, cacert, failures):
    """Send from several threads while this one reads; the server echoes."""
    try:
        with wscli.connect(url, cacert=cacert, connect_timeout=60) as connection:
            senders = [
                threading.Thread(target=send_all, args=(connection, name, failures))
                for name in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            received = [connection.receive(timeout=60) for _ in range(SENDERS * MESSAGES)]
            for sender in senders:
                sender.join()
        assert sorted(received) == sorted(
            f"{name} {n} {PAYLOAD}" for name in range(SENDERS) for n in range(MESSAGES)
        )
        assert connection.end.code == 1000
    except Exception as error:
        failures.append(error)


def send_all(connection, name, failures):
    try:
        for n in range(MESSAGES):
            connection.send(f"{name} {n} {PAYLOAD}")
    except Exception as error:
        failures.append(error)


@pytest.mark.timeout(180)
def test_fifty_tls_connections_with_senders_and_a_reader_each(
    websockets_server, certificates, tmp_path
):
    ca, context = certificates
    cacert = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(cacert)

    def echo(connection):
        for message in connection:
            connection.send(message)

    url = websockets_server(echo, ssl=context)
    failures = []
    for begin in range(0, CONNECTIONS, 10):
        threads = [
            threading.Thread(target=exchange, args=(url, str(cacert), failures))
            for _ in range(begin, begin + 10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_one_thread_can_send_while_another_receives(connect, echo_url):
    received = []
    with connect(echo_url) as connection:

        def read():
            received.extend(connection.receive(timeout=20) for _ in range(100))

        reader = threading.Thread(target=read)
        reader.start()
        for n in range(100):
            connection.send(str(n))
        reader.join()
    assert received == [str(n) for n in range(100)]


def waiting_reader(connection, outcome):
    """Start a thread that waits for a message without a timeout; return once it waits."""
    waiting = threading.Event()

    def read():
        connection.send("first")
        outcome.append(connection.receive())
        waiting.set()
        try:
            outcome.append(connection.receive())
        except WscliError as error:
            outcome.append(type(error))

    reader = threading.Thread(target=read)
    reader.start()
    assert waiting.wait(20)
    return reader


@pytest.mark.parametrize(("end", "error"), [("close", ConnectionClosed), ("abort", ConnectionLost)])
def test_ending_a_connection_from_another_thread_ends_a_wait(connect, echo_url, end, error):
    outcome = []
    connection = connect(echo_url)
    reader = waiting_reader(connection, outcome)
    getattr(connection, end)()
    reader.join(20)
    assert outcome == ["first", error]


def test_two_receivers_share_the_messages(connect, echo_url):
    count, received, failures = 2000, [], []

    def receive(connection):
        try:
            for _ in range(count // 2):
                received.append(connection.receive(timeout=20))
        except Exception as error:
            failures.append(error)

    with connect(echo_url) as connection:
        threads = [threading.Thread(target=receive, args=(connection,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        connection.send(*(str(n) for n in range(count)))
        for thread in threads:
            thread.join(30)
    assert failures == []
    assert sorted(received, key=int) == [str(n) for n in range(count)]


def test_taking_messages_from_a_full_inbox_resumes_reading(connect, scripted):
    """Another thread drives, and has stopped reading: it must be told to resume."""
    count, size = 200, 100_000

    def script(peer):
        peer.accept()
        for _ in range(count):
            peer.frames(Frame(2, bytes(size)))
        peer.frames(Frame(10, peer.expect(Ping).payload))
        peer.expect_close()
        peer.close()

    server = scripted(script)
    rtts = []
    with connect(server.url, max_size=1 << 20) as connection:
        driver = threading.Thread(target=lambda: rtts.append(connection.ping(timeout=30)))
        driver.start()
        sizes = [len(connection.receive(timeout=20)) for _ in range(count)]
        driver.join(30)
    assert sizes == [size] * count
    assert len(rtts) == 1


def test_messages_have_left_when_send_returns(connect, echo_url):
    """Even if the thread that drove at first has returned meanwhile."""
    with connect(echo_url) as connection:
        driver = threading.Thread(target=connection.ping)
        driver.start()
        connection.send(bytes(8 << 20))
        assert connection.pending <= PING  # which the other thread may send at any time
        driver.join(20)
        assert len(connection.receive(timeout=20)) == 8 << 20


def test_closing_gives_threads_that_send_no_error_but_connection_closed(connect, echo_url):
    failures, started = [], threading.Barrier(9)

    def send(connection):
        started.wait(20)
        try:
            while True:
                connection.send("x")
        except ConnectionClosed:
            pass
        except Exception as error:
            failures.append(error)

    connection = connect(echo_url)
    threads = [threading.Thread(target=send, args=(connection,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    started.wait(20)
    connection.close()
    for thread in threads:
        thread.join(20)
    assert failures == []
