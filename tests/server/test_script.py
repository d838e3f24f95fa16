"""Replies by the rules of a script."""

import contextlib
import json
import time

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.clock import HandClock
from tests.raw import Client
from tests.waiting import wait_until
from wscli.errors import UsageError
from wscli.payload.matching import PatternTimeout, parse_matcher
from wscli.server.script import Script, ScriptReply, ScriptRule, SlowRule, load_script

SCRIPT = r"""
[[rule]]
match = "^ping$"
reply = "pong"

[[rule]]
match = { op = "subscribe", channel = ["news", 1, true] }
reply = "@welcome.json"

[[rule]]
match = "later"
reply = "0xcafe"
delay = "50ms"

[[rule]]
match = "image"
reply = "@image.bin"

[[rule]]
match = "at"
reply = "@@home"

[[rule]]
match = "quiet"

[[rule]]
match = "bye"
reply = "so long"
close = 4001
reason = "as you wish"
"""


@pytest.fixture
def script(tmp_path):
    """Return a function that writes a script into the folder of the files that it names."""
    (tmp_path / "welcome.json").write_text('{"ok":true}')
    (tmp_path / "image.bin").write_bytes(b"\x89PNG\xff")

    def write(text):
        (tmp_path / "script.toml").write_text(text)
        return str(tmp_path / "script.toml")

    return write


def ask(connection, *messages):
    """Send messages, and return the same number of replies."""
    for message in messages:
        connection.send(message)
    return [connection.recv(timeout=20) for _ in messages]


def test_the_first_rule_that_matches_answers_on_every_path(serve, script):
    with connect(serve(script=script(SCRIPT)).url + "/api/v1/socket") as connection:
        assert ask(connection, "ping") == ["pong"]
        subscribe = {"channel": ["news", 1, True], "op": "subscribe"}
        assert ask(connection, json.dumps(subscribe, indent=2)) == ['{"ok":true}']
        assert ask(connection, b"an image", "at") == [b"\x89PNG\xff", "@home"]


def test_a_message_that_no_rule_matches_is_echoed(serve, script):
    with connect(serve(script=script(SCRIPT)).url) as connection:
        others = ["pinging", '{"op":"subscribe"}', b"\xff", '{"channel":["news",1,1]}', "[1"]
        assert ask(connection, *others) == others


def test_with_otherwise_silent_other_messages_get_no_reply(serve, script):
    with connect(serve(script=script('otherwise = "silent"\n' + SCRIPT)).url) as connection:
        connection.send("nothing to say")
        assert ask(connection, "ping") == ["pong"]


def test_a_rule_without_a_reply_sends_nothing(serve, script):
    with connect(serve(script=script(SCRIPT)).url) as connection:
        connection.send("quiet please")
        assert ask(connection, "ping") == ["pong"]


def test_replies_keep_the_order_of_the_messages_even_if_one_is_delayed(serve, script):
    with connect(serve(script=script(SCRIPT)).url) as connection:
        assert ask(connection, "later", "ping", "later", "x") == [
            b"\xca\xfe",
            "pong",
            b"\xca\xfe",
            "x",
        ]


def test_all_messages_behind_a_delayed_reply_are_answered(serve, script):
    with connect(serve(script=script(SCRIPT)).url) as connection:
        messages = ["later", *(f"message {number}" for number in range(5000))]
        assert ask(connection, *messages)[1:] == messages[1:]


def test_reading_stops_when_too_many_messages_wait_behind_a_delay(serve, script):
    server = serve(script=script('[[rule]]\nmatch = "wait"\ndelay = "1h"\n'))
    with Client(server) as client:
        client.open()
        client.text("wait")
        flood = client.encoder.messages(2, [bytes(1 << 20)]) * 100  # more than the kernel takes
        client.sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.send(flood)


@pytest.fixture
def long_replies(serve, script, tmp_path):
    """A server that answers each message with 60,000 bytes, and a client that does not read yet."""
    (tmp_path / "long.txt").write_text("x" * 60_000)
    server = serve(script=script('[[rule]]\nreply = "@long.txt"\n'))
    with Client(server, receive_buffer=4096) as client:
        client.open()
        client.text(*["?"] * 2000)
        yield server, client


def test_replies_wait_for_the_client_to_read_them(long_replies):
    server, client = long_replies
    client.read()
    client.reset()
    assert server.visit().bytes_out < 60_000_000


def test_a_client_that_reads_late_gets_all_replies(long_replies):
    _, client = long_replies
    for _ in range(2000):
        assert len(client.message()) == 60_000


def test_deeply_nested_json_does_not_match(serve, script):
    with connect(serve(script=script(SCRIPT)).url) as connection:
        deep = "[" * 100_000
        assert ask(connection, deep) == [deep]


def test_a_rule_can_close(serve, script):
    with connect(serve(script=script(SCRIPT)).url) as connection:
        assert ask(connection, "bye") == ["so long"]
        with pytest.raises(ConnectionClosedError) as caught:
            connection.recv(timeout=20)
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4001, "as you wish")


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ('\n[[rule]]\nmatch = "(("\n', 3, "match: "),
        (
            '[[rule]]\nmatch = "a"\n\n[[rule]]\nmatch="b"\nreplay = "c"\n',
            6,
            "unknown key 'replay'; a rule has close, delay, match",
        ),
        ('[[rule]]\nreply = "@missing.txt"\n', 2, "missing.txt"),
        ('[[rule]]\nreply = "0xZZ"\n', 2, "reply: 'Z' is not a hexadecimal digit"),
        ("[[rule]]\nreply = 5\n", 2, "reply: 5 is not a string"),
        ('[[rule]]\ndelay = "soon"\n', 2, "'soon' is not a duration"),
        ('[[rule]]\nreply = """\n[[rule]]\n"""\n[[rule]]\nclose = "1000"\n', 6, "close: '1000'"),
        ('rule = [\n{},\n{delay = "soon"}]\n', 3, "'soon' is not a duration"),
        ("[[rule]]\nclose = true\n", 2, "close: True"),
        ("[[rule]]\nclose = 70000\n", 2, "close: 70000"),
        ("[[rule]]\nmatch = 2026-01-01\n", 2, "match: "),
        ('otherwise = "shout"\n', 1, 'otherwise must be "echo" or "silent", not'),
        ('# rules\nanswer = "x"\n', 2, "unknown key 'answer'; a script has"),
        ("rule = 5\n", 1, "each rule must be a table"),
        (f'[[rule]]\nmatch = "{"(" * 5000}{")" * 5000}"\n', 2, "nested too deeply"),
        ('[[rule]]\nmatch = "$[?(("\n', 2, "not a JSONPath query"),
    ],
)
def test_an_error_in_a_script_names_the_line(script, text, line, complaint):
    with pytest.raises(UsageError) as caught:
        load_script(script(text))
    assert complaint in caught.value.what
    assert caught.value.evidence.startswith(f"line {line}: ")


def test_invalid_toml_is_an_error_that_names_the_line(script):
    with pytest.raises(UsageError) as caught:
        load_script(script('[[rule]]\nmatch = "a\n'))
    assert "not TOML" in caught.value.what
    assert "line 2" in caught.value.evidence


@pytest.mark.parametrize("depth", [2000, 100_000])
def test_a_script_that_is_nested_too_deeply_is_a_usage_error(script, depth):
    text = f"[[rule]]\nmatch = {'[' * depth}{']' * depth}\n"
    with pytest.raises(UsageError, match="nested too deeply"):
        load_script(script(text))


def test_a_pattern_may_be_a_jsonpath_query(serve, script):
    text = '[[rule]]\nmatch = "$[?@.id == 1]"\nreply = "one"\n'
    with connect(serve(script=script(text)).url) as connection:
        others = ['{"id": 10}', "id 1", b"\xff"]
        assert ask(connection, '{"id": 1}', *others) == ["one", *others]


BACKTRACKING = '[[rule]]\nmatch = "^(a|aa)+$"\nreply = "matched"\n'
EVIL = "a" * 60 + "!"


def test_a_pattern_that_backtracks_closes_with_1011_and_is_reported_once(serve, script):
    server = serve(script=script(BACKTRACKING))
    for _ in range(3):
        with Client(server) as client:
            client.open()
            client.text(EVIL)
            close = client.closed()
        assert close.code == 1011
        assert close.reason == "rule 1, match = '^(a|aa)+$': takes too long"
    assert len(server.warnings) == 1
    assert "rule 1, match = '^(a|aa)+$'" in server.warnings[0]
    wait_until(lambda: ask_once(server, "aaa") == "matched")


class HalfSecond:
    """A pattern that takes half a second for each message, and times out for one of them."""

    text = "slow"

    def __init__(self, clock):
        self.clock = clock
        self.searches = 0

    def matches(self, message):
        self.searches += 1
        self.clock.now += 0.5
        if message.text == "evil":
            raise PatternTimeout("it backtracks for too long")
        return message.text == "slow"


@pytest.fixture
def resting(monkeypatch):
    """A script with a slow pattern, whose clock is moved by hand, and that pattern."""
    clock = HandClock()
    monkeypatch.setattr("wscli.server.script.Clock", lambda: clock)
    pattern = HalfSecond(clock)
    rules = (
        ScriptRule(1, ScriptReply(close=4000), matcher=parse_matcher("^bye$")),
        ScriptRule(2, ScriptReply((1, b"matched")), matcher=pattern),
    )
    return Script(rules, echo=True), pattern


def reply(script, text):
    """Return the reply to a text; if a rule is slow, return whether it is for the first time."""
    try:
        return script.reply_to(1, text.encode())
    except SlowRule as slow:
        return slow.first


def test_a_rule_that_took_too_long_rests_for_ten_times_as_long(resting):
    script, pattern = resting
    assert reply(script, "evil") is True
    pattern.clock.now += 4.9
    assert (reply(script, "slow"), pattern.searches) == (False, 1)
    pattern.clock.now += 0.2
    assert (reply(script, "slow").message, pattern.searches) == ((1, b"matched"), 2)


def test_a_rule_that_takes_too_long_again_rests_again_without_a_report(resting):
    script, pattern = resting
    assert reply(script, "evil") is True
    pattern.clock.now += 5.1
    assert reply(script, "evil") is False
    assert (reply(script, "slow"), pattern.searches) == (False, 2)


def test_a_rule_before_a_resting_one_still_answers(resting):
    script, _ = resting
    reply(script, "evil")
    assert reply(script, "bye") == ScriptReply(close=4000)


def test_a_rule_is_tried_until_it_takes_too_long(resting):
    script, pattern = resting
    assert reply(script, "other") == ScriptReply((1, b"other"))
    assert reply(script, "slow") == ScriptReply((1, b"matched"))
    assert pattern.searches == 2


@pytest.mark.parametrize(
    ("match", "text", "matches"),
    [
        ("{ a = 1, b = [1, 2] }", '{"b": [1, 2], "a": 1}', True),
        ("{ a = 1 }", '{"a": 1, "b": 2}', False),
        ("{ a = 1 }", '{"a": true}', False),
        ("[1, 2]", "[2, 1]", False),
        ("5", "5", True),
        ("5", '"5"', False),
        ("true", "true", True),
        ("true", "1", False),
        ("{}", "{}", True),
        ("{}", "not JSON", False),
    ],
)
def test_a_value_is_compared_as_json_whatever_the_order_of_its_members(
    script, match, text, matches
):
    loaded = load_script(script(f'[[rule]]\nmatch = {match}\nreply = "yes"\n'))
    assert reply(loaded, text).message == (1, b"yes" if matches else text.encode())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ScriptReply()),
        ('reply = ""', ScriptReply((1, b""))),
        ('reply = "0x"', ScriptReply((2, b""))),
        ('reply = "@@"', ScriptReply((1, b"@"))),
        ("delay = 2", ScriptReply(delay=2.0)),
        ('delay = "1m"', ScriptReply(delay=60.0)),
        ("close = 0", ScriptReply(close=0)),
        ('close = 65535\nreason = "so"', ScriptReply(close=65535, reason="so")),
    ],
)
def test_a_rule_without_a_match_answers_every_message(script, line, expected):
    loaded = load_script(script(f"[[rule]]\n{line}\n"))
    assert reply(loaded, "anything") == reply(loaded, "") == expected


def ask_once(server, message):
    """Return the reply on a new connection, or None if the server closes instead."""
    with connect(server.url) as connection:
        connection.send(message)
        with contextlib.suppress(ConnectionClosedError):
            return connection.recv(timeout=20)
    return None


def test_others_are_served_while_many_clients_provoke_backtracking(serve, script):
    """With a time limit of 0.1 s for each of 40 clients, it would take 4 s."""
    text = '[[rule]]\nmatch = "hello"\nreply = "hi"\n\n' + BACKTRACKING
    server = serve(script=script(text))
    with contextlib.ExitStack() as stack:
        good = stack.enter_context(connect(server.url))
        clients = [stack.enter_context(Client(server)) for _ in range(40)]
        for client in clients:
            client.open()
        began = time.monotonic()
        for client in clients:
            client.text(*[EVIL] * 100)
        assert ask(good, *["hello"] * 20) == ["hi"] * 20
        assert time.monotonic() - began < 2
        assert all(client.closed().code == 1011 for client in clients)


def test_a_script_that_does_not_exist_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot read the script"):
        load_script(str(tmp_path / "none.toml"))
