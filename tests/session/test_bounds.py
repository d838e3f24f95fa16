"""Limits that hold whatever the peer sends: on memory, the length of a turn, and silence."""

import signal
import subprocess
import threading
import time
import tracemalloc

import pytest

from tests.program import start
from tests.waiting import wait_until
from wscli.errors import ConnectionLost, TimedOut
from wscli.net.options import ConnectOptions
from wscli.session.connect import open_driver
from wscli.session.inbox import Inbox
from wscli.session.pipeline import Bus, Sink
from wscli.wire.codes import Opcode, Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.encoder import Encoder
from wscli.wire.events import Close, Messages, Ping
from wscli.wire.frames import Frame

MIB = 1 << 20
DEFLATE = PerMessageDeflate(server_no_context_takeover=True)
ANSWER = f"Sec-WebSocket-Extensions: {DEFLATE.answer()}"


def bombs(size, count):
    """Return the bytes of compressed messages that inflate to ``size`` bytes each."""
    return Encoder(Role.SERVER, deflate=DEFLATE).messages(2, [bytes(size)]) * count


def send_bombs(peer, size=8 * MIB, count=16):
    peer.accept(ANSWER)
    peer.send(bombs(size, count))
    peer.close()
    peer.expect_close()


class Counter(Sink):
    """Counts messages and bytes, and keeps none."""

    def __init__(self):
        self.messages = 0
        self.size = 0

    def batch(self, batch):
        for item in batch.items:
            if isinstance(item, Messages):
                self.messages += len(item.payloads)
                self.size += sum(map(len, item.payloads))


def watched(url, sink, **options):
    """Open a connection whose events go to a sink."""
    session = open_driver(url, ConnectOptions(**options), bus=Bus([sink]))
    session.start()
    return session


def test_large_inflated_messages_are_passed_on_one_by_one(scripted):
    sink = Counter()
    url = scripted(send_bombs).url
    tracemalloc.start()
    try:
        session = watched(url, sink, max_size=8 * MIB)
        while session.end is None:
            session.turn(1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (sink.messages, sink.size) == (16, 128 * MIB)
    assert peak < 20 * MIB


class Recording(Counter):
    """Counts outgoing messages, and the Close."""

    wants_outgoing = wants_frames = True

    def __init__(self):
        super().__init__()
        self.close_codes = []

    def batch(self, batch):
        super().batch(batch._replace(items=[] if batch.incoming else batch.items))
        self.close_codes += [item.code for item in batch.items if isinstance(item, Close)]


class ReaderGone(Sink):
    """Fails at the first outgoing batch, as stdout does when its reader has gone."""

    wants_outgoing = wants_frames = True

    def __init__(self):
        self.failed = False

    def batch(self, batch):
        if not (batch.incoming or self.failed):
            self.failed = True
            raise BrokenPipeError


def test_a_sink_that_fails_hides_no_sent_message_from_the_other_sinks(scripted):
    def script(peer):
        peer.accept()
        peer.expect_close()
        peer.close()

    recording = Recording()
    bus = Bus([recording, ReaderGone()])
    session = open_driver(scripted(script).url, ConnectOptions(), bus=bus)
    session.start()
    session.post(Opcode.TEXT, [b"x"] * 20_000)
    with pytest.raises(BrokenPipeError):
        session.turn(1)
    session.close(1001)
    assert recording.messages == 20_000
    assert recording.close_codes == [1001, 1000]


def test_a_full_inbox_stops_the_inflating_of_received_bytes(connect, scripted):
    url = scripted(send_bombs).url
    tracemalloc.start()
    try:
        with connect(url, max_size=8 * MIB) as connection:
            sizes = [len(message) for message in connection]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sizes == [8 * MIB] * 16
    assert peak < 36 * MIB
    assert connection.end.code == 1000


def test_bytes_that_a_full_inbox_left_undecoded_are_received_after_a_loss(connect, scripted):
    def script(peer):
        peer.accept(ANSWER)
        peer.send(bombs(8 * MIB, 5))
        peer.fin()

    connection = connect(scripted(script).url, max_size=8 * MIB)
    sizes = [len(connection.receive(timeout=20)) for _ in range(5)]
    assert sizes == [8 * MIB] * 5
    with pytest.raises(ConnectionLost):
        connection.receive(timeout=20)


def test_a_message_counts_for_more_than_its_payload():
    inbox = Inbox(1000)
    inbox.take([Messages(1, [b""] * 4)])
    assert not inbox.full
    inbox.take([Messages(1, [b""] * 12)])
    assert inbox.full
    while inbox:
        inbox.next()
    assert not inbox.full


def test_empty_messages_fill_an_inbox(connect, scripted):
    """The messages of a caller that takes none stay in the network, and the server has to wait."""
    sent = []
    stalled = threading.Event()

    def script(peer):
        peer.accept()
        peer.sock.settimeout(0.5)
        try:
            while len(sent) < 100:
                peer.send(Frame(1, b"").to_bytes() * 100_000)
                sent.append(1)
        except TimeoutError:
            stalled.set()
        peer.sock.settimeout(20)
        peer.wait_for_end()

    server = scripted(script)
    with connect(server.url, max_size=MIB, close_timeout=0.1) as connection:
        with pytest.raises(TimedOut):
            connection.ping(timeout=3)
        assert stalled.is_set()
        assert connection.receive(timeout=0) == ""


def flood(peer):
    """Send empty fragments without end."""
    peer.accept()
    peer.send(Frame(1, b"x", fin=False).to_bytes())
    fragments = Frame(0, b"", fin=False).to_bytes() * 100_000
    peer.sock.settimeout(None)
    while True:
        peer.send(fragments)


@pytest.mark.parametrize("options", [[], ["-vv"]])
def test_a_flood_of_empty_fragments_does_not_delay_ctrl_c(scripted, options):
    url = scripted(flood).url
    process = start("listen", *options, "--close-timeout", "0.2s", url, stderr=subprocess.DEVNULL)
    try:
        # By its processor time: it is busy with the flood.
        wait_until(lambda: processor_time(process.pid) > 1)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert time.monotonic() - begun < 4


def processor_time(pid):
    """Return the seconds of processor time that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Slow(Counter):
    """Takes some time for each batch, as a sink does whose reader is slow."""

    def batch(self, batch):
        super().batch(batch)
        time.sleep(0.1)


def test_a_slow_sink_does_not_make_a_live_peer_look_dead(scripted):
    """The pong arrives behind messages that we are slow to write: the delay is our own."""

    def script(peer):
        peer.accept()
        for _ in range(8):
            peer.frames(Frame(2, bytes(MIB)))
        peer.frames(Frame(10, peer.expect(Ping).payload))
        peer.close()
        peer.expect_close()

    sink = Slow()
    session = watched(scripted(script).url, sink, ping_interval=0.05, ping_timeout=0.2)
    while session.end is None:
        session.turn(1)
    assert (session.end.code, session.end.unanswered, sink.messages) == (1000, None, 8)


def test_a_peer_that_sends_messages_but_no_pongs_is_alive(connect, scripted):
    def script(peer):
        peer.accept()
        for number in range(20):
            peer.text(str(number))
            time.sleep(0.05)
        peer.close()
        peer.expect(Close)

    with connect(scripted(script).url, ping_interval=0.05, ping_timeout=0.3) as connection:
        assert len(list(connection)) == 20
    assert connection.end.code == 1000


def test_a_full_inbox_does_not_make_a_live_peer_look_dead(connect, scripted):
    count = 12

    def script(peer):
        peer.accept()
        for _ in range(count):
            peer.frames(Frame(2, bytes(MIB)))
        peer.expect_close()
        peer.close()

    options = {"max_size": MIB, "ping_interval": 0.05, "ping_timeout": 0.1}
    with connect(scripted(script).url, **options) as connection:
        with pytest.raises(TimedOut):
            connection.ping(timeout=1)
        assert connection.end is None
        assert [len(connection.receive(timeout=20)) for _ in range(count)] == [MIB] * count


def test_time_between_calls_does_not_count_as_silence_of_the_peer(connect, echo_url):
    with connect(echo_url, ping_interval=0.05, ping_timeout=0.2) as connection:
        with pytest.raises(TimedOut):
            connection.receive(timeout=0.1)
        time.sleep(0.5)
        connection.send("still there")
        assert connection.receive(timeout=20) == "still there"


def test_keepalive_ends_the_connection_when_the_peer_falls_silent(connect, scripted):
    def script(peer):
        peer.accept()
        peer.text("the last word")
        peer.wait_for_end()

    with connect(scripted(script).url, ping_interval=0.05, ping_timeout=0.2) as connection:
        assert connection.receive(timeout=20) == "the last word"
        with pytest.raises(TimedOut, match="keepalive"):
            connection.receive(timeout=20)
