"""The arguments of a session: how options and codes become those of the protocol."""

from __future__ import annotations

from wscli.errors import UsageError
from wscli.net.options import ConnectOptions
from wscli.wire.codes import CloseCode, Opcode, may_be_sent
from wscli.wire.connection import Policy

Message = str | bytes
"""A message: text is str, binary is bytes."""


def encode_message(message: Message) -> tuple[Opcode, bytes]:
    """Return the opcode and the payload of a message.

    Raises:
        TypeError: for a message of another type.
    """
    if isinstance(message, str):
        return Opcode.TEXT, message.encode()
    if isinstance(message, bytes | bytearray | memoryview):
        return Opcode.BINARY, bytes(message)
    raise TypeError(f"a message must be str or bytes, not {type(message).__name__}")


def policy_of(options: ConnectOptions) -> Policy:
    """Return what a client's connection does by itself, as the options say."""
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
    if len(payload) > 125:
        raise UsageError("a ping has at most 125 bytes", f"{len(payload)} bytes are given")


def check_close(code: int, reason: str) -> None:
    """Check the arguments of a Close.

    Raises:
        ValueError: for a code that may not be sent, or a reason that is too long.
    """
    if code == CloseCode.NO_STATUS_RECEIVED:
        if reason:
            raise ValueError("a Close without a code (1005) cannot have a reason")
    elif not may_be_sent(code):
        raise ValueError(
            f"the close code {code} may not be sent; RFC 6455 §7.4 allows 1000 to 1003, "
            "1007 to 1014 and 3000 to 4999"
        )
    if (size := len(reason.encode())) > 123:
        raise ValueError(f"a close reason has at most 123 bytes of UTF-8, and this has {size}")
