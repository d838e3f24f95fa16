"""Counts of messages, bytes and frames in each direction, with rates and round-trip times.

``human.statistics`` makes a table of them. They are counted in the thread that drives and read in
the thread of the prompt, without a lock: each read is of one number, or of a copy.
"""

from __future__ import annotations

from collections import deque

from wscli.session.end import End
from wscli.session.events import Batch, Opened
from wscli.session.pipeline import Sink
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages, Pong
from wscli.wire.frames import Frame
from wscli.wire.head import Headers
from wscli.wire.parser import MessageRun
from wscli.wire.receiver import Item

RECENT = 10
"""Seconds that count as recent."""

_SHORTEST_SPAN = 0.1  # seconds; a rate over less would be meaningless

_COMPRESSED = 4  # RSV1, which marks the first frame of a compressed message (RFC 7692 §6)
_DATA_OPCODES = frozenset({Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY})
_UPGRADE_HEADERS = ("upgrade", "connection", "sec-websocket-")  # a plain request has none of these


class Tally:
    """Counts for one direction.

    ``payload`` is the size of all messages in bytes, after decompression. ``on_wire`` is the size
    of the same messages in data frames, ``headers`` the size of all frame headers, and ``control``
    that of the payloads of all other frames. ``before`` and ``after`` are the sizes of the
    compressed messages without and with compression.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.payload = 0
        self.frames = 0
        self.control_frames = 0
        self.headers = 0
        self.on_wire = 0
        self.control = 0
        self.before = 0
        self.after = 0
        self._compressed = False  # whether the current message is
        # For each of the last seconds in which something happened: the second, messages, bytes.
        # Sums instead of single times, so that a busy stream takes no more memory than a quiet one.
        self._recent: deque[tuple[int, int, int]] = deque()

    def add(self, items: list[Item], time: float) -> None:
        """Count the items of a batch, with its time in seconds since the epoch."""
        messages, payload = self.messages, self.payload
        for item in items:
            if isinstance(item, Messages):
                self._add_messages(item)
            elif isinstance(item, MessageRun):
                self._add_run(item)
            elif isinstance(item, Frame):
                self._add_frame(item)
        self._note(int(time), self.messages - messages, self.payload - payload)

    def rates(self, time: float, seconds: float = RECENT) -> tuple[float, float]:
        """Return messages and bytes of payload per second, over the last ``RECENT`` seconds.

        ``seconds`` is the time since counting began, if that is less. Any thread may call this
        while another one counts.
        """
        # ``list`` copies the deque in one step; iterating over it would fail if it changed.
        recent = [entry for entry in list(self._recent) if entry[0] > int(time) - RECENT]
        messages = sum(count for _, count, _ in recent)
        span = min(RECENT, max(seconds, _SHORTEST_SPAN))
        return messages / span, sum(size for _, _, size in recent) / span

    def _add_messages(self, messages: Messages) -> None:
        size = sum(map(len, messages.payloads))
        self.messages += len(messages.payloads)
        self.payload += size
        if self._compressed:
            self.before += size

    def _add_run(self, run: MessageRun) -> None:
        # The header sizes follow from the payloads: a run has only short frames, with a length in
        # 7 or 16 bits (RFC 6455 §5.2). All are masked, each with a key of four bytes, or none is.
        sizes = [len(payload) for payload in run.payloads]
        self._compressed = bool(run.rsv & _COMPRESSED)
        self.frames += len(sizes)
        self.headers += sum(2 if size < 126 else 4 for size in sizes)
        self.headers += 4 * len(sizes) * run.masked
        self._add_data(sum(sizes))

    def _add_frame(self, frame: Frame) -> None:
        self.frames += 1
        self.headers += frame.header_size
        if frame.opcode not in _DATA_OPCODES:
            # Below 8, a reserved opcode is that of a data frame (§5.2), but belongs to no message.
            self.control_frames += frame.opcode >= Opcode.CLOSE
            self.control += len(frame.payload)
            return
        # Later fragments have RSV1 unset, and belong to the compressed message nevertheless.
        if frame.opcode != Opcode.CONTINUATION:
            self._compressed = bool(frame.rsv & _COMPRESSED)
        self._add_data(len(frame.payload))

    def _add_data(self, size: int) -> None:
        self.on_wire += size
        if self._compressed:
            self.after += size

    def _note(self, second: int, messages: int, size: int) -> None:
        recent = self._recent
        if recent and recent[-1][0] == second:
            _, counted, bytes_counted = recent[-1]
            recent[-1] = second, messages + counted, size + bytes_counted
        else:
            recent.append((second, messages, size))
        while recent[0][0] <= second - RECENT:
            recent.popleft()


class Stats(Sink):
    """Counts both directions, over all connections of a session.

    ``rtts`` has the latest round-trip times in seconds. ``heads`` has the sizes in bytes of the
    request and response heads that the same exchange over HTTP would need, estimated from the
    headers of the last upgrade.
    """

    wants_outgoing = True

    def __init__(self) -> None:
        self.incoming = Tally()
        self.outgoing = Tally()
        self.connections = 0
        self.upgrades = 0
        self.heads = (0, 0)
        # A session with keepalive pings may last for days.
        self.rtts: deque[float] = deque(maxlen=1000)
        self._open = 0.0
        self._since: float | None = None
        self._first: float | None = None

    def opened(self, opened: Opened) -> None:
        """Record a connection's start, and count its headers."""
        self.connections += 1
        self._since = opened.time
        self._first = opened.time if self._first is None else self._first
        request, response = opened.opening.request, opened.opening.response
        if request is not None and response is not None:
            self.upgrades += len(request.raw) + len(response.raw)
            self.heads = (
                http_head(len(f"POST {request.target} HTTP/1.1"), request.headers),
                http_head(len("HTTP/1.1 200 OK"), response.headers),
            )

    def batch(self, batch: Batch) -> None:
        """Count a batch."""
        items = list(batch.items)
        (self.incoming if batch.incoming else self.outgoing).add(items, batch.time)
        for item in items:
            if isinstance(item, Pong) and item.rtt is not None:
                self.rtts.append(item.rtt)

    def ended(self, end: End) -> None:
        """Record a connection's end."""
        self._open = self.time_open(end.time)
        self._since = None

    def time_open(self, now: float) -> float:
        """Return the seconds for which a connection was open, until now."""
        return self._open + (0.0 if self._since is None else max(0.0, now - self._since))

    def time_since_start(self, now: float) -> float:
        """Return the seconds since the first connection was opened."""
        return 0.0 if self._first is None else max(0.0, now - self._first)

    @property
    def last_rtt(self) -> float | None:
        """The latest round-trip time, in seconds."""
        return self.rtts[-1] if self.rtts else None

    def http_cost(self) -> int:
        """Return the bytes of heads that the same messages would have needed as HTTP requests."""
        # The best case for HTTP: each received message is the response to a sent one, as far as
        # there are enough of both. Otherwise the comparison would flatter WebSocket.
        return max(self.incoming.messages, self.outgoing.messages) * sum(self.heads)


def http_head(start_line: int, headers: Headers) -> int:
    """Return the size of an HTTP head with these headers, except those of the upgrade."""
    kept = [
        (name, value) for name, value in headers if not name.lower().startswith(_UPGRADE_HEADERS)
    ]
    fields = sum(len(name) + len(value) + 4 for name, value in kept)  # 4 for ": " and CRLF
    # A message in a body needs a length, and the head ends with an empty line.
    return start_line + 2 + fields + len("Content-Length: 100\r\n") + 2
