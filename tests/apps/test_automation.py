"""Answers and repeated messages, on a session with a scripted server."""

import pytest

from tests.clock import HandClock
from tests.waiting import wait_until
from wscli.apps.automation import Automation, AutoReply, Repeat, split_answer
from wscli.apps.env import Env
from wscli.apps.interrupts import Interrupts
from wscli.apps.run import CommandSession
from wscli.net.options import ConnectOptions
from wscli.net.pump import OUTBOX_HIGH_WATER
from wscli.payload.matching import parse_matcher
from wscli.session.connect import open_driver
from wscli.session.pipeline import Pipeline, StageContext
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages


@pytest.mark.parametrize(
    ("text", "match", "reply"),
    [
        ("^2$=3", "^2$", "3"),
        ("PING=PONG=x", "PING", "PONG=x"),
        ("(?=a)b=c", "(?=a)b", "c"),
        ("(?<=a)b=c", "(?<=a)b", "c"),
        ("[^=]=c", "[^=]", "c"),
        (r"a\=b=c", r"a\=b", "c"),
        ("$[?@.id==1]=one", "$[?@.id==1]", "one"),
        ("$[?@.a=='x=y' && @.b<=3]={}", "$[?@.a=='x=y' && @.b<=3]", "{}"),
        ('"type":"ping"={"type":"pong"}', '"type":"ping"', '{"type":"pong"}'),
        ("empty=", "empty", ""),
    ],
)
def test_an_answer_is_split_where_its_pattern_is_complete(text, match, reply):
    matcher, rest = split_answer(text)
    assert (matcher.text, rest) == (match, reply)


@pytest.mark.parametrize("text", ["", "=", "=x", "no reply", "(a=b", "$[?@.id==1]"])
def test_a_text_without_a_complete_pattern_is_not_an_answer(text):
    with pytest.raises(ValueError, match="is not an answer"):
        split_answer(text)


class Automated:
    """A session with automation, and its complaints."""

    def __init__(self, url, **options):
        self.pipeline = Pipeline([Automation(**options)], [])
        self.session = open_driver(url, ConnectOptions(), environ={}, bus=self.pipeline)
        self.complaints = []

    def start(self):
        self.pipeline.attach(StageContext(self.session, self.complaints.append))
        self.session.start()
        return self

    def turn(self, timeout):
        self.session.turn(self.pipeline.wait(timeout))
        self.pipeline.tick()

    def run(self):
        """Turn until the connection has ended."""
        wait_until(lambda: self.session.end or self.turn(1.0))


@pytest.fixture
def automated(scripted):
    """Return a function that opens a session with a script, and with automation."""
    opened = []

    def start(script, **options):
        opened.append(Automated(scripted(script).url, **options))
        return opened[-1]

    yield start
    for each in opened:
        each.session.abort()


def test_each_match_is_answered_once_by_the_first_that_matches(automated):
    got = []

    def script(peer):
        peer.accept()
        peer.text("2", "42", "PING", "2")
        got.extend(peer.payloads(4))
        peer.close()
        peer.expect_close()

    answers = [
        AutoReply(parse_matcher("^2$"), b"3"),
        AutoReply(parse_matcher("2$|PING"), b"other"),
    ]
    automated(script, answers=answers).start().run()
    assert got == [b"3", b"other", b"other", b"3"]


@pytest.mark.parametrize(("limit", "answers"), [(None, 3), (60, 3), (1.5, 2)])
def test_only_the_time_limit_of_the_command_stops_answers(automated, limit, answers):
    """Each match takes a second, and the wait is over after the first."""
    clock = HandClock()
    got = []

    def script(peer):
        peer.accept()
        peer.payloads(1)
        peer.text("PING", "PING", "PING")
        while item := peer.expect(Messages):
            got.extend(item.payloads)

    class Slow:
        text = "PING"

        def matches(self, message):
            clock.now += 1
            return True

    opened = automated(script, answers=[AutoReply(Slow(), b"PONG")])
    session, env = opened.session, Env(None, None, None, {}, clock)
    running = CommandSession(session, opened.pipeline, env, Interrupts(1.0), limit)
    session.start()
    session.post(Opcode.TEXT, [b"go"])
    assert not running.wait(lambda: False, 0.5)
    while session.pending:
        running.turn(1.0)
    session.abort()
    wait_until(lambda: len(got) == answers)


def test_a_message_is_repeated_after_each_interval(automated):
    got = []

    def script(peer):
        peer.accept()
        got.extend(peer.payloads(3))
        peer.close()
        peer.expect_close()

    automated(script, repeats=[Repeat(0.02, b"tick")], opcode=Opcode.BINARY).start().run()
    assert got[:3] == [b"tick"] * 3


def test_a_pattern_that_backtracks_is_dropped_and_the_others_stay(automated):
    got = []

    def script(peer):
        peer.accept()
        peer.text("a" * 60 + "b", "PING")
        got.extend(peer.payloads(1))
        peer.close()
        peer.expect_close()

    answers = [
        AutoReply(parse_matcher("^(a|aa)+$"), b"x"),
        AutoReply(parse_matcher("PING"), b"PONG"),
    ]
    opened = automated(script, answers=answers).start()
    opened.run()
    assert got == [b"PONG"]
    (complaint,) = opened.complaints
    assert "backtracks for too long" in complaint.what


def test_a_peer_that_does_not_read_does_not_fill_the_memory(automated):
    def script(peer):
        peer.accept()
        for _ in range(200):
            peer.text(*["PING"] * 100)
        peer.close()
        peer.wait_for_end()

    reply = bytes(64 << 10)
    answers = [AutoReply(parse_matcher("PING"), reply)]
    opened = automated(script, answers=answers, opcode=Opcode.BINARY).start()
    most = 0
    for _ in range(100):
        opened.turn(0.05)
        most = max(most, opened.session.pending)
    assert most <= OUTBOX_HIGH_WATER + len(reply) + 100
