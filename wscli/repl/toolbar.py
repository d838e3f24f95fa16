"""The line below the prompt: how the connection is, and what went each way."""

from __future__ import annotations

from wscli.repl.link import Link
from wscli.sinks.human.messages import show_size
from wscli.sinks.human.safe import cell_width, visible
from wscli.sinks.stats import Stats, Tally

Fragment = tuple[str, str]

_BETWEEN: Fragment = ("", "  ")


class Toolbar:
    """Writes the line anew whenever it is asked to; ``host`` is what is connected to."""

    def __init__(self, link: Link, stats: Stats, host: str) -> None:
        self._link = link
        self._stats = stats
        self._host = host

    def fragments(self, width: int) -> list[Fragment]:
        """Return pairs of style and text, on two lines where the terminal is too narrow for one."""
        connection, traffic = self._connection(), self._traffic()
        line = [*connection, _BETWEEN, *traffic]
        if sum(cell_width(text) for _, text in line) <= width:
            return line
        return [*connection, ("", "\n"), *traffic]

    def _connection(self) -> list[Fragment]:
        session = self._link.session
        state = "closing" if session is not None and session.closing else self._link.state
        fragments = [(f"class:state.{state}", f"● {state}"), _BETWEEN, ("class:host", self._host)]
        agreement = session.opening.agreement if session is not None else None
        if agreement is not None:
            subprotocol = visible(agreement.subprotocol or "no subprotocol")
            compression = "deflate" if agreement.deflate else "no compression"
            fragments += [_BETWEEN, ("", subprotocol), _BETWEEN, ("", compression)]
        return fragments

    def _traffic(self) -> list[Fragment]:
        rtt = self._stats.last_rtt
        return [
            ("", f"↑ {_count(self._stats.outgoing)}"),
            _BETWEEN,
            ("", f"↓ {_count(self._stats.incoming)}"),
            _BETWEEN,
            ("", "rtt –" if rtt is None else f"rtt {rtt * 1000:.2f} ms"),
        ]


def _count(tally: Tally) -> str:
    return f"{tally.messages:,} · {show_size(tally.payload)}"
