"""Connecting again: by command, by itself, and not where the server does not want it."""

import re

from wscli.wire.events import Close


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
    assert "1000 normal closure, begun by wscli" in session.text
    assert re.search(r"── \d+\.\d s without a connection ─+\n\* connected to", session.text)


def test_reconnect_connects_where_the_connection_has_ended(terminal, scripted):
    session = terminal("connect", scripted(say("first", reset), say("second", stay)).url)
    session.until("  first")
    session.enter("go")
    session.until("● closed")
    session.enter("/reconnect")
    session.until("  second")


def test_a_lost_connection_comes_back_by_itself_with_what_opens_it(terminal, scripted):
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
        session.until(lambda number=number: session.text.count("connecting again in") == number)
    session.until("subscribed 3")
    assert opened == [[b"hello", b'{"sub":[1,2]}']] * 3
    assert session.text.count(" s without a connection ") == 2


def unavailable(peer):
    peer.refuse("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


def test_it_does_not_come_back_where_the_server_does_not_want_it(terminal, scripted):
    for code in (1008, 4001):
        server = scripted(say("only", close_with(code)))
        session = terminal("connect", "--reconnect", server.url)
        session.until("  only")
        session.enter("go")
        session.until("/reconnect connects again")
        assert server.connections == 1


def test_always_comes_back_all_the_same(terminal, scripted):
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


def test_a_server_that_is_not_there_yet_is_tried_again(terminal, scripted):
    session = terminal("connect", "--reconnect", scripted(unavailable, say("here", stay)).url)
    session.until("  here")
    assert "503 Service Unavailable" in session.text


def test_ctrl_d_leaves_while_it_waits_to_connect_again(terminal, scripted):
    session = terminal("connect", "--reconnect", scripted(say("first", reset), unavailable).url)
    session.until("  first")
    session.enter("go")
    session.until("connecting again in")
    session.press("ctrl-d")
    assert session.ended() in (5, 8)
