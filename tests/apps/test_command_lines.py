"""Commands made from a recording mean, in a shell, what the recording has."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wscli.apps.command_lines import curl_command, shell_quote, wscli_commands
from wscli.cli.main import load_command
from wscli.net.opening import Opening
from wscli.net.url import parse_url
from wscli.records.connections import RecordedConnection
from wscli.session.events import Batch, Opened
from wscli.wire.events import Messages, Ping
from wscli.wire.head import parse_request

HANDSHAKE = (
    "Host: example.com\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def opening(*headers, url="wss://example.com/feed", handshake=HANDSHAKE):
    made = Opening(parse_url(url))
    made.timings = {"upgrade": 0.1}
    lines = "".join(f"{header}\r\n" for header in headers)
    made.request = parse_request(
        f"GET {made.url.target} HTTP/1.1\r\n{handshake}{lines}\r\n".encode()
    )
    return made


def connection(made, *messages):
    """Return a connection whose client sent messages; str is text, bytes are binary."""
    recorded = RecordedConnection(3)
    recorded.add(Opened(made, 0.0, 0.1))
    for message in messages:
        opcode, payload = (1, message.encode()) if isinstance(message, str) else (2, message)
        recorded.add(Batch(False, 1.0, 1.0, [Messages(opcode, [payload])]))
    return recorded


def in_shell(command, *, shell="bash"):
    """Return the words that a shell makes of a command, without its name."""
    script = f'{command.partition(" ")[0]}() {{ printf "%s\\0" "$@"; }}\n{command}'
    done = subprocess.run([shell, "-c", script], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def lines(made, *messages):
    return wscli_commands(connection(made, *messages), "page.har").splitlines()


def parsed(line):
    """Return the parameters that a command of wscli would be given."""
    name, *words = in_shell(line)
    command = load_command(name)
    with command.make_context(name, words) as context:
        return context.params


@settings(max_examples=40)
@given(st.lists(WORDS, min_size=1, max_size=10))
def test_a_shell_reads_quoted_words_as_they_were(words):
    assert in_shell(" ".join(["f", *map(shell_quote, words)])) == words


@pytest.mark.parametrize("word", ["\x1b]0;title\x07", "\u202e", "\x9b", "a'\\\n\x01"])
def test_no_word_can_send_escape_sequences_to_a_terminal(word):
    quoted = shell_quote(word)
    assert quoted.replace("\n", "").isascii()
    assert quoted.replace("\n", "").isprintable()
    assert in_shell(f"f {quoted}") == [word]


def test_curl_sends_the_headers_of_the_request_in_their_order():
    words = in_shell(curl_command(opening("X-Empty:", 'X-Quote: it\'s "this"')))
    given = [words[index + 1] for index, word in enumerate(words) if word == "-H"]
    assert given == [
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "X-Empty;",
        'X-Quote: it\'s "this"',
        "User-Agent:",
        "Accept:",
    ]
    assert words[-1] == "https://example.com/feed"
    assert "--http1.1" in words


def test_curl_leaves_out_its_own_headers_only_where_the_request_has_none():
    words = in_shell(curl_command(opening("User-Agent: x", "Accept: */*")))
    assert "User-Agent:" not in words
    assert "User-Agent: x" in words


def test_a_host_that_is_not_the_url_s_is_sent():
    made = opening(handshake=HANDSHAKE.replace("example.com", "other"))
    assert "Host: other" in in_shell(curl_command(made))


@pytest.mark.parametrize(
    ("url", "option"),
    [("ws://h/[a]?{x}", "--globoff"), ("ws://h/a/../b", "--path-as-is"), ("ws://h/a", None)],
)
def test_curl_takes_the_url_as_it_is(url, option):
    words = in_shell(curl_command(opening(url=url)))
    assert [word for word in words if word in ("--globoff", "--path-as-is")] == [
        *([option] if option else [])
    ]
    assert words[-1] == url.replace("ws", "http")


def test_curl_connects_to_a_unix_socket():
    made = opening()
    made.address = "/run/a socket"
    words = in_shell(curl_command(made))
    assert words[words.index("--unix-socket") + 1] == "/run/a socket"


def test_the_options_are_those_that_repeat_the_request():
    made = opening(
        "Origin: https://example.com",
        "Sec-WebSocket-Protocol: chat, superchat",
        "Cookie: a=1; b=2",
        "Authorization: Bearer t0ken",
        "User-Agent: Mozilla/5.0",
        "X-Empty:",
        "Accept-Language: de",
    )
    comment, connect = lines(made)
    assert comment == "# connection 3: 0 sent, 0 received to wss://example.com/feed"
    params = parsed(connect)
    assert params["url"] == "wss://example.com/feed"
    assert params["origin"] == "https://example.com"
    assert params["subprotocols"] == ("chat", "superchat")
    assert params["cookies"] == ("a=1; b=2",)
    assert params["bearer"] == "t0ken"
    assert params["user_agent"] == "Mozilla/5.0"
    assert params["headers"] == ([("X-Empty", "")], [("Accept-Language", "de")])
    assert params["compress"]


def test_a_request_without_compression_is_repeated_without_it():
    without = "".join(HANDSHAKE.splitlines(keepends=True)[:-1])
    assert not parsed(lines(opening(handshake=without))[1])["compress"]


def test_other_credentials_stay_in_their_header():
    params = parsed(lines(opening("Authorization: Basic bWU6c2VjcmV0"))[1])
    assert params["headers"] == ([("Authorization", "Basic bWU6c2VjcmV0")],)


@pytest.mark.parametrize(
    ("messages", "texts"),
    [
        (["one", "two"], ("one", "two")),
        (["@file", "-x", ""], ("@@file", "-x", "")),
        (['it\'s\n\t$HOME "é"'], ('it\'s\n\t$HOME "é"',)),
        ([b"\x00\xff", b""], ("b64:AP8=", "b64:")),
    ],
)
def test_a_few_messages_are_a_command_that_sends_them(messages, texts):
    line = "\n".join(lines(opening(), *messages)[2:])
    assert line.startswith("wscli send ")
    params = parsed(line)
    assert params["messages"] == texts
    assert params["binary"] == isinstance(messages[0], bytes)


@pytest.mark.parametrize(
    "messages", [["x"] * 11, ["text", b"binary"], ["x" * 5000], ["nul \0 in it"]]
)
def test_other_messages_are_a_replay_of_the_file(messages):
    params = parsed(lines(opening(), *messages)[-1])
    assert (params["file"], params["connection"]) == ("page.har", 3)


def test_pings_are_not_sent_again():
    recorded = connection(opening())
    recorded.add(Batch(False, 1.0, 1.0, [Ping(b"")]))
    assert len(wscli_commands(recorded, "f").splitlines()) == 2


def test_a_connection_without_an_opening_is_a_comment():
    assert wscli_commands(RecordedConnection(1), "f").startswith("# connection 1")
