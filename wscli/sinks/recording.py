"""Recordings: events are written to a file by a thread of their own.

::

    connection -> RecorderSink.write -> queue -> thread: redact, encode -> file
    [--- the thread that runs it ---]            [-------- wscli-recording -------]

The connection never waits for the file itself. The queue is bounded, so that a file which is slower
than the stream does not fill the memory. When the queue is full, there are two cases:

* The file is slow, as a busy disk is. Then the connection waits for room: a complete recording is
  worth more than speed to those who record, and the peer is slowed down by TCP, as it is by a slow
  reader of stdout.
* The file takes nothing at all, such as a pipe that nobody reads. The connection must not end
  because of that, so it waits no longer than ``_PATIENCE``. After that, events are left out until
  there is room again. An event ``lost`` in their place says how many, and a remark says so at once:
  nothing is lost silently.

Events are written as soon as the thread gets to them, so a process that is killed loses only the
events in the queue, usually none. A write that fails ends the recording, with one remark; the
connection goes on.
"""

from __future__ import annotations

import copy
import io
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from wscli import __version__
from wscli.errors import OutputError, WscliError
from wscli.net.clock import Clock
from wscli.net.opening import Opening
from wscli.records.events import header_line, json_pieces, lost_line
from wscli.records.numbering import ConnectionNumbers
from wscli.session.end import End
from wscli.session.events import Batch, Event, Failed, Opened, Step
from wscli.sinks.ndjson import EventSink
from wscli.sinks.output import Output
from wscli.wire.events import Messages
from wscli.wire.parser import MessageRun

_MAX_QUEUED = 8 << 20  # bytes of memory, about
_PATIENCE = 2.0  # seconds that a full queue may stop the connection, or the end of the recording
_ITEM_SIZE = 64  # bytes of memory for a message beside its payload
_EVENT_SIZE = 4096  # bytes of memory for an opening

Redact = Callable[[Event], Event]
"""Returns an event without secrets."""


class _Queued(NamedTuple):
    event: Event | int  # or how many events are missing
    connection: int | None
    size: int


class RecordingFile:
    """A file that events are written to, in their order; any thread may call the methods.

    ``complain`` is called in any thread, at most once for each kind of failure. The file is closed
    by the thread that writes.
    """

    def __init__(
        self,
        stream: io.FileIO,
        name: str,
        complain: Callable[[WscliError], None],
        *,
        frames: bool,
        redact: Redact | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self.name = name
        self._stream = stream
        self._output = Output(stream, f"the recording {name}")
        self._complain = complain
        self._frames = frames
        self._redact = redact
        self._patience = patience
        self._clock = Clock()
        lock = threading.Lock()
        self._filled = threading.Condition(lock)
        self._emptied = threading.Condition(lock)
        self._queue: deque[_Queued] = deque()
        self._queued = 0  # bytes
        self._lost = 0  # events since the last one that was queued
        self._written = 0  # pieces
        self._complained = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="wscli-recording", daemon=True)
        # The header is written here: a file that takes nothing is known at once.
        if self._try_to(lambda: self._write(header_line(self._clock.time(), __version__))):
            self._thread.start()
        else:
            self._stream.close()

    @property
    def closed(self) -> bool:
        """Whether nothing more is written: it was closed, or has failed."""
        return self._closed

    def put(self, event: Event, connection: int | None = None) -> None:
        """Write an event soon, with the number of its connection if that is not None."""
        queued = _Queued(_snapshot(event), connection, _memory_of(event))
        with self._filled:
            # After a loss the file has had its time already: waiting again for each event would
            # stop the connection for good.
            if not self._lost:
                self._emptied.wait_for(self._has_room, self._patience)
            if not self._has_room():
                self._lost += _events_in(event)
            elif not self._closed:
                self._put_lost()
                self._append(queued)
        self._report_lost()

    def close(self) -> None:
        """Write the queued events, and close the file."""
        with self._filled:
            self._put_lost()
            self._closed = True
            self._filled.notify()
        while self._thread.is_alive():
            before = self._written
            self._thread.join(self._patience)
            if self._thread.is_alive() and self._written == before:
                self._abandon()
                return

    def _has_room(self) -> bool:
        return self._queued <= _MAX_QUEUED or self._closed

    def _put_lost(self) -> None:
        if self._lost:
            self._append(_Queued(self._lost, None, _ITEM_SIZE))
        self._lost = 0

    def _append(self, queued: _Queued) -> None:
        self._queue.append(queued)
        self._queued += queued.size
        self._filled.notify()

    def _report_lost(self) -> None:
        if self._lost and not self._complained:
            self._complained = True
            what = f"the recording {self.name} is written too slowly"
            self._complain(OutputError(what, "events are missing in it from here on"))

    def _abandon(self) -> None:
        with self._filled:
            missing = sum(_events_in(queued.event) for queued in self._queue)
            self._queue.clear()
        what = f"the recording {self.name} is not complete"
        evidence = f"the last events, about {missing:,}, could not be written within"
        self._complain(OutputError(what, f"{evidence} {self._patience:g} s"))

    # In the thread

    def _run(self) -> None:
        self._try_to(self._write_queued)
        self._stream.close()

    def _write_queued(self) -> None:
        while (queued := self._take()) is not None:
            for piece in self._encode(queued):
                self._write(piece)
            with self._emptied:
                self._queued -= queued.size
                self._emptied.notify_all()

    def _try_to(self, write: Callable[[], None]) -> bool:
        """Write, and end the recording if that fails; return whether it succeeded."""
        try:
            write()
        except BrokenPipeError:
            self._fail(OutputError(f"cannot write the recording {self.name}", "its reader is gone"))
            return False
        except OutputError as error:
            self._fail(error)
            return False
        return True

    def _take(self) -> _Queued | None:
        with self._filled:
            self._filled.wait_for(lambda: self._queue or self._closed)
            return self._queue.popleft() if self._queue else None

    def _encode(self, queued: _Queued) -> Iterator[bytes]:
        event, connection, _ = queued
        if isinstance(event, int):
            return iter([lost_line(self._clock.time(), event)])
        extra = {} if connection is None else {"connection": connection}
        event = event if self._redact is None else self._redact(event)
        return json_pieces(event, extra, frames=self._frames)

    def _write(self, piece: bytes) -> None:
        self._output.write(piece)
        self._written += 1

    def _fail(self, error: OutputError) -> None:
        with self._emptied:
            self._closed = True
            self._queue.clear()
            self._emptied.notify_all()
        remark = "the recording ends here; the connection goes on"
        self._complain(OutputError(error.what, f"{error.evidence}\n{remark}"))


class ConnectionRecorder(EventSink):
    """Records one connection of several into a file that they share."""

    def __init__(self, file: RecordingFile, connection: int, *, frames: bool) -> None:
        super().__init__(steps=False, frames=frames)
        self._file = file
        self._connection = connection

    def write(self, event: Event) -> None:
        """Record an event."""
        self._file.put(event, self._connection)


class Recorder(EventSink):
    """Records a client's connections, one after the other, into one file at a time.

    With ``numbered`` there may be several, and each event has the number of its connection.
    """

    def __init__(
        self,
        complain: Callable[[WscliError], None],
        *,
        steps: bool,
        frames: bool,
        numbered: bool = False,
        redact: Redact | None = None,
    ) -> None:
        super().__init__(steps=steps, frames=frames)
        self._complain = complain
        self._redact = redact
        self._numbered = numbered
        self._numbers = ConnectionNumbers()
        self._lock = threading.Lock()  # commands start and stop it, the reader feeds it
        self._file: RecordingFile | None = None
        self._opened: tuple[Opened, int | None] | None = None

    @property
    def path(self) -> str | None:
        """The name of the file, or None if nothing is being recorded."""
        file = self._file
        return None if file is None or file.closed else file.name

    def start(self, path: str, stream: io.FileIO) -> None:
        """Start recording into an open file, with the opening of the current connection first."""
        self.stop()
        with self._lock:
            self._file = RecordingFile(
                stream, path, self._complain, frames=self.wants_frames, redact=self._redact
            )
            if self._opened is not None:
                self._file.put(*self._opened)

    def stop(self) -> None:
        """Stop recording; the file is complete afterwards."""
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            file.close()

    def write(self, event: Event) -> None:
        """Record an event."""
        with self._lock:
            number = self._numbers.number(event)
            connection = number if self._numbered else None
            if isinstance(event, Opened):
                self._opened = event, connection
            elif isinstance(event, End):
                self._opened = None
            if self._file is not None:
                self._file.put(event, connection)


def _snapshot(event: Event) -> Event:
    """Return an event whose opening does not change when the attempt proceeds."""
    if isinstance(event, Step | Opened):
        return event._replace(opening=_copied(event.opening))
    if isinstance(event, Failed) and event.opening is not None:
        return event._replace(opening=_copied(event.opening))
    return event


def _copied(opening: Opening) -> Opening:
    copied = copy.copy(opening)
    copied.timings = dict(opening.timings)
    return copied


def _events_in(event: Event | int) -> int:
    """Return how many lines an event has at least."""
    if not isinstance(event, Batch):
        return 1
    return sum(
        len(item.payloads) if isinstance(item, Messages) else not isinstance(item, MessageRun)
        for item in event.items
    )


def _memory_of(event: Event) -> int:
    """Return about how much memory an event takes, in bytes."""
    if not isinstance(event, Batch):
        return _EVENT_SIZE
    size = 0
    for item in event.items:
        if isinstance(item, Messages | MessageRun):
            size += sum(map(len, item.payloads)) + _ITEM_SIZE * len(item.payloads)
        else:
            size += _ITEM_SIZE + len(getattr(item, "payload", b""))
    return size
