"""The pipeline: the events of a session go from their source through stages to sinks.

A ``Sink`` observes events. A ``Stage`` may change, drop, delay or add batches before the sinks see
them. A ``Bus`` is several sinks as one, and a ``Pipeline`` is a bus with stages in front. A batch
goes through the stages in order, and each returns the batches to pass on: the same one, a changed
one, none, or several. Since a pipeline is a sink, it can be one of the sinks of another: the
recording gets everything, while the printed messages have stages of their own.

* **Directions.** A stage gets the batches of both. Outgoing ones have left already, so changing one
  changes only the output; to send something, a stage posts it.
* **Time.** A stage that holds something back, or acts at intervals, returns the time from
  ``next_deadline``. The code that turns the session waits no longer than ``Pipeline.wait`` allows,
  and then calls ``Pipeline.tick``. So no stage has a thread, and tests set the time.
* **Threads.** All methods of a stage are called in the thread that turns the session. Code in
  another thread that changes when something is due must wake the session.
* **Errors.** A stage never raises an error about its own work, such as a pattern that backtracks
  for too long, since no sink would get the batch then. It reports the error with
  ``context.complain`` and passes the batch on. An error that a sink raises reaches the code that
  turns the session.
* **The end.** Batches that stages hold back are passed on before the sinks are told that the
  connection ended or failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import Protocol

from wscli.errors import ConnectionClosed, WscliError
from wscli.net.clock import Clock
from wscli.net.pump import OUTBOX_HIGH_WATER
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.wire.events import Messages


class Sink:
    """Observes a session and never changes it; the methods are called in one thread at a time."""

    # Each costs time for every message: without frames, runs of short messages are decoded as one,
    # and outgoing messages are not decoded at all unless somebody wants them.
    wants_frames = False
    wants_outgoing = False

    def step(self, step: Step) -> None:
        """Receive a step of an attempt to connect."""

    def opened(self, opened: Opened) -> None:
        """Receive the opening of the connection."""

    def batch(self, batch: Batch) -> None:
        """Receive the frames and messages that came or left together."""

    def ended(self, end: End) -> None:
        """Receive the end of the connection."""

    def failed(self, failed: Failed) -> None:
        """Receive the error that ends the command, or an attempt to connect."""


class Bus(Sink):
    """A sink that passes each event to several sinks, in their order."""

    def __init__(self, sinks: Sequence[Sink] = ()) -> None:
        self._sinks = list(sinks)
        self.wants_frames = any(sink.wants_frames for sink in sinks)
        self.wants_outgoing = any(sink.wants_outgoing for sink in sinks)

    def step(self, step: Step) -> None:
        """Pass on a step."""
        for sink in self._sinks:
            sink.step(step)

    def opened(self, opened: Opened) -> None:
        """Pass on the opening."""
        for sink in self._sinks:
            sink.opened(opened)

    def batch(self, batch: Batch) -> None:
        """Pass on a batch."""
        for sink in self._sinks:
            sink.batch(batch)

    def ended(self, end: End) -> None:
        """Pass on the end."""
        for sink in self._sinks:
            sink.ended(end)

    def failed(self, failed: Failed) -> None:
        """Pass on an error."""
        for sink in self._sinks:
            sink.failed(failed)


class MessageOutbox(Protocol):
    """The part of a session that stages use."""

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent."""

    def post(self, opcode: int, payloads: Sequence[bytes]) -> None:
        """Put messages in the outbox, without waiting."""

    def post_ping(self, payload: bytes) -> object:
        """Put a ping in the outbox, without waiting."""


def _raise(error: WscliError) -> None:
    raise error


class StageContext:
    """The connection that a stage may post to, and the code that runs it.

    Without an outbox, as for a recording that is read back, posted messages are dropped.
    ``is_over`` returns True once nobody waits for the messages any longer. A stage that searches
    them for patterns then stops searching: each search may take long without reaching the time
    limit of a pattern.
    """

    def __init__(
        self,
        outbox: MessageOutbox | None = None,
        complain: Callable[[WscliError], None] = _raise,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.complain = complain
        self.is_over = is_over
        self._outbox = outbox

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent."""
        return 0 if self._outbox is None else self._outbox.pending

    def post(self, opcode: int, payload: bytes) -> bool:
        """Send a message, unless the connection is closing or too much waits to be sent already.

        The limit keeps a peer that does not read from filling the memory. Return True if the
        message will be sent.
        """
        return self._put(lambda outbox: outbox.post(opcode, [payload]))

    def post_ping(self, payload: bytes) -> bool:
        """Send a ping, as ``post`` sends a message."""
        return self._put(lambda outbox: outbox.post_ping(payload))

    def _put(self, put: Callable[[MessageOutbox], object]) -> bool:
        if self._outbox is None or self._outbox.pending >= OUTBOX_HIGH_WATER:
            return False
        try:
            put(self._outbox)
        except ConnectionClosed:  # how it ended is reported elsewhere
            return False
        return True


class Stage:
    """Passes on everything; a subclass overrides the methods that differ.

    Times are in seconds, as ``Clock.monotonic`` returns them. The methods that return batches may
    be generators: a batch has reached the sinks when the next one is asked for.
    """

    wants_frames = False
    wants_outgoing = False
    context = StageContext()

    def attach(self, context: StageContext, now: float) -> None:
        """Begin with a connection that is about to start; it replaces an earlier one."""
        self.context = context

    def batch(self, batch: Batch, now: float) -> Iterable[Batch]:
        """Return the batches to pass on in place of this one."""
        return (batch,)

    def next_deadline(self) -> float | None:
        """Return when ``tick`` is to be called."""
        return None

    def tick(self, now: float) -> Iterable[Batch]:
        """Act, and return the batches to pass on; called once ``next_deadline`` has passed."""
        return ()

    def flush(self) -> Iterable[Batch]:
        """Return the batches that are still held back; called at the end of the connection."""
        return ()


class Pipeline(Bus):
    """Sinks with stages in front of them; without stages, batches reach the sinks as they are."""

    def __init__(
        self, stages: Sequence[Stage], sinks: Sequence[Sink], clock: Clock | None = None
    ) -> None:
        super().__init__(sinks)
        self._stages = tuple(stages)
        # Branches need ``attach`` and ``tick``, which plain sinks do not have.
        self._branches = [sink for sink in sinks if isinstance(sink, Pipeline)]
        # Most pipelines never have anything due, and the driver asks in every turn. So the answer
        # is found once, from whether a stage overrides ``tick``.
        self.is_timed: bool = any(type(stage).tick is not Stage.tick for stage in stages) or any(
            branch.is_timed for branch in self._branches
        )
        self._clock = clock or Clock()
        self.wants_frames |= any(stage.wants_frames for stage in stages)
        self.wants_outgoing |= any(stage.wants_outgoing for stage in stages)

    def attach(self, context: StageContext) -> None:
        """Give the stages a connection; call it before the connection starts."""
        now = self._clock.monotonic()
        for stage in self._stages:
            stage.attach(context, now)
        for branch in self._branches:
            branch.attach(context)

    def batch(self, batch: Batch) -> None:
        """Pass a batch through the stages to the sinks."""
        now = self._clock.monotonic() if self._stages else 0.0
        for index, stage in enumerate(self._stages, 1):
            passed = stage.batch(batch, now)
            if type(passed) is not tuple or len(passed) != 1:
                self._pass_on(passed, index, now)
                return
            # A tuple of one batch is the usual case, and a chain of iterators for it would cost
            # more than most stages do.
            (batch,) = passed
        super().batch(batch)

    def wait(self, timeout: float | None = None) -> float | None:
        """Return the seconds until ``tick`` is to be called, at most ``timeout``; None if never."""
        due = self.next_deadline()
        if due is None:
            return timeout
        left = max(0.0, due - self._clock.monotonic())
        return left if timeout is None else min(left, timeout)

    def next_deadline(self) -> float | None:
        """Return when the first stage, here or in a branch, has something to do."""
        if not self.is_timed:
            return None
        parts: tuple[Stage | Pipeline, ...] = (*self._stages, *self._branches)
        times = [part.next_deadline() for part in parts]
        return min((time for time in times if time is not None), default=None)

    def tick(self) -> None:
        """Call ``tick`` of the stages whose deadline has passed."""
        if not self.is_timed:
            return
        now = self._clock.monotonic()
        for index, stage in enumerate(self._stages):
            due = stage.next_deadline()
            if due is not None and due <= now:
                self._pass_on(stage.tick(now), index + 1, now)
        for branch in self._branches:
            branch.tick()

    def ended(self, end: End) -> None:
        """Pass on the batches held back, then the end."""
        self._flush()
        super().ended(end)

    def failed(self, failed: Failed) -> None:
        """Pass on the batches held back, then an error."""
        self._flush()
        super().failed(failed)

    def _flush(self) -> None:
        # In the order of the stages: a later stage may hold back the batches that an earlier one
        # has passed on, and is flushed after it.
        now = self._clock.monotonic()
        for index, stage in enumerate(self._stages):
            self._pass_on(stage.flush(), index + 1, now)

    def _pass_on(self, batches: Iterable[Batch], first: int, now: float) -> None:
        """Pass batches through the stages from index ``first`` on, one batch at a time."""
        # Lazily: a stage that is a generator makes its next batch only when the sinks have the
        # one before. If a sink fails, a delayed batch is still in its stage, and not lost.
        for stage in self._stages[first:]:
            batches = chain.from_iterable(map(stage.batch, batches, repeat(now)))
        for batch in batches:
            super().batch(batch)


class MessageStage(Stage):
    """A stage for messages alone: ``keep`` passes them on, changes or drops them."""

    def batch(self, batch: Batch, now: float) -> Iterable[Batch]:
        """Pass on the batch itself if all of its messages are kept as they are."""
        items = [
            self.keep(batch, item) if isinstance(item, Messages) else item for item in batch.items
        ]
        if all(new is old for new, old in zip(items, batch.items, strict=True)):
            return (batch,)
        kept = [item for item in items if item is not None]
        return (batch._replace(items=kept),) if kept else ()

    def keep(self, batch: Batch, messages: Messages) -> Messages | None:
        """Return the messages to pass on in place of these, or None to drop them."""
        raise NotImplementedError


def select(messages: Messages, indexes: Sequence[int]) -> Messages | None:
    """Return the messages at these indexes: the same object if all, None if there are none."""
    # ``MessageStage`` recognises a batch that has not changed by the identity of its items.
    if len(indexes) == len(messages.payloads):
        return messages
    return messages.select(indexes) if indexes else None


class StopAfter(MessageStage):
    """Passes on at most ``count`` received messages; all other items always pass.

    ``seen`` counts the messages passed on. Without a count, all are passed on.
    """

    def __init__(self, count: int | None = None) -> None:
        self.seen = 0
        self._count = count

    @property
    def reached(self) -> bool:
        """Whether ``count`` messages have been passed on."""
        return self.seen == self._count

    def keep(self, batch: Batch, messages: Messages) -> Messages | None:
        """Drop the messages after the last one that is wanted."""
        if not batch.incoming:
            return messages
        wanted = len(messages.payloads)
        if self._count is not None:
            wanted = min(wanted, self._count - self.seen)
        self.seen += wanted
        return select(messages, range(wanted))
