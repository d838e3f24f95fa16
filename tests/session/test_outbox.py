"""The send queue: bytes leave in order and are counted exactly, whatever the kernel takes."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.session.hand_loop import run
from wscli.session.outbox import Outbox
from wscli.wire.codes import Opcode
from wscli.wire.encoder import encode_unmasked
from wscli.wire.parser import count_messages

SLICE = 64 << 10
TURN = 4 * SLICE  # bytes that are handed over in one turn of the loop


class Kernel(asyncio.WriteTransport):
    """A transport of asyncio over a kernel whose send buffer has ``room`` for some bytes."""

    def __init__(self, room=0):
        super().__init__()
        self.outbox = None
        self.room = room
        self.taken = b""
        self.buffer = b""
        self.paused = False
        self.failed = False
        self.limits = None
        self.writes = []

    def can_write_eof(self):
        return True

    def set_write_buffer_limits(self, high=None, low=None):
        self.limits = (high, low)

    def get_write_buffer_size(self):
        return len(self.buffer)

    def is_closing(self):
        return self.failed

    def write(self, data):
        if self.failed:
            return
        self.writes.append(len(data))
        self.buffer += bytes(data)
        self.drain()
        if self.buffer and not self.paused:
            self.paused = True
            self.outbox.pause()

    def drain(self):
        self.taken += self.buffer[: self.room]
        count = min(self.room, len(self.buffer))
        self.buffer, self.room = self.buffer[count:], self.room - count

    def make_room(self, size):
        """Let the kernel take more; asyncio calls ``resume`` once its own buffer is empty."""
        self.room += size
        self.drain()
        if self.paused and not self.buffer:
            self.paused = False
            self.outbox.resume()

    def fail(self):
        """Lose the connection: the bytes that asyncio holds are dropped, and can't be counted."""
        self.failed = True
        self.buffer = b""


class OutboxOwner:
    """Keeps the reports of an outbox."""

    def __init__(self):
        self.size = self.messages = 0
        self.data = b""
        self.moves = 0

    def data_sent(self, size, messages, data):
        self.size += size
        self.messages += messages
        self.data += bytes(data)

    def size_changed(self):
        self.moves += 1


def joined(room=0):
    """Return a kernel with room for some bytes, an outbox that sends to it, and its owner."""
    kernel, owner = Kernel(room), OutboxOwner()
    kernel.outbox = Outbox(kernel, owner)
    kernel.outbox.start()
    return kernel, kernel.outbox, owner


def in_loop(test):
    """Run a test in an event loop, since pytest does not run coroutines."""

    def call():
        run(test())

    call.__name__, call.__doc__ = test.__name__, test.__doc__
    return call


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


def text(*sizes):
    return encode_unmasked(Opcode.TEXT, [b"x" * size for size in sizes])


SIZES = st.sampled_from([0, 1, 100, 4090, 4096, 5000, 65532, 70_000, 300_000])
ACTIONS = st.lists(
    st.tuples(st.just("write"), st.lists(SIZES, min_size=1, max_size=3))
    | st.tuples(st.just("stream"), st.lists(SIZES, min_size=1, max_size=3))
    | st.tuples(st.just("room"), st.sampled_from([1, 5, 4096, 65_536, 100_000, 1 << 20]))
    | st.tuples(st.just("turn"), st.integers(1, 3)),
    max_size=14,
)


class Sender:
    """Does the actions of a test, and remembers the bytes that must leave."""

    def __init__(self, room):
        self.kernel, self.outbox, self.owner = joined(room)
        self.posted = b""

    async def act(self, actions):
        for name, value in actions:
            if name == "room":
                self.kernel.make_room(value)
            elif name == "turn":
                await turns(value)
            else:
                getattr(self, name)(text(*value), len(value))

    def write(self, data, messages):
        self.posted += data
        self.outbox.write(data, messages)

    def stream(self, data, messages):
        self.posted += data
        pieces = (data[start : start + 20_000] for start in range(0, len(data), 20_000))
        self.outbox.stream(pieces, len(data), messages)


@settings(max_examples=60)
@given(st.sampled_from([0, 3, 1 << 16, 1 << 30]), ACTIONS)
def test_bytes_leave_in_order_and_are_counted_whatever_the_kernel_takes(room, actions):
    async def scenario():
        sender = Sender(room)
        await sender.act(actions)
        kernel, outbox, owner = sender.kernel, sender.outbox, sender.owner
        assert sender.posted.startswith(kernel.taken)
        assert owner.size <= len(kernel.taken)
        assert owner.messages <= count_messages(kernel.taken)
        kernel.make_room(1 << 30)
        await turns(200)
        assert kernel.taken == owner.data == sender.posted
        assert (owner.size, outbox.size) == (len(sender.posted), 0)
        assert owner.messages == count_messages(sender.posted)

    run(scenario())


@settings(max_examples=60)
@given(st.sampled_from([0, 3, 1 << 16]), ACTIONS)
def test_when_a_connection_is_dropped_exactly_the_bytes_that_left_are_counted(room, actions):
    async def scenario():
        sender = Sender(room)
        await sender.act(actions)
        kernel, outbox, owner = sender.kernel, sender.outbox, sender.owner
        outbox.clear()
        assert owner.size == len(kernel.taken)
        assert owner.data == kernel.taken
        assert outbox.size == 0
        if not any(name == "stream" for name, _ in actions):
            assert owner.messages == count_messages(kernel.taken)

    run(scenario())


@settings(max_examples=40)
@given(st.sampled_from([0, 3, 1 << 16]), ACTIONS)
def test_after_a_failed_write_only_bytes_that_left_are_counted(room, actions):
    async def scenario():
        sender = Sender(room)
        await sender.act(actions)
        sender.kernel.fail()
        sender.outbox.write(b"never", 1)
        await turns()
        sender.outbox.clear()
        assert sender.owner.size <= len(sender.kernel.taken)
        assert sender.kernel.taken.startswith(sender.owner.data)
        assert sender.outbox.size == 0

    run(scenario())


@in_loop
async def test_asyncio_reports_every_byte_that_it_holds():
    kernel, _, _ = joined()
    assert kernel.limits == (0, 0)


@in_loop
async def test_over_tls_asyncio_may_hold_one_byte_unreported():
    kernel = Kernel()
    kernel.can_write_eof = lambda: False
    Outbox(kernel, OutboxOwner()).start()
    assert kernel.limits == (1, 0)


@in_loop
async def test_data_that_the_kernel_takes_at_once_is_never_queued():
    kernel, outbox, owner = joined(room=1 << 20)
    outbox.write(text(10, 20), 2)
    assert (kernel.taken, kernel.writes) == (text(10, 20), [34])
    assert (owner.size, owner.messages, outbox.size) == (34, 2, 0)


@in_loop
async def test_more_than_a_slice_is_written_in_slices():
    kernel, outbox, _ = joined(room=1 << 30)
    outbox.write(b"a" * SLICE, 1)
    assert kernel.writes == [SLICE]
    outbox.write(b"b" * (SLICE + 1), 1)
    assert kernel.writes == [SLICE, SLICE, 1]


@in_loop
async def test_no_more_than_one_slice_is_handed_over_while_the_kernel_takes_nothing():
    kernel, outbox, owner = joined()
    outbox.write(b"a" * 1_000_000, 1)
    outbox.write(b"b" * 1_000_000, 1)
    await turns()
    assert kernel.writes == [SLICE]
    assert (outbox.size, owner.size, owner.messages) == (2_000_000, 0, 0)


@in_loop
async def test_other_connections_have_a_turn_after_four_slices():
    kernel, outbox, _ = joined(room=1 << 30)
    outbox.write(b"a" * (2 * TURN), 1)
    assert len(kernel.taken) == TURN
    await turns(1)
    assert len(kernel.taken) == 2 * TURN


@in_loop
async def test_a_queued_message_counts_once_its_last_byte_has_left():
    data = text(200_000)
    kernel, outbox, owner = joined()
    outbox.write(data, 1)
    kernel.make_room(len(data) - 1)
    await turns()
    assert (owner.messages, owner.data) == (0, b"")
    kernel.make_room(1)
    await turns()
    assert (owner.messages, owner.data) == (1, data)


@in_loop
async def test_the_size_decreases_as_the_kernel_takes_bytes():
    kernel, outbox, owner = joined()
    outbox.write(b"a" * (3 * SLICE), 1)
    kernel.make_room(SLICE)
    await turns()
    assert (outbox.size, owner.size) == (2 * SLICE, SLICE)


@in_loop
async def test_the_owner_hears_of_each_change_of_size():
    kernel, outbox, owner = joined()
    outbox.write(b"a" * (3 * SLICE), 1)
    before = owner.moves
    kernel.make_room(SLICE)
    await turns()
    assert owner.moves == before + 1


@in_loop
async def test_small_queued_data_leaves_as_one_write():
    kernel, outbox, owner = joined()
    outbox.write(b"first", 1)
    for _ in range(100):
        outbox.write(text(8), 1)
    kernel.make_room(1 << 20)
    await turns()
    assert kernel.writes == [5, 1000]
    assert owner.messages == 101


@in_loop
async def test_small_data_is_joined_up_to_a_slice():
    kernel, outbox, _ = joined()
    outbox.write(b"first", 1)
    for _ in range(30):
        outbox.write(b"x" * 4000, 1)
    kernel.make_room(1 << 20)
    await turns()
    joined_size = 17 * 4000  # the first that reaches a slice is the last that is joined
    assert kernel.writes == [5, SLICE, joined_size - SLICE, 13 * 4000]


@in_loop
async def test_large_data_is_never_copied():
    kernel, outbox, owner = joined()
    outbox.write(b"first", 1)
    outbox.write(b"y" * 4096, 1)
    outbox.write(b"z" * 100, 1)
    kernel.make_room(1 << 20)
    await turns()
    assert kernel.writes == [5, 4096, 100]
    assert owner.messages == 3


@in_loop
async def test_joining_data_does_not_change_the_callers_buffer():
    _, outbox, _ = joined()
    outbox.write(b"first", 1)
    own = bytearray(b"mine")
    outbox.write(own, 1)
    outbox.write(b"more", 1)
    assert own == b"mine"


@in_loop
async def test_nothing_is_joined_to_data_that_has_begun_to_leave():
    kernel, outbox, owner = joined()
    outbox.write(b"first", 1)
    outbox.write(b"second", 1)
    kernel.make_room(5)
    await turns()
    outbox.write(b"third", 1)
    kernel.make_room(1 << 20)
    await turns()
    assert owner.data == b"firstsecondthird"


@in_loop
async def test_a_streamed_message_is_encoded_as_it_leaves():
    kernel, outbox, owner = joined()
    made = []

    def pieces():
        for number in range(10):
            made.append(number)
            yield bytes(1000)

    outbox.stream(pieces(), 10_000, 1)
    assert made == [0]
    kernel.make_room(2500)
    await turns()
    assert made == [0, 1, 2]
    assert (outbox.size, owner.messages) == (7500, 0)
    kernel.make_room(1 << 20)
    await turns()
    assert (len(kernel.taken), owner.size, owner.messages, outbox.size) == (10_000, 10_000, 1, 0)


@in_loop
async def test_a_stream_longer_than_its_declared_size_makes_no_negative_size():
    kernel, outbox, owner = joined()
    outbox.stream(iter([bytes(100), bytes(100)]), 100, 1)
    outbox.write(b"behind", 1)
    kernel.make_room(150)
    await turns()
    assert outbox.size == 6
    kernel.make_room(1 << 20)
    await turns()
    assert (outbox.size, owner.size) == (0, 206)


@in_loop
async def test_the_last_action_runs_after_all_queued_bytes_have_left():
    kernel, outbox, _ = joined()
    ended = []
    outbox.write(b"a" * SLICE, 1)
    outbox.finish(lambda: ended.append(len(kernel.taken)))
    kernel.make_room(SLICE - 1)
    await turns()
    assert ended == []
    kernel.make_room(1)
    await turns()
    assert ended == [SLICE]


@in_loop
async def test_with_an_empty_queue_the_last_action_runs_at_once():
    _, outbox, _ = joined()
    ended = []
    outbox.finish(lambda: ended.append(True))
    assert ended == [True]


@in_loop
async def test_a_second_last_action_replaces_the_first():
    kernel, outbox, _ = joined()
    ended = []
    outbox.write(b"a", 1)
    outbox.finish(lambda: ended.append("first"))
    outbox.finish(lambda: ended.append("second"))
    kernel.make_room(1 << 20)
    await turns()
    assert ended == ["second"]


@in_loop
async def test_after_a_drop_nothing_is_sent_and_the_last_action_does_not_run():
    kernel, outbox, _ = joined()
    ended = []
    outbox.write(b"a" * (2 * SLICE), 1)
    outbox.finish(lambda: ended.append(True))
    outbox.clear()
    kernel.make_room(1 << 20)
    await turns()
    assert kernel.writes == [SLICE]
    assert ended == []


@in_loop
async def test_resuming_writes_nothing_until_the_next_turn_of_the_loop():
    """A transport that is written to while it resumes, and fails, reports the loss twice."""
    kernel, outbox, _ = joined()
    outbox.write(b"a" * (2 * SLICE), 1)
    kernel.make_room(1 << 20)
    assert kernel.writes == [SLICE]
    await turns(1)
    assert kernel.writes == [SLICE, SLICE]


@in_loop
async def test_a_write_that_fails_at_once_is_not_counted():
    kernel, outbox, owner = joined(room=1 << 20)
    kernel.fail()
    outbox.write(text(5), 1)
    assert (owner.size, owner.messages, outbox.size) == (0, 0, 0)


@pytest.mark.parametrize("cut", [0, 1, 6, 7, 8, 14, 20])
def test_only_messages_that_left_completely_count_after_a_drop(cut):
    async def scenario():
        kernel, outbox, owner = joined()
        outbox.write(text(5, 5, 5), 3)
        kernel.make_room(cut)
        outbox.clear()
        assert (owner.size, owner.messages) == (cut, cut // 7)

    run(scenario())
