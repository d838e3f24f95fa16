"""Join bytes that arrive in pieces."""

from __future__ import annotations

from io import BytesIO

# Up to here a list is faster, and joining it needs little memory: 4 MiB a second time, or 256
# objects with an overhead of 33 bytes each.
_MAX_LISTED_PIECES = 256
_MAX_LISTED_BYTES = 4 << 20


class PayloadBuffer:
    """Collect pieces of a payload in little more memory than the payload itself.

    A few pieces are kept in a list and joined once. Beyond that they move to a growing buffer:
    joining a list of many megabytes would need that memory twice, and a peer that sends single
    bytes would make the list hold an object for each.
    """

    __slots__ = ("_buffer", "_listed", "_pieces", "size")

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        self._listed = 0  # bytes in the list
        self._buffer: BytesIO | None = None

    def add(self, piece: bytes) -> None:
        """Append a piece."""
        if self._listed >= _MAX_LISTED_BYTES or len(self._pieces) >= _MAX_LISTED_PIECES:
            self._move()
        self._pieces.append(piece)
        self._listed += len(piece)
        self.size += len(piece)

    def join(self) -> bytes:
        """Return everything that was added; a single piece without a copy."""
        if self._buffer is None:
            # The usual case is a message whose payload arrived in one read.
            return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._move()
        # Not a copy: CPython's getvalue() returns the buffer's own bytes object, and copies only
        # if something is written afterwards (Modules/_io/bytesio.c).
        return self._buffer.getvalue()

    def _move(self) -> None:
        self._buffer = self._buffer or BytesIO()
        for piece in self._pieces:
            self._buffer.write(piece)
        self._pieces.clear()
        self._listed = 0
