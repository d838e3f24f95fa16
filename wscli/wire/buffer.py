"""Join bytes that arrive in pieces."""

from __future__ import annotations

from io import BytesIO

_MOST_PIECES = 256
_MOST_BYTES = 4 << 20


class PayloadBuffer:
    """Collect pieces of a payload in little more memory than the payload itself.

    A few pieces are kept as they are and joined once. Beyond that they move to a growing buffer:
    joining a list of many megabytes would need them twice, and a peer that sends single bytes could
    make a list keep one object for each.
    """

    __slots__ = ("_buffer", "_listed", "_pieces", "size")

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        self._listed = 0  # bytes in the list
        self._buffer: BytesIO | None = None

    def add(self, piece: bytes) -> None:
        """Append a piece."""
        if self._listed >= _MOST_BYTES or len(self._pieces) >= _MOST_PIECES:
            self._move()
        self._pieces.append(piece)
        self._listed += len(piece)
        self.size += len(piece)

    def join(self) -> bytes:
        """Return everything that was added; a single piece without a copy."""
        if self._buffer is None:
            return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._move()
        return self._buffer.getvalue()  # shares the buffer's memory, see CPython's bytesio.c

    def _move(self) -> None:
        """Move the listed pieces to the buffer."""
        self._buffer = self._buffer or BytesIO()
        for piece in self._pieces:
            self._buffer.write(piece)
        self._pieces.clear()
        self._listed = 0
