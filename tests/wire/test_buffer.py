"""PayloadBuffer joins pieces in order, in little more memory than the payload."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.wire.buffer import PayloadBuffer


def joined(parts):
    pieces = PayloadBuffer()
    for part in parts:
        pieces.add(part)
    assert pieces.size == sum(map(len, parts))
    return pieces.join()


@given(st.lists(st.binary(max_size=20), max_size=600))
def test_pieces_are_joined_in_order(parts):
    assert joined(parts) == b"".join(parts)


def test_a_single_piece_is_not_copied():
    piece = bytes(1 << 20)
    assert joined([piece]) is piece


def test_pieces_may_be_added_after_they_were_joined():
    pieces = PayloadBuffer()
    for number in range(1000):
        pieces.add(b"%d " % number)
        assert pieces.join().endswith(b"%d " % number)
    assert len(pieces.join()) == pieces.size


@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_many_pieces_need_no_second_copy(size):
    count = (32 << 20) // size if size > 1 else 1 << 20
    tracemalloc.start()
    try:
        pieces = PayloadBuffer()
        for _ in range(count):
            pieces.add(bytes(size))
        whole = pieces.join()
        assert tracemalloc.get_traced_memory()[1] < 1.25 * len(whole) + (9 << 20)
    finally:
        tracemalloc.stop()
    assert len(whole) == count * size
