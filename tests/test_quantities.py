"""Durations and sizes as people write them."""

import pytest

from wscli.quantities import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("2s", 2.0), ("1m", 60.0), ("1.5h", 5400.0), ("3", 3.0), (".5", 0.5)],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "-1s", "1 s", "s", "1d", "1e3", "٣٤x"])
def test_what_is_no_duration_says_what_to_write(text):
    with pytest.raises(ValueError, match="500ms"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"), [("10", 10), ("10B", 10), ("64KiB", 65536), ("1MB", 10**6), ("1GiB", 2**30)]
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "1.5MiB", "-1", "MiB", "1TiB"])
def test_what_is_no_size_says_what_to_write(text):
    with pytest.raises(ValueError, match="64KiB"):
        parse_size(text)
