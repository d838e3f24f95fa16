"""Check the arguments of a session's methods, and convert them to those of the protocol.

Checks raise before anything is queued, so that a call either sends everything or nothing.
"""

from __future__ import annotations

from wscli.errors import UsageError
from wscli.net.options import ConnectOptions
from wscli.wire.codes import CloseCode, Opcode, may_be_sent
from wscli.wire.connection import Policy

Message = str | bytes
"""A message: str is sent and received as text, bytes as binary."""


def encode_message(message: Message) -> tuple[Opcode, bytes]:
    """Return the opcode and the payload of a message.

    Raises:
        TypeError: for a message of another type.
        UnicodeEncodeError: for text with a lone surrogate, which has no form in UTF-8.
    """
    if isinstance(message, str):
        # "The "Payload data" is text data encoded as UTF-8" (RFC 6455 §5.6).
        return Opcode.TEXT, message.encode()
    if isinstance(message, bytes | bytearray | memoryview):
        # A copy, since the caller may change a bytearray while it waits to be sent.
        return Opcode.BINARY, bytes(message)
    raise TypeError(f"a message must be str or bytes, not {type(message).__name__}")


def policy_of(options: ConnectOptions) -> Policy:
    """Return the automatic behaviour that the options ask of a client's connection."""
    return Policy(
        answer_pings=options.answer_pings,
        echo_close=options.echo_close,
        close_timeout=options.close_timeout,
        ping_interval=options.ping_interval,
        ping_timeout=options.ping_timeout,
    )


def check_ping(payload: bytes) -> None:
    """Check the payload of a ping.

    Raises:
        UsageError: for more than 125 bytes (RFC 6455 §5.5).
    """
    # "All control frames MUST have a payload length of 125 bytes or less" (§5.5). The peer would
    # close the connection with 1002.
    if len(payload) > 125:
        raise UsageError("a ping has at most 125 bytes", f"{len(payload)} bytes are given")


def check_close(code: int, reason: str) -> None:
    """Check the arguments of a Close; the code 1005 stands for a Close without a code.

    A Close that breaks these rules, to test a peer, can be sent with ``post_frame``.

    Raises:
        ValueError: for a code that may not be sent, or a reason that is too long.
    """
    # 1005 "MUST NOT be set as a status code in a Close control frame" (§7.4.1), so the number is
    # free to mean a Close with no body. A body begins with a code (§5.5.1), so without a code
    # there is no place for a reason.
    if code == CloseCode.NO_STATUS_RECEIVED:
        if reason:
            raise ValueError("a Close without a code (1005) cannot have a reason")
    elif not may_be_sent(code):
        raise ValueError(
            f"the close code {code} may not be sent; RFC 6455 §7.4 allows 1000 to 1003, "
            "1007 to 1014 and 3000 to 4999"
        )
    # A control frame has at most 125 bytes (§5.5), of which the code takes two.
    if (size := len(reason.encode())) > 123:
        raise ValueError(f"a close reason has at most 123 bytes of UTF-8, and this has {size}")
