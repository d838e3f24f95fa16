"""The bytes of one read are decoded batch by batch, each in bounded time and memory."""

import tracemalloc

from tests.streams import items
from wscli.wire.codes import Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.encoder import Encoder
from wscli.wire.events import Close, Messages
from wscli.wire.frames import Frame
from wscli.wire.parser import MessageRun
from wscli.wire.receiver import Receiver
from wscli.wire.rules import Violation

MIB = 1 << 20
DEFLATE = PerMessageDeflate(server_no_context_takeover=True)


def compressed(size, count):
    """Return a stream of messages that inflate to ``size`` bytes each."""
    return Encoder(Role.SERVER, deflate=DEFLATE).messages(2, [bytes(size)]) * count


def receiver(**options):
    return Receiver(Role.CLIENT, **options)


def inflated(batch):
    return sum(sum(map(len, item.payloads)) for item in batch if isinstance(item, Messages))


def peak_of(batches):
    """Take all batches, keeping none; return their inflated size and the peak of memory."""
    tracemalloc.start()
    try:
        total = sum(map(inflated, batches))
        return total, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_large_messages_of_one_read_are_inflated_one_at_a_time():
    data = compressed(16 * MIB, 16)
    assert len(data) < 512 << 10
    total, peak = peak_of(receiver(deflate=DEFLATE, max_size=16 * MIB).receive(data))
    assert total == 256 * MIB
    assert peak < 24 * MIB


def test_small_messages_of_one_read_are_inflated_a_mebibyte_at_a_time():
    data = compressed(100_000, 1000)
    batches = receiver(deflate=DEFLATE).receive(data)
    total, peak = peak_of(batches)
    assert total == 100_000_000
    assert peak < 8 * MIB


def test_fragments_that_inflate_to_a_large_message_need_no_second_copy():
    (frame,) = items(
        receiver(frames=True),
        Encoder(Role.SERVER, deflate=DEFLATE, fragment=1 << 40).messages(1, [b"x" * (16 * MIB)]),
    )[:1]
    half = len(frame.payload) // 2
    first = Frame(1, frame.payload[:half], fin=False, rsv=4)
    data = first.to_bytes() + Frame(0, frame.payload[half:]).to_bytes()
    total, peak = peak_of(receiver(deflate=DEFLATE, max_size=16 * MIB).receive(data))
    assert total == 16 * MIB
    assert peak < 24 * MIB


def test_a_batch_is_decoded_when_it_is_requested():
    end = receiver(deflate=DEFLATE, max_size=2 * MIB)
    batches = end.receive(compressed(2 * MIB, 2) + Frame(0x3).to_bytes())
    assert inflated(next(batches)) == 2 * MIB
    assert not end.done
    assert inflated(next(batches)) == 2 * MIB
    assert isinstance(next(batches)[-1], Violation)
    assert end.done
    assert next(batches, None) is None


def test_a_flood_of_empty_fragments_comes_in_batches():
    data = Frame(1, b"", fin=False).to_bytes() + Frame(0, b"", fin=False).to_bytes() * 250_000
    end = receiver()
    sizes = [len(batch) for batch in end.receive(data)]
    assert sum(sizes) == 250_001
    assert max(sizes) < 10_000
    assert end.mid_message


def test_a_flood_of_empty_messages_comes_in_batches():
    data = Frame(1, b"").to_bytes() * 250_000
    counts = [
        sum(len(item.payloads) for item in batch if isinstance(item, Messages))
        for batch in receiver().receive(data)
    ]
    assert sum(counts) == 250_000
    assert max(counts) < 50_000


def test_a_frame_and_the_message_that_it_completes_are_in_one_batch():
    data = Frame(1, b"x").to_bytes() * 50_000
    for batch in receiver(frames=True).receive(data):
        kinds = [type(item) for item in batch]
        assert kinds == [Frame, Messages] * (len(batch) // 2)


def test_messages_in_several_batches_follow_their_run():
    batches = list(receiver(deflate=DEFLATE).receive(compressed(1000, 3000)))
    assert isinstance(batches[0][0], MessageRun)
    assert sum(map(inflated, batches)) == 3_000_000
    assert all(inflated(batch) < 2 * MIB for batch in batches)


def test_a_close_ends_the_last_batch():
    data = compressed(2 * MIB, 3) + Frame(8, b"\x03\xe8").to_bytes() + Frame(1, b"late").to_bytes()
    batches = list(receiver(deflate=DEFLATE).receive(data))
    assert batches[-1][-1] == Close(1000, "")
    assert sum(map(inflated, batches)) == 6 * MIB
