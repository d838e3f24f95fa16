"""``wscli replay``: the same server gives no differences, and any other gives status 10."""

import json
import signal

import pytest

from tests.program import call, start, wscli
from tests.recordings import closed, got, lines, opened, refused, sent
from wscli.wire.events import Messages
from wscli.wire.frames import Frame


@pytest.fixture
def record(tmp_path):
    """Return a function that writes a recording, and gives its name."""

    def write(*events):
        path = tmp_path / "session.jsonl"
        path.write_bytes(lines(*events))
        return path

    return write


@pytest.fixture
def answering(websockets_server):
    """Return a function that serves answers, by the text of a message; None closes."""

    def serve(answers, greeting=(), code=1000, reason="", **options):
        def handle(connection):
            for text in greeting:
                connection.send(text)
            for message in connection:
                if answers[message] is None:
                    connection.close(code, reason)
                    return
                for text in answers[message]:
                    connection.send(text)

        return websockets_server(handle, **options)

    return serve


def events_of(done):
    return [json.loads(line) for line in done.out.splitlines()]


SESSION = [
    got("welcome", 0),
    sent('{"op":"get","id":1}', 0.01),
    got('{"id":1,"price":41,"tags":["a","b"]}', 0.02),
    sent("bye", 0.03),
    got("bye", 0.04),
    closed(1000, at=0.05),
]
ANSWERS = {'{"op":"get","id":1}': ['{"id":1,"tags":["a","b"],"price":41}'], "bye": ["bye"]}


def test_the_name_of_a_recording_is_escaped_in_a_remark(tmp_path):
    path = tmp_path / "clear\x1b[2J.jsonl"
    path.write_bytes(lines(opened("ws://127.0.0.1:1/"), sent("hello"))[:-5])
    done = wscli("replay", path, "demo:")
    assert "line 2 of" in done.err
    assert "\x1b" not in done.err


def test_a_recorded_server_that_is_gone_suggests_to_give_another_url(tmp_path):
    wscli("send", "--record", tmp_path / "session", "demo:", "hello")
    done = wscli("replay", tmp_path / "session")
    assert done.status == 3
    assert "  the URL is the one in the recording\ntry: give the URL of another server" in done.err
    assert wscli("replay", tmp_path / "session", "demo:").status == 0


# Against the same server


@pytest.mark.parametrize("pace", ["recorded", "reply", "none"])
def test_a_replay_against_the_recorded_server_has_no_differences(tmp_path, echo_url, pace):
    path = tmp_path / "r.jsonl"
    assert call("send", "--record", path, echo_url, '{"id":1,"op":"a"}', "two", "ü").status == 0
    done = call("replay", "--pace", pace, path)
    assert (done.status, done.out) == (0, b"")
    assert done.err == "wscli: 3 messages sent, 3 received as recorded\n"


def test_a_recording_of_the_server_is_replayed_as_its_client(tmp_path, serve, echo_url):
    path = tmp_path / "server.jsonl"
    with start("serve", "--record", path, "--json", "0") as server:
        url = json.loads(server.stdout.readline())["url"]
        assert call("send", url, "one", "two").status == 0
        assert json.loads(server.stdout.readline())["code"] == 1000
        done = call("replay", path)
        server.terminate()
        server.wait(20)
        server.communicate()
    assert (done.status, done.err) == (0, "wscli: 2 messages sent, 2 received as recorded\n")


def test_a_recording_may_be_read_from_stdin(record, answering):
    content = record(opened(), *SESSION).read_bytes()
    url = answering(ANSWERS, ["welcome"])
    assert wscli("replay", "-", url, stdin=content).status == 0


def test_binary_messages_are_replayed(tmp_path, echo_url):
    path = tmp_path / "r.jsonl"
    call("send", "-b", "--record", path, echo_url, "0x00ff", "0x01")
    assert call("replay", path).status == 0


def test_what_is_replayed_can_be_recorded_and_replayed_again(tmp_path, echo_url):
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    call("send", "--record", first, echo_url, "one", "two")
    assert call("replay", "--record", second, first).status == 0
    assert call("replay", second).status == 0


def test_quietly_nothing_is_said_where_nothing_differs(record, answering):
    path, url = record(opened(), *SESSION), answering(ANSWERS, ["welcome"])
    assert call("replay", "-q", path, url) == (0, b"", "")


# Differences


def test_a_field_that_has_changed_is_shown_with_its_place(record, answering):
    answers = {**ANSWERS, '{"op":"get","id":1}': ['{"id":1,"price":42,"tags":["a"]}']}
    done = call("replay", record(opened(), *SESSION), answering(answers, ["welcome"]))
    assert done.status == 10
    assert done.out.decode().splitlines() == [
        "received message 2 differs at $.price",
        "  - 41",
        "  + 42",
        "received message 2 differs at $.tags[1]",
        '  - "b"',
    ]
    assert done.err.splitlines() == [
        "wscli: the replay differs: 1 message changed",
        "  2 messages sent, 2 of 3 received as recorded",
        "try: --ignore '$.price' if that is new each time, --map if it is an id that is sent "
        "again; --match shape compares keys and types only",
    ]


def test_a_missing_message_and_a_new_one_are_shown(record, answering):
    answers = {**ANSWERS, "bye": ["bye", "and again"]}
    done = call("replay", record(opened(), *SESSION), answering(answers), "--timeout", "0.1s")
    assert done.status == 10
    assert done.out.decode().splitlines() == [
        "received message 3 was not recorded",
        "  + and again",
        "received message 1 is missing",
        "  - welcome",
    ]
    assert "the replay differs: 1 message missing, 1 not recorded" in done.err
    assert "nothing that was expected came for 0.1 s" in done.err
    assert "--timeout waits longer" in done.err


def test_a_different_close_is_shown(record, answering):
    path = record(opened(), *SESSION[:-1], closed(4001, "peer", 0.05, reason="done"))
    url = answering({**ANSWERS, "bye": None}, ["welcome"], 4002, "no")
    done = call("replay", path, url)
    assert done.status == 10
    assert done.out.decode().splitlines() == [
        "received message 3 is missing",
        "  - bye",
        "the close differs at $.code",
        "  - 4001",
        "  + 4002",
        "the close differs at $.reason",
        '  - "done"',
        '  + "no"',
    ]
    assert "1 message missing, a different close" in done.err


def test_another_subprotocol_is_shown(record, answering):
    headers = [("Sec-WebSocket-Protocol", "v2, v1")]
    path = record(
        opened(headers=headers, subprotocol="v2", agreement={}), got("welcome", 0), closed(at=0)
    )
    assert call("replay", path, answering({}, ["welcome"], subprotocols=["v2"])).status == 0
    done = call("replay", path, answering({}, ["welcome"], subprotocols=["v1"]))
    assert done.status == 10
    assert done.out.decode() == 'the subprotocol differs\n  - "v2"\n  + "v1"\n'


def test_a_close_that_was_recorded_is_as_recorded_even_if_it_is_an_error(record, answering):
    path = record(opened(), sent("bye", 0), closed(1011, "peer", 0.01, reason="boom"))
    done = call("replay", path, answering({"bye": None}, code=1011, reason="boom"))
    assert (done.status, done.err) == (0, "wscli: 1 message sent, 0 received as recorded\n")


def test_an_end_that_was_not_recorded_has_its_usual_status(record, scripted):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.send(Frame(1, b"A").to_bytes() + Frame(8, b"\x03\xf3boom").to_bytes())
        peer.wait_for_end()

    done = call("replay", record(opened(), sent("a", 0), got("A", 0.01)), scripted(script).url)
    assert (done.status, done.out) == (9, b"")
    assert 'the peer closed with 1011 internal error: "boom"' in done.err


def test_the_differences_are_events_among_the_others(record, answering):
    answers = {**ANSWERS, "bye": ["bye!"]}
    done = call("replay", "--json", record(opened(), *SESSION), answering(answers, ["welcome"]))
    assert done.status == 10
    events = events_of(done)
    names = [each["event"] for each in events]
    assert names[0] == "open"
    assert names[-3:] == ["close", "difference", "error"]
    assert events[-1]["status"] == 10
    difference = {name: events[-2][name] for name in ("subject", "kind", "recorded", "now")}
    assert difference == {
        "subject": "message",
        "kind": "changed",
        "recorded": {"opcode": "text", "text": "bye"},
        "now": {"opcode": "text", "text": "bye!"},
    }


# How to compare


def test_keys_and_types_alone_may_be_compared(record, answering):
    answers = {**ANSWERS, '{"op":"get","id":1}': ['{"id":1,"price":42.5,"tags":["x"]}']}
    path, url = record(opened(), *SESSION), answering(answers, ["welcome"])
    assert call("replay", path, url).status == 10
    assert call("replay", "--match", "shape", path, url).status == 0


def test_every_byte_may_be_compared(record, answering):
    path, url = record(opened(), *SESSION), answering(ANSWERS, ["welcome"])
    assert call("replay", "--match", "json", path, url).status == 0
    assert call("replay", "--match", "exact", path, url).status == 10


def test_nothing_may_be_compared(record, answering):
    answers = {'{"op":"get","id":1}': ["x"], "bye": ["y"]}
    done = call("replay", "--match", "none", record(opened(), *SESSION), answering(answers, ["z"]))
    assert (done.status, done.out) == (0, b"")
    assert done.err == "wscli: 2 messages sent, 3 received\n"


def test_an_ignored_place_may_differ(record, answering):
    answers = {**ANSWERS, '{"op":"get","id":1}': ['{"id":1,"price":42,"tags":["a","b"]}']}
    path, url = record(opened(), *SESSION), answering(answers, ["welcome"])
    assert call("replay", "--ignore", "$.price", path, url).status == 0


def test_messages_may_come_in_another_order(record, answering):
    path = record(opened(), sent("go", 0), got("a", 0.01), got("b", 0.01), closed(at=0.02))
    url = answering({"go": ["b", "a"]})
    done = call("replay", path, url)
    assert (done.status, done.out) == (10, b"received message 1 came late, as message 2\n")
    assert call("replay", "--any-order", path, url).status == 0


def test_a_new_id_is_sent_in_place_of_the_recorded_one(record, websockets_server):
    received = []

    def give_an_id(connection):
        connection.send('{"session":"s-new"}')
        for message in connection:
            received.append(message)
            connection.send(message.replace("for", "done"))

    path = record(
        opened(),
        got('{"session":"s-old"}', 0),
        sent('{"for": "s-old", "path": "/s-old/x"}', 0.01),
        got('{"done": "s-old", "path": "/s-old/x"}', 0.02),
        closed(at=0.03),
    )
    url = websockets_server(give_an_id)
    assert call("replay", "--map", "$.session", path, url).status == 0
    assert received == ['{"for": "s-new", "path": "/s-new/x"}']


# The request


@pytest.fixture
def asked(scripted):
    """The URL of a server that closes every connection, and the requests that it gets."""
    requests = []

    def script(peer):
        requests.append(peer.read_request())
        peer.send(peer.response_101())
        peer.close(1000)
        peer.wait_for_end()

    return scripted(script).url, requests


def test_recorded_headers_are_sent_and_options_take_their_place(record, asked):
    url, requests = asked
    headers = [("Authorization", "Bearer old"), ("X-A", "1"), ("X-B", "1"), ("Cookie", "s=1")]
    path = record(opened(url, headers=headers), closed(1000, "peer"))
    assert call("replay", path, "-H", "X-A: 2", "--bearer", "new").status == 0
    found = requests[0].headers
    assert [found.get_all(name) for name in ("Authorization", "X-A", "X-B", "Cookie")] == [
        ["Bearer new"],
        ["2"],
        ["1"],
        ["s=1"],
    ]


def test_credentials_are_not_sent_to_another_server_and_that_is_said(record, asked):
    url, requests = asked
    headers = [("Authorization", "Bearer x"), ("Cookie", "s=1")]
    path = record(opened("wss://prod.example/", headers=headers), closed(1000, "peer"))
    done = call("replay", path, url)
    assert done.status == 0
    assert requests[0].headers.get("Authorization") is requests[0].headers.get("Cookie") is None
    assert "not sent: Authorization (for prod.example), Cookie (for prod.example)" in done.err


# Refusals, and connections that cannot be had


def test_a_refusal_that_was_recorded_is_as_recorded(record, scripted):
    answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    url = scripted(lambda peer: peer.refuse(answer)).url
    done = call("replay", record(refused(url, 403)))
    assert (done.status, done.out) == (0, b"")
    assert done.err == "wscli: refused with 403 as recorded\n"
    done = call("replay", record(refused(url, 401)))
    assert done.status == 10
    assert done.out.decode() == "the refusal differs at $.status\n  - 401\n  + 403\n"
    assert done.err == "wscli: the replay differs: a different refusal\n"


def test_without_a_comparison_no_refusal_is_said_to_be_as_recorded(record, echo_url):
    done = call("replay", "--match", "none", record(refused(echo_url, 403)))
    assert (done.status, done.err) == (0, "wscli: 0 messages sent, 0 received\n")


def test_a_refusal_that_has_become_a_connection_is_a_difference(record, echo_url):
    done = call("replay", record(refused(echo_url, 403)))
    assert done.status == 10
    assert done.out.decode() == "the refusal differs at $.status\n  - 403\n  + 101\n"


def test_a_connection_that_is_refused_now_has_the_status_of_a_refusal(record, scripted):
    url = scripted(lambda peer: peer.refuse("HTTP/1.1 404 Not Found\r\n\r\n")).url
    assert call("replay", record(opened(), *SESSION), url, "--no-probe").status == 5
    assert call("replay", record(opened("ws://127.0.0.1:1/"), *SESSION)).status == 3


# Peers that misbehave


def test_a_peer_that_never_answers_is_waited_for_no_longer_than_the_time_limit(record, scripted):
    def script(peer):
        peer.accept()
        peer.wait_for_end()

    url = scripted(script).url
    path = record(opened(), *SESSION)
    done = call("replay", path, url, "--timeout", "0.2s", "--close-timeout", "0.2s", timeout=20)
    assert done.status == 10
    assert "3 missing" in done.err or "3 messages missing" in done.err


def test_a_peer_that_never_answers_keeps_back_what_waits_for_answers(record, scripted):
    def script(peer):
        peer.accept()
        peer.wait_for_end()

    path = record(opened(), *SESSION)
    limits = ["--timeout", "0.2s", "--close-timeout", "0.2s"]
    done = call("replay", path, scripted(script).url, "--pace", "reply", *limits, timeout=20)
    assert done.status == 10
    assert "0 of 2 messages sent, 0 of 3 received as recorded" in done.err
    done = call("replay", path, scripted(script).url, "--pace", "reply", "--match", "none", *limits)
    assert done.status == 6
    assert "2 of 2 messages were not sent" in done.err


def test_a_peer_that_closes_early_ends_the_replay(record, scripted):
    def script(peer):
        peer.accept()
        peer.close(1000)
        peer.wait_for_end()

    path = record(opened(), sent("a", 0), got("A", 0.01), sent("b", 30), closed(at=31))
    done = call("replay", path, scripted(script).url, timeout=20)
    assert done.status == 10
    assert "1 of 2 messages sent, 0 of 1 received as recorded" in done.err


def test_a_peer_that_floods_is_left_when_the_time_is_up(record, scripted):
    def script(peer):
        peer.accept()
        while True:
            peer.text(*["noise"] * 100)

    path = record(opened(), sent("a", 0), got("A", 0.01), got("B", 0.01), got("C", 0.01))
    limits = ["--timeout", "0.3s", "--close-timeout", "0.3s"]
    done = call("replay", "-q", path, scripted(script).url, "--match", "json", *limits, timeout=30)
    assert done.status == 10


def test_a_peer_that_does_not_close_is_left_when_the_time_is_up(record, answering):
    path = record(opened(), sent("a", 0), got("A", 0.01), closed(4000, "peer", 0.02))
    done = call("replay", path, answering({"a": ["A"]}), "--timeout", "0.2s")
    assert done.status == 10
    assert "the close differs at $.by" in done.out.decode()


def test_interrupted_it_says_what_has_been_compared(record, scripted):
    def script(peer):
        peer.accept()
        peer.text("X", "B")
        assert isinstance(peer.expect(), Messages)
        process.send_signal(signal.SIGINT)
        peer.expect_close()
        peer.close(1000)

    path = record(opened(), got("A", 0), got("B", 0), sent("a", 0.01), sent("b", 60), closed(at=60))
    process = start("replay", path, scripted(script).url)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out.decode().splitlines() == ["received message 1 differs", "  - A", "  + X"]
    assert err.decode() == (
        "wscli: interrupted: 1 of 2 messages sent, 1 of 2 received as recorded; 1 message changed\n"
    )


# HAR


def test_a_har_file_is_replayed(tmp_path, answering):
    def message(kind, data):
        return {"type": kind, "time": 1769860800.5, "opcode": 1, "data": data}

    entry = {
        "startedDateTime": "2026-01-31T12:00:00.000Z",
        "_resourceType": "websocket",
        "_webSocketMessages": [
            message("receive", "welcome"),
            message("send", "a"),
            message("receive", "A"),
        ],
        "request": {
            "method": "GET",
            "url": "wss://prod.example/feed",
            "headers": [{"name": "Origin", "value": "https://prod.example"}],
        },
        "response": {"status": 101, "statusText": "Switching Protocols", "headers": []},
    }
    path = tmp_path / "browser.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}))
    done = call("replay", "--pace", "reply", path, answering({"a": ["A"]}, ["welcome"]))
    assert (done.status, done.err) == (0, "wscli: 1 message sent, 2 received as recorded\n")
    done = call("replay", "--pace", "reply", path, answering({"a": ["B"]}, ["welcome"]))
    assert done.status == 10


# Wrong usage


@pytest.mark.parametrize("option", ["--ignore", "--map"])
def test_a_query_that_takes_too_long_is_wrong_usage(record, answering, option):
    slow = json.dumps({"x": ["a" * 40 + "b"]})
    path = record(opened(), sent("go", 0), got(slow, 0.01), closed(at=0.02))
    url = answering({"go": [slow.replace("b", "c")]})
    done = call("replay", option, "$.x[?search(@, '^(a|aa)+$')]", path, url)
    assert done.status == 2
    assert "backtracks for too long" in done.err
    assert "a simpler query for --ignore or --map" in done.err


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["--pace", "none", "--speed", "2x"], "--speed needs the recorded pace"),
        (["--match", "exact", "--ignore", "$.a"], "--ignore has no effect with --match exact"),
        (["--ignore", "a["], "is not a JSONPath query"),
        (["--speed", "0"], "is not a speed"),
        (["--connection", "7"], "the recording has no connection 7"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(record, args, complaint):
    done = call("replay", *args, record(opened(), *SESSION))
    assert done.status == 2
    assert complaint in done.err


def test_of_several_connections_one_must_be_chosen(record, answering):
    second = [opened(), got("other", 0), closed(at=0)]
    events = [*({**each, "connection": 1} for each in [opened(), *SESSION])]
    events += [{**each, "connection": 2} for each in second]
    path = record(*events)
    done = call("replay", path)
    assert done.status == 2
    assert "1: 2 sent, 3 received to ws://example.com/" in done.err
    assert "--connection N" in done.err
    assert call("replay", "--connection", "2", path, answering({}, ["other"])).status == 0


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path):
    assert call("replay", tmp_path / "absent.jsonl").status == 2
    (tmp_path / "no.jsonl").write_text("hello\n")
    assert call("replay", tmp_path / "no.jsonl").status == 2


def test_messages_saved_without_an_opening_need_a_url(record, echo_url):
    path = record(sent("a", 1), got("a", 1.01))
    assert "has no URL" in call("replay", path).err
    assert call("replay", path, echo_url).status == 0
