"""The counts, rates and times of a session."""

from types import SimpleNamespace

import pytest

from tests.streams import items
from wscli.session.end import End
from wscli.session.events import Batch, Opened
from wscli.sinks.human.statistics import describe_stats
from wscli.sinks.stats import Stats, Tally, http_head
from wscli.text import show_time
from wscli.wire.codes import Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.encoder import Encoder
from wscli.wire.events import Pong
from wscli.wire.frames import Frame
from wscli.wire.head import Headers, parse_request, parse_response
from wscli.wire.receiver import Receiver

KEY = b"\1\2\3\4"


def read(*frames, role=Role.CLIENT, **options):
    """Return the items that a receiver makes of frames."""
    data = b"".join(frame.to_bytes() for frame in frames)
    return items(Receiver(role, strict=False, **options), data)


@pytest.mark.parametrize("frames", [False, True])
@pytest.mark.parametrize(("size", "header"), [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_every_byte_of_a_frame_counts_as_header_or_payload(size, header, frames):
    tally = Tally()
    tally.add(read(Frame(2, bytes(size)), frames=frames), 0)
    assert (tally.messages, tally.payload, tally.frames) == (1, size, 1)
    assert (tally.headers, tally.on_wire) == (header, size)


@pytest.mark.parametrize("frames", [False, True])
def test_the_mask_counts_as_header(frames):
    tally = Tally()
    tally.add(read(Frame(1, b"hi", mask_key=KEY), role=Role.SERVER, frames=frames), 0)
    assert tally.headers == 6


def test_fragments_and_control_frames_count_as_frames_of_one_message():
    tally = Tally()
    items = read(Frame(1, b"in ", fin=False), Frame(9, b"ping"), Frame(0, b"two"))
    tally.add(items, 0)
    assert (tally.messages, tally.frames, tally.control_frames) == (1, 3, 1)
    assert (tally.payload, tally.on_wire, tally.control) == (6, 6, 4)


def test_a_frame_with_a_reserved_opcode_is_neither_a_message_nor_a_control_frame():
    tally = Tally()
    tally.add([Frame(3, b"abc"), Frame(11, b"d")], 0)
    assert (tally.messages, tally.frames, tally.control_frames) == (0, 2, 1)


def test_compressed_messages_count_before_and_after_compression():
    deflate = PerMessageDeflate()
    sender = Encoder(Role.SERVER, deflate=deflate)
    tally = Tally()
    data = sender.messages(1, [b"hello " * 100, b"hello " * 100])
    tally.add(items(Receiver(Role.CLIENT, deflate=deflate), data), 0)
    assert tally.before == tally.payload == 1200
    assert tally.after == tally.on_wire < 50


def test_rates_cover_the_last_ten_seconds():
    tally = Tally()
    for second in range(100, 120):
        tally.add(read(Frame(1, b"12345")), second + 0.5)
    assert tally.rates(119.9) == (1.0, 5.0)
    assert tally.rates(124.0) == (0.5, 2.5)
    assert tally.rates(200.0) == (0.0, 0.0)


def test_a_rate_covers_the_elapsed_time_if_that_is_less():
    tally = Tally()
    for second in (100, 101):
        tally.add(read(Frame(1, b"12345")), second + 0.5)
    assert tally.rates(102.0, seconds=2.0) == (1.0, 5.0)
    assert tally.rates(102.0, seconds=60.0) == (0.2, 1.0)
    assert tally.rates(102.0, seconds=0.0) == (20.0, 100.0)  # over a tenth of a second


def test_the_table_names_the_time_that_the_recent_rate_covers():
    stats = Stats()
    stats.opened(Opened(opening(), 100, 0))
    stats.batch(Batch(True, 101, 1, read(*[Frame(1, b"hello")] * 8)))
    assert "rate, last 4.0 s  0.0/s, 0 B/s            2.0/s, 10 B/s" in describe_stats(stats, 104)
    assert "rate, last 10 s   0.0/s, 0 B/s            0.8/s, 4 B/s" in describe_stats(stats, 110)


def opening():
    request = b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nCookie: a=b\r\n\r\n"
    response = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nServer: s\r\n\r\n"
    return SimpleNamespace(request=parse_request(request), response=parse_response(response))


def test_an_http_head_has_the_headers_without_those_of_the_upgrade():
    headers = Headers([("Host", "h"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "k")])
    head = b"POST /ws HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"
    assert http_head(len("POST /ws HTTP/1.1"), headers) == len(head)


def test_http_is_estimated_at_its_best_with_a_reply_to_each_request():
    stats = Stats()
    stats.opened(Opened(opening(), 0, 0))
    stats.batch(Batch(False, 0, 0, read(Frame(1, b"a"), Frame(1, b"b"))))
    stats.batch(Batch(True, 0, 0, read(*[Frame(1, b"c")] * 5)))
    assert stats.http_cost() == 5 * sum(stats.heads)


def test_the_time_open_is_the_sum_over_all_connections():
    stats = Stats()
    stats.opened(Opened(opening(), 100, 0))
    assert stats.time_open(103) == 3
    stats.ended(End(1000, "", True, True, 105, 5))
    assert stats.time_open(200) == 5
    stats.opened(Opened(opening(), 210, 0))
    assert stats.time_open(211) == 6
    assert stats.connections == 2


def test_the_table_has_the_counts():
    stats = Stats()
    stats.opened(Opened(opening(), 100, 0))
    stats.batch(Batch(True, 100, 0, [*read(Frame(1, b"hello")), Pong(b"", 0.002)]))
    table = "\n".join(describe_stats(stats, 101))
    assert "messages          0                       1" in table
    assert "min/avg/max 2.00/2.00/2.00 ms, of 1 ping" in table
    assert "as HTTP requests" in table
    assert "time open         1.0 s" in table


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (61, "1 min 1 s"),
        (3599, "59 min 59 s"),
        (7260, "2 h 1 min"),
    ],
)
def test_a_long_duration_has_two_units(seconds, shown):
    assert show_time(seconds) == shown
