"""Credentials stay out of logs: ``-v`` masks them if stderr is not a terminal."""

import json
import re

import pytest

from tests.program import wscli
from wscli.sinks.human.talk import mask_secrets

SECRETS = [
    "-u",
    "me:password",
    "--cookie",
    "sid=0123456789",
    "-H",
    "Proxy-Authorization: Basic bWU6cGFzcw==",
]
VALUES = ["Basic bWU6cGFzc3dvcmQ=", "sid=0123456789", "Basic bWU6cGFzcw=="]
MASKED = "* credentials are masked here; --show-secrets shows them\n"


@pytest.fixture
def url(scripted):
    """The URL of a server that sets a cookie and closes."""

    def script(peer):
        peer.accept("set-cookie:  token=abcdef; HttpOnly")
        peer.close()
        peer.expect_close()

    return scripted(script).url


@pytest.mark.parametrize("verbosity", ["-v", "-vv"])
def test_credentials_are_masked_after_their_first_characters(url, verbosity):
    result = wscli("listen", verbosity, *SECRETS, url)
    assert result.status == 0
    assert "> Authorization: Basi…\n" in result.err
    assert "> Proxy-Authorization: Basi…\n" in result.err
    assert "> Cookie: sid=…\n" in result.err
    assert "< set-cookie:  toke…\n" in result.err
    assert not any(value in result.err for value in [*VALUES, "token=abcdef"])
    assert result.err.count(MASKED) == 1


@pytest.mark.parametrize("options", [["-v", "--show-secrets"], ["-vvv"]], ids=" ".join)
def test_credentials_are_shown_with_show_secrets(url, options):
    result = wscli("listen", *options, *SECRETS, url)
    assert all(value in result.err for value in [*VALUES, "token=abcdef"])
    assert MASKED not in result.err


def test_without_credentials_masking_is_not_mentioned(scripted):
    def script(peer):
        peer.accept()
        peer.close()
        peer.expect_close()

    assert MASKED not in wscli("listen", "-v", scripted(script).url).err


def test_a_terminal_shows_credentials_unmasked(terminal, url):
    listening = terminal("listen", "-v", *SECRETS, url, columns=200)
    assert listening.ended() == 0
    assert all(value in listening.text for value in VALUES)
    assert "masked" not in listening.text


def test_a_short_value_is_masked_whole(url):
    result = wscli("listen", "-v", "-H", "Cookie: a=b", "-H", "Authorization: ", url)
    assert "> Cookie: …\n" in result.err


def test_a_folded_value_is_masked_whole():
    head = ["Set-Cookie: sess=", " secret", "X-Kept: yes", "\tsecond line"]
    masked = mask_secrets([("<", line) for line in head])
    assert [line for _, line in masked] == ["Set-Cookie: sess…", " …", *head[2:]]


def test_the_recording_and_json_have_the_bytes(url, tmp_path):
    path = tmp_path / "recording"
    result = wscli("listen", "--json", "--record", path, *SECRETS, url)
    for line in (result.out.splitlines()[0], path.read_bytes().splitlines()[1]):
        headers = dict(json.loads(line)["request"]["headers"])
        assert [headers[name] for name in ("Authorization", "Cookie")] == VALUES[:2]


def test_inspect_shows_the_heads_unmasked(url):
    out = wscli("inspect", *SECRETS, url).out.decode()
    assert re.search("Authorization: Basic bWU6cGFzc3dvcmQ=", out)
