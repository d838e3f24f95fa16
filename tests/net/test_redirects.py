"""Redirects: credentials that stay with their origin, and redirects that are not followed."""

import ssl

import pytest
import trustme

from tests.program import call
from wscli.net.connect import without_credentials
from wscli.net.options import ConnectOptions


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def files(ca, tmp_path):
    """Files with the CA's certificate, and a client's with its key."""
    client = ca.issue_cert("client@example.com")
    paths = tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem"
    ca.cert_pem.write_to_path(paths[0])
    client.cert_chain_pems[0].write_to_path(paths[1])
    client.private_key_pem.write_to_path(paths[2])
    return paths


def server_context(ca, name="127.0.0.1", *, certificates=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    if certificates:
        context.verify_mode = ssl.CERT_OPTIONAL
        ca.configure_trust(context)
    return context


def redirect(location):
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    return lambda peer: peer.refuse(head)


def greet(peer):
    peer.accept()
    peer.text("hello")
    peer.close()
    peer.expect_close()


def test_all_credentials_are_dropped_for_another_origin():
    options = ConnectOptions(
        headers=(("Authorization", "a"), ("X-Kept", "b")),
        user="u",
        password="p",
        bearer="b",
        cookies=("c",),
        host="h",
        cert="cert.pem",
        key="key.pem",
        server_name="name",
        cacert="ca.pem",
    )
    assert without_credentials(options) == ConnectOptions(
        headers=(("X-Kept", "b"),), cacert="ca.pem"
    )


def test_the_client_certificate_and_the_server_name_stay_with_their_origin(ca, files, scripted):
    certificates = []

    def look(peer):
        certificates.append(peer.sock.getpeercert())
        greet(peer)

    def send_on(peer):
        certificates.append(peer.sock.getpeercert())
        redirect(other.url)(peer)

    other = scripted(look, tls=server_context(ca, certificates=True))
    first = scripted(send_on, tls=server_context(ca, "first.name", certificates=True))
    cacert, cert, key = files
    options = ["--cacert", cacert, "--cert", cert, "--key", key, "--server-name", "first.name"]
    result = call("listen", "-L", *options, first.url)
    assert (result.status, result.out) == (0, b"hello\n")
    assert certificates[0]
    assert not certificates[1]


def test_a_redirect_to_an_unencrypted_connection_is_refused(ca, scripted):
    plain = scripted(greet)
    secure = scripted(redirect(f"{plain.url}ws?token=secret"), tls=server_context(ca))
    result = call("listen", "-k", "-L", f"{secure.url}?token=secret")
    assert (result.status, result.out) == (5, b"")
    assert plain.connections == 0
    assert result.err.splitlines() == [
        "wscli: the server redirects from wss:// to ws://, which is not encrypted",
        f"  {secure.url} redirects to {plain.url}ws",
        "try: --allow-downgrade follows it; anyone on the network path can then read and change it",
    ]


def test_a_redirect_to_an_unencrypted_connection_is_followed_if_allowed(ca, scripted):
    secure = scripted(redirect(scripted(greet).url), tls=server_context(ca))
    result = call("listen", "-k", "-L", "--allow-downgrade", secure.url)
    assert (result.status, result.out) == (0, b"hello\n")


def test_a_redirect_to_an_encrypted_connection_is_followed(ca, scripted):
    secure = scripted(greet, tls=server_context(ca))
    result = call("listen", "-k", "-L", scripted(redirect(secure.url)).url)
    assert (result.status, result.out) == (0, b"hello\n")


@pytest.mark.parametrize(
    ("location", "options"),
    [("/again?token=secret", ["-L"]), ("ws://h:x/?token=secret", ["-L"])],
    ids=["a loop", "no URL"],
)
def test_an_error_about_a_redirect_shows_no_query(scripted, location, options):
    result = call("listen", *options, scripted(redirect(location)).url + "?token=secret")
    assert result.status == 5
    assert "secret" not in result.err


@pytest.mark.parametrize("status", ["302 Found\r\nLocation: /new?token=secret", "404 Not Found"])
def test_a_hint_shows_no_query(scripted, status):
    head = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"
    result = call("listen", scripted(lambda peer: peer.refuse(head)).url + "old?token=secret")
    hint = result.err.splitlines()[-1]
    assert "/new " in hint or "/old " in hint
    assert "secret" not in hint
