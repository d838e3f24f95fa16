"""Bytes that come in pieces and are wanted whole."""

from __future__ import annotations

_SMALL = 4 << 10


class Pieces:
    """Collects pieces; a peer that trickles cannot make it keep many objects."""

    __slots__ = ("_large", "_small", "size")

    def __init__(self) -> None:
        self.size = 0
        self._large: list[bytes] = []
        self._small = bytearray()

    def add(self, piece: bytes) -> None:
        """Append a piece; a large one is kept as it is, without a copy."""
        self.size += len(piece)
        if len(piece) < _SMALL:
            self._small += piece
            return
        if self._small:
            self._large.append(bytes(self._small))
            self._small.clear()
        self._large.append(piece)

    def join(self) -> bytes:
        """Return all of it."""
        if not self._small and len(self._large) == 1:
            return self._large[0]
        return b"".join([*self._large, self._small])
