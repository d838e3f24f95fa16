"""The request: headers, credentials, redirects, and the target, unchanged."""

import json
from base64 import b64encode

import pytest

from tests.program import call


def keeping(requests):
    """Return a script that accepts, keeps the request, and closes."""

    def script(peer):
        peer.accept()
        requests.append(peer.request)
        peer.close()
        peer.expect_close()

    return script


@pytest.fixture
def seen(scripted):
    """Return a function that runs wscli against a server, and gives the request it saw."""

    def run(*options, path="", check=True):
        requests = []
        server = scripted(keeping(requests))
        result = call("listen", *options, server.url + path)
        server.finish()
        if check:
            assert result.status == 0, result.err
        return requests[0] if requests else result

    return run


def names(request):
    return [name for name, _ in request.headers]


def test_the_default_request_has_these_headers(seen):
    request = seen()
    assert names(request) == [
        "Upgrade",
        "Host",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Connection",
        "Sec-WebSocket-Extensions",
        "User-Agent",
    ]
    assert request.headers.get("Origin") is None
    assert request.headers.get("User-Agent").startswith("wscli/")


def test_headers_keep_order_case_and_duplicates(seen):
    request = seen("-H", "x-B: 2", "-H", "X-a: 1", "-H", "x-B: 3", "-H", "Empty;")
    assert request.headers[-4:] == [("x-B", "2"), ("X-a", "1"), ("x-B", "3"), ("Empty", "")]


def test_a_header_replaces_a_default(seen):
    request = seen("-H", "user-agent: mine", "-H", "HOST: other", "-H", "Sec-WebSocket-Version: 8")
    assert names(request)[1] == "HOST"
    assert request.headers.get_all("host") == ["other"]
    assert request.headers.get_all("User-Agent") == ["mine"]
    assert request.headers.get_all("Sec-WebSocket-Version") == ["8"]


def test_a_header_without_a_value_removes_a_default(seen):
    request = seen("-H", "User-Agent:", "-H", "sec-websocket-extensions:")
    assert "User-Agent" not in names(request)
    assert "Sec-WebSocket-Extensions" not in names(request)


def test_the_response_is_checked_against_a_key_of_the_user(seen):
    request = seen("-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    assert request.headers.get("Sec-WebSocket-Key") == "dGhlIHNhbXBsZSBub25jZQ=="


def test_headers_are_read_from_a_file(seen, tmp_path):
    path = tmp_path / "headers"
    path.write_text("# comment\nX-One: 1\n\nX-Two: two\n")
    assert seen("-H", f"@{path}").headers[-2:] == [("X-One", "1"), ("X-Two", "two")]


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        (["-o", "https://a.example"], "Origin", "https://a.example"),
        (["--bearer", "abc"], "Authorization", "Bearer abc"),
        (["-u", "us er:pa:ss"], "Authorization", "Basic " + b64encode(b"us er:pa:ss").decode()),
        (["--cookie", "a=1", "--cookie", "b=2"], "Cookie", "a=1; b=2"),
        (["--host", "other:99"], "Host", "other:99"),
        (["--user-agent", "Mozilla"], "User-Agent", "Mozilla"),
        (["-s", "chat", "-s", "v2.json"], "Sec-WebSocket-Protocol", "chat,v2.json"),
        (["--no-compress"], "Sec-WebSocket-Extensions", None),
    ],
)
def test_each_option_has_its_header(seen, options, name, value):
    assert seen(*options).headers.get(name) == value


def test_credentials_in_the_url_are_sent(scripted):
    requests = []
    script = keeping(requests)
    server = scripted(script)
    call("listen", server.url.replace("ws://", "ws://us%40er:p%3Ass@"))
    server.finish()
    credentials = b64encode(b"us@er:p:ss").decode()
    assert requests[0].headers.get("Authorization") == f"Basic {credentials}"
    assert "@" not in requests[0].headers.get("Host")


def test_a_missing_password_needs_a_terminal(echo_url):
    result = call("listen", "-u", "user", echo_url)
    assert result.status == 2
    assert "the password of user is missing" in result.err


@pytest.mark.parametrize("path", ["a;p=1/b;q=2?x=%41&y", "a//b/../c", "?q", "{a}|b^`"])
def test_the_target_is_sent_unchanged(seen, path):
    assert seen(path=path).target == "/" + path


def test_a_header_may_be_utf8(seen):
    assert seen("-H", "X-Name: Zoë").headers.get("X-Name") == "Zoë"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["-H", "no colon"], "is not a header"),
        (["-H", "Bad Name: x"], "not a valid header name"),
        (["-H", "X: a\r\nY: b"], "cannot be sent"),
        (["-o", "a\r\nb"], "cannot be sent"),
        (["-s", "a b"], "not a valid subprotocol name"),
        (["-u", "a:b", "--bearer", "c"], "both a user and a bearer token"),
        (["-4", "-6"], "exclude each other"),
        (["--max-size", "huge"], "is not a size"),
        (["--connect-timeout", "soon"], "is not a duration"),
        (["--resolve", "x"], "is not HOST:PORT:ADDRESS"),
        (["--proxy", "ftp://x"], "proxy's URL is not valid"),
        (["-H", "@/nonexistent"], "cannot read headers"),
        (["--proxy", "http://bob:s3cr/et@proxy:x"], "…@proxy:x"),
        (["-H", b"X: \xff"], "cannot be sent"),
        (["-o", b"https://\xff"], "cannot be sent"),
        (["-u", b"\xff:x"], "cannot be sent"),
        (["-H", b"@/nonexist\xff"], "cannot read headers"),
    ],
)
def test_impossible_options_are_refused(options, complaint):
    result = call("listen", *options, "ws://127.0.0.1:1/")
    assert result.status == 2
    assert complaint in result.err
    assert result.out == b""


# Redirects


def redirect(location, status="302 Found"):
    return lambda peer: peer.refuse(f"HTTP/1.1 {status}\r\nLocation: {location}\r\n\r\n")


CREDENTIALS = ["-u", "a:b", "--cookie", "c=d", "-H", "X-Kept: 1"]


def test_redirects_are_not_followed_unless_asked(scripted):
    result = call("listen", scripted(redirect("/else")).url)
    assert result.status == 5
    assert "answered 302 Found instead of 101" in result.err


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 T", "308 P"])
def test_a_relative_redirect_keeps_the_credentials(scripted, status):
    requests = []
    server = scripted(redirect("/else?x=1", status), keeping(requests))
    result = call("listen", "-L", *CREDENTIALS, server.url)
    server.finish()
    assert result.status == 0
    assert requests[0].target == "/else?x=1"
    assert {"Authorization", "Cookie", "X-Kept"} <= set(names(requests[0]))


def test_a_redirect_to_another_origin_loses_the_credentials(scripted):
    requests = []
    other = scripted(keeping(requests))
    server = scripted(redirect(other.url.replace("ws:", "http:") + "x"))
    options = [*CREDENTIALS, "-H", "Proxy-Authorization: e"]
    result = call("listen", "-v", "-L", *options, server.url)
    other.finish()
    assert result.status == 0
    assert not {"Authorization", "Cookie", "Proxy-Authorization"} & set(names(requests[0]))
    assert requests[0].headers.get("X-Kept") == "1"
    assert "< HTTP/1.1 302 Found" in result.err


def test_a_host_header_of_the_user_stays_with_its_origin(scripted):
    requests = []
    other = scripted(keeping(requests))
    server = scripted(redirect(other.url.replace("ws:", "http:") + "#part"))
    assert call("listen", "-L", "-H", "Host: secret.internal", server.url).status == 0
    other.finish()
    assert requests[0].headers.get_all("Host") == [other.address]
    assert requests[0].target == "/"


def test_credentials_of_a_url_stay_with_its_origin(scripted):
    requests = []
    server = scripted(redirect("/again"), keeping(requests))
    call("listen", "-L", server.url.replace("ws://", "ws://a:b@"))
    server.finish()
    assert requests[0].headers.get("Authorization") == "Basic " + b64encode(b"a:b").decode()


def test_a_redirect_loop_ends_with_an_error(scripted):
    result = call("listen", "-L", scripted(redirect("/again")).url)
    assert result.status == 5
    assert "gave up after 10 redirects" in result.err


@pytest.mark.parametrize("location", ["ws://[::1/a", "ftp://h/", "http://h:x/"])
def test_a_redirect_to_an_invalid_url_is_an_error(scripted, location):
    result = call("listen", "-L", scripted(redirect(location)).url)
    assert result.status == 5
    assert "the server redirects to an invalid Location" in result.err


def test_a_redirect_without_a_location_is_an_error(scripted):
    server = scripted(lambda peer: peer.refuse("HTTP/1.1 302 Found\r\n\r\n"))
    assert call("listen", "-L", server.url).status == 5


def test_a_cookie_that_websocket_client_cannot_read_is_ignored(scripted):
    def script(peer):
        peer.accept("Set-Cookie: a@b=c; Path=/; domain=x")
        peer.text("fine")
        peer.close()
        peer.expect_close()

    result = call("listen", scripted(script).url)
    assert (result.status, result.out) == (0, b"fine\n")


def test_cookies_that_a_server_sets_are_not_sent_back(scripted):
    requests = []
    script = keeping(requests)

    def set_cookie(peer):
        peer.refuse(
            "HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: a=1; domain=localhost\r\n\r\n"
        )

    server = scripted(set_cookie, script)
    assert call("listen", "-L", server.url).status == 0
    server.finish()
    assert "Cookie" not in names(requests[0])


def test_the_open_event_has_both_heads(echo_url):
    result = call("listen", "--json", "--for", "50ms", "-H", "X-A: b", echo_url)
    event = json.loads(result.out.splitlines()[0])
    assert ["X-A", "b"] in event["request"]["headers"]
    assert event["response"]["status"] == 101


def test_headers_are_read_from_stdin(scripted):
    requests = []
    server = scripted(keeping(requests))
    result = call("listen", "-H", "@-", server.url, stdin=b"# a comment\nX-One: 1\n\nX-Two: two")
    assert result.status == 0, result.err
    assert requests[0].headers[-2:] == [("X-One", "1"), ("X-Two", "two")]


@pytest.mark.parametrize(
    ("args", "other"),
    [
        (["pipe", "-H", "@-", "demo:"], "for --header @-, or for the messages"),
        (["send", "-H", "@-", "demo:", "@-"], "for --header @-, or for the message @-"),
        (["send", "-H", "@-", "-H", "@-", "demo:", "a"], "for --header @-, or for --header @-"),
        (["send", "demo:", "@-", "@-"], "for the message @-, or for the message @-"),
        (["connect", "-H", "@-", "demo:"], "for --header @-, or for the session"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_stdin_is_read_for_one_purpose_only(args, other):
    result = call(*args, stdin=b"X-One: 1\n")
    assert (result.status, result.out) == (2, b"")
    assert f"stdin can be read only once: {other}\n" in result.err
    assert "try: @FILE in place of @-" in result.err
