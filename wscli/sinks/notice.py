"""What is said on stderr without being asked for: light, since one-shot commands load it."""

from __future__ import annotations

from wscli.net.opening import Opening
from wscli.session.bus import Sink
from wscli.session.end import End, describe_close, error_of
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.safe import visible
from wscli.sinks.output import Output


class NoticeSink(Sink):
    """Writes what must not go unnoticed where no other sink describes the connection.

    That is a subprotocol that was offered and not chosen and, with ``reasons``, the reason of a
    normal close; one of an error is part of that error.
    """

    def __init__(self, output: Output, palette: Palette, *, reasons: bool) -> None:
        self._output = output
        self._palette = palette
        self._reasons = reasons

    def opened(self, opening: Opening, time: float, elapsed: float) -> None:
        """Warn of a subprotocol that was not chosen."""
        if opening.agreement is not None and opening.agreement.declined:
            self._write(describe_declined(opening.agreement.declined))

    def ended(self, end: End) -> None:
        """Write the reason of a normal close."""
        if self._reasons and end.reason and error_of(end) is None:
            self._write(f"the connection was closed with {describe_close(end)}")

    def _write(self, text: str) -> None:
        mark = self._palette.paint("bold", "wscli:")
        self._output.write(f"{mark} {visible(text)}\n".encode())


def describe_declined(names: tuple[str, ...]) -> str:
    """Return what it means that a server chose none of the subprotocols offered."""
    # WebSockets Standard, "establish a WebSocket connection": no choice fails the connection.
    return (
        f"the server chose none of the subprotocols offered ({', '.join(names)}); "
        "a browser would fail this connection"
    )
