"""Build the packets of a TCP connection that was never captured: Ethernet, IP, TCP, with checksums.

The packets are what an observer with a perfect view would have captured: nothing is lost, sent
twice or out of order, and what one end sends is acknowledged by the next segment of the other end.
No IP options, no fragments. RFC 9293 (TCP), RFC 791 (IPv4), RFC 8200 (IPv6).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntFlag
from typing import NamedTuple

from wscli.records.addresses import Address

MOST_DATA = 65_495
"""Bytes of data that fit in one segment over IPv4, whose total length has 16 bits."""

_ETHERNET = struct.Struct("!6s6sH")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_TCP = struct.Struct("!HHIIBBHHH")
_PSEUDO_IPV4 = struct.Struct("!4s4sBBH")
_PSEUDO_IPV6 = struct.Struct("!16s16sII")

_TYPES = {4: 0x0800, 6: 0x86DD}
_PROTOCOL = 6  # TCP
_HOPS = 64
_DONT_FRAGMENT = 0x4000

_WINDOW = 0xFFFF
_SCALE = 14  # the largest (RFC 7323 §2.3): a window of 1 GiB, so that no sender has to wait
_OPTIONS = struct.pack("!BBHBBBB", 2, 4, MOST_DATA, 3, 3, _SCALE, 0)  # maximum segment size, scale

_UNACKNOWLEDGED = 256 << 10  # bytes after which the other end acknowledges without sending data


class Flag(IntFlag):
    """Control bits of a segment (RFC 9293 §3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10


class Peer:
    """One end of a connection, and how far it has got; ``sent`` is its next sequence number."""

    def __init__(self, address: Address, port: int, mac: bytes) -> None:
        self.address = address
        self.port = port
        self.mac = mac
        self.sent = 0
        self.acknowledged = 0  # the next sequence number that it expects of the other end
        self.packets = 0


class Packet(NamedTuple):
    """A packet, and the end that sent it."""

    sender: Peer
    data: bytes


class TcpConnection:
    """Builds the packets of one connection, in the order of the calls."""

    def __init__(self, client: Peer, server: Peer) -> None:
        self.client = client
        self.server = server

    def open(self) -> tuple[Packet, Packet, Packet]:
        """Return SYN, SYN with ACK, and ACK (RFC 9293 §3.5)."""
        syn = self._packet(self.client, Flag.SYN)
        return syn, self._packet(self.server, Flag.SYN | Flag.ACK), self._packet(self.client)

    def send(self, sender: Peer, data: bytes) -> Iterator[Packet]:
        """Yield the segments of some data, and acknowledgements before the window is full."""
        receiver = self._other(sender)
        for start in range(0, len(data), MOST_DATA):
            piece = data[start : start + MOST_DATA]
            yield self._packet(sender, Flag.PSH | Flag.ACK, piece)
            if (sender.sent - receiver.acknowledged) % (1 << 32) >= _UNACKNOWLEDGED:
                yield self._packet(receiver)

    def close(self, first: Peer) -> tuple[Packet, Packet, Packet]:
        """Return FIN, the other end's FIN, and ACK (RFC 9293 §3.6)."""
        fin, second = Flag.FIN | Flag.ACK, self._other(first)
        return self._packet(first, fin), self._packet(second, fin), self._packet(first)

    def reset(self, sender: Peer) -> Packet:
        """Return RST (RFC 9293 §3.10.7)."""
        return self._packet(sender, Flag.RST | Flag.ACK)

    def _other(self, peer: Peer) -> Peer:
        return self.server if peer is self.client else self.client

    def _packet(self, sender: Peer, flags: Flag = Flag.ACK, data: bytes = b"") -> Packet:
        receiver = self._other(sender)
        if Flag.ACK in flags:
            sender.acknowledged = receiver.sent
        segment = _segment(sender, receiver, flags, data)
        # SYN and FIN take up a sequence number each (RFC 9293 §3.4).
        taken = len(data) + (Flag.SYN in flags) + (Flag.FIN in flags)
        sender.sent = (sender.sent + taken) % (1 << 32)
        return Packet(sender, _frame(sender, receiver, segment))


def _segment(sender: Peer, receiver: Peer, flags: Flag, data: bytes) -> bytes:
    options = _OPTIONS if Flag.SYN in flags else b""
    size = _TCP.size + len(options)
    fields = sender.port, receiver.port, sender.sent, sender.acknowledged, size // 4 << 4, flags
    # The window of a SYN is never scaled (RFC 7323 §2.2), and the others count in units of 16 KiB.
    rest = options + data
    pseudo = _pseudo_header(sender.address, receiver.address, size + len(data))
    checksum = _checksum(pseudo + _TCP.pack(*fields, _WINDOW, 0, 0) + rest)
    return _TCP.pack(*fields, _WINDOW, checksum, 0) + rest


def _pseudo_header(source: Address, target: Address, size: int) -> bytes:
    """Return the fields of IP that a checksum of TCP covers (RFC 9293 §3.1, RFC 8200 §8.1)."""
    if source.version == 4:
        return _PSEUDO_IPV4.pack(source.packed, target.packed, 0, _PROTOCOL, size)
    return _PSEUDO_IPV6.pack(source.packed, target.packed, size, _PROTOCOL)


def _frame(sender: Peer, receiver: Peer, segment: bytes) -> bytes:
    version = sender.address.version
    header = _ipv4_header if version == 4 else _ipv6_header
    ethernet = _ETHERNET.pack(receiver.mac, sender.mac, _TYPES[version])
    return ethernet + header(sender, receiver, len(segment)) + segment


def _ipv4_header(sender: Peer, receiver: Peer, size: int) -> bytes:
    sender.packets = (sender.packets + 1) % (1 << 16)
    before = 0x45, 0, _IPV4.size + size, sender.packets, _DONT_FRAGMENT, _HOPS, _PROTOCOL
    addresses = sender.address.packed, receiver.address.packed
    return _IPV4.pack(*before, _checksum(_IPV4.pack(*before, 0, *addresses)), *addresses)


def _ipv6_header(sender: Peer, receiver: Peer, size: int) -> bytes:
    addresses = sender.address.packed, receiver.address.packed
    return _IPV6.pack(6 << 28, size, _PROTOCOL, _HOPS, *addresses)


def _checksum(data: bytes) -> int:
    """Return the checksum of RFC 1071: the complement of a sum of words of 16 bits.

    The sum is that of ones' complement, in which a carry is added at the other end. That makes it
    the remainder of the whole number divided by 2^16 - 1, which Python computes in one step.
    """
    if len(data) % 2:
        data += b"\0"
    return 0xFFFF - (int.from_bytes(data, "big") % 0xFFFF or 0xFFFF)
