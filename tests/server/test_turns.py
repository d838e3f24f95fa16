"""The messages of one client are handled in turns, with bounded memory and others in between."""

import threading
import time
import tracemalloc

from tests.raw import Client
from tests.streams import items
from wscli.wire.codes import Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.encoder import Encoder
from wscli.wire.events import Close, Messages
from wscli.wire.receiver import Receiver

MIB = 1 << 20
DEFLATE = PerMessageDeflate(client_no_context_takeover=True)
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover"


def bombs(size, count):
    """Return the bytes of a client's messages that inflate to ``size`` bytes each."""
    return Encoder(Role.CLIENT, deflate=DEFLATE).messages(2, [bytes(size)]) * count


def test_large_inflated_messages_are_handled_one_by_one(serve):
    server = serve(max_size=8 * MIB)
    with Client(server) as client:
        client.open("/fault/stall", OFFER)
        data = bombs(8 * MIB, 16)
        tracemalloc.start()
        try:
            client.send(data)
            client.sock.close()
            visit = server.visit()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert visit.messages_in == 16
    assert peak < 20 * MIB


def test_others_are_served_while_a_read_is_decoded(serve):
    server = serve(max_size=8 * MIB)
    with Client(server) as client, Client(server) as other:
        client.open("/fault/stall", OFFER)
        other.open()
        done = threading.Event()

        def wait_for_the_end():
            server.visit()
            done.set()

        client.send(bombs(8 * MIB, 24))
        client.sock.close()
        thread = threading.Thread(target=wait_for_the_end)
        thread.start()
        echoes = 0
        while not done.is_set():
            other.text("hello")
            assert other.message() == b"hello"
            echoes += 1
            time.sleep(0.001)
        thread.join()
    assert echoes > 3


def test_messages_that_arrive_during_decoding_keep_their_order(serve):
    """Their replies come in the order of the messages, and the Close comes last."""
    server = serve(max_size=MIB)
    sender = Encoder(Role.CLIENT)
    with Client(server) as client:
        client.open("/echo", OFFER)
        client.send(bombs(MIB, 10))
        for number in range(200):
            client.send(sender.messages(1, [b"%d" % number]))
        client.send(sender.close(1000))
        answers = items(Receiver(Role.CLIENT, deflate=DEFLATE), client.read_to_end())
    messages = [item for item in answers if isinstance(item, Messages)]
    payloads = [payload for item in messages for payload in item.payloads]
    assert payloads == [bytes(MIB)] * 10 + [b"%d" % number for number in range(200)]
    assert answers[-1] == Close(1000, "")


def test_a_client_may_reset_while_its_messages_are_decoded(serve):
    server = serve(max_size=8 * MIB)
    with Client(server) as client:
        client.open("/echo", OFFER)
        client.send(bombs(8 * MIB, 20))
        client.reset()
        assert server.visit().messages_in <= 20
    with Client(server) as other:
        other.open()
        other.text("still there")
        assert other.message() == b"still there"
