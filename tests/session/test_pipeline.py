"""Stages and pipelines, between a source and its sinks."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import HandClock
from wscli.errors import ConnectionClosed, UsageError
from wscli.net.pump import OUTBOX_HIGH_WATER
from wscli.session.events import Batch, Failed
from wscli.session.pipeline import (
    Bus,
    MessageStage,
    Pipeline,
    Sink,
    Stage,
    StageContext,
    StopAfter,
    select,
)
from wscli.wire.events import Close, Messages, Ping, Pong


class Seen(Sink):
    """Keeps the batches and the names of other events, in order."""

    def __init__(self):
        self.events = []

    def batch(self, batch):
        self.events.append(batch)

    def ended(self, end):
        self.events.append("ended")

    def failed(self, *facts):
        self.events.append("failed")

    @property
    def payloads(self):
        """The payloads of each batch; a control frame by its name."""
        return [_payloads(batch) for batch in self.events if isinstance(batch, Batch)]

    @property
    def messages(self):
        return [payload for payloads in self.payloads for payload in payloads]


def _payloads(batch):
    return [
        payload
        for item in batch.items
        for payload in (item.payloads if isinstance(item, Messages) else [type(item).__name__])
    ]


def incoming(*items):
    return Batch(True, 0.0, 0.0, _items(items))


def outgoing(*items):
    return Batch(False, 0.0, 0.0, _items(items))


def _items(items):
    return [Messages(1, item) if isinstance(item, list) else item for item in items]


class FakeOutbox:
    """Keeps the messages that are posted, in place of a session."""

    def __init__(self):
        self.posted = []
        self.pending = 0
        self.closing = False

    def post(self, opcode, payloads):
        if self.closing:
            raise ConnectionClosed("the connection is closing", 1000)
        self.posted += [(opcode, payload) for payload in payloads]


class Mark(MessageStage):
    """Adds a letter to each message."""

    def __init__(self, letter):
        self._letter = letter

    def keep(self, batch, messages):
        return Messages(messages.opcode, [payload + self._letter for payload in messages.payloads])


class Drop(MessageStage):
    """Drops messages that contain a letter."""

    def __init__(self, letter):
        self._letter = letter

    def keep(self, batch, messages):
        payloads = messages.payloads
        return select(messages, [i for i, text in enumerate(payloads) if self._letter not in text])


class Split(Stage):
    """Passes on each item in a batch of its own."""

    def batch(self, batch, now):
        for item in batch.items:
            yield batch._replace(items=[item])


class Delay(Stage):
    """Passes on each batch some seconds after it came, as a slow network would."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._held = deque()

    def batch(self, batch, now):
        self._held.append((now + self._seconds, batch))
        return ()

    def next_deadline(self):
        return self._held[0][0] if self._held else None

    def tick(self, now):
        while self._held and self._held[0][0] <= now:
            yield self._held.popleft()[1]

    def flush(self):
        while self._held:
            yield self._held.popleft()[1]


class Heartbeat(MessageStage):
    """Answers the heartbeats of an invented subprotocol, and adds a message that says so."""

    def batch(self, batch, now):
        yield batch
        if batch.incoming and b"ping" in _payloads(batch):
            self.context.post(1, b"pong")
            yield batch._replace(items=[Messages(1, [b"(answered)"])])


class Fails(Stage):
    """A stage that cannot do its work."""

    def batch(self, batch, now):
        self.context.complain(UsageError("it cannot be done"))
        return (batch,)


# Batches and their order


def test_without_stages_a_batch_reaches_every_sink_as_the_same_object():
    first, second, batch = Seen(), Seen(), incoming([b"a"], Ping(b""))
    Pipeline([], [first, second]).batch(batch)
    assert first.events[0] is batch
    assert second.events[0] is batch


def test_a_stage_passes_on_the_same_object_by_default():
    seen, batch = Seen(), outgoing([b"a"])
    Pipeline([Stage(), Stage()], [seen]).batch(batch)
    assert seen.events[0] is batch


def test_a_stage_that_keeps_every_message_passes_on_the_same_object():
    seen, batch = Seen(), incoming([b"a", b"b"], Pong(b""))
    Pipeline([Drop(b"x"), StopAfter(2)], [seen]).batch(batch)
    assert seen.events[0] is batch


def test_stages_are_applied_in_order():
    seen = Seen()
    Pipeline([Mark(b"1"), Mark(b"2"), Mark(b"3")], [seen]).batch(incoming([b"a"]))
    assert seen.payloads == [[b"a123"]]


def test_a_stage_gets_the_output_of_the_one_before():
    seen = Seen()
    Pipeline([Mark(b"x"), Drop(b"x")], [seen]).batch(incoming([b"a", b"b"], Ping(b"")))
    Pipeline([Drop(b"x"), Mark(b"x")], [seen]).batch(incoming([b"a", b"b"]))
    assert seen.payloads == [["Ping"], [b"ax", b"bx"]]


def test_a_dropped_batch_reaches_no_later_stage_and_no_sink():
    seen, stop = Seen(), StopAfter()
    Pipeline([Drop(b"a"), stop], [seen]).batch(incoming([b"a"], [b"aa"]))
    assert seen.events == []
    assert stop.seen == 0


def test_an_empty_batch_passes():
    seen, batch = Seen(), incoming()
    Pipeline([Drop(b"a")], [seen]).batch(batch)
    assert seen.events == [batch]


def test_a_changed_batch_keeps_its_time_and_direction():
    seen = Seen()
    Pipeline([Mark(b"!")], [seen]).batch(Batch(False, 1.5, 0.5, [Messages(2, [b"a"])]))
    batch = seen.events[0]
    assert (batch.incoming, batch.time, batch.elapsed) == (False, 1.5, 0.5)
    assert batch.items[0].opcode == 2


def test_the_parts_of_a_split_batch_pass_in_order():
    first, second = Seen(), Seen()
    Pipeline([Split(), Mark(b"!")], [first, second]).batch(
        incoming([b"a", b"b"], Ping(b""), [b"c"])
    )
    assert first.payloads == second.payloads == [[b"a!", b"b!"], ["Ping"], [b"c!"]]


def test_a_part_reaches_the_sinks_before_the_stage_makes_the_next():
    log = []

    class Parts(Stage):
        def batch(self, batch, now):
            for item in batch.items:
                log.append("made")
                yield batch._replace(items=[item])

    class Log(Sink):
        def batch(self, batch):
            log.append("seen")

    Pipeline([Parts(), Stage()], [Log()]).batch(incoming([b"a"], [b"b"]))
    assert log == ["made", "seen"] * 2


PAYLOADS = st.sampled_from([b"", b"x", b"y", b"xy", b"z"])
BATCHES = st.lists(
    st.builds(
        lambda incoming, items: Batch(incoming, 0.0, 0.0, items),
        st.booleans(),
        st.lists(
            st.builds(Messages, st.sampled_from([1, 2]), st.lists(PAYLOADS, max_size=4))
            | st.builds(Ping, PAYLOADS),
            max_size=4,
        ),
    ),
    max_size=5,
)


def play(stages, batches):
    seen = Seen()
    pipeline = Pipeline(stages, [seen], HandClock())
    for batch in batches:
        pipeline.batch(batch)
    pipeline.ended(None)
    return seen


@given(BATCHES)
def test_splitting_and_delaying_lose_nothing_and_keep_the_order(batches):
    seen = play([Split(), Delay(1.0), Split(), Delay(2.0)], batches)
    assert seen.messages == play([], batches).messages
    assert seen.events[-1] == "ended"


@given(BATCHES, st.integers(0, 12))
def test_after_a_count_only_the_first_messages_received_have_passed(batches, count):
    stop = StopAfter(count)
    passed = play([stop], batches).events[:-1]
    received, others = _sort(batches)
    assert _sort(passed) == (received[:count], others)
    assert (stop.seen, stop.reached) == (len(received[:count]), len(received) >= count)


def _sort(batches):
    """Return the messages received, and all other items."""
    items = [(batch.incoming, item) for batch in batches for item in batch.items]
    is_received = [incoming and isinstance(item, Messages) for incoming, item in items]
    received = [item for (_, item), wanted in zip(items, is_received, strict=True) if wanted]
    others = [item for (_, item), wanted in zip(items, is_received, strict=True) if not wanted]
    return [payload for item in received for payload in item.payloads], others


@given(st.lists(st.sampled_from([Mark(b"x"), Mark(b"y"), Drop(b"x"), Split()])), BATCHES)
def test_stages_in_one_pipeline_or_in_nested_ones_do_the_same(stages, batches):
    seen = Seen()
    nested = seen
    for stage in reversed(stages):
        nested = Pipeline([stage], [nested])
    for batch in batches:
        nested.batch(batch)
    assert seen.payloads == play(stages, batches).payloads


# Branches


def test_a_branch_has_stages_of_its_own():
    everything, part = Seen(), Seen()
    pipeline = Pipeline([Mark(b"1")], [everything, Pipeline([Drop(b"b"), Mark(b"2")], [part])])
    pipeline.batch(incoming([b"a", b"b"]))
    assert everything.messages == [b"a1", b"b1"]
    assert part.messages == [b"a12"]


@pytest.mark.parametrize("name", ["wants_frames", "wants_outgoing"])
def test_a_pipeline_asks_for_frames_if_a_stage_or_sink_does(name):
    stage, sink = Stage(), Sink()
    assert not getattr(Pipeline([stage], [sink]), name)
    setattr(stage, name, True)
    assert getattr(Pipeline([stage], [sink]), name)
    assert getattr(Bus([Pipeline([], [Pipeline([stage], [])])]), name)
    setattr(sink, name, True)
    assert getattr(Pipeline([], [sink]), name)


# Acting on the connection


def test_a_stage_can_send_messages_and_add_some_to_the_output():
    outbox, seen = FakeOutbox(), Seen()
    pipeline = Pipeline([], [Pipeline([Heartbeat()], [seen])])
    pipeline.attach(StageContext(outbox))
    pipeline.batch(incoming([b"ping"]))
    pipeline.batch(incoming([b"news"]))
    assert outbox.posted == [(1, b"pong")]
    assert seen.messages == [b"ping", b"(answered)", b"news"]


def test_after_another_attach_a_stage_posts_on_the_new_connection():
    first, second = FakeOutbox(), FakeOutbox()
    pipeline = Pipeline([Heartbeat()], [])
    for outbox in (first, second):
        pipeline.attach(StageContext(outbox))
        pipeline.batch(incoming([b"ping"]))
    assert first.posted == second.posted == [(1, b"pong")]


def test_without_a_connection_posted_messages_are_dropped():
    seen = Seen()
    Pipeline([Heartbeat()], [seen]).batch(incoming([b"ping"]))
    assert seen.messages == [b"ping", b"(answered)"]


def test_a_message_is_dropped_while_too_much_waits_to_be_sent():
    outbox = FakeOutbox()
    context = StageContext(outbox)
    outbox.pending = OUTBOX_HIGH_WATER
    context.post(1, b"dropped")
    outbox.pending -= 1
    context.post(2, b"sent")
    assert outbox.posted == [(2, b"sent")]


def test_posting_on_a_connection_that_is_closing_is_not_an_error():
    outbox = FakeOutbox()
    outbox.closing = True
    StageContext(outbox).post(1, b"late")
    assert outbox.posted == []


# Time


@pytest.fixture
def clock():
    return HandClock()


def delayed(clock, *seconds):
    seen = Seen()
    return Pipeline([Delay(each) for each in seconds], [seen], clock), seen


def test_without_deadlines_a_pipeline_waits_as_long_as_its_caller(clock):
    pipeline, _ = delayed(clock, 1.0)
    assert pipeline.next_deadline() is None
    assert pipeline.wait() is None
    assert pipeline.wait(3.0) == 3.0


def test_a_deadline_shortens_the_wait_and_never_makes_it_longer(clock):
    pipeline, _ = delayed(clock, 2.0)
    pipeline.batch(incoming([b"a"]))
    assert pipeline.next_deadline() == clock.now + 2.0
    assert pipeline.wait() == pipeline.wait(5.0) == 2.0
    assert pipeline.wait(0.5) == 0.5
    clock.now += 9
    assert pipeline.wait() == 0.0


def test_a_delayed_batch_passes_when_it_is_due_and_as_the_same_object(clock):
    pipeline, seen = delayed(clock, 2.0)
    batch = incoming([b"a"])
    pipeline.batch(batch)
    clock.now += 1.9
    pipeline.tick()
    assert seen.events == []
    clock.now += 0.1
    pipeline.tick()
    assert seen.events[0] is batch
    assert pipeline.next_deadline() is None


def test_the_delays_of_two_stages_add_up(clock):
    pipeline, seen = delayed(clock, 2.0, 3.0)
    start = clock.now
    pipeline.batch(incoming([b"a"]))
    while not seen.events:
        clock.now = pipeline.next_deadline()
        pipeline.tick()
    assert clock.now == start + 5.0


def test_a_batch_from_a_tick_skips_the_stages_before_it(clock):
    seen = Seen()
    pipeline = Pipeline([Mark(b"1"), Delay(1.0), Mark(b"2")], [seen], clock)
    pipeline.batch(incoming([b"a"]))
    clock.now += 1
    pipeline.tick()
    assert seen.messages == [b"a12"]


def test_the_earliest_deadline_of_all_branches_counts(clock):
    fast, slow = delayed(clock, 1.0), delayed(clock, 5.0)
    pipeline = Pipeline([Delay(0.5)], [slow[0], fast[0]], clock)
    pipeline.batch(incoming([b"a"]))
    assert pipeline.wait() == 0.5
    clock.now += 0.5
    pipeline.tick()
    assert pipeline.wait() == 1.0
    clock.now += 1.0
    pipeline.tick()
    assert (fast[1].messages, slow[1].messages) == ([b"a"], [])
    assert pipeline.wait() == 4.0


def test_a_stage_is_ticked_only_once_its_deadline_has_passed(clock):
    class Alarm(Stage):
        due, ticks = None, ()

        def next_deadline(self):
            return self.due

        def tick(self, now):
            self.ticks += (now,)
            self.due = None
            return ()

    alarm, never = Alarm(), Alarm()
    alarm.due = clock.now + 1
    pipeline = Pipeline([never, alarm], [], clock)
    for _ in range(4):
        pipeline.tick()
        clock.now += 0.5
    assert alarm.ticks == (101.0,)
    assert never.ticks == ()


@given(st.lists(st.tuples(st.floats(0, 10), st.binary(max_size=2))), st.floats(0, 10))
def test_a_delay_shifts_every_batch_by_the_same_time(arrivals, seconds):
    clock = HandClock()
    shown = []

    class Log(Sink):
        def batch(self, batch):
            shown.append((clock.now, *_payloads(batch)))

    pipeline = Pipeline([Delay(seconds)], [Log()], clock)

    def turn_to(time):
        while (due := pipeline.next_deadline()) is not None and due <= time:
            clock.now = due
            pipeline.tick()
        clock.now = time

    expected = []
    for gap, payload in arrivals:
        turn_to(clock.now + gap)
        expected.append((clock.now + seconds, payload))
        pipeline.batch(incoming([payload]))
    turn_to(float("inf"))
    assert shown == expected


# The end


def test_delayed_batches_pass_before_the_end(clock):
    pipeline, seen = delayed(clock, 1.0, 2.0)
    pipeline.batch(incoming([b"a"]))
    clock.now += 1
    pipeline.tick()
    pipeline.batch(incoming([b"b"], Close(1000, "")))
    pipeline.ended(None)
    assert seen.messages == [b"a", b"b", "Close"]
    assert seen.events[-1] == "ended"


def test_delayed_batches_pass_before_a_failure(clock):
    pipeline, seen = delayed(clock, 1.0)
    pipeline.batch(incoming([b"a"]))
    pipeline.failed(Failed(2, "x", "", "", 0.0, 0.0))
    assert seen.messages == [b"a"]
    assert seen.events[-1] == "failed"


def test_delayed_batches_still_pass_the_later_stages(clock):
    everything, part = Seen(), Seen()
    branch = Pipeline([Delay(1.0), Drop(b"b")], [part], clock)
    pipeline = Pipeline([Delay(1.0), Mark(b"!")], [everything, branch], clock)
    pipeline.batch(incoming([b"a", b"b"]))
    pipeline.ended(None)
    assert everything.events[-1] == part.events[-1] == "ended"
    assert (everything.messages, part.messages) == ([b"a!", b"b!"], [b"a!"])


def test_a_pipeline_can_be_used_for_another_connection_after_the_end(clock):
    pipeline, seen = delayed(clock, 1.0)
    pipeline.batch(incoming([b"a"]))
    pipeline.ended(None)
    assert pipeline.next_deadline() is None
    pipeline.attach(StageContext())
    pipeline.batch(incoming([b"b"]))
    pipeline.ended(None)
    assert seen.messages == [b"a", b"b"]


# Failures


class Gone(Sink):
    def batch(self, batch):
        raise BrokenPipeError


def test_an_error_of_a_sink_reaches_the_caller_after_earlier_sinks_got_the_batch():
    first, last = Seen(), Seen()
    pipeline = Pipeline([Split()], [first, Pipeline([Mark(b"!")], [Gone()]), last])
    with pytest.raises(BrokenPipeError):
        pipeline.batch(incoming([b"a"], [b"b"]))
    assert first.messages == [b"a"]
    assert last.messages == []


def test_stages_keep_working_after_an_error_of_a_sink(clock):
    first, gone = Seen(), Gone()
    pipeline = Pipeline([Delay(1.0)], [first, gone], clock)
    pipeline.batch(incoming([b"a"]))
    pipeline.batch(incoming([b"b"]))
    clock.now += 1
    with pytest.raises(BrokenPipeError):
        pipeline.tick()
    gone.batch = lambda batch: None
    pipeline.tick()
    assert first.messages == [b"a", b"b"]


def test_an_error_reported_by_a_stage_does_not_stop_the_batch():
    complaints, seen = [], Seen()
    pipeline = Pipeline([], [Pipeline([Fails(), Mark(b"!")], [seen])])
    pipeline.attach(StageContext(complain=complaints.append))
    pipeline.batch(incoming([b"a"]))
    assert [error.what for error in complaints] == ["it cannot be done"]
    assert seen.messages == [b"a!"]


def test_without_a_callback_an_error_of_a_stage_is_raised():
    with pytest.raises(UsageError, match="it cannot be done"):
        Pipeline([Fails()], []).batch(incoming([b"a"]))


# A count of messages


def count(stop, *batches):
    seen = Seen()
    pipeline = Pipeline([stop], [seen])
    for batch in batches:
        pipeline.batch(incoming(*batch))
    return seen.payloads


def test_without_a_count_everything_passes_and_is_counted():
    stop = StopAfter()
    passed = count(stop, [[b"a", b"b"], Ping(b"")], [[b"c"]])
    assert passed == [[b"a", b"b", "Ping"], [b"c"]]
    assert (stop.seen, stop.reached) == (3, False)


@pytest.mark.parametrize(
    ("wanted", "passed"),
    [
        (1, [[b"a"]]),
        (2, [[b"a", b"b"]]),
        (3, [[b"a", b"b"], [b"c"]]),
        (9, [[b"a", b"b"], [b"c", b"d"]]),
    ],
)
def test_a_batch_is_cut_where_the_count_is_reached(wanted, passed):
    stop = StopAfter(wanted)
    assert count(stop, [[b"a", b"b"]], [[b"c", b"d"]]) == passed
    assert stop.reached == (wanted < 9)


def test_a_count_of_zero_drops_messages_but_no_pings():
    stop = StopAfter(0)
    assert stop.reached
    assert count(stop, [[b"a"], Ping(b"p")]) == [["Ping"]]


def test_outgoing_messages_pass_and_are_not_counted():
    stop, seen = StopAfter(1), Seen()
    Pipeline([stop], [seen]).batch(outgoing([b"out", b"out"]))
    assert seen.messages == [b"out", b"out"]
    assert not stop.reached
