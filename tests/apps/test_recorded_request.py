"""The request that a replay sends: the recorded one, except for options that are given."""

import pytest

from tests.recordings import connections, opened
from wscli.apps.recorded_request import repeat_request, withheld_headers, without_redacted
from wscli.net.options import ConnectOptions
from wscli.net.url import parse_url

URL = "wss://example.com/feed?x=1"
HEADERS = [
    ("Host", "example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "keep-alive, Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
    ("Sec-WebSocket-Protocol", "v2, v1"),
    ("Origin", "https://app.example"),
    ("User-Agent", "Mozilla/5.0"),
    ("Cookie", "sid=1"),
    ("Authorization", "Bearer old"),
    ("X-Team", "a"),
    ("x-team", "b"),
]


def repeat(options=None, url=URL, headers=HEADERS):
    (connection,) = connections(opened(URL, headers=headers))
    return repeat_request(options or ConnectOptions(), connection.opening, parse_url(url))


def test_the_headers_that_do_not_belong_to_the_handshake_are_repeated_in_order():
    assert repeat().headers == (
        ("Cookie", "sid=1"),
        ("Authorization", "Bearer old"),
        ("X-Team", "a"),
        ("x-team", "b"),
    )


def test_what_has_an_option_of_its_own_is_repeated_by_it():
    found = repeat()
    assert found.origin == "https://app.example"
    assert found.subprotocols == ("v2", "v1")
    assert found.user_agent == "Mozilla/5.0"
    assert found.compress
    assert found.host is None


def test_compression_that_was_not_offered_is_not_offered():
    headers = [each for each in HEADERS if each[0] != "Sec-WebSocket-Extensions"]
    assert not repeat(headers=headers).compress


def test_a_host_header_of_its_own_is_repeated_for_the_same_server_alone():
    headers = [("Host", "virtual.example"), *HEADERS[1:]]
    assert repeat(headers=headers).host == "virtual.example"
    assert repeat(headers=headers, url="ws://localhost:1/").host is None


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"headers": (("x-TEAM", "c"),)}, ["Cookie", "Authorization", "x-TEAM"]),
        ({"headers": (("X-Team", None),)}, ["Cookie", "Authorization", "X-Team"]),
        ({"bearer": "new"}, ["Cookie", "X-Team", "x-team"]),
        ({"user": "me", "password": "x"}, ["Cookie", "X-Team", "x-team"]),
        ({"cookies": ("a=b",)}, ["Authorization", "X-Team", "x-team"]),
    ],
)
def test_an_option_takes_the_place_of_the_recorded_header(given, names):
    assert [name for name, _ in repeat(ConnectOptions(**given)).headers] == names


def test_options_take_the_place_of_what_was_recorded():
    given = ConnectOptions(
        origin="https://other.example",
        subprotocols=("v3",),
        user_agent="me",
        host="h",
        compress=False,
    )
    found = repeat(given)
    assert found._replace(headers=()) == given


@pytest.mark.parametrize(
    "url", ["ws://example.com/feed", "wss://example.com:444/", "wss://other.example/"]
)
def test_credentials_are_not_sent_to_another_server(url):
    names = [name for name, _ in repeat(url=url).headers]
    assert names == ["X-Team", "x-team"]
    (connection,) = connections(opened(URL, headers=HEADERS))
    found = withheld_headers(ConnectOptions(), connection.opening, parse_url(url))
    assert found == ["Cookie (for example.com)", "Authorization (for example.com)"]
    found = withheld_headers(ConnectOptions(bearer="x"), connection.opening, parse_url(url))
    assert found == ["Cookie (for example.com)"]


def test_credentials_are_sent_to_another_path_of_the_same_server():
    (connection,) = connections(opened(URL, headers=HEADERS))
    url = parse_url("wss://EXAMPLE.com/other")
    assert withheld_headers(ConnectOptions(), connection.opening, url) == []


def test_a_header_that_carries_a_key_by_convention_is_not_sent_to_another_server():
    found = repeat(url="ws://localhost:1/", headers=[("X-Api-Key", "k"), ("X-Team", "a")])
    assert found.headers == (("X-Team", "a"),)


def test_a_value_that_was_redacted_is_not_sent():
    headers = [("Authorization", "REDACTED"), ("X-Team", "a")]
    assert list(without_redacted(repeat(headers=headers)).headers) == [("X-Team", "a")]
    (connection,) = connections(opened(URL, headers=headers))
    found = withheld_headers(ConnectOptions(), connection.opening, parse_url(URL))
    assert found == ["Authorization (redacted)"]


def test_pseudo_headers_of_http2_are_left_out():
    headers = [*HEADERS, ("x-ok", "1")]
    (connection,) = connections(opened(URL, headers=headers))
    connection.opening.request.headers.append((":authority", "example.com"))
    found = repeat_request(ConnectOptions(), connection.opening, parse_url(URL))
    assert [name for name, _ in found.headers][-1] == "x-ok"
