"""Write pcapng, the format of Wireshark's captures (draft-ietf-opsawg-pcapng).

A file is a series of blocks, each with its type, its length, a body, and its length again.
"""

from __future__ import annotations

import struct
from enum import IntEnum

from wscli.wire.encoder import cut_utf8

_ETHERNET = 1  # LINKTYPE_ETHERNET
_UNKNOWN_LENGTH = 0xFFFF_FFFF_FFFF_FFFF  # of a section, which ends with the file
_TLS_KEY_LOG = 0x544C534B
_LONGEST_OPTION = 0xFFFF
_LATEST = 1e10  # seconds since the epoch, in the year 2286; as nanoseconds they fit in 64 bits


class _BlockType(IntEnum):
    SECTION_HEADER = 0x0A0D0D0A
    INTERFACE_DESCRIPTION = 1
    ENHANCED_PACKET = 6
    DECRYPTION_SECRETS = 10


class _OptionCode(IntEnum):
    END = 0
    COMMENT = 1
    FLAGS = 2  # of a packet
    INTERFACE_NAME = 2  # of an interface
    APPLICATION = 4  # of a section
    RESOLUTION = 9  # of an interface


class Direction(IntEnum):
    """Whether the recording end received a packet or sent it; the bits of ``epb_flags``."""

    INBOUND = 1
    OUTBOUND = 2


def section_header(application: str, comment: str) -> bytes:
    """Return the block that begins a file."""
    options = _text(_OptionCode.COMMENT, comment) + _text(_OptionCode.APPLICATION, application)
    body = struct.pack("<IHHQ", 0x1A2B3C4D, 1, 0, _UNKNOWN_LENGTH)
    return _block(_BlockType.SECTION_HEADER, body + options + _option(_OptionCode.END))


def interface(name: str) -> bytes:
    """Return the block of an Ethernet interface whose times are in nanoseconds."""
    options = _text(_OptionCode.INTERFACE_NAME, name)
    options += _option(_OptionCode.RESOLUTION, bytes([9])) + _option(_OptionCode.END)
    body = struct.pack("<HHI", _ETHERNET, 0, 0)  # no limit for the size of a packet
    return _block(_BlockType.INTERFACE_DESCRIPTION, body + options)


def tls_secrets(key_log: bytes) -> bytes:
    """Return the block with the secrets of TLS connections, in the format of SSLKEYLOGFILE."""
    body = struct.pack("<II", _TLS_KEY_LOG, len(key_log)) + _padded(key_log)
    return _block(_BlockType.DECRYPTION_SECRETS, body)


def packet(time: float, data: bytes, direction: Direction, comment: str = "") -> bytes:
    """Return the block of a packet; ``time`` is in seconds since the epoch, rounded to 1 µs."""
    moment = round(min(time, _LATEST) * 1_000_000) * 1000
    body = struct.pack("<IIIII", 0, moment >> 32, moment & 0xFFFF_FFFF, len(data), len(data))
    options = _text(_OptionCode.COMMENT, comment) if comment else b""
    options += _option(_OptionCode.FLAGS, struct.pack("<I", direction)) + _option(_OptionCode.END)
    return _block(_BlockType.ENHANCED_PACKET, body + _padded(data) + options)


def _block(kind: _BlockType, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return b"".join((struct.pack("<I", kind), length, body, length))


def _text(kind: _OptionCode, text: str) -> bytes:
    return _option(kind, cut_utf8(text.encode(errors="replace"), _LONGEST_OPTION))


def _option(kind: _OptionCode, value: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    """Return data that fills whole words of 32 bits."""
    return data + bytes(-len(data) % 4)
