"""The numbers of RFC 6455: opcodes (§5.2) and close codes (§7.4), with their registered names."""

from __future__ import annotations

from enum import Enum, IntEnum

# "A malicious endpoint can try to exhaust its peer's memory [...] by sending either a single big
# frame (e.g., of size 2**60) or by sending a long stream of small frames that are a part of a
# fragmented message" (RFC 6455 §10.4). The limits of others: 1 MiB in websockets, 100 MiB in ws.
DEFAULT_MAX_SIZE = 64 << 20
"""The default limit for the size of a message, in bytes."""


class Role(Enum):
    """Which end of a connection this is: only a client masks its frames (§5.1)."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def peer(self) -> Role:
        """The other end."""
        return Role.SERVER if self is Role.CLIENT else Role.CLIENT


class Opcode(IntEnum):
    """The opcodes of §5.2; 3 to 7 and 11 to 15 are reserved."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class CloseCode(IntEnum):
    """The close codes of §7.4.1 and of the IANA registry."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RECEIVED = 1005
    ABNORMAL_CLOSURE = 1006
    INVALID_PAYLOAD = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015


# 1001 is what a browser sends when the user leaves the page, and a server when it shuts down. 1005
# stands for a Close without a code, which is legal and common: ``ws.close()`` in a browser.
NORMAL_CLOSE_CODES = frozenset({1000, 1001, 1005})
"""Codes that end a connection without blame on either side."""

# Each is "a reserved value and MUST NOT be set as a status code in a Close control frame by an
# endpoint" (§7.4.1): they describe a Close without a code, a missing Close and a TLS failure to
# the application.
_NEVER_SENT = frozenset({1005, 1006, 1015})


def opcode_name(opcode: int) -> str:
    """Return the RFC's name in lower case, or ``reserved-0x3`` for a reserved opcode."""
    try:
        return Opcode(opcode).name.lower()
    except ValueError:
        return f"reserved-0x{opcode:x}"


def close_code_name(code: int) -> str:
    """Return the meaning of a close code, in a few words (§7.4.1, §7.4.2)."""
    try:
        name = CloseCode(code).name
    except ValueError:
        # §7.4.2: 3000 to 3999 are for libraries and frameworks, which register them with IANA, and
        # 4000 to 4999 for private use between applications.
        if 3000 <= code <= 3999:
            return "registered use"
        if 4000 <= code <= 4999:
            return "private use"
        return "reserved"
    return name.lower().replace("_", " ").replace("tls", "TLS")


def may_be_sent(code: int) -> bool:
    """Return True if a Close frame may carry this code (§7.4.1, §7.4.2)."""
    if code in _NEVER_SENT:
        return False
    # Below 3000 only the codes of the registry: the others are reserved "for definition by this
    # protocol, its future revisions, and extensions" (§7.4.2), and 0 to 999 are not used at all.
    return 3000 <= code <= 4999 or code in CloseCode._value2member_map_
