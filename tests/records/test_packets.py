"""Packets that were never captured are what a network would have carried."""

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captured import Parsed
from wscli.records.packets import MOST_DATA, Peer, TcpConnection

V4 = ip_address("192.0.2.1"), ip_address("192.0.2.2")
V6 = ip_address("2001:db8::1"), ip_address("2001:db8::2")


def connection(addresses=V4):
    client, server = addresses
    return TcpConnection(Peer(client, 50000, b"client"), Peer(server, 80, b"server"))


def opened(addresses=V4):
    tcp = connection(addresses)
    tcp.open()
    return tcp


def read_packet(packet):
    return Parsed(packet.data)


def sum_of_words(data):
    """Return the sum that RFC 1071 describes, word by word: 0xFFFF if the checksum is right."""
    data += b"\0" * (len(data) % 2)
    total = 0
    for (word,) in struct.iter_unpack("!H", data):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total


@pytest.mark.parametrize("addresses", [V4, V6])
def test_a_connection_opens_with_three_packets(addresses):
    syn, answer, ack = map(read_packet, connection(addresses).open())
    assert [each.flags for each in (syn, answer, ack)] == [0x02, 0x12, 0x10]
    assert [(each.seq, each.ack) for each in (syn, answer, ack)] == [(0, 0), (0, 1), (1, 1)]
    assert (syn.source, syn.target, syn.ports) == (*addresses, (50000, 80))
    assert (answer.source, answer.target, answer.ports) == (*addresses[::-1], (80, 50000))
    assert (syn.by, syn.to) == (b"client", b"server")


@given(st.binary(max_size=200), st.sampled_from([V4, V6]), st.booleans())
def test_checksums_are_right(data, addresses, from_client):
    tcp = opened(addresses)
    for packet in tcp.send(tcp.client if from_client else tcp.server, data):
        parsed = read_packet(packet)
        assert parsed.data == data
        assert sum_of_words(parsed.covered) == 0xFFFF
        assert parsed.version == 6 or sum_of_words(parsed.header) == 0xFFFF


def test_what_one_end_sends_is_acknowledged_by_the_other():
    tcp = opened()
    steps = [(tcp.client, b"hello"), (tcp.server, b"hi"), (tcp.server, b"!"), (tcp.client, b"x")]
    packets = [read_packet(packet) for peer, data in steps for packet in tcp.send(peer, data)]
    assert [(each.seq, each.ack) for each in packets] == [(1, 1), (1, 6), (3, 6), (6, 4)]


def test_no_data_is_no_packet():
    tcp = opened()
    assert list(tcp.send(tcp.client, b"")) == []


@pytest.mark.parametrize("addresses", [V4, V6])
def test_much_data_is_sent_in_segments_and_acknowledged_in_between(addresses):
    tcp = opened(addresses)
    data = bytes(range(256)) * 4096
    packets = [read_packet(packet) for packet in tcp.send(tcp.server, data)]
    sent = [each for each in packets if each.data]
    assert b"".join(each.data for each in sent) == data
    assert max(len(each.data) for each in sent) == MOST_DATA
    assert [each.seq for each in sent] == [1 + MOST_DATA * n for n in range(len(sent))]
    acks = [each.ack for each in packets if not each.data]
    assert acks == [1 + 5 * MOST_DATA, 1 + 10 * MOST_DATA, 1 + 15 * MOST_DATA]


def test_sequence_numbers_begin_again_after_the_last():
    tcp = opened()
    tcp.client.sent = tcp.server.acknowledged = (1 << 32) - 2
    for data in (b"abcd", b"e"):
        [packet] = tcp.send(tcp.client, data)
    assert read_packet(packet).seq == 2
    [answer] = tcp.send(tcp.server, b"ok")
    assert read_packet(answer).ack == 3


def test_an_end_takes_up_a_sequence_number_of_each():
    tcp = opened()
    fin, second, ack = map(read_packet, tcp.close(tcp.server))
    assert [each.flags for each in (fin, second, ack)] == [0x11, 0x11, 0x10]
    assert [(each.seq, each.ack) for each in (fin, second, ack)] == [(1, 1), (1, 2), (2, 2)]
    assert fin.ports == (80, 50000)


def test_a_reset_is_one_packet():
    tcp = opened()
    reset = read_packet(tcp.reset(tcp.client))
    assert (reset.flags, reset.seq, reset.ack) == (0x14, 1, 1)
