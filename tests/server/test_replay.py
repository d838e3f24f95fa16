"""A recorded server as a mock: ``serve --replay``."""

import json

import pytest

from tests.program import call, start, wscli
from tests.raw import Client
from tests.recordings import closed, connections, event, got, lines, opened, refused, sent
from wscli.errors import UsageError
from wscli.payload.message import Message
from wscli.server.replay import (
    EchoedValues,
    RecordedTurns,
    ReplayedServer,
    TurnFinder,
    changed_values,
    make_turns,
)

GET = {"op": "get", "id": 1, "what": "btc"}
SESSION = [
    opened("ws://h/feed"),
    got("welcome", 0.001),
    sent(GET, 0.01),
    got({"id": 1, "what": "btc", "price": 1}, 0.011),
    sent("ping", 0.02),
    got("pong", 0.021),
    closed(4001, "peer", 0.03, reason="done"),
]


def text(value):
    return Message(1, (value if isinstance(value, str) else json.dumps(value)).encode())


def turns_of(*events):
    """Return each turn as its message and its answers, with their delays in milliseconds."""
    (connection,) = connections(*events)
    return [
        (
            turn.message and turn.message.text,
            [
                (round(each.delay * 1000), each.message.text if each.message else each.ending.code)
                for each in turn.answers
            ],
        )
        for turn in make_turns(connection)
    ]


def finder(*events):
    (connection,) = connections(opened(), *events)
    return TurnFinder(RecordedTurns(connection))


# Turns


def test_a_turn_is_a_message_of_the_client_with_what_the_server_sent_after_it():
    assert turns_of(*SESSION) == [
        (None, [(1, "welcome")]),
        (json.dumps(GET), [(1, '{"id": 1, "what": "btc", "price": 1}')]),
        ("ping", [(1, "pong"), (10, 4001)]),
    ]


def test_a_reply_belongs_to_the_message_with_its_id():
    assert turns_of(
        opened(),
        sent({"id": 1, "method": "a"}, 1),
        sent({"id": 2, "method": "b"}, 2),
        got({"id": 1, "result": 0}, 3),
        got({"id": 2, "result": 0}, 4),
    ) == [
        (None, []),
        ('{"id": 1, "method": "a"}', [(2000, '{"id": 1, "result": 0}')]),
        ('{"id": 2, "method": "b"}', [(2000, '{"id": 2, "result": 0}')]),
    ]


def test_an_end_by_the_client_is_not_an_answer():
    assert turns_of(opened(), sent("a", 1), closed(at=2)) == [(None, []), ("a", [])]


def test_a_ping_of_the_client_begins_no_turn():
    ping = event("ping", 1, direction="out", size=1, base64="AA==")
    assert turns_of(opened(), ping, got("a", 2)) == [(None, [(2000, "a")])]


# Finding the turn for a message


def found(where, *values):
    """Return the answers that are given to messages."""
    turns = [where.find(text(value)) for value in values]
    return [turn and turn.answers[0].message.text for turn in turns]


def test_an_equal_message_is_found_whatever_its_spelling():
    where = finder(sent('{"a":1,"b":2}', 0), got("A", 0))
    assert found(where, '{ "b": 2, "a": 1 }') == ["A"]


def test_equal_messages_are_answered_in_turn_and_the_last_one_again():
    where = finder(sent("next", 0), got("A", 0), sent("next", 1), got("B", 1))
    assert found(where, "next", "next", "next") == ["A", "B", "B"]


def test_an_equal_message_is_preferred_to_one_of_its_shape():
    where = finder(sent({"id": 1}, 0), got("A", 0), sent({"id": 2}, 1), got("B", 1))
    assert found(where, {"id": 2}, {"id": 3}, {"id": 4}) == ["B", "A", "B"]


def test_of_several_of_its_shape_the_most_similar_is_found():
    where = finder(
        sent({"channel": "news", "n": 1}, 0),
        got("A", 0),
        sent({"channel": "trades", "n": 2}, 1),
        got("B", 1),
    )
    assert found(where, {"channel": "trades", "n": 9}) == ["B"]


@pytest.mark.parametrize("name", ["op", "type", "method", "action", "event"])
def test_a_message_of_another_kind_is_not_found(name):
    where = finder(sent({name: "subscribe", "id": 1}, 0), got("A", 0))
    assert found(where, {name: "delete", "id": 1}) == [None]


@pytest.mark.parametrize("value", [{"id": "1"}, {"id": 1, "x": 1}, "hello", [1]])
def test_a_message_of_another_shape_is_not_found(value):
    assert found(finder(sent({"id": 1}, 0), got("A", 0)), value) == [None]


def test_a_text_of_the_same_shape_is_found():
    where = finder(sent("SUB news 1", 0), got("+OK 1", 0))
    assert found(where, "SUB news 25", "SUB trades 1") == ["+OK 1", None]


# New values in the answers


def replaced(recorded, now, answer):
    values = EchoedValues()
    values.learn(text(recorded), text(now))
    return values.replace(text(answer)).decode()


@pytest.mark.parametrize(
    ("recorded", "now", "answer", "expected"),
    [
        ({"id": 1}, {"id": 7}, '{"id":1,"count":1}', '{"id":7,"count":1}'),
        ({"id": 1}, {"id": 7}, '{"ok": true, "id": 1}', '{"ok": true, "id": 7}'),
        ({"ch": "a"}, {"ch": "b"}, '{"got":"a","text":"a b"}', '{"got":"b","text":"a b"}'),
        ({"sid": "s-12"}, {"sid": "s-99"}, '{"url":"/x/s-12/y"}', '{"url":"/x/s-99/y"}'),
        ({"sid": "s-12"}, {"sid": "s-99"}, "WELCOME s-12", "WELCOME s-99"),
        ("SUB 12", "SUB 99", "+OK 12", "+OK 99"),
        ({"id": 1}, {"id": 1}, '{"id":1.0e0}', '{"id":1.0e0}'),
        ({"flag": True}, {"flag": False}, '{"flag":true}', '{"flag":true}'),
        ([{"id": 1}], [{"id": 2}], '[{"id":1}]', '[{"id":2}]'),
    ],
)
def test_what_differs_in_a_message_is_replaced_in_its_answers(recorded, now, answer, expected):
    assert replaced(recorded, now, answer) == expected


def test_the_latest_value_counts():
    values = EchoedValues()
    for new in (7, 8):
        values.learn(text({"id": 1, "s": "s-1"}), text({"id": new, "s": f"s-{new}"}))
    assert json.loads(values.replace(text({"id": 1, "path": "/s-1"}))) == {"id": 8, "path": "/s-8"}


def test_only_values_of_the_same_type_are_taken_for_each_other():
    assert list(changed_values(text({"a": 1, "b": "x"}), text({"a": "1", "b": "y"}))) == [
        ("b", "x", "y")
    ]


# Choosing the connection


def several():
    parts = [("ws://h/a", "1"), ("ws://h/b", "2"), ("ws://h/a?x=1", "3")]
    events = []
    for number, (url, greeting) in enumerate(parts, 1):
        events += [{**each, "connection": number} for each in (opened(url), got(greeting, 0))]
    return connections(*events)


@pytest.mark.parametrize(
    ("targets", "numbers"),
    [
        (["/a", "/b", "/b"], [1, 2, 2]),
        (["/a?x=1", "/a?x=1"], [3, 3]),
        (["/a?y=1", "/a?y=1", "/a?y=1"], [1, 3, 1]),
        (["/c", "/c", "/c", "/c"], [1, 2, 3, 1]),
    ],
)
def test_a_connection_is_chosen_by_its_path_then_in_order(targets, numbers):
    server = ReplayedServer(several())
    assert [server.choose(target).number for target in targets] == numbers


def test_a_recording_without_a_connection_to_play_is_an_error():
    with pytest.raises(UsageError, match="no connection to play"):
        ReplayedServer(connections(event("error", 0, status=3, message="refused")))


# Over a connection


def test_a_client_gets_what_the_server_sent_then(serve):
    with Client(serve(replay=connections(*SESSION))) as client:
        client.open("/feed")
        assert client.message() == b"welcome"
        client.text(json.dumps({**GET, "id": 5, "what": "eth"}))
        assert json.loads(client.message()) == {"id": 5, "what": "eth", "price": 1}
        client.text("ping")
        assert client.message() == b"pong"
        close = client.closed()
        assert (close.code, close.reason) == (4001, "done")


def test_every_connection_starts_from_the_beginning(serve):
    server = serve(replay=connections(*SESSION))
    for _ in range(2):
        with Client(server) as client:
            client.open("/feed")
            assert client.message() == b"welcome"


def test_pushes_that_follow_several_messages_keep_their_own_times(serve):
    server = serve(
        replay=connections(
            opened(),
            sent({"id": 1, "op": "slow"}, 0),
            sent({"id": 2, "op": "fast"}, 0),
            got({"id": 2, "result": 0}, 0.01),
            got({"id": 1, "result": 0}, 0.3),
        )
    )
    with Client(server) as client:
        client.open("/")
        client.text('{"id":1,"op":"slow"}', '{"id":2,"op":"fast"}')
        assert [json.loads(client.message())["id"] for _ in range(2)] == [2, 1]


def test_a_connection_that_was_lost_ends_without_a_close_frame(serve):
    server = serve(replay=connections(opened(), got("a", 0), closed(1006, None, 0, clean=False)))
    with Client(server) as client:
        client.open("/")
        assert client.message() == b"a"
        assert client.closed() is None


def test_a_refusal_is_answered_as_then(serve):
    server = serve(replay=connections(refused("ws://h/", 503, b"later")))
    done = call("send", server.url, "x", "--no-probe")
    assert done.status == 5
    assert "the server answered 503 No" in done.err
    assert "X-Own: 1" in done.err
    assert "later" in done.err


def test_the_recorded_subprotocol_is_chosen(serve):
    headers = [("Sec-WebSocket-Protocol", "v2, v1")]
    agreed = opened(headers=headers, subprotocol="v1", agreement={})
    with Client(serve(replay=connections(agreed, got("a", 0)))) as client:
        response = client.open("/", "Sec-WebSocket-Protocol: v2, v1")
        assert response.headers.get("Sec-WebSocket-Protocol") == "v1"


def test_a_message_that_the_recording_does_not_have_is_reported(serve):
    server = serve(replay=connections(*SESSION))
    with Client(server) as client:
        client.open("/feed")
        client.text("what", "ping")
        assert client.message() == b"welcome"
        assert client.message() == b"pong"
    (warning,) = server.warnings
    assert warning.endswith("sent a message that the recording does not have: what")


def test_a_message_that_the_recording_does_not_have_may_be_sent_back(serve):
    server = serve(replay=connections(*SESSION), otherwise="echo")
    with Client(server) as client:
        client.open("/feed")
        assert client.message() == b"welcome"
        client.text("what")
        assert client.message() == b"what"


def test_of_a_flood_of_unknown_messages_the_first_are_reported(serve):
    server = serve(replay=connections(opened(), sent("end", 0), got("end", 0)))
    with Client(server) as client:
        client.open("/")
        client.text(*["what"] * 1000, "end")
        assert client.message() == b"end"
    assert len(server.warnings) == 10


def test_a_client_that_does_not_read_is_not_read_from(serve):
    answers = [got("x" * 1000, 0) for _ in range(100)]
    server = serve(replay=connections(opened(), sent("go", 0), *answers))
    with Client(server, receive_buffer=4096) as client:
        client.open("/")
        client.text(*["go"] * 1000)  # 100 MB of answers
        for _ in range(1000):
            client.message()


# The command


def test_a_recording_is_played_and_its_replay_has_no_differences(tmp_path):
    path = tmp_path / "session.jsonl"
    path.write_bytes(lines(*SESSION))
    with start("serve", "--replay", path, "--json", "0") as server:
        url = json.loads(server.stdout.readline())["url"]
        done = call("replay", path, url)
        server.terminate()
        server.wait(20)
        server.communicate()
    assert (done.status, done.out) == (0, b"")
    assert done.err == "wscli: 2 messages sent, 3 received as recorded\n"


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["--replay", "{}", "--mode", "echo"], "--mode and --replay exclude each other"),
        (["--replay", "{}", "--script", "x"], "--script and --replay exclude each other"),
        (["--otherwise", "echo"], "--otherwise is for --replay"),
        (["--replay", "absent"], "cannot read absent"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(tmp_path, args, complaint):
    path = tmp_path / "session.jsonl"
    path.write_bytes(lines(*SESSION))
    done = wscli("serve", *(arg.format(path) for arg in args), "0")
    assert done.status == 2
    assert complaint in done.err
