"""A stream of bytes is cut into messages, however it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.payload.splitting import Splitter


def split(splitter, pieces):
    return [message for piece in pieces for message in splitter.feed(piece)] + splitter.finish()


@pytest.mark.parametrize(
    ("separator", "keep", "data", "messages"),
    [
        (b"\n", False, b"a\n\nb\n", [b"a", b"", b"b"]),
        (b"\n", False, b"a\nb", [b"a", b"b"]),
        (b"\n", False, b"", []),
        (b"\r\n", True, b"a\r\nb\rc\n\r\n", [b"a\r\n", b"b\rc\n\r\n"]),
        (b"\0", True, b"A\n\n\0B", [b"A\n\n\0", b"B"]),
        (b"", False, b"a\nb", [b"a\nb"]),
        (b"", False, b"", [b""]),
    ],
)
def test_bytes_are_cut_at_the_separator(separator, keep, data, messages):
    assert split(Splitter(separator, keep=keep), [data]) == messages
    assert split(Splitter(separator, keep=keep), [bytes([byte]) for byte in data]) == messages


@given(st.lists(st.text("ab\r\n").map(str.encode)), st.sampled_from([b"\n", b"\r\n", b"aab"]))
def test_any_cut_gives_the_same_messages(pieces, separator):
    data = b"".join(pieces)
    messages = split(Splitter(separator, keep=True), pieces)
    assert b"".join(messages) == data
    assert messages == split(Splitter(separator, keep=True), [data])
    assert all(message.count(separator) <= 1 for message in messages if separator != b"aab")


def test_pending_counts_the_bytes_of_an_incomplete_message():
    splitter = Splitter(b"\n")
    splitter.feed(b"abc\nde")
    assert splitter.pending == 2
