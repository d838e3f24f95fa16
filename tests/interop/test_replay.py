"""A session with a server made by others is recorded, replayed, and compared."""

import json

import pytest

from tests.program import call

MESSAGES = ['{"id":1,"op":"a","x":[1,2.5,null]}', "ünï", '{"id":2,"op":"b"}']


@pytest.fixture
def recording(peer_server, tmp_path):
    """A recording of a session with the peer."""
    path = tmp_path / "session.jsonl"
    done = call("send", "--record", path, f"{peer_server.url}/echo", *MESSAGES)
    assert done.status == 0
    assert peer_server.ended()[0] == 1000
    return path


@pytest.mark.parametrize("pace", ["recorded", "reply", "none"])
def test_a_replay_with_the_same_server_has_no_differences(peer_server, recording, pace):
    done = call("replay", "--pace", pace, recording)
    assert peer_server.ended()[0] == 1000
    assert (done.status, done.out) == (0, b"")
    assert done.err == "wscli: 3 messages sent, 3 received as recorded\n"


def test_one_field_that_was_another_one_then_is_the_only_difference(peer_server, recording):
    events = [json.loads(line) for line in recording.read_text().splitlines()]
    answer = next(event for event in events if event.get("direction") == "in")
    answer["text"] = answer["text"].replace("2.5", "3.5")
    recording.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    done = call("replay", recording)
    assert peer_server.ended()[0] == 1000
    assert done.status == 10
    assert done.out.decode() == "received message 1 differs at $.x[1]\n  - 3.5\n  + 2.5\n"


def test_a_close_by_the_server_is_as_recorded(peer_server, tmp_path):
    path = tmp_path / "session.jsonl"
    url = f"{peer_server.url}/close?code=4000&reason=bye"
    assert call("listen", "--record", path, url).status == 9
    assert call("replay", path).status == 0
    assert call("replay", path, f"{peer_server.url}/close?code=4001&reason=bye").status == 10
    assert [peer_server.ended()[0] for _ in range(3)] == [4000, 4000, 4001]
