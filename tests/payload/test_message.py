"""A batch is decoded once, and its messages keep the result for all that use it."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams import items
from wscli.apps.automation import Automation, AutoReply
from wscli.apps.exchange import Exchange
from wscli.net.clock import Clock
from wscli.payload.codecs import NO_VALUE, value_of
from wscli.payload.matching import parse_matcher
from wscli.payload.message import Message, received
from wscli.repl.display import Display
from wscli.session.events import Batch
from wscli.session.pipeline import Pipeline, StageContext
from wscli.sinks.human.messages import HumanSink, MessageView
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.wire.codes import Opcode, Role
from wscli.wire.connection import Receiver
from wscli.wire.encoder import encode_unmasked
from wscli.wire.events import Messages

texts = st.lists(st.text(st.sampled_from("a\n\r\u2028é€😀\0"), max_size=8), min_size=1)
REPLY = b'{"id": 1, "result": "done"}'


def texts_of(payloads):
    """Return the texts of one run that a receiver has read."""
    wire = encode_unmasked(Opcode.TEXT, payloads)
    (_, messages) = items(Receiver(Role.CLIENT), wire)
    return [message.text for message in received(messages)]


@given(texts)
def test_the_texts_of_a_run_are_the_texts_that_were_sent(sent):
    assert texts_of([text.encode() for text in sent]) == sent


def test_a_line_feed_in_a_payload_does_not_separate_messages():
    assert texts_of([b"a\nb", b"c"]) == ["a\nb", "c"]


def test_texts_are_split_only_at_line_feeds():
    assert texts_of([b"a\r", "\u2028b".encode()]) == ["a\r", "\u2028b"]


def test_empty_messages_have_empty_texts():
    assert texts_of([b"", b"", b""]) == ["", "", ""]


def test_a_batch_without_messages_has_none():
    assert received(Messages(Opcode.TEXT, [])) == []


def test_the_messages_of_a_batch_are_the_same_objects_at_each_call():
    messages = Messages(Opcode.TEXT, [b"a", b"b"])
    assert received(messages) is received(messages)


def test_selected_messages_are_the_same_objects():
    messages = Messages(Opcode.TEXT, [b"a", b"b", b"c"])
    first, _, third = received(messages)
    assert received(messages.select([0, 2])) == [first, third]


def test_messages_may_be_selected_before_they_are_decoded():
    part = Messages(Opcode.TEXT, [b"a", b"b", b"c"]).select([1])
    assert part.decoded is None
    assert [message.text for message in received(part)] == ["b"]


def test_decoded_messages_do_not_make_batches_different():
    one, other = Messages(Opcode.TEXT, [b"a"]), Messages(Opcode.TEXT, [b"a"])
    received(one)
    assert one == other


def test_messages_know_the_subprotocol_of_their_connection():
    (message,) = received(Messages(Opcode.TEXT, [b"a"]), "mqtt")
    assert message.subprotocol == "mqtt"


def test_the_bytes_of_a_binary_message_are_its_characters():
    (message,) = received(Messages(Opcode.BINARY, [bytes(range(256))]))
    assert message.text == "".join(map(chr, range(256)))


def test_text_that_is_not_utf8_raises_a_unicode_decode_error():
    with pytest.raises(UnicodeDecodeError):
        _ = Message(Opcode.TEXT, b"\xff").text


def test_each_decoder_is_called_once_for_a_message():
    calls = []
    message = Message(Opcode.TEXT, b"ab")

    def length(message):
        calls.append(message)
        return len(message.payload)

    assert [message.once(length), message.once(length), message.once(repr)][:2] == [2, 2]
    assert calls == [message]


def test_none_is_remembered_as_a_result():
    calls = []
    message = Message(Opcode.TEXT, b"")
    message.once(calls.append)
    message.once(calls.append)
    assert calls == [message]


def test_forgotten_values_are_computed_again_and_the_text_is_kept():
    message = Message(Opcode.TEXT, b"[1]")
    value, text = value_of(message), message.text
    assert value_of(message) is value
    message.forget_values()
    assert value_of(message) == value
    assert value_of(message) is not value
    assert message.text is text


class CountedPayload(bytes):
    """A payload that counts the calls of ``decode``."""

    def __new__(cls, content):
        payload = super().__new__(cls, content)
        payload.decoded = 0
        return payload

    def decode(self, *args, **kwargs):
        self.decoded += 1
        return super().decode(*args, **kwargs)


@pytest.fixture
def parsed(monkeypatch):
    """The texts that the JSON parser has read."""
    read, loads = [], json.loads

    def counted(text, **options):
        read.append(text)
        return loads(text, **options)

    monkeypatch.setattr(json, "loads", counted)
    return read


def asking_stages():
    """Return stages that test each message with a pattern, a query and an id."""
    answers = [AutoReply(parse_matcher("^ping"), b""), AutoReply(parse_matcher("$.ask"), b"")]
    exchange = Exchange(until=parse_matcher("$.result"))
    exchange.expected.append(parse_matcher("done"))
    exchange.send(b'{"id": 1, "method": "get"}', awaited=True)
    exchange.finish()
    return Automation(answers=answers), exchange


def test_a_message_is_decoded_once_for_answers_replies_patterns_and_the_view(parsed):
    automation, exchange = asking_stages()
    stream = io.BytesIO()
    view = MessageView(Palette(colour=False), 80)
    pipeline = Pipeline([automation, exchange], [HumanSink(Output(stream, "stdout"), view)])
    pipeline.attach(StageContext())
    parsed.clear()
    payload = CountedPayload(REPLY)
    pipeline.batch(Batch(True, 0.0, 0.0, [Messages(Opcode.TEXT, [payload])]))
    assert (exchange.reached, exchange.replies) == (True, 1)
    assert b'"done"' in stream.getvalue()
    assert payload.decoded == 1
    assert parsed == [REPLY.decode()]


def test_a_session_decodes_a_message_once_for_answers_the_filter_and_the_screen(parsed):
    automation, _ = asking_stages()
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    display.filter.matcher = parse_matcher("$.result")
    pipeline = Pipeline([automation], [display.pipeline()])
    pipeline.attach(StageContext())
    parsed.clear()
    payload = CountedPayload(REPLY)
    pipeline.batch(Batch(True, 0.0, 0.0, [Messages(Opcode.TEXT, [payload])]))
    assert '"done"' in display.draw(1000)
    assert payload.decoded == 1
    assert parsed == [REPLY.decode()]


def test_a_message_that_waits_to_be_drawn_keeps_no_parsed_value(parsed):
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    display.filter.matcher = parse_matcher("$.result")
    messages = Messages(Opcode.TEXT, [REPLY])
    (message,) = received(messages)
    display.pipeline().batch(Batch(True, 0.0, 0.0, [messages]))
    assert display.waiting
    value_of(message)
    assert parsed == [REPLY.decode()] * 2


def test_the_journal_keeps_only_payloads():
    display = Display(MessageView(Palette(colour=False), 80), Clock(), lambda: None)
    messages = Messages(Opcode.TEXT, [REPLY])
    received(messages)
    display.pipeline().batch(Batch(True, 0.0, 0.0, [messages]))
    assert [entry.message for entry in display.journal.entries()] == [None]


@pytest.mark.parametrize("content", [b"[1", b'{"a": }', b"[" * 100_000])
def test_text_that_is_not_json_is_parsed_only_once(parsed, content):
    message = Message(Opcode.TEXT, content)
    assert [value_of(message), value_of(message)] == [NO_VALUE, NO_VALUE]
    assert parsed == [content.decode()]


def test_a_large_message_is_not_decoded_if_nothing_reads_its_text():
    payload = CountedPayload(b"x" * 100_000)
    pipeline = Pipeline([Automation(), Exchange()], [])
    pipeline.batch(Batch(True, 0.0, 0.0, [Messages(Opcode.TEXT, [payload])]))
    assert payload.decoded == 0
