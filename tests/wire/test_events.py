"""Messages give their payloads as texts, however they are decoded."""

from hypothesis import given
from hypothesis import strategies as st

from tests.streams import items
from wscli.wire.codes import Opcode, Role
from wscli.wire.connection import Receiver
from wscli.wire.events import Messages
from wscli.wire.runs import encode_unmasked

texts = st.lists(st.text(st.sampled_from("a\n\r\u2028é€😀\0"), max_size=8), min_size=1)


def received(payloads):
    """Return the messages of one run, as a receiver checks them."""
    wire = encode_unmasked(Opcode.TEXT, payloads)
    (_, messages) = items(Receiver(Role.CLIENT), wire)
    return messages


@given(texts)
def test_the_texts_of_a_run_are_those_that_were_sent(sent):
    assert received([text.encode() for text in sent]).texts == sent


def test_a_line_feed_in_a_payload_separates_no_messages():
    assert received([b"a\nb", b"c"]).texts == ["a\nb", "c"]


def test_texts_are_split_at_line_feeds_alone():
    assert received([b"a\r", "\u2028b".encode()]).texts == ["a\r", "\u2028b"]


def test_texts_are_decoded_once():
    messages = Messages(Opcode.TEXT, [b"a", b"b"])
    assert messages.texts is messages.texts


def test_no_messages_have_no_texts():
    assert Messages(Opcode.TEXT, []).texts == []
