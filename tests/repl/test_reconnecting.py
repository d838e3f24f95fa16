"""Reconnecting: by command, automatically, and not if the server refuses it."""

import json
import re
import subprocess
import sys

from tests.waiting import wait_until
from wscli.wire.events import Close

ECHO = """
import sys
from websockets.sync.server import serve

def echo(connection):
    for message in connection:
        connection.send(message)

with serve(echo, "127.0.0.1", int(sys.argv[1])) as server:
    print(server.socket.getsockname()[1], flush=True)
    server.serve_forever()
"""


class Server:
    """An echo server in a process of its own, which can be killed and started again."""

    def __init__(self):
        self._port = "0"
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.kill()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self._port}"

    def start(self):
        command = [sys.executable, "-c", ECHO, self._port]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._port = self._process.stdout.readline().strip()

    def kill(self):
        self._process.kill()
        self._process.communicate()


def say(text, then):
    def script(peer):
        peer.accept()
        peer.text(text)
        then(peer)

    return script


def stay(peer):
    if peer.expect(Close):
        peer.close()
        peer.fin()


def reset(peer):
    peer.expect()
    peer.reset()


def close_with(code):
    def then(peer):
        peer.expect()
        peer.close(code)
        peer.expect_close()
        peer.fin()

    return then


def test_reconnect_closes_and_connects_again_and_marks_the_gap(terminal, scripted):
    server = scripted(say("first", stay), say("second", stay))
    session = terminal("connect", server.url)
    session.until("  first")
    session.enter("/reconnect")
    session.until("  second")
    assert "1000 normal closure, initiated by wscli" in session.text
    assert re.search(r"── \d+\.\d s without a connection ─+\n\* connected to", session.text)


def test_reconnect_connects_again_after_the_end(terminal, scripted):
    session = terminal("connect", scripted(say("first", reset), say("second", stay)).url)
    session.until("  first")
    session.enter("go")
    session.until("● closed")
    session.enter("/reconnect")
    session.until("  second")


def test_the_status_is_that_of_the_last_connection(terminal, scripted):
    session = terminal("connect", scripted(say("first", close_with(1008)), say("second", stay)).url)
    session.until("  first")
    session.enter("go")
    session.until("● closed")
    session.enter("/reconnect")
    session.until("  second")
    session.press("ctrl-d")
    assert session.ended() == 0


def test_a_restarted_server_is_connected_to_again(terminal):
    with Server() as server:
        session = terminal("connect", "--reconnect", server.url)
        session.until("● open")
        server.kill()
        session.until("lost (1006 abnormal closure)")
        server.start()
        session.until(lambda: "● open" in session.screen, timeout=40)
        session.enter("hello again")
        session.until(lambda: re.search("← .*hello again", session.text))


def test_a_lost_connection_is_restored_with_the_lines_of_on_open(terminal, scripted):
    opened = []

    def subscribe(then):
        def script(peer):
            peer.accept()
            payloads = []
            while len(payloads) < 2:
                payloads += peer.expect().payloads
            opened.append(payloads)
            peer.text(f"subscribed {len(opened)}")
            then(peer)

        return script

    server = scripted(subscribe(reset), subscribe(reset), subscribe(stay))
    options = ["--reconnect", "--on-open", "hello", "--on-open", '/json {"sub": [1, 2]}']
    session = terminal("connect", *options, server.url)
    for number in (1, 2):
        session.until(f"subscribed {number}")
        session.enter("go")
        session.until(lambda number=number: session.text.count("* lost (1006") == number)
    session.until("subscribed 3")
    assert opened == [[b"hello", b'{"sub":[1,2]}']] * 3
    assert session.text.count(" s without a connection ") == 2


def unavailable(peer):
    peer.refuse("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


def test_it_does_not_reconnect_if_the_server_refuses_it(terminal, scripted):
    for code in (1008, 4001):
        server = scripted(say("only", close_with(code)))
        session = terminal("connect", "--reconnect", server.url)
        session.until("  only")
        session.enter("go")
        session.until("/reconnect connects again")
        assert server.connections == 1


def test_always_reconnects_even_if_refused(terminal, scripted):
    server = scripted(say("first", close_with(1008)), say("second", stay))
    session = terminal("connect", "--reconnect=always", server.url)
    session.until("  first")
    session.enter("go")
    session.until("  second")


def test_a_close_by_the_user_is_final(terminal, scripted):
    server = scripted(say("only", stay))
    session = terminal("connect", "--reconnect", server.url)
    session.until("  only")
    session.enter("/close")
    session.until("/reconnect connects again")
    assert server.connections == 1


def test_a_server_that_is_not_up_yet_is_tried_again(terminal, scripted, tmp_path):
    server, record = scripted(unavailable, say("here", stay)), tmp_path / "record"
    session = terminal("connect", "--reconnect", "--record", record, server.url)
    session.until("  here")
    assert "503 Service Unavailable" in session.text
    wait_until(lambda: record.read_text().count("\n") == 4)
    _, *events = map(json.loads, record.read_text().splitlines())
    assert [event["event"] for event in events] == ["error", "open", "message"]
    assert [event["connection"] for event in events] == [1, 2, 2]
    assert events[0]["status"] == 5


def test_attempts_that_fail_are_counted_in_the_toolbar_and_reported_once(terminal, scripted):
    script = [say("first", reset), *[unavailable] * 4, say("second", stay)]
    # Wide enough that no line is wrapped, since they are counted.
    session = terminal("connect", "--reconnect", scripted(*script).url, columns=160)
    session.until("  first")
    session.enter("go")
    session.until("● reconnecting")
    session.until(lambda: re.search(r"attempt \d\s+the server answered 503", session.screen))
    session.until("  second", timeout=60)
    assert session.text.count("wscli: the server answered 503") == 1
    assert session.text.count("* lost (1006") == 1
    assert "again in 0.0 s" not in session.written.decode()
    assert "reconnecting" not in session.text
    above = session.text.partition("* lost (1006")[2].partition("── ")[0]
    assert len(above.splitlines()) <= 7


def test_each_new_reason_is_reported(terminal, scripted):
    def limited(peer):
        peer.refuse("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")

    script = [unavailable, limited, limited, unavailable, say("here", stay)]
    session = terminal("connect", "--reconnect", scripted(*script).url)
    session.until("  here", timeout=60)
    told = re.findall(r"^wscli: the server answered (\d+)", session.text, re.MULTILINE)
    assert told == ["503", "429", "503"]


def test_a_dumb_terminal_gets_one_line_for_each_attempt(terminal, scripted):
    script = [say("first", reset), *[unavailable] * 3, say("second", stay)]
    session = terminal("connect", "--reconnect", scripted(*script).url, env={"TERM": "dumb"})
    session.until("  first")
    session.enter("go")
    session.until("  second", timeout=60)
    lines = re.findall(r"^\* reconnecting: (.*)", session.text.replace("\n  ", " "), re.MULTILINE)
    assert [line.split(",")[0] for line in lines] == [f"attempt {n}" for n in range(1, 5)]
    assert session.text.count("wscli: the server answered 503") == 1


def test_ctrl_d_leaves_while_it_waits_to_connect_again(terminal, scripted):
    session = terminal("connect", "--reconnect", scripted(say("first", reset), unavailable).url)
    session.until("  first")
    session.enter("go")
    session.until("again in")
    session.press("ctrl-d")
    assert session.ended() in (5, 8)
