"""The options as one value, and their repr."""

import pytest

from wscli.net.options import ConnectOptions

SECRETS = ConnectOptions(
    headers=(
        ("Authorization", "Basic secret"),
        ("PROXY-AUTHORIZATION", "secret"),
        ("cookie", "id=secret"),
        ("Host", None),
        ("X-Shown", "shown"),
    ),
    user="bob",
    password="secret",
    bearer="secret",
    cookies=("id=secret", "secret"),
    proxy="http://bob:secret@proxy:1",
)


def test_the_repr_hides_credentials():
    shown = repr(SECRETS)
    assert "secret" not in shown
    for part in ("'bob'", "('X-Shown', 'shown')", "('Host', None)", "http://bob:…@proxy:1"):
        assert part in shown
    assert shown.startswith("ConnectOptions(headers=(('Authorization', '…'), ")


def test_the_repr_shows_options_that_are_not_set():
    shown = repr(ConnectOptions())
    assert "password=None, bearer=None, cookies=()" in shown
    assert "proxy=None" in shown


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("proxy:3128", "proxy:3128"),
        ("bob@proxy:3128", "bob@proxy:3128"),
        ("bob:secret@proxy", "bob:…@proxy"),
        ("socks5://bob:se/c:ret@x@proxy", "socks5://bob:…@proxy"),
        ("http://:secret@proxy", "http://:…@proxy"),
        ("http://[::1]:1080", "http://[::1]:1080"),
    ],
)
def test_the_repr_hides_only_the_password_of_a_proxy(proxy, shown):
    assert f"proxy={shown!r}" in repr(ConnectOptions(proxy=proxy))
