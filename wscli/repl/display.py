"""What of a session is drawn: its messages, numbered and kept, and what is said about it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from wscli.net.clock import Clock
from wscli.net.opening import Opening
from wscli.payload.matching import Matcher, PatternTimeout
from wscli.repl.draw_queue import Asked, DrawQueue, Gap, Record
from wscli.repl.journal import Journal
from wscli.session.bus import Batch, Sink
from wscli.session.end import End, error_of
from wscli.session.events import Opened
from wscli.sinks.human.messages import Entry, MessageView
from wscli.sinks.human.talk import describe_end, show_frame
from wscli.sinks.human.wrapping import wrap_words
from wscli.text import show_duration, visible, visible_bytes
from wscli.wire.codes import Opcode
from wscli.wire.connection import Item
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.frames import Frame, MessageRun
from wscli.wire.rules import Violation

_DRAW_FOR = 0.003  # seconds: what takes longer is drawn when keys have been looked at
_NEVER_SPLIT = 8 << 10  # characters of a record that are drawn at once, so that it is seen whole
_MAX_EXPECTED = 1000  # control frames of the user's that are remembered
_FEWEST_ROWS = 8  # rows left of a message that is cut, unless the user asks for fewer
_PING_INTERVAL = 10.0  # seconds for which only one of the peer's pings is shown
_EVENTS = (Messages, Ping, Pong, Close)


class Display(Sink):
    """Puts records into a feed in the reader's thread, and draws them in another thread.

    ``draws_messages`` and ``tells`` (show each opening and end) are off if another sink does this.
    ``verbose`` shows every ping and pong. Otherwise only the pongs that answer the user's pings are
    shown and, if ``tells`` is on, at most one of the peer's pings in ten seconds; our own pongs and
    keepalive pings are not. ``news`` is called when there is something to draw, or to count.
    """

    wants_outgoing = True

    def __init__(self, view: MessageView, clock: Clock, news: Callable[[], None]) -> None:
        self.view = view
        self.journal = Journal()
        self.filter: Matcher | None = None
        self.cut_at: int | None = None
        self.draws_messages = True
        self.verbose = False
        self.tells = True
        self._feed = DrawQueue()
        self._clock = clock
        self._news = news
        self._rest = ""  # of what is being drawn
        self._expected: dict[bytes, None] = {}
        self._ended_at: float | None = None
        self._ping_due = 0.0  # when the next ping of the peer is shown, since the dial
        self._pings_hidden = 0

    # In the thread of whoever has something to show

    def say(self, text: str) -> None:
        """Have lines drawn in their turn, however much comes."""
        self._put([Asked(f"{text}\n")])

    def note(self, text: str, style: str = "dim") -> None:
        """Have a remark drawn as ``say`` does, with its lines broken between words."""
        paint = self.view.palette.paint
        rows = wrap_words(f"* {visible(text)}", self.view.width)
        self.say("\n".join(paint(style, row) for row in rows))

    def say_table(self, lines: Iterable[str]) -> None:
        """Have lines drawn as ``say`` does, each broken between words under its last column."""
        self.say("\n".join(row for line in lines for row in wrap_words(line, self.view.width)))

    def show(self, entries: Iterable[Entry]) -> None:
        """Have messages drawn whole, however much comes."""
        self._put(map(Asked, entries))

    def show_again(self, entries: Iterable[Entry]) -> None:
        """Have messages drawn as they are on arrival, long ones cut."""
        self._put(Asked("\n".join(self.view.lines(entry)) + "\n") for entry in entries)

    def talk(self, text: str) -> None:
        """Have lines drawn, unless there are more of them than the terminal can take."""
        self._put([f"{text}\n"])

    def expect(self, payload: bytes) -> None:
        """Show control frames with this payload: the user sends one."""
        while len(self._expected) >= _MAX_EXPECTED:
            del self._expected[next(iter(self._expected))]
        self._expected[payload] = None

    def opened(self, opened: Opened) -> None:
        """Show the new connection and, after an earlier one, for how long there was none."""
        self._ping_due, self._pings_hidden = 0.0, 0
        if self._ended_at is not None:
            gap = f"── {opened.time - self._ended_at:.1f} s without a connection "
            self.say(self.view.palette.paint("bold", f"{gap:─<{min(self.view.width, 80)}}"))
        if self.tells:
            self.note(f"{_describe_opening(opened.opening, opened.elapsed)}; /help")

    def batch(self, batch: Batch) -> None:
        """Keep the messages of a batch, and have them drawn."""
        records: list[Record] = []
        for index, item in enumerate(batch.items):
            if isinstance(item, Messages):
                records += self._keep(batch, item)
            elif isinstance(item, Ping | Pong):
                records += self._control(batch, item)
            elif not batch.incoming:
                records += self._forged(batch, batch.items[index : index + 2])
        self._put(records)

    def ended(self, end: End) -> None:
        """Say how it ended, and remember when the gap began."""
        self._ended_at = end.time
        if self.tells:
            self.note(describe_end(end), "error" if error_of(end) else "dim")

    def _put(self, records: Iterable[Record | Asked]) -> None:
        self._feed.put(records)
        self._news()

    def _keep(self, batch: Batch, messages: Messages) -> Iterator[Record]:
        for payload in messages.payloads:
            entry = self.journal.keep(batch, messages.opcode, payload)
            if self.draws_messages and self._passes(entry):
                yield entry

    def _passes(self, entry: Entry) -> bool:
        if not entry.incoming:
            return not self.view.bare
        matcher = self.filter  # which another thread may change
        try:
            return matcher is None or matcher.matches(entry.opcode, entry.payload)
        except PatternTimeout as error:
            self.filter = None  # each message would hold up the connection for as long
            self.note(f"{error}, number {entry.number}: the filter is off", "error")
            return True

    def _control(self, batch: Batch, item: Ping | Pong) -> Iterator[str]:
        if not self.draws_messages:
            return
        if self.verbose or item.payload in self._expected:
            kind = "ping" if isinstance(item, Ping) else "pong"
            rtt = item.rtt if isinstance(item, Pong) else None
            parts = [] if rtt is None else [f"{rtt * 1000:.2f} ms"]
            parts += [visible_bytes(item.payload)] if _is_readable(item.payload) else []
            yield self._line(batch, kind, len(item.payload), "  ".join(parts))
        elif isinstance(item, Ping) and batch.incoming and self.tells and not self.view.bare:
            yield from self._peer_ping(batch, item)

    def _peer_ping(self, batch: Batch, ping: Ping) -> Iterator[str]:
        """Show a ping of the peer's, unless one was shown a moment ago."""
        if batch.elapsed < self._ping_due:
            self._pings_hidden += 1
            return
        parts = [visible_bytes(ping.payload)] if _is_readable(ping.payload) else []
        parts += [f"({self._pings_hidden:,} more since the last)"] if self._pings_hidden else []
        text = self.view.palette.paint("dim", "  ".join(parts))
        self._ping_due, self._pings_hidden = batch.elapsed + _PING_INTERVAL, 0
        yield self._line(batch, "ping", len(ping.payload), text)

    def _forged(self, batch: Batch, items: Sequence[Item]) -> Iterator[str]:
        """Show a frame of the user's: a fragment, or one that breaks a rule."""
        frame, following = items[0], items[1] if len(items) > 1 else None
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
            yield self.view.palette.paint("dim", broken) + "\n"

    def _line(self, batch: Batch, kind: str, size: int, text: str) -> str:
        return "\n".join(self.view.event(batch.incoming, batch.time, kind, size, text)) + "\n"

    # In the thread of the terminal

    @property
    def waiting(self) -> bool:
        """Whether there is something to draw."""
        return bool(self._rest or self._feed)

    def fit(self, columns: int, rows: int) -> None:
        """Lay out for a terminal of a size, and cut messages to half of it, or to ``cut_at``."""
        self.view.width = columns
        self.view.rows = self.cut_at or max(_FEWEST_ROWS, rows // 2)

    def draw(self, size: int) -> str:
        """Return the next lines to draw, of about ``size`` characters.

        A message of ordinary length is returned in one piece: its payload might otherwise be
        missing from the screen until the next batch.
        """
        parts: list[str] = []
        stop = self._clock.monotonic() + _DRAW_FOR
        while size > 0 and (text := self._rest or self._render(self._feed.take())):
            short = len(text) <= _NEVER_SPLIT
            end = len(text) if short else text.find("\n", size) + 1 or len(text)
            parts.append(text[:end])
            self._rest = text[end:]
            size -= end
            if self._clock.monotonic() > stop:
                break
        return "".join(parts)

    def _render(self, record: Record | Asked | Gap | None) -> str:
        if record is None:
            return ""
        if isinstance(record, Gap):
            return self.view.palette.paint("bold", _describe_gap(record)) + "\n"
        whole = isinstance(record, Asked)
        content = record.record if isinstance(record, Asked) else record
        if isinstance(content, str):
            return content
        return "\n".join(self.view.lines(content, whole=whole)) + "\n"


class DisplayStream(io.RawIOBase):
    """Takes the place of stdout and stderr in a session: ``draw`` has the lines drawn."""

    def __init__(self, draw: Callable[[str], None], descriptor: int) -> None:
        self._draw = draw
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor of the terminal."""
        return self._descriptor

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Have whole lines drawn."""
        self._draw(data.decode(errors="backslashreplace").removesuffix("\n"))
        return len(data)


def _describe_opening(opening: Opening, elapsed: float) -> str:
    parts = [f"{opening.url}"]
    if opening.address is not None and opening.address not in parts[0]:
        parts[0] += f" at {opening.address}"
    parts.append(f"after {show_duration(elapsed)}")
    agreement = opening.agreement
    if agreement is not None and agreement.subprotocol:
        parts.append(f"subprotocol {agreement.subprotocol}")
    if agreement is not None and agreement.declined:
        offered = ", ".join(agreement.declined)
        parts.append(f"no subprotocol (offered: {offered}; a browser would fail this connection)")
    if agreement is not None and agreement.deflate:
        parts.append("permessage-deflate")
    return f"connected to {', '.join(parts)}"


def _describe_gap(gap: Gap) -> str:
    parts = []
    if gap.messages:
        which = f"{gap.first}-{gap.last}" if gap.last > gap.first else f"{gap.first}"
        parts.append(f"{_count(gap.messages, 'message')} not drawn: /show {which}")
    if gap.lines:
        parts.append(f"{_count(gap.lines, 'line')} not drawn")
    return f"… {'; '.join(parts)}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what} was" if number == 1 else f"{number:,} {what}s were"


def _is_readable(payload: bytes) -> bool:
    text = payload.decode(errors="replace")
    return bool(text) and visible(text) == text and "\ufffd" not in text
