"""The toolbar below the prompt: the state of the connection, and the traffic in each direction.

It reads the link and the statistics while the link's thread changes them. Each value is read once,
so a drawing may be a moment old, but never inconsistent in itself.
"""

from __future__ import annotations

from wscli.repl.link import Link
from wscli.repl.notices import describe_retry
from wscli.sinks.human.wrapping import cell_width, wrap
from wscli.sinks.stats import Stats, Tally
from wscli.text import show_size, visible

Fragment = tuple[str, str]

_BETWEEN: Fragment = ("", "  ")
_NEW_LINE: Fragment = ("", "\n")
_LEAST_WIDTH = 20  # columns; a narrower toolbar has only a sign for the state


class Toolbar:
    """Describes the connection to ``host`` for each drawing; called in the main thread."""

    def __init__(self, link: Link, stats: Stats, host: str) -> None:
        self._link = link
        self._stats = stats
        self._host = host

    def fragments(self, width: int) -> list[Fragment]:
        """Return pairs of style and text, on several lines if they do not fit on one."""
        if width < _LEAST_WIDTH:
            return [(f"class:state.{self._link.state.value}", "●")]
        connection, traffic = self._connection(), self._traffic()
        line = _fold([*connection, *traffic], width)
        if _NEW_LINE not in line:
            return line
        # Broken between the two, so that the counts keep their place while the state changes.
        return [*_fold(connection, width), _NEW_LINE, *_fold(traffic, width)]

    def _connection(self) -> list[Fragment]:
        session, retry, state = self._link.session, self._link.retry, self._link.state.value
        # One word for all of a series of attempts: "waiting" and "connecting" would alternate.
        shown = "reconnecting" if retry is not None else state
        parts = [(f"class:state.{state}", f"● {shown}"), ("class:host", self._host)]
        if retry is not None:
            parts += [("", visible(part)) for part in describe_retry(retry)]
        agreement = session.opening.agreement if session is not None else None
        if agreement is not None:
            parts.append(("", visible(agreement.subprotocol or "no subprotocol")))
            parts.append(("", "deflate" if agreement.deflate else "no compression"))
        return parts

    def _traffic(self) -> list[Fragment]:
        rtt = self._stats.last_rtt
        return [
            ("", f"↑ {_count(self._stats.outgoing)}"),
            ("", f"↓ {_count(self._stats.incoming)}"),
            ("", "rtt –" if rtt is None else f"rtt {rtt * 1000:.2f} ms"),
        ]


def _fold(parts: list[Fragment], width: int) -> list[Fragment]:
    """Put as many parts on each line as fit; a part that is longer than a line is cut."""
    parts = [(style, _cut(text, width)) for style, text in parts]
    folded, room = parts[:1], width - cell_width(parts[0][1])
    for part in parts[1:]:
        size = cell_width(part[1])
        fits = size + len(_BETWEEN[1]) <= room
        folded += [_BETWEEN if fits else _NEW_LINE, part]
        room = (room - len(_BETWEEN[1]) if fits else width) - size
    return folded


def _cut(text: str, width: int) -> str:
    return text if cell_width(text) <= width else f"{wrap(text, width - 1)[0]}…"


def _count(tally: Tally) -> str:
    return f"{tally.messages:,} · {show_size(tally.payload)}"
