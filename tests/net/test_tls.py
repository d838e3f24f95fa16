"""TLS: trusted and untrusted certificates, hints for failures, and the options."""

import ssl
import subprocess
import sys

import pytest
import trustme

from tests.program import call, wscli


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def ca_file(ca, tmp_path):
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return path


def server_context(ca, *names, **options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, **options).configure_cert(context)
    return context


def script(peer):
    peer.accept()
    peer.text("secret")
    peer.close()
    peer.expect_close()


@pytest.fixture
def secure(ca, scripted):
    """Return a function that starts a TLS server with a certificate for some names."""

    def start(*names, **attributes):
        context = server_context(ca, *(names or ("127.0.0.1",)))
        for name, value in attributes.items():
            setattr(context, name, value)
        return scripted(script, tls=context)

    return start


def test_a_certificate_of_a_trusted_ca_is_accepted(secure, ca_file):
    result = call("listen", "-v", "--cacert", ca_file, secure().url)
    assert (result.status, result.out) == (0, b"secret\n")
    assert "* TLSv1.3, TLS_" in result.err


def test_a_certificate_of_an_unknown_ca_is_rejected(secure):
    result = call("listen", secure().url)
    assert (result.status, result.out) == (4, b"")
    assert "is not trusted: unable to get local issuer certificate" in result.err
    assert "issuer: O=trustme" in result.err
    assert "try: --cacert FILE" in result.err


def test_insecure_accepts_any_certificate(secure):
    assert call("listen", "-k", secure("other.name").url).out == b"secret\n"


def test_a_certificate_for_another_name_is_rejected_unless_that_name_is_given(secure, ca_file):
    server = secure("right.name")
    result = call("listen", "--cacert", ca_file, server.url)
    assert result.status == 4
    assert "names: right.name" in result.err
    assert "--server-name" in result.err
    named = call("listen", "--cacert", ca_file, "--server-name", "right.name", server.url)
    assert (named.status, named.out) == (0, b"secret\n")


def test_an_expired_certificate_is_rejected(ca, ca_file, scripted):
    import datetime

    context = server_context(
        ca, "127.0.0.1", not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    )
    result = call("listen", "--cacert", ca_file, scripted(script, tls=context).url)
    assert result.status == 4
    assert "certificate has expired" in result.err
    assert "to renew it" in result.err


def test_tls_to_a_plain_port_that_answers_suggests_ws(scripted):
    server = scripted(lambda peer: peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"))
    result = call("listen", server.url.replace("ws:", "wss:"))
    assert result.status == 4
    assert "does not speak TLS" in result.err
    assert "use ws:// instead of wss://" in result.err


def test_tls_to_a_plain_port_that_closes_suggests_ws(echo_url):
    result = call("listen", echo_url.replace("ws:", "wss:"))
    assert result.status == 4
    assert "use ws:// instead of wss://" in result.err


def test_plain_text_to_a_tls_port_suggests_wss(secure):
    result = call("listen", secure().url.replace("wss:", "ws:"))
    assert result.status == 5
    assert "wss://" in result.err


def test_plain_text_to_a_tls_port_that_sends_an_alert_suggests_wss(scripted):
    server = scripted(lambda peer: peer.refuse(b"\x15\x03\x01\x00\x02\x02\x46"))
    result = call("listen", server.url)
    assert result.status == 5
    assert "answered with a TLS record" in result.err
    assert "use wss:// instead of ws://" in result.err


def test_plain_text_to_a_tls_port_that_answers_in_plain_text_suggests_wss(scripted):
    page = b"<h1>The plain HTTP request was sent to HTTPS port</h1>"
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(page)
    result = call("listen", scripted(lambda peer: peer.refuse(answer + page)).url)
    assert result.status == 5
    assert "use wss:// instead of ws://" in result.err


def test_the_deadline_covers_a_plain_port_that_does_not_answer_tls(scripted):
    server = scripted(lambda peer: peer.wait_for_end())
    result = call("listen", "--connect-timeout", "300ms", server.url.replace("ws:", "wss:"))
    assert result.status == 6
    assert "negotiating TLS" in result.err


def test_a_server_that_closes_during_the_handshake_is_a_tls_error(scripted):
    server = scripted(lambda peer: peer.sock.close())
    result = call("listen", server.url.replace("ws:", "wss:"))
    assert result.status == 4
    assert "closed the connection during the TLS handshake" in result.err


@pytest.mark.parametrize("name", ["right.name.", "faß.example"])
def test_an_international_name_or_one_with_a_final_dot_is_verified_in_dns_form(
    secure, ca_file, name
):
    server = secure("right.name", "xn--fa-hia.example")
    url = f"wss://{name}:{server.port}/"
    resolve = f"{name}:{server.port}:127.0.0.1"
    result = call("listen", "--cacert", ca_file, "--resolve", resolve, url)
    assert (result.status, result.out) == (0, b"secret\n")
    result = call("listen", "--cacert", ca_file, "--server-name", name, server.url)
    assert (result.status, result.out) == (0, b"secret\n")


def test_a_version_of_tls_that_is_too_old_is_rejected(secure, ca_file):
    server = secure(maximum_version=ssl.TLSVersion.TLSv1_2)
    assert call("listen", "--cacert", ca_file, server.url).status == 0
    result = call("listen", "--cacert", ca_file, "--tls-min", "1.3", server.url)
    assert result.status == 4
    assert "no version of TLS that is allowed" in result.err


def test_a_client_certificate_is_sent_to_a_server_that_requires_one(
    ca, ca_file, scripted, tmp_path
):
    context = server_context(ca, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(context)
    server = scripted(script, tls=context)
    without = call("listen", "--cacert", ca_file, server.url)
    assert without.status == 4
    assert "--cert FILE --key FILE" in without.err
    client = ca.issue_cert("client@example.com")
    cert, key, both = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "both.pem"
    client.cert_chain_pems[0].write_to_path(cert)
    client.private_key_pem.write_to_path(key)
    client.private_key_and_cert_chain_pem.write_to_path(both)
    for options in (["--cert", cert, "--key", key], ["--cert", both]):
        result = call("listen", "--cacert", ca_file, *options, server.url)
        assert (result.status, result.out) == (0, b"secret\n")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--cacert", "/nonexistent"], "cannot read the CA certificates"),
        (["--cert", "/nonexistent"], "cannot read the client certificate"),
        (["--key", "/nonexistent"], "a private key needs its certificate"),
        (["--tls-min", "1.0"], "1.0"),
    ],
)
def test_invalid_tls_options_are_usage_errors(secure, options, complaint):
    result = call("listen", *options, secure().url)
    assert result.status == 2
    assert complaint in result.err


@pytest.mark.parametrize("name", ["a..b", "x" * 70])
def test_a_server_name_that_no_certificate_can_have_is_a_usage_error(secure, name):
    result = call("listen", "-k", "--server-name", name, secure().url)
    assert result.status == 2
    assert "is not a valid server name" in result.err


def test_a_rejected_certificate_leaves_no_socket_open(secure):
    code = (
        "import os, wscli\n"
        "errors = []\n"
        "for _ in range(10):\n"
        "    try: wscli.connect(%r)\n"
        "    except wscli.errors.TLSError as error: errors.append(error)\n"
        "print(len(errors), sum('socket' in os.readlink(f'/proc/self/fd/{fd}')"
        " for fd in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{fd}')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code % secure().url], capture_output=True, check=True
    )
    assert done.stdout == b"10 0\n"


def test_an_encrypted_key_is_an_error_and_not_a_password_prompt(ca, secure, tmp_path):
    key = tmp_path / "key.pem"
    encrypted = ca.private_key_pem.bytes()
    from cryptography.hazmat.primitives import serialization

    loaded = serialization.load_pem_private_key(encrypted, None)
    key.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    cert = tmp_path / "cert.pem"
    ca.cert_pem.write_to_path(cert)
    result = call("listen", "-k", "--cert", cert, "--key", key, secure().url)
    assert result.status == 2
    assert "the private key is encrypted" in result.err


def test_a_key_log_that_cannot_be_written_is_a_usage_error(secure):
    result = wscli("listen", "-k", secure().url, env={"SSLKEYLOGFILE": "/nonexistent/keys"})
    assert result.status == 2
    assert "SSLKEYLOGFILE" in result.err


def test_session_keys_are_logged_if_sslkeylogfile_is_set(secure, tmp_path):
    keys = tmp_path / "keys"
    wscli("listen", "-k", secure().url, env={"SSLKEYLOGFILE": str(keys)})
    assert "TRAFFIC_SECRET" in keys.read_text()


def test_inspect_shows_certificate_and_cipher(secure, ca_file):
    result = call("inspect", "--cacert", ca_file, secure().url)
    assert result.status == 0
    out = result.out.decode()
    assert "TLSv1.3, TLS_" in out
    assert "issuer" in out
    assert "days left" in out
    assert [line.split()[0] for line in out.splitlines()[-5:-1]] == [
        "name",
        "tcp",
        "tls",
        "upgrade",
    ]


def test_inspect_shows_a_certificate_that_is_not_verified(secure):
    out = call("inspect", "-k", secure().url).out.decode()
    assert "OU=Testing cert" in out
