"""What a typed line means: text to send, or a command with its argument."""

from __future__ import annotations

import re
from typing import NamedTuple

_CALL = r"(?s)/(\S*)\s?(.*)"


class SlashCommand(NamedTuple):
    """A command; the argument is all that stands behind its name, as it was typed."""

    name: str
    argument: str


def parse_line(line: str) -> str | SlashCommand:
    """Return the text that a line sends, or the command that it calls.

    ``//`` begins a text that begins with ``/``.
    """
    match = re.fullmatch(_CALL, line)
    if match is None:
        return line
    if line.startswith("//"):
        return line[1:]
    return SlashCommand(match[1], match[2])
