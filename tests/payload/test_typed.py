"""Escapes and terminators of typed text."""

import pytest

from wscli.payload.typed import terminated, unescape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", b""),
        ("plain ✓", "plain ✓".encode()),
        (r"CONNECT\nhost:h\n\n\0", b"CONNECT\nhost:h\n\n\0"),
        (r"a\r\n\tb", b"a\r\n\tb"),
        (r"{}\x1e", b"{}\x1e"),
        (r"\xff\x00", b"\xff\x00"),
        (r"caf\u00e9", "café".encode()),
        (r"\ud83d\ude00!", "😀!".encode()),
        (r"\u{1F600}\u{9}", "😀\t".encode()),
        (r"C:\\new", rb"C:\new"),
        ("\\\\u0041", rb"\u0041"),
        ("\udcff", b"\xff"),
    ],
)
def test_escapes_are_replaced(text, expected):
    assert unescape(text) == expected


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("\\", 1),
        (r"ab\q", 3),
        (r"\x1", 1),
        (r"\u12", 1),
        (r"\n\u{}", 3),
        (r"\u{110000}", 1),
        (r"\u{d800}", 1),
        (r"x\u0041\ud83d", 8),
        (r"x\ud83d\u0041", 2),
    ],
)
def test_an_invalid_escape_is_reported_with_its_position(text, position):
    with pytest.raises(ValueError, match=f"at character {position};"):
        unescape(text)


def test_a_terminator_is_added_only_if_it_is_missing():
    assert terminated(b"{}", b"\x1e") == b"{}\x1e"
    assert terminated(b"{}\x1e", b"\x1e") == b"{}\x1e"
    assert terminated(b"a\r", b"\r\n") == b"a\r\r\n"
    assert terminated(b"", b"\0") == b"\0"
    assert terminated(b"as it is", b"") == b"as it is"


def test_half_of_a_surrogate_pair_cannot_be_typed():
    with pytest.raises(ValueError, match=r"U\+D83D at character 2 is half of a surrogate pair"):
        unescape("a\ud83d")
