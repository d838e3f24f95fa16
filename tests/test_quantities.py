"""Durations and sizes as people write them."""

import pytest

from wscli.quantities import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("2s", 2.0), ("1m", 60.0), ("1.5h", 5400.0), ("3", 3.0), (".5", 0.5)],
)
def test_durations_are_parsed_to_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "-1s", "1 s", "s", "1d", "1e3", "٣٤", "nan", "inf"])
def test_an_invalid_duration_is_rejected_with_valid_forms(text):
    with pytest.raises(ValueError, match="500ms"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10", 10),
        ("10B", 10),
        ("64KiB", 65536),
        ("1MB", 10**6),
        ("1GiB", 2**30),
        ("10k", 10240),
        ("10K", 10240),
        ("1M", 2**20),
        ("1m", 2**20),
        ("2g", 2**31),
        ("2G", 2**31),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_sizes_are_parsed_to_bytes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "1.5MiB", "-1", "MiB", "1TiB", "1kb", "٣"])
def test_an_invalid_size_is_rejected_with_valid_forms(text):
    with pytest.raises(ValueError, match="64KiB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["9223372036854775808", "9" * 5000, "8589934592GiB"])
def test_a_size_beyond_the_longest_frame_is_too_large(text):
    with pytest.raises(ValueError, match="is too large") as caught:
        parse_size(text)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("text", ["876001h", "9" * 5000, "9" * 400])
def test_a_duration_beyond_a_century_is_too_long(text):
    with pytest.raises(ValueError, match="is too long") as caught:
        parse_duration(text)
    assert len(str(caught.value)) < 120
