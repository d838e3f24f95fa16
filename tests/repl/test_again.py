"""Sending again in a session: /resend, /edit with a number, and /replay."""

import pytest

from tests.apps.test_playback import Stagehand
from tests.recordings import connections, got, lines, opened, sent
from wscli.apps.playback import make_cues
from wscli.repl.playback import SessionPlayback


def test_a_message_is_sent_again_by_its_number(collecting):
    session, messages = collecting()
    session.enter("one")
    session.until("got 1")
    session.enter("two")
    session.until("got 2")
    session.enter("/resend 1")
    session.until("got 3")
    session.enter("/resend")
    session.until("got 4")
    assert messages == ["one", "two", "one", "one"]


def test_a_binary_message_is_sent_again_as_it_was(collecting):
    session, messages = collecting()
    session.enter("/binary 0x00ff")
    session.until("got 1")
    session.enter("/resend 1")
    session.until("got 2")
    assert messages == [b"\x00\xff", b"\x00\xff"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("/resend 2", "message 2 was received"),
        ("/resend 17", "there is no message 17"),
        ("/resend x", "'x' is not the number of a message"),
    ],
)
def test_a_message_that_was_not_sent_is_not_sent_again(collecting, line, complaint):
    session, messages = collecting()
    session.enter("one")
    session.until("got 1")
    session.enter(line)
    session.until(complaint)
    assert messages == ["one"]


def test_without_a_message_there_is_nothing_to_send_again(session):
    opened_session = session()
    opened_session.enter("/resend")
    opened_session.until("no message has been sent")


@pytest.fixture
def editor(tmp_path):
    """Return an editor that replaces one with two, as the environment that names it."""
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nsed -i "s/one/two/; s/0x00/0x01/" "$1"\n')
    script.chmod(0o755)
    return {"EDITOR": str(script)}


@pytest.mark.parametrize(
    ("line", "edited", "received"),
    [
        ("one", "two", "two"),
        ("//one", "//two", "/two"),
        ("/text @@one", "@two", "@two"),
        ("/binary 0x00", "/binary 0x01", b"\x01"),
    ],
)
def test_a_message_is_edited_before_it_is_sent_again(collecting, editor, line, edited, received):
    session, messages = collecting(env=editor)
    session.enter(line)
    session.until("got 1")
    session.enter("/edit 1")
    session.until(f"> {edited}")
    session.press("enter")
    session.until("got 2")
    assert messages[1] == received


def test_a_received_message_can_be_edited_too(collecting, editor):
    session, messages = collecting(env=editor)
    session.enter("one")
    session.until("got 1")
    session.enter("/edit 2")
    session.until("> got 1")
    session.press("enter")
    session.until("got 2")
    assert messages == ["one", "got 1"]


def test_a_number_that_no_message_has_cannot_be_edited(collecting, editor):
    session, _ = collecting(env=editor)
    session.enter("one")
    session.until("got 1")
    session.enter("/edit 3")
    session.until("there is no message 3")
    session.until("messages 1 to 2 are kept")


def test_with_escapes_and_a_terminator_an_edited_message_stays_as_it_is(collecting, editor):
    session, messages = collecting("--escapes", "--end", r"\n", env=editor)
    session.enter(r"/text one\t")
    session.until("got 1")
    session.enter("/edit 1")
    session.until(r"> /text two\t")
    session.press("enter")
    session.until("got 2")
    assert messages == ["one\\t\n", "two\\t\n"]


# Replaying


def test_a_recording_is_replayed_in_the_session(collecting, tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(lines(opened(), sent("a", 0), got("x", 0.01), sent(b"\x01", 0.05)))
    session, messages = collecting(columns=200)
    session.enter(f"/replay {path}")
    session.until("got 2")
    session.until("2 messages sent")
    assert messages == ["a", b"\x01"]


def test_a_replay_is_stopped(collecting, tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(lines(opened(), sent("a", 0), sent("b", 600)))
    session, messages = collecting(columns=200)
    session.enter(f"/replay {path}")
    session.until("got 1")
    session.enter("/replay off")
    session.until("1 of 2 messages were sent")
    assert messages == ["a"]


def test_a_replay_ends_with_its_connection(terminal, scripted, tmp_path):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close(1000)
        peer.wait_for_end()

    path = tmp_path / "r.jsonl"
    path.write_bytes(lines(opened(), sent("a", 0), sent("b", 600)))
    session = terminal("connect", scripted(script).url, columns=200)
    session.until("● open")
    session.enter(f"/replay {path}")
    session.until("has ended with the connection: 1 of 2 messages were sent")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("/replay", "missing file name"),
        ("/replay -", "stdin is the terminal here"),
        ("/replay absent.jsonl", "cannot read absent.jsonl"),
        ("/replay {} 7", "the recording has no connection 7"),
        ("/replay {} 2", "connection 2 of {} has no sent messages"),
    ],
)
def test_a_recording_that_cannot_be_replayed(session, tmp_path, line, complaint):
    path = tmp_path / "r.jsonl"
    path.write_bytes(lines(opened(), sent("a", 0), opened(), got("x", 0)))
    opened_session = session(columns=200)
    opened_session.enter(line.format(path))
    opened_session.until(complaint.format(path))
    assert "replaying" not in opened_session.text


def test_a_recording_without_sent_messages_is_not_replayed(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ticks.jsonl").write_bytes(lines(opened(), got("x", 0)))
    opened_session = session(columns=200)
    opened_session.enter("/replay ticks.jsonl")
    opened_session.until("wscli: ticks.jsonl has no sent messages")
    assert "replaying" not in opened_session.text


# The stage


def playing(*events):
    """Return the stage of a session with what it has noted."""
    notes = []
    hand = Stagehand(SessionPlayback(notes.append))
    (connection,) = connections(*events)
    hand.stage.start(make_cues(connection.items, "recorded"), "r.jsonl")
    return hand, notes


def test_a_replay_counts_its_time_from_when_it_begins():
    hand, notes = playing(opened(), sent("a", 1), sent("b", 2))
    hand.after(1.5)
    assert (hand.sent, notes) == (["a"], [])
    hand.after(1)
    assert (hand.sent, notes) == (["a", "b"], ["replayed r.jsonl: 2 messages sent"])
    assert hand.stage.next_deadline() is None


def test_another_replay_takes_the_place_of_the_one_that_is_running():
    hand, notes = playing(opened(), sent("a", 1), sent("b", 2))
    hand.after(1.5)
    (other,) = connections(opened(), sent("c", 0))
    hand.stage.start(make_cues(other.items, "recorded"), "s.jsonl")
    hand.after(5)
    assert hand.sent == ["a", "c"]
    assert notes == [
        "the replay of r.jsonl is stopped: 1 of 2 messages were sent",
        "replayed s.jsonl: 1 message sent",
    ]


def test_a_session_without_a_replay_has_nothing_due():
    hand = Stagehand(SessionPlayback(print))
    assert hand.stage.next_deadline() is None
    hand.come("push")
    assert hand.sent == []
