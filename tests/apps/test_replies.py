"""The end of the wait of ``send``, and the messages that pass until then."""

import pytest

from wscli.apps.exchange import Exchange
from wscli.payload.matching import PatternTimeout, parse_matcher
from wscli.session.events import Batch
from wscli.session.pipeline import Pipeline, Sink, StageContext
from wscli.wire.events import Messages

CALL = b'{"jsonrpc":"2.0","id":%d,"method":"m"}'
RESULT = b'{"jsonrpc":"2.0","id":%d,"result":1}'
ERROR = b'{"jsonrpc":"2.0","id":%d,"error":{"code":-1,"message":"no such thing"}}'


class Conversation:
    """An exchange, and the messages that it has passed on."""

    def __init__(self, *args, context=None, **options):
        self.exchange = Exchange(*args, **options)
        self.passed = []
        sink = Sink()
        sink.batch = self._keep
        self._pipeline = Pipeline([self.exchange], [sink])
        self._pipeline.attach(context or StageContext())

    def _keep(self, batch):
        for item in batch.items:
            self.passed += item.payloads if isinstance(item, Messages) else [item]

    def send(self, *payloads, awaited=True):
        for payload in payloads:
            self.exchange.send(payload, awaited=awaited)
        return self

    def receive(self, *payloads):
        self._pipeline.batch(Batch(True, 0, 0, [Messages(1, list(payloads))]))
        return self

    def finish(self):
        self.exchange.finish()
        return self

    @property
    def reached(self):
        return self.exchange.reached


# Without a count


def test_each_message_waits_for_one_reply():
    talk = Conversation().send(b"a", b"b").finish().receive(b"1")
    assert (talk.reached, talk.exchange.replies) == (False, 1)
    assert [sent.number for sent in talk.exchange.unanswered] == [2]
    talk.receive(b"2")
    assert (talk.reached, talk.exchange.unanswered, talk.exchange.wanted) == (True, [], 2)


def test_the_end_is_not_reached_before_everything_has_been_sent():
    talk = Conversation().send(b"a").receive(b"1")
    assert not talk.reached
    assert talk.finish().reached


def test_a_message_that_is_not_awaited_takes_its_reply_but_delays_nothing():
    talk = Conversation().send(b"a", awaited=False).send(b"b").finish()
    talk.receive(b"for a")
    assert (talk.reached, talk.exchange.wanted) == (False, 1)
    assert talk.receive(b"for b").reached


def test_without_messages_the_first_received_one_ends_the_wait():
    talk = Conversation().receive(b"greeting")
    assert (talk.exchange.replies, talk.exchange.others, talk.exchange.wanted) == (0, 0, 1)
    assert not talk.finish().reached
    assert talk.receive(b"pushed").reached
    assert talk.passed == [b"greeting", b"pushed"]


def test_messages_before_the_first_sent_one_do_not_count():
    talk = Conversation().receive(b"greeting").send(CALL % 1).receive(b"event").finish()
    assert (talk.exchange.replies, talk.exchange.others, talk.exchange.came) == (0, 1, 1)
    assert not talk.reached


def test_a_message_without_its_reply_is_named_by_its_number_and_its_id():
    talk = Conversation().send(CALL % 1, CALL % 2).finish()
    talk.receive(b"event", RESULT % 2)
    assert [str(sent) for sent in talk.exchange.unanswered] == ["message 1 (id 1)"]
    assert talk.receive(RESULT % 1).reached
    assert (talk.exchange.replies, talk.exchange.others) == (2, 1)


def test_an_error_reply_is_kept_with_the_message_that_it_answers():
    talk = Conversation().send(CALL % 1, CALL % 2).finish().receive(ERROR % 2, RESULT % 1)
    assert talk.reached
    ((sent, error),) = talk.exchange.errors
    assert sent.number == 2
    assert "no such thing" in error


# With a count


@pytest.mark.parametrize("count", [1, 2, 3])
def test_nothing_passes_after_the_count_of_replies_is_reached(count):
    talk = Conversation(count).send(b"a").finish().receive(b"1", b"2", b"3", b"4")
    assert talk.reached
    assert talk.passed == [b"1", b"2", b"3", b"4"][:count]
    assert talk.exchange.replies == count


def test_a_count_of_zero_is_reached_at_once_and_no_message_passes():
    talk = Conversation(0).send(b"a").receive(b"1").finish()
    assert talk.reached
    assert talk.receive(b"2").passed == []


def test_a_count_reached_early_takes_effect_when_the_last_message_is_sent():
    talk = Conversation(1).send(b"a").receive(b"1", b"2")
    assert talk.passed == [b"1", b"2"]
    assert talk.finish().reached
    assert talk.receive(b"3").passed == [b"1", b"2"]


def test_later_replies_with_the_same_id_count_for_a_count():
    """Such as the events of a GraphQL subscription."""
    talk = Conversation(2).send(CALL % 1).finish().receive(RESULT % 1, b"event")
    assert (talk.reached, talk.exchange.others) == (False, 1)
    assert talk.receive(RESULT % 1).reached


def test_without_a_count_the_messages_after_the_end_still_pass():
    """They came in the same batch; nobody asked for a limit."""
    talk = Conversation().send(b"a").finish().receive(b"1", b"2")
    assert (talk.reached, talk.passed) == (True, [b"1", b"2"])


# With patterns


@pytest.mark.parametrize("payloads", [[b"done"], [b"1", b"2"]])
def test_a_count_and_until_are_reached_by_whichever_comes_first(payloads):
    talk = Conversation(2, parse_matcher("done")).send(b"a").finish()
    assert talk.receive(*payloads).reached


def test_expected_patterns_are_matched_in_their_order_and_one_by_each_message():
    talk = Conversation().send(b"a", awaited=False)
    talk.exchange.expected += [parse_matcher("x"), parse_matcher("y")]
    talk.finish().receive(b"y", b"x y")
    assert (len(talk.exchange.expected), talk.reached) == (1, False)
    assert talk.receive(b"y").reached


class Backtracking:
    """A pattern that takes too long for every message."""

    def __init__(self):
        self.searches = 0

    def matches(self, message):
        self.searches += 1
        raise PatternTimeout("the pattern backtracks for too long")


def test_a_pattern_that_takes_too_long_is_reported_once_and_not_searched_for_again():
    complaints, pattern = [], Backtracking()
    context = StageContext(complain=complaints.append)
    talk = Conversation(until=pattern, context=context).send(b"a").finish().receive(b"1", b"2")
    talk.receive(b"3")
    assert [complaint.what for complaint in complaints] == ["the pattern backtracks for too long"]
    assert (pattern.searches, talk.reached) == (1, False)
    assert talk.passed == [b"1", b"2", b"3"]


def test_no_pattern_is_searched_for_once_the_wait_is_over():
    pattern = Backtracking()
    talk = Conversation(until=pattern, context=StageContext(is_over=lambda: True))
    talk.send(b"a").finish().receive(b"1")
    assert pattern.searches == 0


# The messages printed


def test_with_only_replies_an_expected_message_passes():
    talk = Conversation(until=parse_matcher("done"), only_replies=True).send(CALL % 1).finish()
    talk.exchange.expected.append(parse_matcher("ready"))
    assert talk.receive(b"noise", b"ready", b"done").passed == [b"ready", b"done"]


def test_a_reply_with_the_id_counts_even_if_it_is_answered_automatically():
    talk = Conversation(is_automatic=lambda message: True).send(CALL % 1).finish()
    assert talk.receive(RESULT % 1).reached
