"""The asyncio API as far as it differs: many tasks, and tasks that are cancelled.

The tests of everything that both sessions share are in the other modules, and run with either.
"""

import asyncio
import contextlib
import gc
import os
import re
import ssl
import subprocess
import sys
import threading

import pytest
import trustme

from tests.program import start
from tests.waiting import wait_until
from wscli import aio
from wscli.errors import ConnectionClosed, ConnectionLost, TimedOut, UpgradeError
from wscli.wire.events import Close, Ping
from wscli.wire.frames import Frame

MIB = 1 << 20
MANY = 1000


@pytest.fixture
def run():
    """Return a function that runs a coroutine, and fails if its loop reports an error or hangs."""

    def run(main):
        failures = []

        async def observed():
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: failures.append(context))
            async with asyncio.timeout(50):
                await main

        asyncio.run(observed())
        gc.collect()  # an object that was not closed warns when it is collected
        assert failures == []

    return run


def sockets():
    """Return how many sockets this process has open."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    return found


def silent(peer):
    """Accept, and send nothing until the client closes."""
    peer.accept()
    peer.expect_close()
    peer.close()


# Many at once


@pytest.mark.timeout(120)
def test_a_thousand_connections_in_one_process(run, tmp_path):
    """While all are open, each sends its own message to ``wscli serve`` and gets it back."""

    async def main(url):
        sessions = await asyncio.gather(*(aio.connect(url) for _ in range(MANY)))
        assert sockets() - before >= MANY
        await asyncio.gather(*(session.send(f"{n}") for n, session in enumerate(sessions)))
        replies = await asyncio.gather(*(session.receive(timeout=40) for session in sessions))
        assert replies == [f"{n}" for n in range(MANY)]
        await asyncio.gather(*(session.close() for session in sessions))
        assert {(session.end.code, session.end.clean) for session in sessions} == {(1000, True)}

    log = tmp_path / "log"
    with open(log, "wb") as stderr:
        process = start("serve", "0", stderr=stderr)
    with process:
        try:
            url = wait_until(lambda: re.search(rb"ws://[\d.:]+", log.read_bytes()))[0].decode()
            before = sockets()
            run(main(url + "/echo"))
            assert sockets() <= before
        finally:
            process.terminate()
    assert log.read_bytes().count(b"closed 1000 by the client") == MANY


def test_tasks_share_a_session(run, echo_url):
    async def main():
        async with aio.connect(echo_url) as session:

            async def send(name):
                for n in range(100):
                    await session.send(f"{name} {n}")

            async def receive():
                return [await session.receive(timeout=20) for _ in range(100)]

            results = await asyncio.gather(*map(send, range(4)), *(receive() for _ in range(4)))
        messages = [message for result in results[4:] for message in result]
        assert sorted(messages) == sorted(f"{name} {n}" for name in range(4) for n in range(100))

    run(main())


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
def test_both_ends_can_send_much_at_once(run, websockets_server, tmp_path, secure):
    """Neither waits for the other to read first; pings pass meanwhile, and TLS stays in order."""

    def push(connection):
        for n in range(8):
            connection.send(bytes([n]) * 3 * MIB)
        for message in connection:
            connection.send(f"{message[0]} {len(message)}")

    options, cacert = {}, None
    if secure:
        ca = trustme.CA()
        options["ssl"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1").configure_cert(options["ssl"])
        cacert = str(tmp_path / "ca.pem")
        ca.cert_pem.write_to_path(cacert)

    async def main(url):
        async with aio.connect(url, cacert=cacert, compress=False) as session:
            messages = [bytes([n]) * 3 * MIB for n in range(8)]
            sending = asyncio.gather(*map(session.send, messages), session.ping(timeout=40))
            received = [await session.receive(timeout=40) for _ in range(16)]
            await sending
        assert received == messages + [f"{n} {3 * MIB}" for n in range(8)]
        assert (session.end.code, session.end.clean) == (1000, True)

    run(main(websockets_server(push, max_size=None, **options)))


# Cancellation


def test_a_cancelled_receive_loses_no_message(run, scripted):
    count = 300

    def script(peer):
        peer.accept()
        for n in range(count):
            peer.text(str(n))
            if n % 3 == 0:
                peer.frames(Frame(10, peer.expect(Ping).payload))
        peer.close()
        peer.expect_close()

    async def main(url):
        async with aio.connect(url) as session:
            received = []

            async def receive():
                received.append(await session.receive())

            while len(received) < count:
                task = asyncio.create_task(receive())
                with contextlib.suppress(TimedOut, ConnectionClosed):
                    await session.ping(timeout=0.001)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        assert received == [str(n) for n in range(count)]

    run(main(scripted(script).url))


def test_a_timeout_of_the_caller_is_not_a_timed_out_error(run, scripted):
    async def main(url):
        async with aio.connect(url) as session:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.05):
                    await session.receive()
            assert not isinstance(caught.value, TimedOut)
            with pytest.raises(TimedOut, match=r"no message came within 0\.05 s"):
                await session.receive(timeout=0.05)

    run(main(scripted(silent).url))


def test_a_cancelled_send_is_still_sent(run, scripted):
    go = threading.Event()
    sizes = []

    def script(peer):
        peer.accept()
        go.wait(20)
        sizes.extend(len(payload) for payload in peer.payloads(2))
        peer.expect_close()
        peer.close()

    async def main(url):
        async with aio.connect(url) as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.send(bytes(30 * MIB)), 0.1)
            assert session.pending > MIB
            go.set()
            await session.send("after it")
        assert session.end.clean

    server = scripted(script)
    run(main(server.url))
    server.finish()
    assert sizes == [30 * MIB, 8]


def test_a_cancelled_close_continues(run, scripted):
    go = threading.Event()

    def script(peer):
        peer.accept()
        peer.expect_close()
        go.wait(20)
        peer.close()

    async def main(url):
        session = await aio.connect(url)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.close(), 0.1)
        assert (session.closing, session.end) == (True, None)
        go.set()
        await session.close()
        assert session.end.clean

    run(main(scripted(script).url))


class LatePeer:
    """A server that answers the upgrade request only when ``go`` is set."""

    def __init__(self):
        self.go = threading.Event()
        self.ended = threading.Event()

    def __call__(self, peer):
        peer.read_request()
        self.go.wait(20)
        peer.send(peer.response_101())
        peer.wait_for_end()
        self.ended.set()


async def give_up_connecting(url):
    async def connect():
        return await aio.connect(url)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(connect(), 0.1)


def test_a_cancelled_connect_leaves_no_connection(run, scripted):
    late = LatePeer()

    async def main(url):
        await give_up_connecting(url)
        late.go.set()
        assert await asyncio.to_thread(late.ended.wait, 20)

    run(main(scripted(late).url))


def test_a_connection_that_is_opened_after_the_loop_has_ended_is_closed(run, scripted):
    late = LatePeer()
    run(give_up_connecting(scripted(late).url))
    late.go.set()
    assert late.ended.wait(20)


# Opening


def test_errors_of_connecting_are_raised_in_the_coroutine(run, scripted):
    async def main(url):
        with pytest.raises(UpgradeError, match="403"):
            await aio.connect(url)
        with pytest.raises(UpgradeError, match="403"):
            async with aio.connect(url):
                pass

    run(main(scripted(lambda peer: peer.refuse("HTTP/1.1 403 No\r\n\r\n")).url))


def test_a_wrong_argument_is_raised_by_the_call_itself():
    with pytest.raises(TypeError, match="subprotocols must be a list"):
        aio.connect("ws://localhost/", subprotocols="chat")


def test_frames_that_arrive_with_the_101_are_received(run, scripted):
    def script(peer):
        peer.accept(then=Frame(1, b"at once").to_bytes() + Frame(8, b"\x03\xe8").to_bytes())
        peer.expect_close()

    async def main(url):
        async with aio.connect(url) as session:
            assert [message async for message in session] == ["at once"]
        assert session.end.code == 1000

    run(main(scripted(script).url))


def test_a_session_over_a_unix_socket(run, scripted, tmp_path):
    path = str(tmp_path / "socket")
    scripted(silent, path=path)

    async def main():
        async with aio.connect("ws://localhost/", unix_socket=path) as session:
            assert session.opening.address == path
        assert session.end.clean

    run(main())


# The end


def test_messages_sent_before_a_failed_write_are_received(run, scripted):
    """The peer closes its socket after sending, and so resets TCP when more is written to it."""
    gone = threading.Event()

    def script(peer):
        peer.accept()
        peer.text("one", "two", "three")
        peer.sock.close()
        gone.set()

    async def main(url):
        session = await aio.connect(url)
        gone.wait(20)  # blocks the loop, so that the write comes before the read
        sending = [asyncio.create_task(session.send(bytes(MIB))) for _ in range(3)]
        assert [await session.receive(timeout=20) for _ in range(3)] == ["one", "two", "three"]
        with pytest.raises(ConnectionLost):
            await session.receive(timeout=20)
        await asyncio.gather(*sending, return_exceptions=True)

    run(main(scripted(script).url))


def test_an_abort_ends_every_wait(run, scripted):
    async def main(url):
        session = await aio.connect(url)
        waiting = [
            asyncio.create_task(session.receive()),
            asyncio.create_task(session.ping(timeout=None)),
        ]
        await asyncio.sleep(0)
        await session.abort()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ConnectionLost] * 2
        await session.abort()
        await session.close()
        assert session.end.detail == "it was dropped by wscli"

    run(main(scripted(lambda peer: (peer.accept(), peer.wait_for_end())).url))


@pytest.mark.parametrize("end", ["fin", "reset"])
def test_closing_after_a_loss_returns_despite_unread_messages(run, scripted, end):
    def script(peer):
        peer.accept()
        peer.frames(*(Frame(2, bytes(MIB)) for _ in range(7)))
        getattr(peer, end)()

    async def main(url):
        session = await aio.connect(url, max_size=MIB)
        with pytest.raises((TimedOut, ConnectionLost)):
            await session.ping(timeout=0.3)  # meanwhile the inbox fills, and the peer ends TCP
        await session.close(timeout=0.5)
        assert session.end is not None

    run(main(scripted(script).url))


def test_a_peer_that_does_not_answer_close_is_dropped(run, scripted):
    async def main(url):
        session = await aio.connect(url)
        await session.close(timeout=0.1)
        assert session.end.detail == "the peer did not answer Close within 0.1 s"

    run(main(scripted(lambda peer: (peer.accept(), peer.wait_for_end())).url))


def test_an_exception_in_the_block_closes_with_going_away(run, scripted):
    closes = []

    def script(peer):
        peer.accept()
        closes.append(peer.expect_close())
        peer.close(1001)

    async def main(url):
        with pytest.raises(ZeroDivisionError):
            async with aio.connect(url):
                raise ZeroDivisionError

    run(main(scripted(script).url))
    assert closes == [Close(1001, "")]


def test_a_loop_that_ends_leaves_nothing_open(run, scripted):
    server = scripted(lambda peer: (peer.accept(), peer.wait_for_end()))
    before = sockets()

    async def main():
        session = await aio.connect(server.url)
        await session.send("and goodbye")
        await session.abort()

    run(main())
    server.finish()
    assert sockets() <= before + 1  # the server's own end


def test_the_commands_load_no_asyncio():
    code = "import sys, wscli, wscli.session.connect; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
