"""URLs and options as errors, logs and reprs show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.net.options import ConnectOptions
from wscli.net.redaction import mask, mask_password, mask_query, redact_url

SECRETS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-._~", min_size=8, max_size=20)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://host/path", "ws://host/path"),
        ("ws://user@host/", "ws://…@host/"),
        ("ws://user:pass@host:1/", "ws://…@host:1/"),
        ("ws://user:p@ss@host/", "ws://…@host/"),
        ("user:pass@host", "…@host"),
        ("ws://host/?token=1", "ws://host/?…"),
        ("ws://host/#part", "ws://host/#…"),
        ("ws://host/?mail=a@b", "ws://host/?…"),
        ("ws://host/a@b", "ws://…@b"),
        ("/chat?key=1", "/chat?…"),
    ],
)
def test_a_url_is_shown_without_credentials_query_and_fragment(url, shown):
    assert redact_url(url) == shown


@given(SECRETS, SECRETS, SECRETS)
def test_no_secret_of_a_url_is_ever_shown(user, password, token):
    shown = redact_url(f"wss://{user}:{password}@h/?{token}#{token}")
    assert shown == "wss://…@h/?…"


@given(st.text(max_size=60))
def test_redacting_twice_is_the_same_as_once(text):
    assert redact_url(redact_url(text)) == redact_url(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (None, None),
        ("http://proxy:3128", "http://proxy:3128"),
        ("http://user@proxy:3128", "http://user@proxy:3128"),
        ("http://user:pass@proxy:3128", "http://user:…@proxy:3128"),
        ("http://user:p:a@ss@proxy", "http://user:…@proxy"),
        ("user:pass@proxy:3128", "user:…@proxy:3128"),
        ("socks5h://u:p@[::1]:1080", "socks5h://u:…@[::1]:1080"),
    ],
)
def test_a_proxy_is_shown_with_its_user_and_without_the_password(url, shown):
    assert mask_password(url) == shown


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/?token=secret1", "not found: /?…"),
        ("/?a=1&token=secret1", "not found: /?token=…"),
        ("/?secret1", "not found: /?token=…"),
        ("/?token=short", "not found: /?token=secret1"),
        ("/", "not found: /?token=secret1"),
    ],
)
def test_a_value_of_the_query_that_a_response_repeats_is_masked(target, shown):
    assert mask_query("not found: /?token=secret1", target) == shown


@pytest.mark.parametrize(("value", "masked"), [("12345", False), ("123456", True)])
def test_a_value_of_fewer_than_six_characters_is_not_masked(value, masked):
    assert ("…" in mask_query(f"got {value}", f"/?k={value}")) == masked


def test_a_missing_secret_stays_none():
    assert (mask(None), mask(""), mask("secret")) == (None, "…", "…")


@given(SECRETS)
def test_the_repr_of_options_has_no_secret(secret):
    secret = f"zq{secret}"  # which no name of an option contains
    options = ConnectOptions(
        user="me",
        password=secret,
        bearer=secret,
        headers=(("Authorization", secret), ("X-Own", "shown")),
        proxy=f"http://me:{secret}@proxy",
        cookies=(f"session={secret}",),
    )
    assert secret not in repr(options)
    assert "shown" in repr(options)
