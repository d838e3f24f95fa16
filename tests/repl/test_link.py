"""The link: the states that it goes through, and the calls of its listener."""

import contextlib
import queue

import pytest

from wscli.errors import ConnectError, WscliError
from wscli.net.options import ConnectOptions
from wscli.repl.link import Link, LinkState
from wscli.session.connect import open_driver
from wscli.session.end import End
from wscli.session.pipeline import Bus, Pipeline
from wscli.session.reconnect import Reconnect
from wscli.wire.codes import Opcode


class Listener:
    """Keeps the calls, each with the state of the link at that moment."""

    def __init__(self):
        self.told = queue.SimpleQueue()
        self.link = None

    def link_opened(self, session):
        self.told.put(("opened", self.link.state, None))
        session.post(Opcode.TEXT, [b"opened"])

    def link_ended(self, outcome, retry):
        self.outcome = outcome
        self.told.put(("ended", self.link.state, retry))

    def link_complains(self, error):
        self.told.put(("complains", self.link.state, error))

    def link_crashed(self, error):
        self.told.put(("crashed", self.link.state, error))

    def next(self):
        what, state, self.detail = self.told.get(timeout=20)
        return what, state


@pytest.fixture
def linked(scripted):
    """Return a function that starts a link, which ends before the servers, and its listener."""
    with contextlib.ExitStack() as stack:

        def start(connect, reconnect=None):
            listener = Listener()
            link = Link(connect, reconnect, Pipeline([], []), listener)
            listener.link = link
            stack.callback(link.stop)
            assert link.state is LinkState.CONNECTING
            link.start()
            return link, listener

        yield start


def connect_to(server):
    """Return a function that connects to a server."""
    return lambda: open_driver(server.url, ConnectOptions(), bus=Bus())


def stay(peer):
    peer.accept()
    if peer.expect_close():
        peer.close()


def ignore_close(peer):
    peer.accept()
    peer.wait_for_end()


def close(peer):
    peer.accept()
    peer.expect()  # or it might close before the state is read
    peer.close(1000)


def fail():
    raise ConnectError("cannot connect")


def at_once(**options):
    """Return a policy that reconnects without waiting."""
    return Reconnect(chance=lambda: 0.0, **options)


def test_the_link_is_open_once_connected_and_closed_after_the_server_closes(linked, scripted):
    _, listener = linked(connect_to(scripted(close)))
    assert listener.next() == ("opened", LinkState.OPEN)
    assert listener.next() == ("ended", LinkState.CLOSED)
    assert isinstance(listener.outcome, End)
    assert listener.detail is None


def test_a_link_that_cannot_connect_is_closed(linked):
    link, listener = linked(fail)
    assert listener.next() == ("ended", LinkState.CLOSED)
    assert isinstance(listener.outcome, WscliError)
    assert (link.session, link.opening) == (None, None)


def test_the_link_is_waiting_between_attempts_and_counts_them(linked):
    link, listener = linked(fail, at_once())
    for attempt in (1, 2, 3):
        assert listener.next() == ("ended", LinkState.WAITING)
        assert (listener.detail.attempt, listener.detail.reason) == (attempt, "cannot connect")
    link.stop()


def test_the_link_opens_again_after_a_wait_and_has_no_next_attempt_then(linked, scripted):
    link, listener = linked(connect_to(scripted(close, stay)), at_once())
    assert listener.next() == ("opened", LinkState.OPEN)
    assert listener.next() == ("ended", LinkState.WAITING)
    assert (listener.detail.attempt, listener.detail.reason) == (1, "")
    assert listener.next() == ("opened", LinkState.OPEN)
    assert link.retry is None


def test_the_link_is_closing_once_close_has_been_sent(linked, scripted):
    link, listener = linked(connect_to(scripted(ignore_close)))
    assert listener.next() == ("opened", LinkState.OPEN)
    link.session.begin_close(timeout=20)
    assert link.state is LinkState.CLOSING
    link.session.abort()
    assert listener.next() == ("ended", LinkState.CLOSED)


def test_connect_now_closes_an_open_connection_and_opens_another(linked, scripted):
    link, listener = linked(connect_to(scripted(stay, stay)))
    assert listener.next() == ("opened", LinkState.OPEN)
    first = link.session
    link.connect_now()
    assert listener.next() == ("ended", LinkState.WAITING)
    assert listener.next() == ("opened", LinkState.OPEN)
    assert first.end is not None
    assert link.session is not first


def test_connect_now_connects_a_closed_link(linked, scripted):
    link, listener = linked(connect_to(scripted(close, stay)))
    assert listener.next() == ("opened", LinkState.OPEN)
    assert listener.next() == ("ended", LinkState.CLOSED)
    link.connect_now()
    assert listener.next() == ("opened", LinkState.OPEN)


def test_the_opening_of_the_latest_connection_outlives_it(linked, scripted):
    link, listener = linked(connect_to(scripted(close)))
    listener.next()
    listener.next()
    assert link.session is None
    assert link.opening.agreement is not None


def test_stop_ends_an_open_connection_without_a_call(linked, scripted):
    link, listener = linked(connect_to(scripted(stay)))
    listener.next()
    session = link.session
    link.stop()
    assert session.end is not None
    assert listener.told.empty()


def test_a_bug_is_passed_to_the_listener(linked):
    def crash():
        raise ZeroDivisionError

    _, listener = linked(crash)
    assert listener.next()[0] == "crashed"
    assert isinstance(listener.detail, ZeroDivisionError)
