"""Notices on stderr without ``-v``; a small module, since every one-shot command loads it."""

from __future__ import annotations

from wscli.session.end import End, describe_close, error_of
from wscli.session.events import Opened
from wscli.session.pipeline import Sink
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.text import visible


class NoticeSink(Sink):
    """Writes the notices that matter without ``-v``, too.

    One says that the server chose none of the subprotocols offered. With ``reasons``, another has
    the reason of a normal close. (The reason of any other close is part of the error.)
    """

    def __init__(self, output: Output, palette: Palette, *, reasons: bool) -> None:
        self._output = output
        self._palette = palette
        self._reasons = reasons

    def opened(self, opened: Opened) -> None:
        """Warn that none of the subprotocols was chosen."""
        agreement = opened.opening.agreement
        if agreement is not None and agreement.declined:
            self._write(describe_declined(agreement.declined))

    def ended(self, end: End) -> None:
        """Write the reason of a normal close."""
        if self._reasons and end.reason and error_of(end) is None:
            self._write(f"the connection was closed with {describe_close(end)}")

    def _write(self, text: str) -> None:
        # The reason of a close is the peer's text, which a terminal must not interpret.
        mark = self._palette.paint("bold", "wscli:")
        self._output.write(f"{mark} {visible(text)}\n".encode())


def describe_declined(names: tuple[str, ...]) -> str:
    """Explain that the server chose none of the subprotocols offered."""
    # RFC 6455 §4.2.2 lets a server choose none, but the WebSockets Standard makes browsers check
    # for "a subprotocol requested by the client, but unacknowledged by the server". So a connection
    # that works here may fail in a web page.
    return (
        f"the server chose none of the subprotocols offered ({', '.join(names)}); "
        "a browser would fail this connection"
    )
