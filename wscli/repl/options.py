"""What a user may ask of the interactive session, as one value."""

from __future__ import annotations

from typing import NamedTuple

from wscli.apps.common import SessionOptions
from wscli.apps.message import Sending


class ReplOptions(NamedTuple):
    """``reconnect`` is never, auto (unless the server refuses us) or always.

    ``on_open`` are lines to enter whenever a connection opens. ``max_lines`` is the number of rows
    that a message is cut to; None is half the screen.
    """

    common: SessionOptions
    sending: Sending = Sending()
    reconnect: str = "never"
    on_open: tuple[str, ...] = ()
    exit_on_close: bool = False
    history: bool = True
    vi: bool = False
    max_lines: int | None = None
