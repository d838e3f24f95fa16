"""Sending from the server: bounded memory, turns for all clients, and counts of sent bytes."""

import socket
from pathlib import Path

import pytest

from tests.program import start
from tests.raw import Client
from tests.waiting import wait_until
from wscli.server.channel import MAX_FRAGMENTS
from wscli.session.pipeline import Sink
from wscli.wire.codes import Opcode
from wscli.wire.events import Close, Messages
from wscli.wire.frames import Frame

MIB = 1 << 20


def binary(client, payload):
    client.send(client.encoder.messages(Opcode.BINARY, [payload]))


def read_bytes(client, count):
    while count > 0:
        data = client.read()
        assert data, "the server ended TCP"
        count -= len(data)


class Outgoing(Sink):
    """Keeps the sizes of the outgoing messages, as a recording would have them."""

    def __init__(self):
        self.sizes = []

    def batch(self, batch):
        if not batch.incoming:
            for item in batch.items:
                if isinstance(item, Messages):
                    self.sizes += map(len, item.payloads)


# The queue


def test_a_message_larger_than_the_queue_reaches_members_that_keep_up(serve):
    server = serve(queue=64 << 10)
    with Client(server) as talker, Client(server) as listener:
        talker.open("/hub")
        listener.open("/hub")
        for _ in range(3):
            binary(talker, bytes(4 * MIB))
            for member in (talker, listener):
                assert len(member.message()) == 4 * MIB


def test_the_next_message_counts_towards_the_queue(serve):
    server = serve(queue=10 * MIB)
    with Client(server) as talker, Client(server, receive_buffer=4096) as deaf:
        deaf.open("/hub")
        talker.open("/hub")
        for _ in range(2):
            binary(talker, bytes(8 * MIB))
            assert len(talker.message()) == 8 * MIB
        received = []
        item = deaf.next(Messages, Close)
        while isinstance(item, Messages):
            received.append(len(item.payloads[0]))
            item = deaf.next(Messages, Close)
    assert received == [8 * MIB]
    assert item.code == 1008
    assert item.reason.endswith(f"and {8 * MIB + 10:,} more came")


def test_a_message_to_many_members_that_do_not_read_is_kept_once():
    """A copy of 8 MiB for each of 60 members would take 480 MiB."""
    with start("serve", "--json", "0") as process:
        address = _address(process)
        members = [Client(address, receive_buffer=4096) for _ in range(60)]
        talker = Client(address)
        for client in [*members, talker]:
            client.open("/hub")
        binary(talker, bytes(8 * MIB))
        assert len(talker.message()) == 8 * MIB
        peak = _peak(process)
        for client in [*members, talker]:
            client.sock.close()
        process.kill()
        process.communicate()
    assert peak < 150 * MIB


def test_a_recording_keeps_no_copy_of_a_message_for_each_member(tmp_path):
    with start("serve", "--json", "--record", tmp_path / "r", "0") as process:
        address = _address(process)
        members = [Client(address) for _ in range(60)]
        for client in members:
            client.open("/hub")
        talker = Client(address)
        talker.open("/hub")
        binary(talker, bytes(8 * MIB))
        assert len(talker.message()) == 8 * MIB
        for client in members:
            read_bytes(client, 6 * MIB)
        peak = _peak(process)
        for client in [*members, talker]:
            client.sock.close()
        process.kill()
        process.communicate()
    assert peak < 250 * MIB


# Fragments


@pytest.mark.parametrize("compression", [(), ("Sec-WebSocket-Extensions: permessage-deflate",)])
def test_an_echo_in_too_many_frames_closes_with_1009(serve, compression):
    with Client(serve()) as client:
        client.open("/echo?fragment=1", *compression)
        binary(client, bytes(16 * MIB - 64))
        close = client.closed()
    assert close.code == 1009
    assert f"the limit is {MAX_FRAGMENTS:,}" in close.reason


def test_messages_after_a_refused_one_are_not_answered(serve):
    with Client(serve()) as client:
        client.open("/echo?fragment=1")
        payloads = [bytes(MAX_FRAGMENTS + 1), b"behind"]
        client.send(client.encoder.messages(Opcode.BINARY, payloads))
        item = client.next(Messages, Close)
        assert item.code == 1009
        client.send(client.encoder.close(1009))
        assert client.read_to_end() == b""


def test_others_are_served_while_the_most_frames_allowed_are_sent(serve):
    server = serve()
    with Client(server, receive_buffer=4096) as slow, Client(server) as other:
        slow.open("/echo?fragment=16")
        other.open("/echo")
        binary(slow, bytes(MAX_FRAGMENTS * 16))
        frames = [slow.next(Frame)]
        for number in range(10):
            other.text(f"{number}")
            assert other.message() == b"%d" % number
        while not frames[-1].fin:
            frames.append(slow.next(Frame))
        assert len(slow.message()) == MAX_FRAGMENTS * 16
        slow.text("next")
        assert slow.message() == b"next"
    assert len(frames) == MAX_FRAGMENTS
    assert {len(frame.payload) for frame in frames} == {16}
    assert [frame.opcode for frame in frames[:3]] == [Opcode.BINARY, 0, 0]


def test_a_fragmented_echo_takes_little_more_memory_than_the_message():
    with start("serve", "--json", "0") as process:
        with Client(_address(process)) as client:
            client.open("/echo?fragment=256")
            before = _peak(process)
            binary(client, bytes(15 * MIB))
            read_bytes(client, 15 * MIB + MAX_FRAGMENTS)
        peak = _peak(process)
        process.kill()
        process.communicate()
    assert peak - before < 70 * MIB


# Counting and recording


def test_the_log_counts_only_bytes_that_have_left(serve):
    server = serve()
    with Client(server, receive_buffer=4096) as client:
        client.open("/echo")
        binary(client, bytes(15 * MIB))
        client.read()
        client.reset()
    visit = server.visit()
    assert visit.messages_in == 1
    assert visit.messages_out == 0
    assert 0 < visit.bytes_out < 12 * MIB


def test_the_messages_that_left_of_a_batch_are_counted(serve):
    server = serve()
    with Client(server, receive_buffer=4096) as client:
        response = client.open("/push?n=100000&size=1000")
        client.read()
        client.reset()
    visit = server.visit()
    assert visit.messages_out == (visit.bytes_out - len(response.raw)) // 1004


def test_a_message_is_recorded_when_it_has_left(serve):
    server = serve()
    sink = server.sinks[1] = Outgoing()
    with Client(server, receive_buffer=4096) as client:
        client.open("/echo")
        binary(client, bytes(15 * MIB))
        client.read()
        assert sink.sizes == []
        read_bytes(client, 15 * MIB - MIB)
        wait_until(lambda: sink.sizes)
    assert sink.sizes == [15 * MIB]


def test_a_message_that_never_left_is_not_in_the_recording(serve):
    server = serve()
    sink = server.sinks[1] = Outgoing()
    with Client(server, receive_buffer=4096) as client:
        client.open("/echo")
        client.text("small")
        assert client.message() == b"small"
        binary(client, bytes(15 * MIB))
        client.read()
        client.reset()
    server.visit()
    assert sink.sizes == [5]


def test_a_client_that_ends_its_side_of_tcp_still_gets_the_queued_bytes(serve):
    with Client(serve(), receive_buffer=4096) as client:
        client.open("/echo")
        binary(client, bytes(15 * MIB))
        client.sock.shutdown(socket.SHUT_WR)
        assert len(client.read_to_end()) == 15 * MIB + 10


def _address(process):
    """Return the address of a server that prints it."""
    port = int(process.stdout.readline().partition(b"127.0.0.1:")[2].partition(b"/")[0])

    class Server:
        address = ("127.0.0.1", port)

    return Server


def _peak(process):
    """Return the peak memory of a process in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10
