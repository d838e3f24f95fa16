"""permessage-deflate: the vectors of RFC 7692, and every combination of its parameters."""

import itertools
import os
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.wire.codes import Role
from wscli.wire.deflate import BrokenDeflate, Deflater, Inflater, PerMessageDeflate, TooBig

ROOM = 1 << 20

COMBINATIONS = [
    PerMessageDeflate(*values)
    for values in itertools.product([False, True], [False, True], [8, 9, 12, 15], [8, 9, 12, 15])
]


def inflate(inflater, data, **options):
    return b"".join(inflater.inflate(data, **options))


# RFC 7692 §7.2.3: each list is one connection, each pair a message's payload and its text.
VECTORS = {
    "7.2.3.1 one block": [("f2 48 cd c9 c9 07 00", "Hello")],
    "7.2.3.2 shared window": [
        ("f2 48 cd c9 c9 07 00", "Hello"),
        ("f2 00 11 00 00", "Hello"),
    ],
    "7.2.3.3 no compression": [("00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello")],
    "7.2.3.4 BFINAL": [("f3 48 cd c9 c9 07 00 00", "Hello"), ("f2 48 cd c9 c9 07 00", "Hello")],
    "7.2.3.5 two blocks": [("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello")],
    "7.2.3.6 empty": [("00", ""), ("f2 48 cd c9 c9 07 00", "Hello")],
}


@pytest.mark.parametrize("messages", VECTORS.values(), ids=VECTORS)
def test_the_examples_of_rfc_7692_section_7_2_3(messages):
    inflater = Inflater()
    for payload, text in messages:
        assert inflate(inflater, bytes.fromhex(payload), last=True, room=ROOM) == text.encode()


def test_compressing_gives_the_bytes_of_the_rfc():
    deflater = Deflater()
    assert deflater.compress(b"Hello").hex(" ") == "f2 48 cd c9 c9 07 00"
    assert deflater.compress(b"Hello").hex(" ") == "f2 00 11 00 00"
    assert deflater.compress(b"").hex() == "00"


def test_without_context_takeover_each_message_is_compressed_alone():
    deflater = Deflater(no_context_takeover=True)
    assert deflater.compress(b"Hello") == deflater.compress(b"Hello")


@pytest.mark.parametrize("sender", Role)
@pytest.mark.parametrize("parameters", COMBINATIONS, ids=lambda p: p.answer())
def test_messages_round_trip_with_every_combination_of_parameters(parameters, sender):
    deflater = parameters.deflater(sender)
    inflater = parameters.inflater(sender)
    text = b"the quick brown fox " * 400
    for message in (b"", b"x", text, os.urandom(5000), text, b"", text):
        assert inflate(inflater, deflater.compress(message), last=True, room=ROOM) == message


@given(st.sampled_from(COMBINATIONS), st.lists(st.binary(max_size=2000), max_size=6), st.data())
def test_a_message_round_trips_however_it_is_fragmented(parameters, messages, data):
    deflater = parameters.deflater(Role.SERVER)
    inflater = parameters.inflater(Role.SERVER)
    for message in messages:
        wire = deflater.compress(message)
        cut = data.draw(st.integers(0, len(wire)))
        first = inflate(inflater, wire[:cut], last=False, room=ROOM)
        assert first + inflate(inflater, wire[cut:], last=True, room=ROOM) == message


def test_with_eight_window_bits_no_reference_reaches_back_beyond_256_bytes():
    """Inflate a byte at a time, since zlib checks a distance only against its window then."""
    deflater = Deflater(8)
    message = os.urandom(200) * 50 + os.urandom(255) * 50 + os.urandom(257) * 50
    wire = deflater.compress(message) + b"\x00\x00\xff\xff"
    inflater = zlib.decompressobj(-8)
    out = b""
    while wire:
        # With one byte of output per call, every reference is to the window of 256 bytes.
        out += inflater.decompress(wire, 1)
        wire = inflater.unconsumed_tail
    assert out + inflater.flush() == message


def test_data_that_is_not_a_deflate_stream_is_rejected():
    with pytest.raises(BrokenDeflate):
        inflate(Inflater(), b"\xff\xff\xff", last=True, room=ROOM)


def test_a_bomb_is_stopped_at_the_limit_in_bounded_memory():
    room = 4 << 20
    bomb = Deflater().compress(bytes(256 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(TooBig):
            inflate(Inflater(), bomb, last=True, room=room)
        assert tracemalloc.get_traced_memory()[1] < room * 2
    finally:
        tracemalloc.stop()


def test_endless_final_blocks_are_rejected():
    """Each block of two bytes ends the stream, and starting another one copies the rest."""
    with pytest.raises(BrokenDeflate, match="marked as final"):
        inflate(Inflater(), b"\x03\x00" * 100_000, last=True, room=ROOM)


def test_a_message_of_exactly_the_limit_passes():
    wire = Deflater().compress(bytes(ROOM))
    assert len(inflate(Inflater(), wire, last=True, room=ROOM)) == ROOM
    with pytest.raises(TooBig):
        inflate(Inflater(), wire, last=True, room=ROOM - 1)


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ([("client_max_window_bits", "7")], "must be 8 to 15"),
        ([("client_max_window_bits", "16")], "must be 8 to 15"),
        ([("client_max_window_bits", "08")], "must be 8 to 15"),
        ([("server_max_window_bits", None)], "must be 8 to 15"),
        ([("client_no_context_takeover", "1")], "takes no value"),
        ([("server_max_window_bits", "9"), ("server_max_window_bits", "9")], "twice"),
        ([("window", "9")], "no parameter"),
    ],
)
def test_an_answer_with_invalid_parameters_is_rejected(parameters, complaint):
    with pytest.raises(ValueError, match=complaint):
        PerMessageDeflate.from_answer(parameters)


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ([], "permessage-deflate"),
        ([("client_max_window_bits", None)], "permessage-deflate"),
        (
            [("client_max_window_bits", "10"), ("server_no_context_takeover", None)],
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
        ),
        ([("server_max_window_bits", "9")], "permessage-deflate; server_max_window_bits=9"),
    ],
)
def test_an_offer_is_answered_with_the_parameters_that_it_needs(offer, answer):
    assert PerMessageDeflate.from_offer(offer).answer() == answer


@pytest.mark.parametrize("value", [None, "10"])
def test_an_offer_that_names_a_parameter_twice_is_declined(value):
    with pytest.raises(ValueError, match="twice"):
        PerMessageDeflate.from_offer(
            [("client_max_window_bits", None), ("client_max_window_bits", value)]
        )
