"""The end of a session: it is always shown, and the terminal is restored."""

import re
import signal
import socket
import sys
import threading
import time

import pytest

from tests.terminal import PTY_BUFFER, WSCLI
from tests.waiting import wait_until

# Starts its arguments, and prints the terminal's settings before and after; Ctrl-C is theirs.
BETWEEN_LOOKS = """
trap : INT
stty -a > "$0/before"
"$@"
echo "status $?"
stty -a > "$0/after"
"""


def close_with(code, reason=""):
    def script(peer):
        peer.accept()
        peer.expect()
        peer.close(code, reason)
        peer.expect_close()
        peer.fin()

    return script


def reset(peer):
    peer.accept()
    peer.expect()
    peer.reset()


def break_the_protocol(peer):
    peer.accept()
    peer.expect()
    peer.send(b"\x83\x00")
    peer.expect_close()
    peer.fin()


def answer(peer):
    peer.accept()
    peer.expect_close()
    peer.close()
    peer.fin()


def never_answer(peer):
    peer.accept()
    peer.wait_for_end()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            close_with(1000, "bye"),
            r'1000 normal closure: "bye", initiated by the peer, after \d+\.\d m?s',
        ),
        (close_with(1008, "no"), r'1008 policy violation: "no", initiated by the peer'),
        (close_with(4001), r"4001 private use, initiated by the peer"),
        (close_with(1005), r"1005 no status received, initiated by the peer"),
        (reset, r"lost \(1006 abnormal closure\): Connection reset by peer \(\d+\.\d ms"),
        (break_the_protocol, r"1002 protocol error, initiated by wscli"),
        (break_the_protocol, r"the peer sent a frame with a reserved opcode"),
    ],
)
def test_the_end_is_shown_and_the_session_stays(terminal, scripted, script, told):
    session = terminal("connect", scripted(script).url)
    session.until("● open")
    session.enter("go")
    session.until("● closed")
    session.until(lambda: re.search(told, session.text))
    session.until("/reconnect connects again, Ctrl-D leaves")
    session.enter("/show 1")
    session.until(lambda: session.text.count("  go") == 2)


@pytest.mark.parametrize(
    ("script", "status"),
    [(close_with(1000), 0), (close_with(1008), 9), (reset, 8), (break_the_protocol, 7)],
)
def test_exit_on_close_leaves_with_the_status_of_the_end(terminal, scripted, script, status):
    session = terminal("connect", "--exit-on-close", scripted(script).url)
    session.until("● open")
    session.enter("go")
    assert session.ended() == status


def ctrl_c_twice(session):
    session.press("ctrl-c")
    session.until("press Ctrl-C again to leave")
    session.press("ctrl-c")


WAYS = {
    "ctrl-d": (lambda session: session.press("ctrl-d"), 0),
    "quit": (lambda session: session.enter("/quit"), 0),
    "ctrl-c-twice": (ctrl_c_twice, 130),
    "sigterm": (lambda session: session.signal(signal.SIGTERM), 143),
    "sighup": (lambda session: session.signal(signal.SIGHUP), 129),
    "ctrl-d-with-an-open-menu": (lambda s: (s.type("/"), s.press("ctrl-c", "ctrl-d")), 0),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["answers", "never answers", "gone"])
def test_every_way_to_leave_restores_the_terminal(terminal, scripted, tmp_path, way, kind):
    script = {"answers": answer, "never answers": never_answer, "gone": reset}[kind]
    command = ["sh", "-c", BETWEEN_LOOKS, str(tmp_path), *WSCLI, "connect"]
    session = terminal(command=[*command, "--close-timeout", "300ms", scripted(script).url])
    session.until("● open")
    if kind == "gone":
        session.enter("go")
        session.until("● closed")
    check_way_out(session, tmp_path, way, kind)


@pytest.mark.parametrize("way", [way for way in WAYS if "menu" not in way])
@pytest.mark.parametrize("kind", ["answers", "never answers"])
def test_every_way_to_leave_closes_at_a_dumb_terminal_too(terminal, scripted, tmp_path, way, kind):
    script = {"answers": answer, "never answers": never_answer}[kind]
    command = ["sh", "-c", BETWEEN_LOOKS, str(tmp_path), *WSCLI, "connect"]
    session = terminal(
        command=[*command, "--close-timeout", "300ms", scripted(script).url], env={"TERM": "dumb"}
    )
    session.until("connected to")
    check_way_out(session, tmp_path, way, kind)
    told = {"answers": "closed with 1000", "never answers": "did not answer Close within 0.3 s"}
    assert told[kind] in session.text


def check_way_out(session, tmp_path, way, kind):
    leave, status = WAYS[way]
    leave(session)
    assert session.ended() == 0
    expected = status or {"answers": 0, "never answers": 8, "gone": 8}[kind]
    assert f"status {expected}" in session.text
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()
    assert "Traceback" not in session.text
    assert session.written.endswith(f"status {expected}\r\n".encode())


def test_a_second_ctrl_d_leaves_at_once(terminal, scripted):
    session = terminal("connect", "--close-timeout", "1h", scripted(never_answer).url)
    session.until("● open")
    session.press("ctrl-d")
    session.until("● closing")
    session.press("ctrl-d")
    assert session.ended() == 0


def test_ctrl_d_leaves_while_it_is_still_connecting(terminal, scripted):
    session = terminal("connect", scripted(lambda peer: peer.wait_for_end()).url)
    session.until("● connecting")
    session.press("ctrl-d")
    assert session.ended() == 0


def test_a_failed_connection_ends_the_session_with_the_reason(terminal, scripted):
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nno way\n"
    session = terminal("connect", scripted(lambda peer: peer.refuse(refusal)).url)
    assert session.ended() == 5
    assert "wscli: the server answered 403 Forbidden instead of 101" in session.text
    assert "no way" in session.text
    assert "●" not in session.screen


def test_a_url_alone_at_a_terminal_is_a_session(terminal, echo_url):
    session = terminal(echo_url)
    session.until("● open")
    session.press("ctrl-d")
    assert session.ended() == 0


def test_a_closed_terminal_ends_the_session_with_1001(terminal, scripted):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())

    session = terminal("connect", scripted(script).url)
    session.until("● open")
    session.hang_up()
    while not closes:
        time.sleep(0.01)
    assert closes[0].code in (1000, 1001)


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}])
def test_a_second_signal_ends_it_though_the_terminal_is_not_read(terminal, serve, environment):
    url = f"{serve().url}/push?n=100000000&size=10"
    session = terminal("connect", "--close-timeout", "1h", url, env=environment)
    session.until("connected to")
    wait_until(lambda: session.unread >= PTY_BUFFER)
    session.signal(signal.SIGHUP)

    def has_ended():
        # While the first is being handled, a signal may not interrupt the blocked write.
        if not session.has_exited:
            session.signal(signal.SIGTERM)
        return session.has_exited

    wait_until(has_ended)
    assert session.echoes
    # Two threads of the process may receive the two signals, in either order.
    assert session.ended() in (129, 143)


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}])
def test_the_session_can_be_left_during_an_endless_flood(terminal, serve, environment):
    url = f"{serve().url}/push?n=100000000&size=10"
    session = terminal("connect", "--close-timeout", "1h", url, env=environment)
    session.until("connected to")
    session.until("not drawn")
    session.press("ctrl-d")
    session.press("ctrl-d")
    assert session.ended() == 0


def test_no_thread_is_left_after_the_session(terminal, echo_url):
    code = (
        "import sys, threading\n"
        "from wscli.apps.env import Env\n"
        "from wscli.cli.main import main\n"
        "status = main(sys.argv[1:], Env.of_process())\n"
        "print('threads', threading.active_count(), 'status', int(status))\n"
    )
    command = [sys.executable, "-c", code, "connect"]
    for url in (echo_url, "demo:"):
        session = terminal(command=[*command, url])
        session.until("● open")
        session.press("ctrl-d")
        assert session.ended() == 0
        assert "threads 1 status 0" in session.text


def test_without_a_terminal_it_suggests_pipe_and_send(terminal):
    session = terminal(command=["sh", "-c", '"$@" < /dev/null', "sh", *WSCLI, "connect", "demo:"])
    assert session.ended() == 2
    assert "needs a terminal" in session.text


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}])
def test_one_signal_ends_the_session_though_the_terminal_is_not_read(terminal, serve, environment):
    url = f"{serve().url}/push?n=100000000&size=10"
    session = terminal("connect", "--close-timeout", "500ms", url, env=environment)
    session.until("connected to")
    wait_until(lambda: session.unread >= PTY_BUFFER)
    session.signal(signal.SIGTERM)
    wait_until(lambda: session.has_exited)
    assert session.echoes
    assert session.ended() == 143


def test_ctrl_c_ends_the_session_though_the_peer_reads_slowly(terminal, scripted, tmp_path):
    done = threading.Event()

    def script(peer):
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        peer.accept()
        while not done.wait(0.02):
            peer.sock.recv(3000)

    large = tmp_path / "large"
    large.write_bytes(bytes(20 << 20))
    options = ["--no-compress", "--close-timeout", "2s"]
    session = terminal("connect", *options, scripted(script).url)
    session.until("● open")
    session.enter(f"/binary @{large}")
    ctrl_c_twice(session)
    assert session.ended() == 130
    done.set()
