"""Options of wscat, websocat and curl that wscli does not have, and their equivalents.

They are used in hints alone: a usage error shows the equivalent call (see ``translate``).
"""

from __future__ import annotations

from typing import NamedTuple


class Habit(NamedTuple):
    """An option of another program, and its equivalent in wscli.

    ``becomes`` lists options of wscli, with ``{}`` for the value, or names the role of the value,
    "url" or "message"; ``command`` is the command that does the same.
    """

    takes_value: bool = False
    becomes: tuple[str, ...] | str = ()
    command: str = ""


_DROPPED = Habit()
_MESSAGE = Habit(takes_value=True, becomes="message")
_URL = Habit(takes_value=True, becomes="url")


def _option(*words: str) -> Habit:
    return Habit(takes_value="{}" in "".join(words), becomes=words)


# Where two programs use the same letter differently (-x is curl's proxy and wscat's message), the
# value decides: see `translate.py`.
HABITS = {
    # wscat
    "-c": _URL,
    "--connect": _URL,
    "-x": _MESSAGE,
    "--execute": _MESSAGE,
    "-P": _option("-vv"),
    "--show-ping-pong": _option("-vv"),
    "-n": _option("-k"),
    "--no-check": _option("-k"),
    "--no-color": _option("--color", "never"),
    "--auth": _option("-u", "{}"),
    "--ca": _option("--cacert", "{}"),
    "-l": Habit(takes_value=True, command="serve"),
    "--listen": Habit(takes_value=True, command="serve"),
    "-w": _option("--wait", "{}"),
    "--slash": _DROPPED,  # a session always has slash commands
    # websocat
    "-1": _option("-n", "1"),
    "--one-message": _option("-n", "1"),
    "-E": _DROPPED,  # pipe always ends after stdin
    "--exit-on-eof": _DROPPED,
    "--no-close": _DROPPED,  # pipe goes on reading for --linger before it closes
    "--protocol": _option("-s", "{}"),
    "--basic-auth": _option("-u", "{}"),
    # curl; options without an equivalent, such as -N and -S, ask for the way wscli works anyway
    "-d": _MESSAGE,
    "--data": _MESSAGE,
    "--data-raw": _MESSAGE,
    "--data-binary": _MESSAGE,
    "-X": Habit(takes_value=True),  # a WebSocket opens with GET (RFC 6455 §4.1)
    "--request": Habit(takes_value=True),
    "-i": _option("-v"),
    "--include": _option("-v"),
    "--verbose": _option("-v"),
    "--silent": _option("-q"),
    "-I": Habit(command="inspect"),
    "--head": Habit(command="inspect"),
    "-N": _DROPPED,  # output is never buffered
    "--no-buffer": _DROPPED,
    "-f": _DROPPED,  # a refused upgrade is always an error
    "--fail": _DROPPED,
    "-S": _DROPPED,  # errors are shown with -q, too
    "--show-error": _DROPPED,
    "--compressed": _DROPPED,  # permessage-deflate is offered by default
    "--http1.1": _DROPPED,  # the only version in which the upgrade of RFC 6455 exists
    "--url": _URL,
    "--max-time": _option("--timeout", "{}"),
    "--oauth2-bearer": _option("--bearer", "{}"),
    "-e": _option("-H", "Referer: {}"),
    "--referer": _option("-H", "Referer: {}"),
}
"""Looked up only for options that the commands of wscli do not have."""

OWN_NAMES = {
    ("listen", "-m"): "--for",
    ("listen", "--timeout"): "--for",
    ("listen", "--max-time"): "--for",
    ("listen", "--replies"): "--count",
    ("send", "--for"): "--timeout",
    ("send", "--count"): "--replies",
}
"""The name that an option of other commands or programs has in one command."""
