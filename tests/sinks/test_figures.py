"""The figures of a recording: traffic over time, reply times, and their plots."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.net.opening import Opening
from wscli.net.url import parse_url
from wscli.session.end import End
from wscli.session.events import Batch, Opened
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.plots import plot_times, plot_traffic
from wscli.sinks.human.statistics import describe_recorded
from wscli.sinks.replies import Distribution, ReplyTimes
from wscli.sinks.series import TrafficSeries
from wscli.sinks.stats import Stats
from wscli.wire.events import Messages
from wscli.wire.frames import Frame

START = 1_769_860_800.0
PLAIN = Palette(colour=False)


def batch(at, *payloads, incoming=True):
    return Batch(incoming, START + at, at, [Messages(1, list(payloads))])


def series_of(*batches):
    series = TrafficSeries()
    for each in batches:
        series.batch(each)
    return series


def test_traffic_is_counted_by_time_and_direction():
    series = series_of(
        batch(0, b"ab", b"c"), batch(0.5, b"d"), batch(1, b"efgh"), batch(1, b"", incoming=False)
    )
    came = series.traffic(incoming=True, columns=2)
    assert (came.messages, came.size) == ([2, 2], [3, 5])
    assert came.width == pytest.approx(0.5, rel=0.01)
    assert series.traffic(incoming=False, columns=2).messages == [0, 1]


@given(st.lists(st.floats(0, 10**6), min_size=1), st.integers(1, 100))
def test_no_message_is_lost_however_long_a_recording_is(times, columns):
    series = series_of(*(batch(at, b"xy") for at in times))
    traffic = series.traffic(incoming=True, columns=columns)
    assert (sum(traffic.messages), sum(traffic.size)) == (len(times), 2 * len(times))
    assert len(traffic.messages) <= columns


def test_batches_without_messages_are_not_counted():
    series = series_of(Batch(True, START, 0.0, [Frame(9, b"")]))
    assert series.start is None
    assert list(plot_traffic(series, PLAIN, 80)) == []


# Distributions and replies


@given(st.lists(st.floats(1e-6, 1000), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_exact_to_five_percent(durations, share):
    distribution = Distribution()
    for duration in durations:
        distribution.add(duration)
    exact = sorted(durations)[math.ceil(share * len(durations)) - 1]
    assert distribution.quantile(share) == pytest.approx(exact, rel=0.051)
    assert (distribution.least, distribution.most) == (min(durations), max(durations))


def opened(*, server=False):
    opening = Opening(parse_url("ws://h/"))
    opening.timings = {} if server else {"tcp": 0.1}
    return Opened(opening, START, 0.0)


def times_of(*events):
    replies = ReplyTimes()
    for number, event in events:
        replies.change(number)
        if isinstance(event, Opened):
            replies.opened(event)
        elif isinstance(event, End):
            replies.ended(event)
        else:
            replies.batch(event)
    return replies.times


def one(*events):
    return times_of(*((1, event) for event in events))


def test_a_message_without_an_id_is_answered_by_the_next():
    times = one(opened(), batch(1, b"?", incoming=False), batch(1.25, b"!", b"more"))
    assert (times.count, times.most) == (1, 0.25)


def test_a_reply_is_found_by_its_id():
    ask = [b'{"id":1,"method":"a"}', b'{"id":2,"method":"b"}']
    times = one(
        opened(),
        batch(1, *ask, incoming=False),
        batch(2, b'{"id":2,"result":0}', b"push"),
        batch(5, b'{"id":1,"result":0}'),
    )
    assert (times.count, times.least, times.most) == (2, 1.0, 4.0)


def test_requests_come_in_where_a_server_was_recorded():
    times = one(opened(server=True), batch(1, b"?"), batch(1.5, b"!", incoming=False))
    assert (times.count, times.most) == (1, 0.5)


def test_connections_are_told_apart():
    times = times_of(
        (1, opened()),
        (2, opened()),
        (1, batch(1, b"?", incoming=False)),
        (2, batch(1.1, b"push")),
        (1, batch(2, b"!")),
    )
    assert (times.count, times.most) == (1, 1.0)


def test_a_flood_of_requests_takes_no_memory():
    times = one(opened(), *(batch(1, *[b"?"] * 1000, incoming=False) for _ in range(100)))
    assert times.count == 0


# Output


def test_plots_show_rates_and_reply_times():
    series = series_of(*(batch(at, b"x" * 1024 * at) for at in range(10)))
    times = Distribution()
    for milliseconds in (1, 1.5, 3, 3, 3, 40):
        times.add(milliseconds / 1000)
    shown = [*plot_traffic(series, PLAIN, 22), *plot_times(times, PLAIN)]
    clock = shown[8].split()[0]
    assert [line.replace(clock, "CLOCK") for line in shown] == [
        "",
        "messages/s received",
        "         1.1 ┤██████████",
        "             │██████████",
        "             │██████████",
        "             │██████████",
        "             │██████████",
        "           0 └──────────",
        "              CLOCK +9.0 s",
        "",
        "bytes/s received",
        "    10.0 KiB ┤        ▄█",
        "             │      ▃▇██",
        "             │    ▂▆████",
        "             │  ▁▅██████",
        "             │ ▄████████",
        "           0 └──────────",
        "              CLOCK +9.0 s",
        "",
        "reply times of 6 replies",
        "              min 1.0 ms, median 2.9 ms, 95% 40.0 ms, 99% 40.0 ms, max 40.0 ms",
        "   from 1 ms │██████████████████████████▋ 2",
        "   from 2 ms │████████████████████████████████████████ 3",
        "   from 5 ms │ 0",
        "  from 10 ms │ 0",
        "  from 20 ms │█████████████▍ 1",
    ]


def stats_of(*items):
    stats = Stats()
    stats.opened(opened())
    stats.batch(Batch(True, START + 1, 1.0, list(items)))
    return describe_recorded(stats, START + 2)


def test_a_table_has_frames_only_where_they_were_recorded():
    without = stats_of(Messages(1, [b"abc"]))
    assert [line.split("  ")[0] for line in without] == [
        "",
        "messages",
        "payload",
        "rate, overall",
        "time",
    ]
    assert "frame headers" in "\n".join(stats_of(Frame(1, b"abc"), Messages(1, [b"abc"])))
