"""Cut a stream of bytes into messages."""

from __future__ import annotations


class Splitter:
    """Cut at a separator, which is kept at the end of each message with ``keep``.

    An empty separator makes one message of everything. ``pending`` is the number of bytes of an
    incomplete message.
    """

    def __init__(self, separator: bytes, *, keep: bool = False) -> None:
        self.pending = 0
        self.separator = separator
        self._kept = separator if keep else b""
        self._rest: list[bytes] = []
        self._tail = b""  # the end of the rest, which may hold the beginning of a separator

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that some bytes complete."""
        overlap = max(0, len(self.separator) - 1)
        self.pending += len(data)
        self._rest.append(data)
        around = self._tail + data
        if not self.separator or self.separator not in around:
            self._tail = around[-overlap:] if overlap else b""
            return []
        *messages, last = b"".join(self._rest).split(self.separator)
        self._rest, self.pending = [last], len(last)
        self._tail = last[-overlap:] if overlap else b""
        return [message + self._kept for message in messages] if self._kept else messages

    def finish(self) -> list[bytes]:
        """Return the last message, which ends without a separator, if there is one."""
        rest = b"".join(self._rest)
        self._rest, self._tail, self.pending = [], b"", 0
        return [rest] if rest or not self.separator else []
