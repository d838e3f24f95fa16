"""The display of a session: its messages, numbered and kept, and remarks about the connection.

Two threads meet at the ``DrawQueue``::

    bus -> Display.batch -> Journal -> DrawQueue -> Display.draw -> terminal
    [----------- the link's thread ----------]     [-- main thread --]

The link's thread, or any other, puts content into the queue: a message is numbered and kept, but
not laid out. The main thread takes content out and lays it out when the terminal is ready for more.
So a terminal that is slower than the peer costs neither memory nor the time to lay out messages
that it would never show: the oldest content is skipped, and one line says how much. Pinned content,
which the user asked for or has to know, is never skipped.

Back pressure, as in the other commands, is no alternative here: while somebody looks at earlier
output, or has suspended the terminal, nothing would be read, and the peer's pings would go
unanswered.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from wscli.net.clock import Clock
from wscli.payload.message import received
from wscli.repl.journal import Journal, MessageFilter, NumberedMessages
from wscli.repl.notices import DISPLAY_DEFAULTS, ControlFrameView, DisplayOptions, describe_opening
from wscli.session.end import End, error_of
from wscli.session.events import Batch, Opened
from wscli.session.pipeline import Pipeline, Sink
from wscli.sinks.human.messages import Entry, MessageView
from wscli.sinks.human.talk import describe_end
from wscli.sinks.human.wrapping import wrap_words
from wscli.text import visible
from wscli.wire.events import Ping, Pong

_MAX_QUEUED_BYTES, _MAX_QUEUED = 16 << 20, 5000  # of content that waits to be drawn
_MAX_DRAW_TIME = 0.003  # seconds of laying out after which waiting keys are handled
_NEVER_SPLIT = 8 << 10  # characters of content that are always drawn in one piece
_FEWEST_ROWS = 8  # rows that are left of a message that is cut, unless the user asks for fewer
_RULE_WIDTH = 80  # columns of the line between two connections, at most

Content = Entry | str
"""A message, or whole lines of text."""


class PinnedContent(NamedTuple):
    """Content that is never skipped; a message is drawn whole."""

    content: Content


class SkippedContent(NamedTuple):
    """Counts of messages and lines that were not drawn because the terminal did not keep up.

    ``first`` and ``last`` are the numbers of the messages; lines of text have none.
    """

    messages: int = 0
    first: int = 0
    last: int = 0
    lines: int = 0

    def plus(self, content: Content) -> SkippedContent:
        """Return the count with this content added."""
        if isinstance(content, str):
            return self._replace(lines=self.lines + content.count("\n"))
        number = content.number or 0
        return SkippedContent(self.messages + 1, self.first or number, number, self.lines)

    def describe(self) -> str:
        """Return the line that is drawn in place of the content."""
        parts = []
        if self.messages:
            numbers = f"{self.first}-{self.last}" if self.last > self.first else f"{self.first}"
            parts.append(f"{_count(self.messages, 'message')} not drawn: /show {numbers}")
        if self.lines:
            parts.append(f"{_count(self.lines, 'line')} not drawn")
        return f"… {'; '.join(parts)}"


class DrawQueue:
    """Content that waits to be drawn; when it is full, the oldest that is not pinned is skipped.

    Any thread may call any method.
    """

    def __init__(self, limit: int = _MAX_QUEUED, max_bytes: int = _MAX_QUEUED_BYTES) -> None:
        self._limit = limit
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        # Content removed from the front of _queued: pinned content, and counts of the rest in
        # between, so that everything is still drawn in the order in which it arrived.
        self._ahead: deque[PinnedContent | SkippedContent] = deque()
        self._queued: deque[Content | PinnedContent] = deque()
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._ahead or self._queued)

    def put(self, contents: Iterable[Content | PinnedContent]) -> None:
        """Add content at the end."""
        with self._lock:
            for content in contents:
                self._queued.append(content)
                self._bytes += _size(content)
            # The oldest goes first: on a screen that is behind, the latest messages matter. One is
            # left even if it alone exceeds the limit, or a large message could never be seen.
            while len(self._queued) > self._limit or (
                self._bytes > self._max_bytes and len(self._queued) > 1
            ):
                self._skip(self._pop())

    def take(self) -> Content | PinnedContent | SkippedContent | None:
        """Return the content to draw next, or None."""
        with self._lock:
            if self._ahead:
                return self._ahead.popleft()
            return self._pop() if self._queued else None

    def _pop(self) -> Content | PinnedContent:
        content = self._queued.popleft()
        self._bytes -= _size(content)
        return content

    def _skip(self, content: Content | PinnedContent) -> None:
        if isinstance(content, PinnedContent):
            self._ahead.append(content)
        # One count for all that is skipped between two pinned contents: a flood is one line.
        elif self._ahead and isinstance(skipped := self._ahead[-1], SkippedContent):
            self._ahead[-1] = skipped.plus(content)
        else:
            self._ahead.append(SkippedContent().plus(content))


def _size(content: Content | PinnedContent) -> int:
    """Return the bytes that content counts for; pinned content is exempt from the limit."""
    if isinstance(content, PinnedContent):
        return 0
    return len(content if isinstance(content, str) else content.payload)


class Display(Sink):
    """Queue messages, remarks and the output of commands; draw them on request.

    ``changed`` is called in any thread when there is something to draw, or to count. Put it on the
    bus as ``pipeline``: the messages that it draws have been numbered by the journal.
    """

    wants_outgoing = True

    def __init__(
        self,
        view: MessageView,
        clock: Clock,
        changed: Callable[[], None],
        options: DisplayOptions = DISPLAY_DEFAULTS,
    ) -> None:
        self.view = view
        self.journal = Journal()
        self.filter = MessageFilter()
        self.cut_at: int | None = None  # rows of a message; None is half of the screen
        self._options = options
        self._control_frames = ControlFrameView(view, options)
        self._queue = DrawQueue()
        self._clock = clock
        self._changed = changed
        self._undrawn = ""  # the rest of content of which a part has been drawn
        self._ended_at: float | None = None  # when the last connection ended, in epoch seconds

    def pipeline(self) -> Pipeline:
        """Return the display with its journal and its filter in front."""
        # In this order: messages that the filter hides are numbered and kept too, for /show.
        return Pipeline([self.journal, self.filter], [self], self._clock)

    # In any thread

    def say(self, text: str) -> None:
        """Queue lines of text, pinned."""
        self._put([PinnedContent(f"{text}\n")])

    def note(self, text: str, style: str = "dim") -> None:
        """Queue a remark, pinned, with its lines broken between words."""
        paint = self.view.palette.paint
        rows = wrap_words(f"* {visible(text)}", self.view.width)
        self.say("\n".join(paint(style, row) for row in rows))

    def say_table(self, lines: Iterable[str]) -> None:
        """Queue lines, pinned, each broken between words and indented to its last column."""
        self.say("\n".join(row for line in lines for row in wrap_words(line, self.view.width)))

    def show(self, entries: Iterable[Entry]) -> None:
        """Queue messages, pinned, to be drawn whole."""
        self._put(map(PinnedContent, entries))

    def show_again(self, entries: Iterable[Entry]) -> None:
        """Queue messages, pinned, to be drawn as they were on arrival: long ones are cut."""
        self._put(PinnedContent("\n".join(self.view.lines(entry)) + "\n") for entry in entries)

    def say_in_bulk(self, text: str) -> None:
        """Queue lines of text that may be skipped."""
        self._put([f"{text}\n"])

    def expect(self, payload: bytes) -> None:
        """Show control frames with this payload: the user is about to send one."""
        self._control_frames.expect(payload)

    def _put(self, contents: Iterable[Content | PinnedContent]) -> None:
        self._queue.put(contents)
        self._changed()

    # In the link's thread

    def opened(self, opened: Opened) -> None:
        """Announce a connection, and how long there was none if it is not the first."""
        self._control_frames.restart()
        # Also if another sink announces the opening: no other line marks the gap.
        if self._ended_at is not None:
            gap = f"── {opened.time - self._ended_at:.1f} s without a connection "
            rule = f"{gap:─<{min(self.view.width, _RULE_WIDTH)}}"
            self.say(self.view.palette.paint("bold", rule))
        if self._options.announces:
            self.note(f"{describe_opening(opened.opening, opened.elapsed)}; /help")

    def batch(self, batch: Batch) -> None:
        """Queue the messages of a batch, and the lines for its control and forged frames."""
        contents: list[Content] = []
        for index, item in enumerate(batch.items):
            if isinstance(item, NumberedMessages):
                contents += self._shown(batch, item)
            elif isinstance(item, Ping | Pong):
                contents += self._control_frames.lines(batch, item)
            elif not batch.incoming:
                contents += self._control_frames.forged_lines(batch, batch.items[index : index + 2])
        self._put(contents)  # also if it is empty: the toolbar shows the counts

    def ended(self, end: End) -> None:
        """Announce how a connection ended, and remember when."""
        self._ended_at = end.time
        if self._options.announces:
            self.note(describe_end(end), "error" if error_of(end) else "dim")

    def _shown(self, batch: Batch, messages: NumberedMessages) -> Sequence[Entry]:
        # --raw is for payloads that the peer sent, at a terminal too.
        if not self._options.messages or (self.view.bare and not batch.incoming):
            return ()
        if messages.decoded is None:
            return messages.entries
        # A stage has decoded them for its pattern, and drawing need not do it again. The entries of
        # the journal get no text: they are kept long, and most are never drawn again.
        decoded = received(messages, batch.subprotocol)
        for message in decoded:
            # A parsed value takes many times the memory of its text, and may wait here for long.
            message.forget_values()
        return [
            entry._replace(message=message)
            for entry, message in zip(messages.entries, decoded, strict=True)
        ]

    # In the main thread

    @property
    def waiting(self) -> bool:
        """Whether there is something to draw."""
        # Without the lock: content that is put in at this moment is announced by ``changed``.
        return bool(self._undrawn or self._queue)

    def fit(self, columns: int, rows: int) -> None:
        """Lay out for a terminal of this size, and cut messages to half of it, or to ``cut_at``."""
        self.view.width = columns
        self.view.rows = self.cut_at or max(_FEWEST_ROWS, rows // 2)

    def draw(self, size: int) -> str:
        """Return the next lines to draw, of about ``size`` characters; "" if there are none."""
        parts: list[str] = []
        stop = self._clock.monotonic() + _MAX_DRAW_TIME
        while size > 0 and (text := self._undrawn or self._render(self._queue.take())):
            # A message of ordinary length stays in one piece. Its first line would otherwise stand
            # above the prompt, without the payload, until the next batch.
            short = len(text) <= _NEVER_SPLIT
            # A cut is made behind a line feed: the prompt is drawn below whole lines.
            end = len(text) if short else text.find("\n", size) + 1 or len(text)
            parts.append(text[:end])
            self._undrawn = text[end:]
            size -= end
            if self._clock.monotonic() > stop:
                break
        return "".join(parts)

    def _render(self, content: Content | PinnedContent | SkippedContent | None) -> str:
        if content is None:
            return ""
        if isinstance(content, SkippedContent):
            return self.view.palette.paint("bold", content.describe()) + "\n"
        whole = isinstance(content, PinnedContent)
        content = content.content if isinstance(content, PinnedContent) else content
        if isinstance(content, str):
            return content
        return "\n".join(self.view.lines(content, whole=whole)) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun} was" if number == 1 else f"{number:,} {noun}s were"
