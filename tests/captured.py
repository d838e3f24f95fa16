"""Read pcapng and the packets in it, by the specifications alone."""

import struct
from ipaddress import ip_address
from typing import NamedTuple


def read_block(block):
    """Return a block's type and body; its two lengths must agree with its size."""
    kind, length = struct.unpack_from("<II", block)
    assert length == len(block) == struct.unpack_from("<I", block, length - 4)[0]
    assert length % 4 == 0
    return kind, block[8:-4]


def read_options(data):
    """Return the options, up to the one that ends them."""
    options = []
    while True:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            assert data == bytes(4)
            return options
        options.append((code, data[4 : 4 + length]))
        data = data[4 + length + -length % 4 :]


class Parsed:
    """A packet's fields, read by the rules of the RFCs alone."""

    def __init__(self, frame):
        self.to, self.by, kind = struct.unpack_from("!6s6sH", frame)
        self.ip = frame[14:]
        self.version = self.ip[0] >> 4
        assert kind == {4: 0x0800, 6: 0x86DD}[self.version]
        if self.version == 4:
            self.header, self.tcp = self.ip[:20], self.ip[20:]
            assert struct.unpack_from("!H", self.header, 2)[0] == len(self.ip)
            addresses = self.header[12:]
            pseudo = addresses + struct.pack("!BBH", 0, self.header[9], len(self.tcp))
        else:
            self.header, self.tcp = self.ip[:40], self.ip[40:]
            assert struct.unpack_from("!H", self.header, 4)[0] == len(self.tcp)
            addresses = self.header[8:]
            pseudo = addresses + struct.pack("!II", len(self.tcp), self.header[6])
        half = len(addresses) // 2
        self.source, self.target = map(ip_address, (addresses[:half], addresses[half:]))
        self.covered = pseudo + self.tcp
        fields = struct.unpack_from("!HHIIBB", self.tcp)
        self.ports, self.seq, self.ack = fields[:2], fields[2], fields[3]
        self.flags = fields[5]
        self.data = self.tcp[fields[4] >> 4 << 2 :]


class Captured(NamedTuple):
    """A packet of a capture; ``time`` is in seconds since the epoch."""

    time: float
    direction: int
    comment: str
    packet: Parsed


def read_capture(data):
    """Yield the packets of a capture."""
    while data:
        size = struct.unpack_from("<I", data, 4)[0]
        kind, body = read_block(data[:size])
        data = data[size:]
        if kind != 6:
            continue
        _, high, low, length, _ = struct.unpack_from("<IIIII", body)
        options = dict(read_options(body[20 + length + -length % 4 :]))
        comment = options.get(1, b"").decode()
        time = ((high << 32) + low) / 1e9
        yield Captured(time, options[2][0], comment, Parsed(body[20 : 20 + length]))
