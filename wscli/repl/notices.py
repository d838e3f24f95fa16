"""Lines about the connection: its opening, the next attempt, pings, pongs and forged frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wscli.net.opening import Opening
from wscli.repl.link import Retry
from wscli.session.events import Batch
from wscli.sinks.human.messages import MessageView
from wscli.sinks.human.talk import show_frame
from wscli.text import show_duration, visible, visible_bytes
from wscli.wire.codes import Opcode
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.parser import MessageRun
from wscli.wire.receiver import Item
from wscli.wire.rules import Violation

_MAX_EXPECTED = 1000  # payloads of the user's control frames that are remembered
_PING_INTERVAL = 10.0  # seconds; at most one of the peer's pings is shown in that time
_SHORTEST_WAIT = 0.05  # seconds; a shorter wait would be shown as 0.0
_EVENTS = (Messages, Ping, Pong, Close)


class DisplayOptions(NamedTuple):
    """The parts that a display shows; the first two are False if another sink shows them.

    ``messages`` are all messages. ``announces`` adds each opening and end and, at most every ten
    seconds, a ping of the peer. ``every_ping`` adds all pings and pongs in both directions.
    """

    messages: bool = True
    announces: bool = True
    every_ping: bool = False


DISPLAY_DEFAULTS = DisplayOptions()


class ControlFrameView:
    """Lays out control frames, and the frames that the user forged.

    By default only the pongs that answer the user's pings are shown, and some of the peer's pings.
    Our own pongs and keepalive pings are not: on a quiet connection they would scroll the messages
    off the screen.
    """

    def __init__(self, view: MessageView, options: DisplayOptions) -> None:
        self._view = view
        self._options = options
        self._expected: dict[bytes, None] = {}  # in the order in which they were sent
        self._next_ping = 0.0  # when the next ping of the peer is shown, in seconds since the dial
        self._pings_hidden = 0

    def expect(self, payload: bytes) -> None:
        """Show control frames with this payload: the user is about to send one."""
        # They are never removed otherwise: a peer may answer late, twice, or not at all.
        while len(self._expected) >= _MAX_EXPECTED:
            del self._expected[next(iter(self._expected))]
        self._expected[payload] = None

    def restart(self) -> None:
        """Show the next ping of the peer: a new connection begins."""
        self._next_ping, self._pings_hidden = 0.0, 0

    def lines(self, batch: Batch, item: Ping | Pong) -> Iterator[str]:
        """Yield the line for a ping or pong, if it is to be shown."""
        if not self._options.messages:
            return
        # By payload, in both directions: the user's own ping or pong is shown when it leaves, and
        # the pong for it, which has the same payload (RFC 6455 §5.5.3), when it arrives.
        if self._options.every_ping or item.payload in self._expected:
            kind = "ping" if isinstance(item, Ping) else "pong"
            rtt = item.rtt if isinstance(item, Pong) else None
            parts = [] if rtt is None else [f"{rtt * 1000:.2f} ms"]
            text = "  ".join([*parts, *_readable(item.payload)])
            yield self._line(batch, kind, len(item.payload), text)
        elif isinstance(item, Ping) and batch.incoming and self._shows_peer_pings:
            yield from self._peer_ping(batch, item)

    @property
    def _shows_peer_pings(self) -> bool:
        return self._options.announces and not self._view.bare

    def _peer_ping(self, batch: Batch, ping: Ping) -> Iterator[str]:
        if batch.elapsed < self._next_ping:
            self._pings_hidden += 1
            return
        parts = _readable(ping.payload)
        parts += [f"({self._pings_hidden:,} more since the last)"] if self._pings_hidden else []
        text = self._view.palette.paint("dim", "  ".join(parts))
        self._next_ping, self._pings_hidden = batch.elapsed + _PING_INTERVAL, 0
        yield self._line(batch, "ping", len(ping.payload), text)

    def forged_lines(self, batch: Batch, items: Sequence[Item]) -> Iterator[str]:
        """Yield the line for the first of two items that left, if it is a forged frame.

        Such a frame is a fragment, or breaks a rule and is followed by the violation. A frame that
        is followed by its event is an ordinary one, and is shown as that event.
        """
        frame, following = items[0], items[1] if len(items) > 1 else None
        # The parser makes a run even of a single data frame, and even if that breaks a rule.
        if isinstance(frame, MessageRun) and isinstance(following, Violation):
            frame = frame.first_frame
        if isinstance(frame, Frame) and (
            frame.opcode == Opcode.CONTINUATION
            or not isinstance(following, _EVENTS)
            or (frame.opcode == Opcode.CLOSE and frame.payload in self._expected)
        ):
            yield self._line(batch, "frame", frame.wire_size, show_frame(frame))
        elif isinstance(frame, Violation):
            broken = f"* {frame.rule.section}: we {frame.rule.sentence}"
            yield self._view.palette.paint("dim", broken) + "\n"

    def _line(self, batch: Batch, kind: str, size: int, text: str) -> str:
        return "\n".join(self._view.event(batch.incoming, batch.time, kind, size, text)) + "\n"


def _readable(payload: bytes) -> list[str]:
    """Return a payload as one part if it is readable text, and as no parts otherwise."""
    # Most implementations ping with random bytes or a counter, which would fill the line with
    # symbols and say nothing.
    text = payload.decode(errors="replace")
    is_text = bool(text) and visible(text) == text and "\ufffd" not in text
    return [visible_bytes(payload)] if is_text else []


def describe_opening(opening: Opening, elapsed: float) -> str:
    """Describe an opening in one line: URL, address, duration, and the agreed subprotocol."""
    # A name may stand for several servers, so the address says which one answered.
    url = f"{opening.url}"
    if opening.address is not None and opening.address not in url:
        url += f" at {opening.address}"
    parts = [url, f"after {show_duration(elapsed)}"]
    agreement = opening.agreement
    if agreement is not None and agreement.subprotocol:
        parts.append(f"subprotocol {agreement.subprotocol}")
    if agreement is not None and agreement.declined:
        offered = ", ".join(agreement.declined)
        parts.append(f"no subprotocol (offered: {offered}; a browser would fail this connection)")
    if agreement is not None and agreement.deflate:
        parts.append("permessage-deflate")
    return f"connected to {', '.join(parts)}"


def describe_retry(retry: Retry) -> list[str]:
    """Return the number of the next attempt, the last failure, and the seconds until then."""
    parts = [f"attempt {retry.attempt}", *filter(None, [retry.reason])]
    if retry.left >= _SHORTEST_WAIT:
        parts.append(f"again in {retry.left:.1f} s")
    return parts
