"""One thread owns the socket: over TLS, with senders and a reader at once, no connection dies."""

import ssl
import threading

import pytest
import trustme

import wscli

CONNECTIONS = 50
SENDERS = 3
MESSAGES = 40
PAYLOAD = "x" * 3000


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


def test_a_reader_thread_hands_over_what_another_thread_sends(echo_url):
    received = []
    with wscli.connect(echo_url) as connection:

        def read():
            received.extend(connection.receive(timeout=20) for _ in range(100))

        reader = threading.Thread(target=read)
        reader.start()
        for n in range(100):
            connection.send(str(n))
        reader.join()
    assert received == [str(n) for n in range(100)]


def test_closing_from_another_thread_ends_a_wait(echo_url):
    ended = []
    connection = wscli.connect(echo_url)

    def read():
        ended.extend(connection)
        ended.append("ended")

    reader = threading.Thread(target=read)
    reader.start()
    connection.close()
    reader.join(20)
    assert ended == ["ended"]
