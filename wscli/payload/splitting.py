"""Cut a stream of bytes into messages."""

from __future__ import annotations


class Splitter:
    """Cut at a separator; with ``keep``, it stays at the end of each message.

    With an empty separator, all bytes are one message. ``pending`` is the number of bytes of the
    incomplete message.
    """

    def __init__(self, separator: bytes, *, keep: bool = False) -> None:
        self.pending = 0
        self.separator = separator
        self._kept = separator if keep else b""
        self._rest: list[bytes] = []  # pieces of the incomplete message
        self._tail = b""  # their last bytes, which may be the beginning of a separator

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete with these bytes."""
        # The pieces are joined only when a separator has been found. Joining them for each search
        # would take quadratic time for a message that comes in many reads.
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
        """Return the last message if it ended without a separator."""
        # With an empty separator there is always one: empty input is an empty message.
        rest = b"".join(self._rest)
        self._rest, self._tail, self.pending = [], b"", 0
        return [rest] if rest or not self.separator else []
