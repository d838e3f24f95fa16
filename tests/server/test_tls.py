"""wss://, with a given certificate and with a generated one.

The client is the asyncio one of websockets. Its threaded client reads and writes a TLS socket in
two threads, which sometimes loses data.
"""

import asyncio
import contextlib
import shutil
import socket
import ssl
import struct
import sys
import threading
import time

import pytest
import trustme
from websockets.asyncio.client import connect

from tests.raw import Client, upgrade
from wscli.errors import UsageError
from wscli.server.certificate import make_certificate
from wscli.session import asyncio_stream
from wscli.wire.codes import Opcode, Role
from wscli.wire.encoder import Encoder


async def exchange(url, cafile, message):
    """Send a message, trusting the certificates in ``cafile``; return the reply and the Close."""
    context = ssl.create_default_context(cafile=cafile)
    async with connect(url, ssl=context, max_size=None) as connection:
        await connection.send(message)
        reply = await connection.recv()
        await connection.close(4000)
        return reply, connection.protocol.close_rcvd


def echoes(server, cafile):
    """Return True if the server echoes to a client that trusts this file and checks the name."""
    urls = [server.url, server.url.replace("127.0.0.1", "localhost")]
    return all(asyncio.run(exchange(url, cafile, "secret"))[0] == "secret" for url in urls)


def test_a_generated_certificate_can_be_trusted(serve):
    server = serve(tls=True)
    assert server.url.startswith("wss://")
    assert echoes(server, server.certificate)


def test_without_cryptography_openssl_makes_the_certificate(serve, monkeypatch):
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    monkeypatch.setitem(sys.modules, "cryptography", None)
    server = serve(tls=True)
    assert echoes(server, server.certificate)


def test_without_cryptography_and_openssl_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as caught:
        make_certificate(tmp_path, ["localhost"])
    assert "wscli-tool[tls]" in caught.value.hint


def test_a_generated_certificate_is_deleted_at_the_end(serve):
    server = serve(tls=True)
    folder = server.certificate.parent
    assert [path.name for path in folder.iterdir()] == ["certificate.pem"]
    server.stop()
    assert not folder.exists()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.mark.parametrize("together", [True, False], ids=["one file", "two files"])
def test_a_given_certificate_is_served(serve, authority, tmp_path, together):
    issued = authority.issue_cert("127.0.0.1", "localhost")
    cert, key, ca = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(cert if together else key, append=together)
    server = serve(cert=str(cert), key=None if together else str(key))
    assert echoes(server, ca)


def test_a_certificate_that_cannot_be_used_is_a_usage_error(serve, tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    for name in (bad, tmp_path / "missing.pem"):
        with pytest.raises(UsageError, match="cannot use the certificate"):
            serve(cert=str(name))


def test_plain_text_on_a_tls_port_does_no_harm(serve):
    server = serve(tls=True)
    with Client(server) as client:
        client.send(upgrade("/"))
        assert b"HTTP" not in client.read_to_end()
    assert echoes(server, server.certificate)


def test_a_large_message_and_the_close_arrive_over_tls(serve):
    server = serve(tls=True)
    message = bytes(3_000_000)
    reply, close = asyncio.run(exchange(server.url + "/hub", server.certificate, message))
    assert reply == message
    assert close.code == 4000
    assert server.visit().clean


def test_a_tls_handshake_that_completes_during_the_shutdown_is_dropped(serve):
    server = serve(tls=True)
    context = ssl.create_default_context(cafile=server.certificate)
    with (
        socket.create_connection(server.address, 20) as late,
        context.wrap_socket(
            socket.create_connection(server.address, 20), server_hostname="localhost"
        ) as mute,
    ):
        mute.sendall(upgrade("/echo"))
        ending = threading.Thread(target=server.stop)
        while b"the server is shutting down" not in mute.recv(4096):
            if not ending.is_alive():
                ending.start()
        secure = context.wrap_socket(late, server_hostname="localhost")
        with secure, contextlib.suppress(ConnectionError, ssl.SSLEOFError):
            secure.sendall(upgrade("/echo"))
            assert secure.recv(4096) == b""
        ending.join(20)


def test_an_unfinished_tls_handshake_does_not_delay_the_shutdown(serve):
    server = serve(tls=True)
    with Client(server) as silent:
        assert echoes(server, server.certificate)
        server.stop()
        assert silent.read_to_end() == b""


def test_a_timer_may_fire_while_asyncio_closes_a_lost_tls_connection(serve):
    server = serve(tls=True)
    context = ssl.create_default_context(cafile=server.certificate)
    client = Client(server)
    client.sock = context.wrap_socket(client.sock, server_hostname="localhost")
    client.open("/close?after=300ms")
    loop = server.loop
    late = loop.time() + 0.4
    stopped, reset = threading.Event(), threading.Event()

    def wait_for_the_timer():
        while loop.time() < late:
            pass

    def wait_for_the_reset():
        stopped.set()
        reset.wait(20)
        loop.call_soon(wait_for_the_timer)

    # The loop reads the reset in one turn, and in the next one the timer is due: by then asyncio's
    # TLS has given up its socket; the server's connection_lost has not been called yet.
    loop.call_soon_threadsafe(wait_for_the_reset)
    stopped.wait(20)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sock.close()
    reset.set()
    assert not server.visit().clean
    assert not server.failures


def test_a_client_that_reads_slowly_gets_everything_over_tls(serve, monkeypatch):
    monkeypatch.setattr(asyncio_stream, "_FIN_TIMEOUT", 0.2)
    server = serve(tls=True)
    context = ssl.create_default_context(cafile=server.certificate)
    encoder = Encoder(Role.CLIENT)
    with (
        Client(server, receive_buffer=65536) as client,
        context.wrap_socket(client.sock, server_hostname="localhost") as secure,
    ):
        client.sock = secure
        client.open("/echo")
        message = encoder.messages(Opcode.BINARY, [bytes(8 << 20)])
        client.send(message + encoder.close(1000))
        pieces = [client.read()]
        while not pieces[-1].endswith(b"\x88\x02\x03\xe8"):
            time.sleep(0.002)  # 16 KiB each, which makes it at least five times the limit
            pieces.append(client.read())
            assert pieces[-1], "the server ended TCP"
    assert sum(map(len, pieces)) == (8 << 20) + 10 + 4
