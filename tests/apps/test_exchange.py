"""The exchange assigns received messages to sent ones, and decides which are passed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.apps.exchange import Exchange
from wscli.payload.matching import parse_matcher
from wscli.session.events import Batch
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages

CALLS = [b'{"id": %d, "method": "get"}' % number for number in range(3)]
REPLIES = [b'{"id": %d, "result": 5}' % number for number in range(3)]


def sending(payloads, *, done=True, **options):
    """Return an exchange in which messages have been sent, and which waits for all replies."""
    exchange = Exchange(**options)
    for payload in payloads:
        exchange.send(payload, awaited=True)
    if done:
        exchange.finish()
    return exchange


def receive(exchange, *payloads, incoming=True):
    """Give an exchange messages; return those that it passes on."""
    items = [Messages(Opcode.TEXT, list(payloads))]
    passed = exchange.batch(Batch(incoming, 0.0, 0.0, items), 0.0)
    return [payload for batch in passed for item in batch.items for payload in item.payloads]


def answered(exchange):
    """Return the numbers of the messages that have been answered."""
    return [message.number for message in exchange.sent if message.answered]


def test_messages_without_an_id_are_answered_in_the_order_in_which_they_were_sent():
    exchange = sending([b"one", b"two", b"three"])
    receive(exchange, b"a")
    assert answered(exchange) == [1]
    receive(exchange, b"b", b"c")
    assert answered(exchange) == [1, 2, 3]
    assert exchange.reached


def test_a_message_sent_later_is_answered_by_a_later_message():
    exchange = sending([b"one"], done=False)
    receive(exchange, b"a")
    exchange.send(b"two", awaited=True)
    assert answered(exchange) == [1]
    receive(exchange, b"b")
    assert answered(exchange) == [1, 2]


@given(st.permutations(range(3)))
def test_calls_are_answered_in_any_order(order):
    exchange = sending(CALLS)
    for count, number in enumerate(order, 1):
        assert not exchange.reached
        receive(exchange, REPLIES[number])
        assert answered(exchange) == sorted(index + 1 for index in order[:count])
    assert exchange.reached


def test_a_message_without_an_id_is_not_answered_by_the_reply_to_a_call():
    exchange = sending([b"hello", CALLS[0]])
    receive(exchange, REPLIES[0])
    assert answered(exchange) == [2]
    receive(exchange, b"hello yourself")
    assert answered(exchange) == [1, 2]


def test_other_messages_do_not_answer_a_call():
    exchange = sending(CALLS[:1])
    receive(exchange, b"event", b'{"id": 7, "result": 5}')
    assert (answered(exchange), exchange.replies, exchange.others) == ([], 0, 2)


@pytest.mark.parametrize(
    ("sent", "replies"), [([b"one"], 3), ([b"one", CALLS[0]], 3), (CALLS[:1], 0), ([], 3)]
)
def test_with_a_count_any_message_counts_if_a_sent_one_has_no_id(sent, replies):
    exchange = sending(sent, count=5)
    receive(exchange, b"a", b"b", b"c")
    assert exchange.replies == replies


def test_messages_that_are_answered_automatically_do_not_count():
    exchange = sending(CALLS[:1], is_automatic=lambda message: message.payload == b"ping")
    assert receive(exchange, b"ping", b"event") == [b"ping", b"event"]
    assert (exchange.replies, exchange.others, exchange.came) == (0, 1, 1)


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_nothing_is_passed_on_after_a_match_however_the_messages_are_split(cut):
    exchange = sending([b"hello"], until=parse_matcher("^done"))
    pushed = [b"a", b"b", b"done", b"c", b"done"]
    passed = [
        payload
        for start in range(0, len(pushed), cut)
        for payload in receive(exchange, *pushed[start : start + cut])
    ]
    assert passed == [b"a", b"b", b"done"]
    assert exchange.reached


def test_a_match_counts_only_once_everything_has_been_sent():
    exchange = sending([b"hello"], done=False, until=parse_matcher("done"))
    receive(exchange, b"done")
    exchange.finish()
    assert not exchange.reached
    receive(exchange, b"done")
    assert exchange.reached


def test_a_pattern_in_binary_messages_is_searched_for_in_their_bytes():
    exchange = sending([b"hello"], until=parse_matcher("\xff$"))
    items = [Messages(Opcode.BINARY, [b"\xff\x00", b"\x00\xff"])]
    exchange.batch(Batch(True, 0.0, 0.0, items), 0.0)
    assert exchange.reached


def test_sent_messages_pass_and_do_not_count():
    exchange = sending([b"hello"], until=parse_matcher("hello"), only_replies=True)
    assert receive(exchange, b"hello", incoming=False) == [b"hello"]
    assert (exchange.came, exchange.reached) == (0, False)


def test_with_only_replies_other_messages_are_dropped():
    exchange = sending(CALLS[:1], until=parse_matcher("done"), only_replies=True)
    assert receive(exchange, b"event", REPLIES[0], b"done") == [REPLIES[0], b"done"]
