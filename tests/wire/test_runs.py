"""Runs: many frames cut or encoded at once are the same as frame by frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams import cuts
from wscli.wire.codes import Opcode
from wscli.wire.encoder import encode_masked, encode_unmasked
from wscli.wire.frames import Frame
from wscli.wire.parser import FrameParser, MessageRun

KEYS = st.binary(min_size=4, max_size=4)
# Lengths around each form of the length field, and counts around the size of a block.
LENGTHS = st.sampled_from([0, 1, 3, 4, 5, 64, 124, 125, 126, 127, 300])
COUNTS = st.sampled_from([1, 2, 15, 16, 17, 31, 33, 160, 300])


def fill(length, number):
    return (number.to_bytes(4, "big") * (length // 4 + 1))[:length]


@st.composite
def series(draw):
    """Draw frames of which many in a row have the same size."""
    masked = draw(st.booleans())
    first = [
        (draw(LENGTHS), draw(COUNTS), draw(st.sampled_from([1, 2])), draw(KEYS))
        for _ in range(draw(st.integers(1, 3)))
    ]
    return [
        Frame(opcode, fill(length, number), mask_key=key if masked else None)
        for length, count, opcode, key in first
        for number in range(count)
    ]


def parse(chunks, **options):
    parser = FrameParser(**options)
    return [item for chunk in chunks for item in parser.feed(chunk)]


def flatten(items):
    """Return the opcode, RSV bits, payload and whether it is masked of each frame."""
    for item in items:
        masked = item.masked if isinstance(item, MessageRun) else item.mask_key is not None
        payloads = item.payloads if isinstance(item, MessageRun) else [item.payload]
        for payload in payloads:
            yield item.opcode, item.rsv, payload, masked


@given(series(), st.data())
def test_runs_of_equal_sizes_have_the_same_frames_for_any_split(sent, data):
    chunks = data.draw(cuts(b"".join(frame.to_bytes() for frame in sent)))
    assert list(flatten(parse(chunks))) == list(flatten(parse(chunks, runs=False)))
    assert list(flatten(parse(chunks))) == list(flatten(sent))


@given(series())
def test_the_first_frame_of_a_run_is_as_it_was_on_the_wire(sent):
    runs = parse([b"".join(frame.to_bytes() for frame in sent)])
    number = 0
    for run in runs:
        assert run.first_frame == sent[number]
        number += len(run.payloads)
    assert number == len(sent)


@pytest.mark.parametrize("mask_key", [None, b"abcd"])
@pytest.mark.parametrize("odd", [Frame(9, b"x" * 64), Frame(1, b"x" * 64, fin=False)])
def test_a_frame_of_another_kind_among_equal_ones_is_not_in_the_run(mask_key, odd):
    same = Frame(1, b"x" * 64, mask_key=mask_key)
    odd.mask_key = mask_key
    wire = same.to_bytes() * 20 + odd.to_bytes() + same.to_bytes() * 20
    before, other, after = parse([wire])
    assert (len(before.payloads), other, len(after.payloads)) == (20, odd, 20)


def test_a_masked_frame_ends_a_run_of_unmasked_ones():
    plain, masked = Frame(1, b"x" * 20), Frame(1, b"x" * 20, mask_key=b"abcd")
    runs = parse([plain.to_bytes() * 20 + masked.to_bytes() * 20])
    assert [run.masked for run in runs] == [False, True]
    assert [run.payloads for run in runs] == [[b"x" * 20] * 20] * 2


def test_a_longer_length_form_than_needed_is_not_in_a_run():
    (frame,) = parse([Frame(1, b"short", length_form=16).to_bytes()])
    assert (frame.payload, frame.length_form) == (b"short", 16)


@given(st.sampled_from([Opcode.TEXT, Opcode.BINARY]), LENGTHS, COUNTS)
def test_messages_of_one_size_each_have_a_mask_key_of_their_own(opcode, length, count):
    payloads = [fill(length, number) for number in range(count)]
    wire = encode_masked(opcode, payloads)
    frames = parse([wire], runs=False)
    assert [frame.payload for frame in frames] == payloads
    assert b"".join(frame.to_bytes() for frame in frames) == wire
    assert len({frame.mask_key for frame in frames}) == count


@given(st.lists(LENGTHS | st.sampled_from([4096, 4097, 65535, 65536]), max_size=20))
def test_masked_messages_of_any_sizes_round_trip(lengths):
    payloads = [fill(length, number) for number, length in enumerate(lengths)]
    wire = encode_masked(Opcode.BINARY, payloads)
    assert list(flatten(parse([wire]))) == [(2, 0, payload, True) for payload in payloads]
    assert b"".join(frame.to_bytes() for frame in parse([wire], runs=False)) == wire


@given(st.lists(LENGTHS | st.sampled_from([65535, 65536]), max_size=20))
def test_unmasked_messages_are_encoded_like_single_frames(lengths):
    payloads = [fill(length, number) for number, length in enumerate(lengths)]
    expected = b"".join(Frame(Opcode.TEXT, payload).to_bytes() for payload in payloads)
    assert encode_unmasked(Opcode.TEXT, payloads) == expected


def test_a_run_ends_so_that_it_holds_few_objects():
    runs = parse([Frame(1, b"").to_bytes() * 200_000])
    assert max(len(run.payloads) for run in runs) <= 50_000
