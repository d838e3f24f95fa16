"""The session that the page about it shows, typed into the real program."""

import re

from tests.pages import ROOT, blocks_of

STEPS = {
    "Hello from client!": "↓ 1",
    '{"op": "subscribe", "topics": ["trades", "quotes"], "limit": 100}': "↓ 2",
    "/binary 0x89504e470d0a1a0a": "↓ 3",
    "/ping hello": "rtt [0-9]",
    "/frame --opcode 0x3 0x00ff": "● closed",
}
"""The lines of the page, each with a pattern that the screen then matches."""

DIFFERENT = {
    r"\d\d:\d\d:\d\d\.\d{3}": "TIME",
    r"127\.0\.0\.1:\d+": "ADDRESS",
    r"[\d.]+ m?s\b": "DURATION",
    r"mask [0-9a-f]{8}": "MASK",
    r"\s+": " ",
}
"""Patterns of what differs from run to run; where a line breaks depends on it."""


def steady(text):
    """Return a text with constants in place of values that vary between runs."""
    for pattern, constant in DIFFERENT.items():
        text = re.sub(pattern, constant, text)
    return text.strip()


def test_a_session_looks_as_its_page_shows(terminal):
    [shown] = [each.code for each in blocks_of(ROOT / "docs/session.md") if "● closed" in each.code]
    session = terminal("demo:", rows=40)
    session.until("● open")
    for line, pattern in STEPS.items():
        session.enter(line)
        session.until(lambda pattern=pattern: re.search(pattern, session.screen))
    session.until("Ctrl-D leaves\n>\n● closed")
    assert steady(session.screen) == steady(shown.removeprefix("$ wscli demo:\n"))
