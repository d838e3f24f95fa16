"""The history: kept for each host, in a file that only its owner can read."""

import os
import stat
from pathlib import Path

import pytest

from wscli.repl.history import LineHistory, history_path


def history_files(tmp_path):
    return [path for path in (tmp_path / "state").rglob("*") if path.is_file()]


def leave(session):
    session.press("ctrl-d")
    assert session.ended() == 0


def test_lines_are_kept_for_the_next_session_with_the_host(session, tmp_path):
    first = session()
    first.enter("from before")
    first.until("← ")
    leave(first)
    [file] = history_files(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    second = session()
    second.press("up")
    second.until("> from before")


def test_a_dumb_terminal_has_its_history_too(session):
    first = session(env={"TERM": "dumb"}, until="connected to")
    first.enter("from before")
    first.until("← ")
    leave(first)
    second = session()
    second.press("up")
    second.until("> from before")


def test_another_host_has_another_history(session, websockets_server, tmp_path):
    first = session()
    first.enter("to one host")
    first.until("← ")
    leave(first)
    other = session(url=websockets_server(lambda connection: connection.recv()))
    other.enter("to another")
    other.until("→ ")
    other.press("ctrl-d")
    other.ended()
    assert len(history_files(tmp_path)) == 2


def test_no_history_keeps_no_lines(session, tmp_path):
    terminal = session("--no-history")
    terminal.enter("secret")
    terminal.until("← ")
    terminal.press("up")
    terminal.until("> secret")
    terminal.press("ctrl-c", "ctrl-d")
    assert terminal.ended() == 0
    assert history_files(tmp_path) == []


def test_ctrl_r_searches(session):
    terminal = session()
    for line in ("apples", "pears", "cherries"):
        terminal.enter(line)
        terminal.until(lambda line=line: terminal.text.count(line) >= 2)
    terminal.press("ctrl-r")
    terminal.type("ear")
    terminal.until("> pears")
    terminal.press("enter")
    terminal.press("enter")
    terminal.until(lambda: terminal.text.count("  pears") == 4)


def test_an_earlier_line_is_suggested_and_right_accepts_it(session):
    terminal = session()
    terminal.enter("subscribe to trades")
    terminal.until("← ")
    terminal.type("subs")
    terminal.until("> subscribe to trades")
    terminal.press("right", "enter")
    terminal.until(lambda: terminal.text.count("  subscribe to trades") == 4)


def test_history_shows_the_latest_lines(session):
    terminal = session()
    terminal.enter("one")
    terminal.until("← ")
    terminal.enter("/history")
    terminal.until("    1  one")


@pytest.fixture
def history():
    """Return a function that opens the history of a host."""
    return lambda complain=pytest.fail: LineHistory("example.com", complain)


@pytest.fixture
def file():
    path = Path(history_path("example.com"))
    path.parent.mkdir(parents=True)
    return path


def test_lines_of_any_kind_come_back(history):
    lines = ["two\nlines", "\ttab", "ünïcødé 日本", "x" * 100_000, '"quoted"', "\udcff"]
    first = history()
    for line in lines:
        first.append(line)
    assert history().lines == lines


def test_a_history_file_is_created_private(history, file):
    file.touch(0o644)
    history().append("private")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_truncated_write_costs_one_line(history, file):
    file.write_text('"one"\n"tw\n"three"\n')
    assert history().lines == ["one", "three"]


def test_a_history_file_that_has_grown_large_is_cut(history, file):
    file.write_text(('"' + "x" * 5000 + '"\n') * 1500)
    assert len(history().lines) == 1500
    assert len(history().lines) == 1000


def test_an_unwritable_history_is_reported_once_and_lines_stay_in_memory(history, tmp_path):
    (tmp_path / "state").touch()
    said = []
    lines = history(said.append)
    lines.append("one")
    lines.append("two")
    assert lines.lines == ["one", "two"]
    assert len(said) == 1


@pytest.mark.parametrize("host", ["example.com", "Example.com:8000", "[::1]:80", "a/../b"])
def test_the_file_of_a_host_is_in_the_state_folder(host, tmp_path):
    path = Path(history_path(host))
    assert path.parent == tmp_path / "state" / "wscli" / "history"
    assert os.sep not in path.name


def test_an_existing_history_is_made_private(tmp_path):
    path = Path(history_path("host"))
    path.parent.mkdir(parents=True)
    path.write_text('"from before"\n')
    path.chmod(0o644)
    assert LineHistory("host", pytest.fail).lines == ["from before"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symbolic_link_is_not_followed(tmp_path):
    path, target = Path(history_path("host")), tmp_path / "target"
    path.parent.mkdir(parents=True)
    target.write_text('"from elsewhere"\n')
    path.symlink_to(target)
    complaints = []
    history = LineHistory("host", complaints.append)
    history.append("secret")
    assert history.lines == ["secret"]
    assert target.read_text() == '"from elsewhere"\n'
    assert complaints == [f"no history is kept: {path}: it is a symbolic link"]
