"""Transports without a socket: a client's joined to a server's in memory, cut anywhere."""

import ssl
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.layers import CLIENT, CONTEXTS, ServerLayers
from wscli.net.transport import PlainTransport, TLSTransport

RECORD = 16 << 10


SERVER, OLD_SERVER = CONTEXTS["tls 1.3"][0], CONTEXTS["tls 1.2"][0]


def pieces(data, cuts):
    """Cut data at these positions, which may be of any size."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def joined(contexts=(SERVER,), cuts=()):
    """Return a client's and a server's transport after their handshakes."""
    server = ServerLayers(contexts)
    transport = PlainTransport()
    for layer in server.layers:
        transport = TLSTransport(CLIENT, "peer", transport)
        while not (transport.established and layer.established):
            exchange(transport, server, cuts)
            assert not transport.ended, transport.error
        exchange(transport, server, cuts)
    return transport, server


def exchange(transport, server, cuts=()):
    """Carry the waiting bytes of each side to the other, in pieces; return the received bytes."""
    out = bytes(transport.data_to_send())
    transport.taken(len(out))
    at_server = b"".join(server.receive(piece) for piece in pieces(out, cuts))
    at_client = b"".join(transport.receive(piece) for piece in pieces(server.send(), cuts))
    return at_client, at_server


def carried(transport, data):
    """Return the ciphertext for some data, and report it as taken."""
    ciphertext = bytes(transport.send(data))
    assert transport.taken(len(ciphertext)) == len(data)
    return ciphertext


each_server = pytest.mark.parametrize(
    "contexts",
    [(), (SERVER,), (OLD_SERVER,), (SERVER, SERVER), (SERVER, OLD_SERVER, SERVER)],
    ids=["plain", "TLS 1.3", "TLS 1.2", "TLS in TLS", "three layers"],
)
CUTS = st.lists(st.integers(0, 1 << 20), max_size=20)
MESSAGES = st.lists(st.binary(min_size=1, max_size=200) | st.just(b"x" * 40_000), max_size=5)


@each_server
@given(messages=MESSAGES, cuts=CUTS)
@settings(max_examples=20)
def test_any_cut_gives_the_same_bytes(contexts, messages, cuts):
    transport, server = joined(contexts, cuts)
    sent = b"".join(messages)
    ciphertext = b"".join(carried(transport, message) for message in messages)
    assert b"".join(map(server.receive, pieces(ciphertext, cuts))) == sent
    ciphertext = b"".join(map(server.send, messages))
    assert b"".join(map(transport.receive, pieces(ciphertext, cuts))) == sent
    assert not transport.ended


@each_server
def test_bytes_may_arrive_one_at_a_time(contexts):
    transport, server = joined(contexts, cuts=range(20_000))
    received = [transport.receive(bytes([byte])) for byte in server.send(b"hello")]
    assert b"".join(received) == b"hello"
    received = [server.receive(bytes([byte])) for byte in carried(transport, b"hello")]
    assert b"".join(received) == b"hello"


def test_plain_bytes_pass_without_a_copy():
    transport, data = PlainTransport(), b"hello"
    assert transport.receive(data) is data
    assert transport.send(data) is data
    assert transport.taken(3) == 3
    assert transport.close() == b""


def test_the_end_of_a_plain_stream_does_not_count_as_truncated():
    transport = PlainTransport()
    assert transport.receive(b"") == b""
    assert transport.ended
    assert not transport.truncated


def test_many_records_are_decrypted_in_one_call():
    transport, server = joined()
    messages = [b"%03d" % number for number in range(300)]
    assert transport.receive(b"".join(map(server.send, messages))) == b"".join(messages)


def test_a_handshake_begins_at_once_and_its_bytes_do_not_count():
    transport = TLSTransport(CLIENT, "peer")
    hello = transport.data_to_send()
    assert hello[0] == 22  # a handshake record (RFC 8446 §5.1)
    assert not transport.has_data_to_send
    assert transport.taken(len(hello)) == 0
    assert not transport.established


@pytest.mark.parametrize("name", ["", ".a"])
def test_a_name_that_no_certificate_can_have_is_refused_before_the_handshake(name):
    with pytest.raises(ValueError, match=r"."):
        TLSTransport(CLIENT, name)


@each_server
@given(sizes=st.lists(st.integers(1, 3 * RECORD), max_size=4), cuts=CUTS)
@settings(max_examples=20)
def test_bytes_have_left_when_their_whole_record_is_taken(contexts, sizes, cuts):
    transport, server = joined(contexts)
    left = arrived = 0
    for size in sizes:
        for piece in pieces(bytes(transport.send(b"x" * size)), cuts):
            left += transport.taken(len(piece))
            arrived += len(server.receive(piece))
            # All bytes that have left have arrived, and at most one record is in transit.
            assert left <= arrived <= left + RECORD
        assert left == arrived
    assert left == sum(sizes)


def test_a_large_message_leaves_record_by_record():
    transport, _ = joined()
    ciphertext = transport.send(bytes(3 * RECORD))
    taken = [transport.taken(1) for _ in range(len(ciphertext))]
    assert [size for size in taken if size] == [RECORD] * 3
    assert taken[-1] == RECORD


@pytest.mark.parametrize("contexts", [(SERVER,), (OLD_SERVER,), (SERVER, SERVER)])
def test_a_stream_that_the_peer_ends_is_not_truncated(contexts):
    transport, server = joined(contexts)
    assert transport.receive(server.send(b"last words") + server.close()) == b"last words"
    assert transport.ended
    assert not transport.truncated
    assert transport.error is None


@pytest.mark.parametrize("contexts", [(SERVER,), (OLD_SERVER,), (SERVER, SERVER)])
def test_a_stream_that_is_cut_is_truncated_without_an_error(contexts):
    transport, server = joined(contexts)
    ciphertext = server.send(b"last words") + server.send(b"lost")[:-1]
    assert transport.receive(ciphertext) == b"last words"
    assert not transport.ended
    assert transport.receive(b"") == b""
    assert (transport.ended, transport.truncated, transport.error) == (True, True, None)


def test_nothing_is_received_after_the_end():
    transport, server = joined()
    transport.receive(server.close())
    assert transport.receive(b"more") == b""
    assert transport.receive(b"") == b""
    assert not transport.truncated


def test_bytes_may_be_sent_after_the_peer_has_ended_its_direction():
    transport, server = joined()
    ciphertext = server.close()
    transport.receive(ciphertext)
    assert server.receive(carried(transport, b"still here")) == b"still here"


def test_a_forged_record_ends_the_stream_after_the_data_before_it():
    transport, server = joined()
    good, bad = server.send(b"good"), bytearray(server.send(b"bad"))
    bad[-1] ^= 1
    assert transport.receive(good + bad) == b"good"
    assert transport.ended
    assert not transport.truncated
    assert isinstance(transport.error, ssl.SSLError)
    assert transport.has_data_to_send
    with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):  # the alert reaches the peer
        server.receive(bytes(transport.data_to_send()))


def test_an_untrusted_certificate_fails_the_handshake_with_an_alert():
    transport = TLSTransport(ssl.create_default_context(), "peer")
    server = ServerLayers((SERVER,))
    exchange(transport, server)
    assert transport.ended
    assert not transport.established
    assert isinstance(transport.error, ssl.SSLCertVerificationError)
    with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
        server.receive(bytes(transport.data_to_send()))


def test_a_certificate_for_another_name_fails_the_handshake():
    transport = TLSTransport(CLIENT, "other")
    exchange(transport, ServerLayers((SERVER,)))
    assert isinstance(transport.error, ssl.SSLCertVerificationError)


def test_an_end_during_the_handshake_is_an_error():
    transport = TLSTransport(CLIENT, "peer")
    transport.receive(b"")
    assert transport.ended
    assert isinstance(transport.error, ssl.SSLEOFError)


def test_bytes_that_are_not_tls_fail_the_handshake():
    transport = TLSTransport(CLIENT, "peer")
    assert transport.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n") == b""
    assert "WRONG_VERSION_NUMBER" in transport.error.reason


@pytest.mark.parametrize("contexts", [(SERVER,), (OLD_SERVER,), (SERVER, SERVER)])
def test_closing_sends_close_notify_in_every_layer(contexts):
    transport, server = joined(contexts)
    server.receive(carried(transport, b"data"))
    server.receive(bytes(transport.close()))
    assert all(layer.ended for layer in server.layers)


def test_closing_before_the_handshake_is_complete_sends_nothing():
    transport = TLSTransport(CLIENT, "peer")
    hello = transport.data_to_send()
    assert hello
    assert transport.close() == b""


def test_bytes_that_the_layer_below_read_too_far_belong_to_the_handshake():
    server = ServerLayers((SERVER,))
    transport = TLSTransport(CLIENT, "peer")
    server.receive(bytes(transport.data_to_send()))
    assert transport.decrypt(server.send()) == b""
    assert transport.established


def test_an_error_in_a_layer_below_is_the_error_of_those_above():
    transport, server = joined((SERVER, SERVER))
    bad = bytearray(server.send(b"bad"))
    bad[-1] ^= 1
    assert transport.receive(bytes(bad)) == b""
    assert "BAD_RECORD_MAC" in str(transport.error).upper().replace(" ", "_")
