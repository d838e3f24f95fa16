"""URLs as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.errors import UsageError
from wscli.net.url import Url, join_url, parse_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("ws://example.com", Url(False, "example.com", 80, "/")),
        ("wss://example.com/chat?x=1&y=%20", Url(True, "example.com", 443, "/chat?x=1&y=%20")),
        ("http://example.com:8080/a", Url(False, "example.com", 8080, "/a")),
        ("HTTPS://Example.com", Url(True, "Example.com", 443, "/")),
        ("localhost:8000/x", Url(False, "localhost", 8000, "/x")),
        ("example.com", Url(False, "example.com", 80, "/")),
        (":9000", Url(False, "localhost", 9000, "/")),
        (":9000/a/b", Url(False, "localhost", 9000, "/a/b")),
        ("ws://h?q", Url(False, "h", 80, "/?q")),
        ("ws://h/a;p=1/b;q=2?x;y", Url(False, "h", 80, "/a;p=1/b;q=2?x;y")),
        ("ws://h//double//", Url(False, "h", 80, "//double//")),
        ("ws://h/a b/ü", Url(False, "h", 80, "/a%20b/%C3%BC")),
        ("ws://h/{x}|^`", Url(False, "h", 80, "/{x}|^`")),
        ("ws://[::1]:8080/x", Url(False, "::1", 8080, "/x")),
        ("ws://[fe80::1%25eth0]/", Url(False, "fe80::1%eth0", 80, "/")),
        ("ws://bücher.example/", Url(False, "xn--bcher-kva.example", 80, "/")),
        ("ws://faß.de/", Url(False, "xn--fa-hia.de", 80, "/")),
        ("ws://fa%C3%9F.de/", Url(False, "xn--fa-hia.de", 80, "/")),
        ("ws://BÜCHER.Example./", Url(False, "xn--bcher-kva.example.", 80, "/")),
        ("ws://例え。テスト/", Url(False, "xn--r8jz45g.xn--zckzah", 80, "/")),
        ("ws://☕.example/", Url(False, "xn--53h.example", 80, "/")),
        ("ws://１２７.０.０.１/", Url(False, "127.0.0.1", 80, "/")),
        ("ws://xn--fa-hia.de/", Url(False, "xn--fa-hia.de", 80, "/")),
        ("ws://xn--fa-hia.faß.de/", Url(False, "xn--fa-hia.xn--fa-hia.de", 80, "/")),
        ("ws://u:p@h/", Url(False, "h", 80, "/", "u", "p")),
        ("ws://u%40x:p%3Aq@h/", Url(False, "h", 80, "/", "u@x", "p:q")),
        ("ws://u@h/", Url(False, "h", 80, "/", "u", None)),
        ("ws://u:@h/", Url(False, "h", 80, "/", "u", "")),
        ("ws://h/a@b:c", Url(False, "h", 80, "/a@b:c")),
    ],
)
def test_a_url_is_parsed(text, url):
    assert parse_url(text) == url


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "ws://HOST"),
        ("ftp://h/", "ftp://"),
        ("ws://h:0/", "not a valid port"),
        ("ws://h:65536/", "not a valid port"),
        ("ws://h:port/", "not a valid port"),
        ("ws://h/a#b", "%23"),
        ("ws://h ost/", "not a valid host name"),
        ("ws://a..ü/", "not a valid host name"),
        ("ws://\xad/", "not a valid host name"),
        ("ws://\u0300a/", "not a valid host name"),
        ("ws://a\u200db/", "not a valid host name"),
        ("ws://👩\u200d🚀/", "not a valid host name"),
        ("ws://א1a/", "not a valid host name"),
        (f"ws://{'ü' * 70}/", "not a valid host name"),
        (f"ws://{'☕' * 70}/", "not a valid host name"),
        ("ws://good.example／x.de/", "not a valid host name"),
        ("ws://", "the host is missing"),
        ("ws:///", "the host is missing"),
        ("wss:///path", "the host is missing"),
        ("ws://:8080/", "the host is missing"),
        ("ws://?query", "the host is missing"),
        ("u@:8080", "the host is missing"),
        ("/path", "the host is missing"),
        (":", "the host is missing"),
        (":/path", "the host is missing"),
        ("ws://[::1/", "ws://HOST"),
        ("ws://h[1]/", "ws://HOST"),
    ],
)
def test_an_invalid_url_is_rejected_with_a_hint(text, hint):
    with pytest.raises(UsageError) as caught:
        parse_url(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "text", ["ws://%1b%5d52;c;ZXZpbA==%07x/", "ws://127.0.0.1%00x/", "ws://a%20b/", "ws://%ff/"]
)
def test_a_percent_encoded_host_is_checked_in_decoded_form(text):
    with pytest.raises(UsageError):
        parse_url(text)


def test_a_url_that_is_not_utf8_is_rejected():
    with pytest.raises(UsageError, match="not UTF-8"):
        parse_url("ws://h/\udcff")


def test_credentials_are_left_out_of_the_evidence():
    with pytest.raises(UsageError) as caught:
        parse_url("ws://bob:secret@h:x/")
    assert "secret" not in caught.value.evidence
    assert "…@h:x" in caught.value.evidence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ws://h:x/ws?token=secret", "'ws://h:x/ws?…'"),
        ("ws://h/ws#secret", "'ws://h/ws#…'"),
        ("ws://bob:secret@h:x/?token=secret#secret", "'ws://…@h:x/?…'"),
        ("ws://h/\x07?token=secret", "'ws://h/\\x07?…'"),
        ("ws://h/\udcff?token=secret", "'ws://h/\\udcff?…'"),
    ],
)
def test_the_query_is_left_out_of_the_evidence(text, shown):
    with pytest.raises(UsageError) as caught:
        parse_url(text)
    assert caught.value.evidence == shown
    assert "secret" not in caught.value.hint


def test_the_repr_of_a_url_hides_its_password():
    url = parse_url("ws://bob:secret@h/")
    assert "secret" not in repr(url)
    assert "'bob'" in repr(url)


@pytest.mark.parametrize("control", ["\r\n", "\0", "\x1b", "\x7f"])
def test_a_control_character_in_a_url_is_rejected(control):
    with pytest.raises(UsageError, match="control character"):
        parse_url(f"ws://h/a{control}b")


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("ws://h/", "h"),
        ("ws://h:80/", "h"),
        ("ws://h:443/", "h:443"),
        ("wss://h/", "h"),
        ("wss://h:443/", "h"),
        ("wss://h:80/", "h:80"),
        ("ws://[::1]/", "[::1]"),
        ("ws://[fe80::1%25eth0]:81/", "[fe80::1]:81"),
    ],
)
def test_the_host_header_has_the_port_only_if_it_is_not_the_default(text, authority):
    assert parse_url(text).authority == authority


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/other", "ws://h:81/other"),
        ("other?x=1", "ws://h:81/a/other?x=1"),
        ("//else/x", "ws://else/x"),
        ("http://else:82/x", "ws://else:82/x"),
        ("https://else/x", "wss://else/x"),
        ("/x#part", "ws://h:81/x"),
        ("wss://else/x", "wss://else/x"),
    ],
)
def test_a_location_is_resolved_against_the_url_that_redirects(location, leads_to):
    assert str(join_url(parse_url("ws://h:81/a/b"), location)) == leads_to


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("ftp://else/", "ftp:// is not ws://, wss://, http:// or https://"),
        ("http://[else/", "only an IPv6 address has brackets"),
    ],
)
def test_an_invalid_location_is_explained(location, hint):
    with pytest.raises(UsageError) as caught:
        join_url(parse_url("ws://h:81/a/b"), location)
    assert caught.value.hint == hint


@given(st.text(max_size=40))
def test_any_text_is_a_url_or_a_usage_error(text):
    try:
        url = parse_url(text)
    except UsageError:
        return
    assert 0 < url.port < 65536
    assert url.target.startswith("/")
    assert url.target.isascii()
