"""A capture made from a recording equals the one that tshark made of the same sessions."""

import pytest
import trustme

from tests import tshark
from tests.interop.served import Served
from tests.interop.witness import Capture
from tests.program import wscli

SESSIONS = [
    ["send", "/echo", "hello", "hello", "x" * 70_000],
    ["send", "--no-compress", "--fragment", "100", "/echo?fragment=50", "-b", "y" * 300],
    ["ping", "-c", "2", "-i", "0", "/"],
    ["listen", "/close?code=4001&reason=bye"],
]


def run(url, recording):
    """Hold the sessions, one after the other, in one recording."""
    for command, *words in SESSIONS:
        words = [url + word if word.startswith("/") else word for word in words]
        result = wscli(command, "-vv", "--record", recording, "--append", *words)
        assert result.status in (0, 9), result.err


def exported(recording, path):
    result = wscli("export", recording, "--to", "pcapng", "-o", path)
    assert (result.status, result.err) == (0, "")
    return path


@pytest.mark.timeout(120)
def test_both_ends_export_what_tshark_captured(tmp_path):
    recording = tmp_path / "client.jsonl"
    captured = tmp_path / "captured.pcapng"
    with Served(tmp_path, "-vv") as served, Capture([served.url], captured) as capture:
        run(served.url, recording)
        halves = capture.connections(len(SESSIONS))
        port = int(served.url.rpartition(":")[2])
    seen = tshark.dissect(captured, port)
    for source in (recording, tmp_path / "served.ndjson"):
        made = exported(source, tmp_path / f"{source.stem}.pcapng")
        assert tshark.follow(made, len(SESSIONS)) == halves
        assert tshark.dissect(made).frames == seen.frames


@pytest.fixture
def secure_url(serve, tmp_path):
    """A server with TLS, and the options that trust it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "cert.pem")
    server = serve(tls=True, cert=str(tmp_path / "cert.pem"))
    return server.url.replace("127.0.0.1", "localhost"), ["--cacert", tmp_path / "ca.pem"]


def test_a_session_over_tls_is_readable_without_keys(secure_url, tmp_path):
    tshark.need_tshark()
    url, options = secure_url
    recording, keys = tmp_path / "recording.jsonl", tmp_path / "keys"
    env = {"SSLKEYLOGFILE": str(keys)}
    sent = wscli("send", "-vv", "--record", recording, *options, url, "hello", env=env)
    assert sent.status == 0, sent.err
    path = tmp_path / "made.pcapng"
    made = wscli("export", recording, "--to", "pcapng", "--keylog", keys, "-o", path)
    assert (made.status, made.err) == (0, "")
    found = tshark.dissect(path)
    close = b"\x03\xe8"
    assert [frame.payload for frame in found.frames] == [b"hello", b"hello", close, close]
    assert found.problems == []
    assert keys.read_bytes() in path.read_bytes()
