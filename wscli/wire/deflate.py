"""permessage-deflate (RFC 7692): its parameters, and the two halves that compress and inflate."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from wscli.wire.codes import Role

NAME = "permessage-deflate"
OFFER = f"{NAME}; client_max_window_bits"
"""What a client offers: any answer to it can be honoured."""

_TAIL = b"\x00\x00\xff\xff"  # ends each flushed block, and is not sent (§7.2.1)
_EMPTY_MESSAGE = b"\x00"  # §7.2.3.6
_STEP = 1 << 20  # inflate this many bytes at a time, so that a limit is noticed early

_MAX_RESTARTS = 16  # in one frame; each costs a copy of the rest of it

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
            if name in values:
                raise ValueError(f"{name} is there twice")
            values[name] = _parameter_value(name, value)
        return cls(**values)

    @classmethod
    def from_offer(cls, parameters: Sequence[Parameter]) -> PerMessageDeflate:
        """Read a client's offer, and choose the answer.

        Raises:
            ValueError: for an offer that must be declined (§7.1).
        """
        # A client may name its own window without a value: then the choice is the server's.
        free = ("client_max_window_bits", None)
        return cls.from_answer(
            [(name, "15") if (name, value) == free else (name, value) for name, value in parameters]
        )

    def answers(self, offer: Sequence[Parameter]) -> bool:
        """Return True if a server's choice of these parameters is within the offer (§7.1)."""
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
            raise ValueError(f"{name} takes no value, and has {value!r}")
        return True
    if name in _WINDOWS:
        # One or two digits with no leading zero, 8 to 15 (§7.1.2).
        if value not in {str(bits) for bits in range(8, 16)}:
            raise ValueError(f"{name} must be 8 to 15, and is {value!r}")
        return int(value)
    raise ValueError(f"{NAME} has no parameter {name!r}")


class Deflater:
    """Compress one message after another (§7.2.1)."""

    def __init__(self, window_bits: int = 15, no_context_takeover: bool = False) -> None:
        # zlib makes no raw stream for 8 bits. What it makes for 9 never reaches back more than
        # 250 bytes (its window less MIN_LOOKAHEAD), so it fits a window of 256 as well.
        self._window_bits = max(window_bits, 9)
        self._flush = zlib.Z_FULL_FLUSH if no_context_takeover else zlib.Z_SYNC_FLUSH

    @cached_property
    def _zlib(self) -> Any:
        """The zlib compressor, made for the first message since it takes 256 KiB."""
        return zlib.compressobj(wbits=-self._window_bits)

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
        data = data + _TAIL if last else data
        while True:
            try:
                piece = self._zlib.decompress(data, _STEP)
            except zlib.error as error:
                raise BrokenDeflate(str(error)) from None
            room -= len(piece)
            if room < 0:
                raise TooBig
            more = len(piece) == _STEP
            yield piece
            data = self._zlib.unconsumed_tail
            if self._zlib.eof:
                # A block with BFINAL ends the stream; another may follow (§7.2.3.4).
                data = self._zlib.unused_data
                self._restart()
                restarts += 1
                if restarts > _MAX_RESTARTS:
                    raise BrokenDeflate(f"more than {_MAX_RESTARTS} blocks are marked as the last")
            if not data and not more:
                break
        if last and self._no_context_takeover:
            self._restart()

    def _restart(self) -> None:
        self._zlib = zlib.decompressobj(-self._window_bits)
