"""Text that people read: peer data made safe for a terminal, sizes, durations and times.

The text of a peer is shown completely, but the terminal must not obey it. Control characters are
shown as symbols: an escape sequence could set the title, fill the clipboard or clear the screen,
and a bidi mark could disguise one line as another. The same applies to invisible characters, which
could hide a difference or a message. Joiners and variation selectors, which are invisible too, are
kept only where they change how their neighbours look: joiners between characters of a script that
joins or within an emoji, a selector after the emoji that it selects.
"""

from __future__ import annotations

import re
import time

# C0 and C1 controls without the line feed, DEL, and surrogates, which no terminal can be sent.
_CONTROLS = "\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff"

# Default_Ignorable_Code_Point in DerivedCoreProperties.txt, without joiners and the selectors that
# emoji need, and other characters without a visible form: separators, annotations, hieroglyphic
# controls, a Braille pattern without dots and a note without a head.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

_JOINERS = "\u200c\u200d"
_JOINED = f"[^\x00-\u05ff\u2000-\u2027\u202f\u205f\u3000{_INVISIBLE}{_JOINERS}]"

_SELECTORS = "\ufe0e\ufe0f"  # text or emoji presentation
_KEYCAPS = "#*0-9"  # selected only where U+20E3 follows: 1️⃣
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)

_LINE_FEED = "\n"


def _unsafe(*more: str) -> str:
    """Return a pattern of one character, with the context in which it is unsafe."""
    # The class comes first, since text without such a character is then searched at the speed of a
    # single class. The look-arounds run only for joiners and selectors that were found.
    always = "".join((_CONTROLS, _INVISIBLE, *more))
    return (
        f"[{always}{_JOINERS}{_SELECTORS}](?:(?<![{_JOINERS}{_SELECTORS}])"
        f"|(?<=[{_JOINERS}])(?:(?!{_JOINED})|(?<!{_JOINED}.))"
        f"|(?<=[{_SELECTORS}])(?:(?<![{_EMOJI}{_KEYCAPS}].)|(?<=[{_KEYCAPS}].)(?!\u20e3)))"
    )


UNSAFE = _unsafe()
"""A pattern for characters that a terminal might obey, that are invisible, or that cannot be
encoded; not for the line feed."""

_UNSAFE_IN_A_LINE = _unsafe(_LINE_FEED)


def visible(text: str, keep: str = "") -> str:
    """Return text with unsafe characters as symbols, except those in ``keep``."""
    # Most text is printable ASCII, which is checked faster than a pattern is searched. Only ASCII,
    # since Python calls some of the invisible characters printable.
    if text.isascii() and text.isprintable():
        return text
    pattern = UNSAFE if _LINE_FEED in keep else _UNSAFE_IN_A_LINE
    return re.sub(pattern, lambda match: match[0] if match[0] in keep else symbol(match[0]), text)


def symbol(character: str) -> str:
    """Return the symbol for a character that must not be written as it is."""
    code = ord(character)
    # The block "Control Pictures" has a symbol for each control of ASCII: ␛ for an escape.
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def visible_bytes(data: bytes, keep: str = "") -> str:
    r"""Return bytes as safe text: UTF-8, with ``\xff`` for a byte that is not."""
    return visible(data.decode(errors="backslashreplace"), keep)


def show_size(size: int) -> str:
    """Return a number of bytes with a unit, in at most eight characters."""
    if size < 1024:
        return f"{size} B"
    amount, units = size / 1024, ["KiB", "MiB", "GiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.1f} {units[0]}" if amount < 100 else f"{amount:.0f} {units[0]}"


def show_duration(seconds: float) -> str:
    """Return a duration in milliseconds below a second, else as ``show_time`` does."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else show_time(seconds)


def show_time(seconds: float) -> str:
    """Return seconds as a duration for people: 4.2 s, 3 min 5 s, 2 h 14 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    # Rounded before the division, or 119.7 s would be 1 min 60 s.
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def clock_time(seconds: float) -> str:
    """Return the local time of day to the millisecond."""
    # In whole milliseconds, since rounding the fraction alone could give 1000 of them.
    whole, milli = divmod(round(seconds * 1000), 1000)
    return f"{time.strftime('%H:%M:%S', time.localtime(whole))}.{milli:03d}"


def iso_time(seconds: float) -> str:
    """Return seconds since the epoch as ``2026-01-31T12:00:00.123456Z`` (RFC 3339)."""
    whole, micro = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{micro:06d}Z"
