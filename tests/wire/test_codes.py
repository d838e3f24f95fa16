"""The names of close codes, and counting and choosing messages of a batch."""

import pytest

from wscli.wire.codes import Opcode, close_code_name
from wscli.wire.encoder import encode_masked
from wscli.wire.events import Messages
from wscli.wire.frames import Frame
from wscli.wire.parser import count_messages


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (1000, "normal closure"),
        (1015, "TLS handshake"),
        (2999, "reserved"),
        (3000, "registered use"),
        (3999, "registered use"),
        (4000, "private use"),
        (4999, "private use"),
        (5000, "reserved"),
    ],
)
def test_a_close_code_is_named_by_the_registry_or_by_its_range(code, name):
    assert close_code_name(code) == name


def test_short_messages_of_one_run_are_counted_each():
    assert count_messages(encode_masked(Opcode.TEXT, [b"a", b"b", b"c"])) == 3


def test_a_message_in_fragments_counts_once_and_an_unfinished_one_not_yet():
    first, last = Frame(Opcode.TEXT, b"in ", fin=False), Frame(Opcode.CONTINUATION, b"two")
    assert count_messages(first.to_bytes()) == 0
    assert count_messages(first.to_bytes() + last.to_bytes()) == 1


def test_control_frames_do_not_count_as_messages():
    assert count_messages(Frame(Opcode.PING, b"hi").to_bytes()) == 0


def test_chosen_messages_keep_their_decoded_forms():
    batch = Messages(Opcode.TEXT, [b"1", b"2", b"3"])
    batch.decoded = [1, 2, 3]
    chosen = batch.select([2, 0])
    assert chosen == Messages(Opcode.TEXT, [b"3", b"1"])
    assert chosen.decoded == [3, 1]


def test_messages_that_were_not_decoded_stay_so_when_chosen():
    assert Messages(Opcode.BINARY, [b"1", b"2"]).select([0]).decoded is None
