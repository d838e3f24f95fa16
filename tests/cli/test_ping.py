"""``wscli ping``."""

import json
import re
import signal

from tests.program import start, wscli
from wscli.apps.ping import summary


def test_each_pong_has_a_line_and_a_summary_follows():
    result = wscli("ping", "-c", "3", "-i", "10ms", "demo:")
    lines = result.out.decode().splitlines()
    assert result.status == 0
    assert lines[0].startswith("PING ws://127.0.0.1:")
    assert [re.sub(r"\d+\.\d+", "T", line) for line in lines[1:]] == [
        "pong: seq=1 time=T ms",
        "pong: seq=2 time=T ms",
        "pong: seq=3 time=T ms",
        "3 sent, 3 received, 0% lost",
        "min/avg/p95/max = T/T/T/T ms",
    ]


def test_the_first_line_has_no_query():
    result = wscli("ping", "-c", "1", "demo:/echo?fragment=16")
    assert re.match(rb"PING ws://127\.0\.0\.1:\d+/echo\?\xe2\x80\xa6 \(", result.out)


def test_json_writes_pongs_as_events(echo_url):
    result = wscli("ping", "-c", "2", "-i", "0", "--json", echo_url)
    events = [json.loads(line) for line in result.out.splitlines()]
    assert [event["event"] for event in events] == [
        "open",
        *["ping", "pong"] * 2,
        "close",
    ]
    assert all(event["rtt"] > 0 for event in events if event["event"] == "pong")


def test_a_missing_pong_is_a_timeout(scripted):
    def script(peer):
        peer.accept()
        peer.expect_close()
        peer.close()

    result = wscli("ping", "-c", "2", "-i", "0", "--timeout", "100ms", scripted(script).url)
    assert result.status == 6
    assert b"no pong: seq=1 within 0.1 s\nno pong: seq=2 within 0.1 s\n" in result.out
    assert b"2 sent, 0 received, 100% lost" in result.out
    assert "2 of 2 pings got no pong" in result.err


def test_an_unsolicited_pong_does_not_count(scripted):
    from wscli.wire.events import Ping
    from wscli.wire.frames import Frame

    def script(peer):
        peer.accept()
        ping = peer.expect(Ping)
        peer.frames(Frame(10, b"other"), Frame(10, ping.payload), Frame(10, ping.payload))
        peer.expect_close()
        peer.close()

    result = wscli("ping", "-c", "1", scripted(script).url)
    assert result.status == 0
    assert b"1 sent, 1 received" in result.out


def test_without_a_count_ping_continues_until_interrupted(echo_url):
    with start("ping", "-i", "10ms", echo_url) as process:
        for _ in range(4):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert b" 0% lost\nmin/avg" in process.stdout.read()


def test_a_close_with_an_error_before_a_pong_has_its_status(scripted):
    from wscli.wire.events import Ping

    def script(peer):
        peer.accept()
        peer.expect(Ping)
        peer.close(1011, "oops")
        peer.expect_close()

    result = wscli("ping", scripted(script).url)
    assert result.status == 9
    assert b"1 sent, 0 received" in result.out


def test_a_normal_close_between_pings_ends_normally(scripted):
    from wscli.wire.events import Ping
    from wscli.wire.frames import Frame

    def script(peer):
        peer.accept()
        peer.frames(Frame(10, peer.expect(Ping).payload), Frame(8, b"\x03\xe8"))
        peer.expect_close()
        peer.wait_for_end()

    result = wscli("ping", "-i", "50ms", scripted(script).url)
    assert result.status == 0
    assert b"1 sent, 1 received, 0% lost" in result.out


def test_the_summary_has_minimum_mean_percentile_and_maximum():
    assert summary([0.3]) == (0.3, 0.3, 0.3, 0.3)
    assert summary([n / 100 for n in range(100, 0, -1)]) == (0.01, 0.505, 0.95, 1.0)


def test_quiet_leaves_out_the_pongs():
    result = wscli("ping", "-q", "-c", "3", "-i", "10ms", "demo:")
    first, count, times = result.out.decode().splitlines()
    assert first.startswith("PING ws://127.0.0.1:")
    assert count == "3 sent, 3 received, 0% lost"
    assert times.startswith("min/avg/p95/max = ")


def test_quiet_still_reports_errors(scripted):
    def script(peer):
        peer.accept()
        peer.expect_close()
        peer.close()

    result = wscli("ping", "-q", "-c", "1", "--timeout", "100ms", scripted(script).url)
    assert result.status == 6
    assert b"1 sent, 0 received, 100% lost" in result.out
    assert b"seq=" not in result.out
    assert "1 of 1 pings got no pong" in result.err
