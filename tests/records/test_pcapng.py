"""The blocks of pcapng are those of the specification."""

import struct

import pytest

from tests.captured import read_block, read_options
from wscli.records import pcapng
from wscli.records.pcapng import Direction


def test_a_file_begins_with_a_section_in_little_endian():
    kind, body = read_block(pcapng.section_header("wscli 1", "why"))
    assert kind == 0x0A0D0D0A
    assert struct.unpack_from("<IHHq", body) == (0x1A2B3C4D, 1, 0, -1)
    assert read_options(body[16:]) == [(1, b"why"), (4, b"wscli 1")]


def test_the_interface_is_ethernet_in_nanoseconds():
    kind, body = read_block(pcapng.interface("wscli"))
    assert kind == 1
    assert struct.unpack_from("<HHI", body) == (1, 0, 0)
    assert read_options(body[8:]) == [(2, b"wscli"), (9, b"\x09")]


@pytest.mark.parametrize("log", [b"", b"CLIENT_RANDOM 00 11\n", b"#\n"])
def test_the_secrets_are_a_key_log(log):
    kind, body = read_block(pcapng.tls_secrets(log))
    assert kind == 10
    assert struct.unpack_from("<II", body) == (0x544C534B, len(log))
    assert body[8:].rstrip(b"\0") == log


@pytest.mark.parametrize("data", [b"", b"abc", b"abcd", b"x" * 70_000])
def test_a_packet_has_its_time_and_direction(data):
    block = pcapng.packet(1769860800.123456, data, Direction.OUTBOUND)
    kind, body = read_block(block)
    interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
    assert (kind, interface, captured, original) == (6, 0, len(data), len(data))
    assert (high << 32) + low == 1769860800_123456_000
    assert body[20 : 20 + len(data)] == data
    assert read_options(body[20 + len(data) + -len(data) % 4 :]) == [(2, b"\x02\0\0\0")]


def test_a_packet_may_have_a_comment():
    _, body = read_block(pcapng.packet(0.0, b"", Direction.INBOUND, "é"))
    assert read_options(body[20:]) == [(1, "é".encode()), (2, b"\x01\0\0\0")]


def test_a_comment_that_is_too_long_is_cut_between_characters():
    _, body = read_block(pcapng.packet(0.0, b"", Direction.INBOUND, "é" * 40_000))
    assert read_options(body[20:])[0] == (1, "é".encode() * 32_767)
