"""Frames: the examples of the RFC, and properties that hold for any stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams import cuts, frames
from wscli.wire.codes import Opcode
from wscli.wire.encoder import encode_masked, encode_unmasked
from wscli.wire.frames import Frame, shortest_length_form
from wscli.wire.parser import FrameParser, MessageRun

KEY = bytes.fromhex("37fa213d")

RFC_6455_5_7 = {
    "unmasked text": ("81 05 48 65 6c 6c 6f", [Frame(Opcode.TEXT, b"Hello")]),
    "masked text": (
        "81 85 37 fa 21 3d 7f 9f 4d 51 58",
        [Frame(Opcode.TEXT, b"Hello", mask_key=KEY)],
    ),
    "fragmented text": (
        "01 03 48 65 6c 80 02 6c 6f",
        [Frame(Opcode.TEXT, b"Hel", fin=False), Frame(Opcode.CONTINUATION, b"lo")],
    ),
    "ping and masked pong": (
        "89 05 48 65 6c 6c 6f 8a 85 37 fa 21 3d 7f 9f 4d 51 58",
        [Frame(Opcode.PING, b"Hello"), Frame(Opcode.PONG, b"Hello", mask_key=KEY)],
    ),
    "256 bytes": ("82 7E 01 00" + "ab" * 256, [Frame(Opcode.BINARY, b"\xab" * 256)]),
    "64 KiB": (
        "82 7F 00 00 00 00 00 01 00 00" + "cd" * 65536,
        [Frame(Opcode.BINARY, b"\xcd" * 65536)],
    ),
}


def parse(chunks, **options):
    parser = FrameParser(**options)
    return [item for chunk in chunks for item in parser.feed(chunk)], parser


def expand(items):
    """Return (first byte, payload) of every frame, however they were grouped."""
    for item in items:
        if isinstance(item, MessageRun):
            yield from ((item.first_byte, payload) for payload in item.payloads)
        else:
            yield (item.fin << 7 | item.rsv << 4 | item.opcode, item.payload)


@pytest.mark.parametrize(("wire", "expected"), RFC_6455_5_7.values(), ids=RFC_6455_5_7)
def test_the_examples_of_rfc_6455_section_5_7(wire, expected):
    wire = bytes.fromhex(wire)
    assert parse([wire], runs=False)[0] == expected
    assert b"".join(frame.to_bytes() for frame in expected) == wire


@pytest.mark.parametrize(("wire", "expected"), RFC_6455_5_7.values(), ids=RFC_6455_5_7)
def test_the_examples_may_arrive_a_byte_at_a_time(wire, expected):
    wire = bytes.fromhex(wire)
    assert parse([wire[i : i + 1] for i in range(len(wire))], runs=False)[0] == expected


@given(st.lists(frames(), max_size=8), st.data())
def test_any_split_of_the_stream_gives_the_same_frames(sent, data):
    wire = b"".join(frame.to_bytes() for frame in sent)
    items, parser = parse(data.draw(cuts(wire)), runs=False)
    assert items == sent
    assert not parser.mid_frame
    assert b"".join(frame.to_bytes() for frame in items) == wire


@given(st.lists(frames(), max_size=8), st.data())
def test_runs_hold_the_same_payloads_for_any_split(sent, data):
    wire = b"".join(frame.to_bytes() for frame in sent)
    items, parser = parse(data.draw(cuts(wire)))
    assert list(expand(items)) == list(expand(sent))
    assert not parser.mid_frame


@given(st.lists(frames(), min_size=1, max_size=4), st.data())
def test_a_stream_that_ends_inside_a_frame_says_so(sent, data):
    wire = b"".join(frame.to_bytes() for frame in sent)
    missing = data.draw(st.integers(1, sent[-1].wire_size - 1))
    items, parser = parse([wire[:-missing]], runs=False)
    assert items == sent[:-1]
    assert parser.mid_frame


@given(
    st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
    st.lists(st.binary(max_size=140), max_size=30),
)
def test_a_batch_of_masked_messages_round_trips(opcode, payloads):
    items, _ = parse([encode_masked(opcode, payloads)], runs=False)
    assert [item.payload for item in items] == payloads
    assert all(item.fin and item.opcode == opcode and item.mask_key for item in items)


@given(st.lists(st.binary(max_size=140), min_size=2, max_size=30))
def test_a_run_of_masked_messages_is_received_unmasked(payloads):
    items, _ = parse([encode_masked(Opcode.TEXT, payloads)])
    assert [payload for run in items for payload in run.payloads] == payloads
    assert all(isinstance(run, MessageRun) and run.masked for run in items)


@given(st.lists(st.binary(max_size=140), max_size=30))
def test_a_batch_of_unmasked_messages_round_trips(payloads):
    items, _ = parse([encode_unmasked(Opcode.TEXT, payloads)], runs=False)
    assert [item.payload for item in items] == payloads


def test_each_frame_of_a_batch_has_its_own_key():
    items, _ = parse([encode_masked(Opcode.TEXT, [b"same"] * 100)], runs=False)
    assert len({item.mask_key for item in items}) == 100


@pytest.mark.parametrize(
    ("length", "form"), [(0, 7), (125, 7), (126, 16), (65535, 16), (65536, 64)]
)
def test_the_shortest_length_form_is_used_by_default(length, form):
    assert shortest_length_form(length) == form
    frame = Frame(Opcode.BINARY, bytes(length))
    assert frame.length_form == form
    assert len(frame.to_bytes()) == frame.wire_size


def test_a_longer_length_form_than_needed_is_kept():
    wire = b"\x82\x7f" + bytes(7) + b"\x01x"
    (frame,) = parse([wire])[0]
    assert (frame.payload, frame.length_form) == (b"x", 64)
    assert frame.to_bytes() == wire


def test_an_incomplete_frame_has_its_header_and_the_latest_payload():
    _, parser = parse([b"\x81\xfe\x01\x00" + KEY + b"\x7f\x9f"])
    partial = parser.partial
    assert (partial.header.opcode, partial.header.length) == (Opcode.TEXT, 256)
    assert (partial.received, partial.missing, partial.latest) == (2, 254, b"He")


def test_an_incomplete_frame_can_be_taken_with_the_payload_so_far():
    wire = b"\x81\xfe\x01\x00" + KEY + b"\x7f\x9f"
    _, parser = parse([wire])
    frame = parser.partial.frame()
    assert (frame.payload, frame.length, frame.complete) == (b"He", 256, False)
    assert frame.wire_size == len(wire)
    assert frame.to_bytes() == wire
    assert "length=256" in repr(frame)


def test_a_frame_with_all_of_its_payload_is_complete():
    assert Frame(Opcode.TEXT, b"Hello").complete
    assert all(frame.complete for frame in parse([b"\x81\x00\x01\x01x"], runs=False)[0])
