"""permessage-deflate (RFC 7692): its parameters, and the two halves that compress and inflate."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from wscli.wire.codes import Role

NAME = "permessage-deflate"
# The offer that Chrome sends too. Without client_max_window_bits a server must not limit the
# client's window (§7.1.2.2); with it, and without a value, every answer can be honoured.
OFFER = f"{NAME}; client_max_window_bits"
"""The offer of a client, as a header value."""

# "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end" (§7.2.1). They end every block
# that zlib flushes, and carry no information; the receiver appends them again (§7.2.2).
_TAIL = b"\x00\x00\xff\xff"
_EMPTY_MESSAGE = b"\x00"  # §7.2.3.6; zlib itself returns nothing at a second flush in a row

# Bytes to inflate at a time. DEFLATE compresses zeros by about 1 to 1,030, so 64 KiB on the
# wire can become 64 MiB: the limit has to be checked long before a frame is inflated completely.
_STEP = 1 << 20

# How often a frame may end the DEFLATE stream and start another. Each restart copies the rest of
# the frame, and an empty final block is two bytes: a frame full of them would take quadratic time.
_MAX_RESTARTS = 16

_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
_WINDOWS = ("server_max_window_bits", "client_max_window_bits")

Parameter = tuple[str, str | None]


class BrokenDeflate(Exception):
    """The data is not a DEFLATE stream."""


class TooBig(Exception):
    """The data inflates to more than the caller has room for."""


class PerMessageDeflate(NamedTuple):
    """The parameters in force on a connection (§7.1)."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15

    @classmethod
    def from_answer(cls, parameters: Sequence[Parameter]) -> PerMessageDeflate:
        """Read a server's answer to ``OFFER``.

        Raises:
            ValueError: for an unknown, repeated or malformed parameter (§7.1).
        """
        values: dict[str, Any] = {}
        for name, value in parameters:
            # §7.1 names this as a reason to decline an offer, and to fail the connection for an
            # answer; it names unknown parameters and invalid values as well.
            if name in values:
                raise ValueError(f"{name} is given twice")
            values[name] = _parameter_value(name, value)
        return cls(**values)

    @classmethod
    def from_offer(cls, parameters: Sequence[Parameter]) -> PerMessageDeflate:
        """Read a client's offer, and choose the answer.

        Raises:
            ValueError: for an offer that must be declined (§7.1).
        """
        # Without a value the client only says that it supports the parameter (§7.1.2.2). The server
        # may then limit the client's window; we leave it at 15, which compresses best.
        free = ("client_max_window_bits", None)
        return cls.from_answer(
            [(name, "15") if (name, value) == free else (name, value) for name, value in parameters]
        )

    def answers(self, offer: Sequence[Parameter]) -> bool:
        """Return True if a server's choice of these parameters is within the offer (§7.1)."""
        # A server may add parameters that were not offered: they limit the server itself, or ask
        # the client to forget its window, which any client can. The exception is
        # client_max_window_bits (§7.1.2.2), which a client has to announce support for.
        offered = dict(offer)
        server_bits = int(offered.get("server_max_window_bits") or 15)
        client_bits = int(offered.get("client_max_window_bits") or 15)
        return (
            (self.server_no_context_takeover or "server_no_context_takeover" not in offered)
            and self.server_max_window_bits <= server_bits
            and (
                self.client_max_window_bits == 15
                or (
                    "client_max_window_bits" in offered
                    and self.client_max_window_bits <= client_bits
                )
            )
        )

    def answer(self) -> str:
        """Return the header value by which a server agrees to these parameters."""
        # 15 is the size of a window that is not mentioned (§7.1.2).
        flags = [name for name in _FLAGS if getattr(self, name)]
        windows = [f"{name}={getattr(self, name)}" for name in _WINDOWS if getattr(self, name) < 15]
        return "; ".join([NAME, *flags, *windows])

    def inflater(self, sender: Role) -> Inflater:
        """Return an inflater for the messages that ``sender`` compressed."""
        if sender is Role.SERVER:
            return Inflater(self.server_max_window_bits, self.server_no_context_takeover)
        return Inflater(self.client_max_window_bits, self.client_no_context_takeover)

    def deflater(self, sender: Role) -> Deflater:
        """Return a compressor for the messages that ``sender`` sends."""
        if sender is Role.SERVER:
            return Deflater(self.server_max_window_bits, self.server_no_context_takeover)
        return Deflater(self.client_max_window_bits, self.client_no_context_takeover)


def _parameter_value(name: str, value: str | None) -> int:
    if name in _FLAGS:
        if value is not None:
            raise ValueError(f"{name} takes no value, but has {value!r}")
        return True
    if name in _WINDOWS:
        # "A decimal integer value without leading zeroes between 8 to 15" (§7.1.2). So the strings
        # are compared: int() would also accept "08", "+9", "1_0" and digits of other scripts.
        if value not in {str(bits) for bits in range(8, 16)}:
            raise ValueError(f"{name} must be 8 to 15, but is {value!r}")
        return int(value)
    raise ValueError(f"{NAME} has no parameter {name!r}")


class Deflater:
    """Compress one message after another (§7.2.1)."""

    def __init__(self, window_bits: int = 15, no_context_takeover: bool = False) -> None:
        # zlib makes no raw stream for 8 bits. A stream for 9 never reaches back more than 250 bytes
        # (the window less MIN_LOOKAHEAD), so it fits a window of 256 as well.
        self._window_bits = max(window_bits, 9)
        # A full flush forgets the window and keeps the compressor. It serves as well as a new
        # compressor for each message, and does not allocate 256 KiB for it.
        self._flush = zlib.Z_FULL_FLUSH if no_context_takeover else zlib.Z_SYNC_FLUSH

    @cached_property
    def _zlib(self) -> Any:
        # Made for the first message, since it takes 256 KiB: many clients only listen, and a
        # server that broadcasts has thousands of them.
        return zlib.compressobj(wbits=-self._window_bits)  # negative: no zlib header (RFC 1951)

    def compress(self, payload: bytes) -> bytes:
        """Return the payload of the frame that carries this message, whole."""
        if not payload:
            return _EMPTY_MESSAGE
        data: bytes = self._zlib.compress(payload) + self._zlib.flush(self._flush)
        return data[: -len(_TAIL)]


class Inflater:
    """Inflate one message after another (§7.2.2)."""

    def __init__(self, window_bits: int = 15, no_context_takeover: bool = False) -> None:
        self._window_bits = window_bits
        self._no_context_takeover = no_context_takeover
        self._zlib = zlib.decompressobj(-window_bits)

    def inflate(self, data: bytes, *, last: bool, room: int) -> Iterator[bytes]:
        """Yield the inflated data of one fragment, in pieces of at most 1 MiB.

        ``last`` is True for the last fragment of a message. Take all pieces before the next call.

        Raises:
            BrokenDeflate: if the data is not a DEFLATE stream.
            TooBig: if there would be more than ``room`` bytes; no more than that is held.
        """
        restarts = 0
        # Once for a message, not for each of its frames: only the tail of the message was removed.
        data = data + _TAIL if last else data
        while True:
            try:
                piece = self._zlib.decompress(data, _STEP)
            except zlib.error as error:
                raise BrokenDeflate(str(error)) from None
            room -= len(piece)
            if room < 0:
                raise TooBig
            # A full piece may have left output in zlib, even if all of the input is consumed.
            more = len(piece) == _STEP
            yield piece
            data = self._zlib.unconsumed_tail
            if self._zlib.eof:
                # A block with BFINAL ends the stream for zlib, but not the message: peers without
                # a sync flush may end messages with such a block (§7.2.3.4), and more may follow.
                data = self._zlib.unused_data
                self._restart()
                restarts += 1
                if restarts > _MAX_RESTARTS:
                    raise BrokenDeflate(f"more than {_MAX_RESTARTS} blocks are marked as final")
            if not data and not more:
                break
        # Without context takeover the peer starts each message with an empty window, so a
        # reference to an earlier message is an error that must not pass unnoticed (§7.1.1).
        if last and self._no_context_takeover:
            self._restart()

    def _restart(self) -> None:
        self._zlib = zlib.decompressobj(-self._window_bits)
