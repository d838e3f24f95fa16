"""``wscli compare``: its figures agree with the bytes on the wire."""

import json

import pytest

from tests.program import call, wscli
from wscli.wire.events import Close


def rows(result):
    return [json.loads(line) for line in result.out.splitlines()]


def test_every_way_delivers_every_update_and_counts_its_cost(serve):
    poll, slow_poll, long_poll, websocket = rows(
        call("compare", "--json", "-n", "10", "--interval", "70ms")
    )
    ways = [row["way"] for row in (poll, slow_poll, long_poll, websocket)]
    assert ways == ["poll 100ms", "poll 1s", "long poll", "WebSocket"]
    assert {row["updates"] for row in (poll, slow_poll, long_poll, websocket)} == {10}
    assert websocket["requests"] == 1
    assert min(long_poll["requests"], poll["requests"]) > slow_poll["requests"] >= 1
    assert websocket["bytes_in"] < long_poll["bytes_in"]
    assert websocket["bytes_out"] < long_poll["bytes_out"]
    assert all(0 < row["latency_median"] <= row["latency_p99"] for row in (poll, websocket))


def test_the_bytes_equal_the_counts_of_the_server(serve):
    server = serve()
    ways = rows(call("compare", server.url, "--json", "-n", "5", "--interval", "50ms"))
    visits = [server.visit() for _ in range(5)]
    counted = {(visit.bytes_in, visit.bytes_out, visit.requests) for visit in visits}
    shown = {(way["bytes_out"], way["bytes_in"], way["requests"]) for way in ways}
    assert shown < counted


def test_the_table_has_a_line_for_each_way():
    lines = call("compare", "-n", "2", "--interval", "40ms").out.decode().splitlines()
    assert lines[0].endswith("one every 40 ms")
    assert [line.split("  ")[0] for line in lines[3:]] == [
        "poll 100ms",
        "poll 1s",
        "long poll",
        "WebSocket",
    ]
    assert len({len(line) for line in lines[2:]}) == 1


def test_a_server_without_a_feed_is_a_clear_error(echo_url):
    done = call("compare", echo_url)
    assert done.status == 3
    assert "does not serve /longpoll" in done.err
    assert "`wscli serve`" in done.err


def test_a_server_behind_a_path_is_found(serve):
    done = call("compare", serve().url + "/hub", "-n", "1", "--interval", "40ms")
    assert "does not serve /hub/longpoll" in done.err


def json_response(body):
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def tick(number):
    return {"tick": number, "time": "2026-01-31T12:00:00.000000Z"}


@pytest.mark.parametrize("body", ["<html>", "5", "{}", '[{"tick":1}]', '[{"tick":1,"time":2}]'])
def test_a_response_that_is_not_a_feed_is_a_clear_error(scripted, body):
    server = scripted(lambda peer: peer.refuse(json_response(body)))
    done = call("compare", server.url)
    assert done.status == 3
    assert "the response is not an update of a feed" in done.err
    assert body in done.err


def test_a_server_that_disconnects_midway_is_a_clear_error(scripted):
    def break_off(peer):
        peer.refuse("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
        peer.reset()

    done = call("compare", scripted(break_off).url)
    assert done.status == 3
    assert "does not serve /longpoll" in done.err
    assert "Connection reset by peer" in done.err


def test_an_update_that_was_missed_is_a_clear_error(scripted):
    def serve(peer):
        peer.refuse(json_response(json.dumps([tick(1)])))

    def miss(peer):
        # All ways follow the feed at once. The WebSocket, which comes at any time, is silent.
        if peer.read_request().headers.get("Upgrade"):
            peer.send(peer.response_101())
            peer.expect(Close)
        else:
            peer.send(json_response(json.dumps([tick(3)])))

    done = wscli("compare", scripted(serve, miss).url, "-n", "1")
    assert done.status == 3
    assert "missed updates: expected 2, received 3" in done.err


def test_a_feed_that_is_too_fast_to_be_polled_is_a_clear_error():
    done = call("compare", "--interval", "19ms")
    assert done.status == 2
    assert "try: --interval 20ms, or more" in done.err


def test_a_way_that_fails_ends_the_comparison_at_once_and_is_named(scripted):
    def script(peer):
        target = peer.read_request().target
        if target.startswith("/poll"):
            peer.send(json_response(json.dumps([tick(3)])))
        elif "since" not in target and target.startswith("/longpoll"):
            peer.send(json_response(json.dumps([tick(1)])))
        peer.wait_for_end()  # the other ways wait for an answer, for up to a minute

    done = call("compare", scripted(script).url, timeout=20)
    assert done.status == 3
    assert "wscli: poll 100ms: missed updates: expected 2, received 3" in done.err


def test_progress_is_shown_at_a_terminal_and_leaves_nothing_behind(terminal):
    comparing = terminal("compare", "-n", "5", "--interval", "100ms")
    assert comparing.ended() == 0
    assert b"of 5 updates, " in comparing.written
    assert comparing.text.startswith("5 updates of ws://")


def test_progress_at_a_dumb_terminal_is_one_line(terminal):
    comparing = terminal("compare", "-n", "2", "--interval", "40ms", env={"TERM": "dumb"})
    assert comparing.ended() == 0
    assert comparing.written.startswith("wscli: comparing for 0 s …\r\n2 updates of".encode())
    assert b"\x1b" not in comparing.written


def test_progress_fits_a_narrow_terminal(terminal):
    comparing = terminal("compare", "-n", "2", "--interval", "40ms", "--json", columns=10, rows=40)
    assert comparing.ended() == 0
    assert comparing.text.startswith('{"event":"')


def test_a_pipe_sees_no_progress():
    assert call("compare", "-n", "2", "--interval", "40ms").err == ""
