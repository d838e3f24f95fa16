"""When recorded messages are sent again: the three paces, by a clock that is moved by hand."""

import pytest

from tests.clock import HandClock
from tests.recordings import connections, event, got, opened, sent
from wscli.apps.playback import Playback, make_cues
from wscli.net.pump import OUTBOX_HIGH_WATER
from wscli.payload.matching import JsonPathQuery
from wscli.session.events import Batch
from wscli.session.pipeline import Pipeline, StageContext
from wscli.wire.events import Messages

SESSION = [
    opened(),
    got("welcome", 0.1),
    sent("a", 1),
    got("A", 1.5),
    got("push", 2),
    sent("b", 3),
    sent("c", 3.5),
]


class Outbox:
    """Keeps the posted messages."""

    def __init__(self):
        self.posted = []
        self.pending = 0

    def post(self, opcode, payloads):
        self.posted += [payload.decode() for payload in payloads]

    def post_ping(self, payload):
        self.posted.append(f"ping {payload.hex()}")


class Stagehand:
    """A pipeline with one stage, whose time is moved by hand."""

    def __init__(self, stage):
        self.clock = HandClock()
        self.outbox = Outbox()
        self.stage = stage
        self.pipeline = Pipeline([stage], [], self.clock)
        self.pipeline.attach(StageContext(self.outbox))

    @property
    def sent(self):
        return self.outbox.posted

    def come(self, *texts):
        """Let messages come, all at once."""
        self.pipeline.batch(Batch(True, 0.0, 0.0, [Messages(1, [text.encode() for text in texts])]))

    def after(self, seconds):
        """Let time pass, from one deadline to the next."""
        end = self.clock.now + seconds
        while (due := self.pipeline.next_deadline()) is not None and due <= end:
            self.clock.now = max(self.clock.now, due)
            self.pipeline.tick()
        self.clock.now = end


def play(*events, pace="recorded", speed=1.0, mapped=()):
    """Return a stage that plays a recording."""
    (connection,) = connections(*events)
    queries = [JsonPathQuery(each) for each in mapped]
    hand = Stagehand(Playback())
    hand.stage.play(make_cues(connection.items, pace, speed, queries), hand.clock.now)
    return hand


def test_at_the_recorded_pace_a_message_is_sent_as_long_after_the_opening_as_then():
    hand = play(*SESSION)
    hand.after(0.9)
    assert hand.sent == []
    hand.after(0.2)
    assert hand.sent == ["a"]
    hand.after(2)
    assert hand.sent == ["a", "b"]
    hand.after(0.5)
    assert hand.sent == ["a", "b", "c"]
    assert hand.stage.next_deadline() is None


def test_the_recorded_pace_may_be_faster():
    hand = play(*SESSION, speed=10)
    hand.after(0.31)
    assert hand.sent == ["a", "b"]
    hand.after(0.1)
    assert hand.sent == ["a", "b", "c"]


def test_at_the_pace_of_the_replies_a_message_waits_for_as_many_as_had_come():
    hand = play(*SESSION, pace="reply")
    hand.after(100)
    assert hand.sent == []
    hand.come("welcome")
    assert hand.sent == ["a"]
    hand.come("A")
    assert hand.sent == ["a"]
    hand.come("push")
    assert hand.sent == ["a", "b", "c"]


def test_without_a_pace_all_is_sent_at_once():
    hand = play(*SESSION, pace="none")
    hand.after(0)
    assert hand.sent == ["a", "b", "c"]
    assert (hand.stage.sent, hand.stage.unsent) == (3, 0)


def test_pings_are_sent_again_and_are_not_counted_as_messages():
    ping = event("ping", 1, direction="out", size=2, base64="AQI=")
    hand = play(opened(), ping, sent("a", 2))
    assert hand.stage.unsent == 1
    hand.after(1.5)
    assert (hand.sent, hand.stage.sent) == (["ping 0102"], 0)


@pytest.mark.parametrize("pace", ["recorded", "none"])
def test_a_message_with_an_id_waits_for_the_message_that_gives_it(pace):
    hand = play(
        opened(),
        sent("login", 1),
        got({"session": "s-1"}, 2),
        sent({"for": "s-1"}, 3),
        sent("later", 4),
        pace=pace,
        mapped=["$.session"],
    )
    hand.after(100)
    assert hand.sent == ["login"]
    hand.come('{"session":"s-2"}')
    assert hand.sent == ["login", '{"for": "s-1"}', "later"]


def test_while_the_peer_does_not_read_a_message_waits_and_is_not_lost():
    hand = play(opened(), sent("a", 1), sent("b", 1))
    hand.outbox.pending = OUTBOX_HIGH_WATER
    hand.after(5)
    assert hand.sent == []
    hand.outbox.pending = 0
    hand.after(0.1)
    assert hand.sent == ["a", "b"]
