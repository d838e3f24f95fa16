"""The tap: between a stream and websocket-client, it keeps every byte of the opening handshake.

websocket-client reads a response byte by byte from its socket, and keeps only the headers, without
their order and case. The tap passes the bytes of the head on to it, and keeps them as they were.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from wscli.net.clock import Deadline
from wscli.net.stream import Stream
from wscli.wire.head import MAX_HEAD, Body, head_end

_CHUNK = 16 << 10
_HTTP = b"HTTP/"
# Any 1xx but 101, which is the final response of an upgrade (RFC 9110 §15.2.2).
_INTERIM = rb"HTTP/1\.[0-9] 1(?!01)[0-9][0-9][ \r\n]"


class NotHTTP(Exception):
    """The bytes received are not the head of an HTTP response, or the head does not end."""


class ClosedEarly(NotHTTP):
    """The peer closed the connection before its head was complete."""


class EndlessInterim(NotHTTP):
    """The interim responses (1xx) together are longer than MAX_HEAD."""


class Tap:
    """A stand-in for a socket, which ends at the end of the response's head.

    ``sent`` and ``received`` are the bytes as they were on the wire. ``edit`` may change the
    request's head on its way out, and ``on_sent`` is called when it has left. Waiting and reading
    are under one deadline. ``received`` holds at most two heads of MAX_HEAD bytes: one for all
    interim responses together, and one for the response.
    """

    def __init__(
        self,
        stream: Stream,
        deadline: Deadline,
        edit: Callable[[bytes], bytes] = bytes,
        on_sent: Callable[[], object] = bool,
    ) -> None:
        self._stream = stream
        self._deadline = deadline
        self._edit = edit
        self._on_sent = on_sent
        self._given = 0  # where the bytes end that ``recv`` has returned
        self.sent = b""
        self.received = bytearray()
        self._head_start = 0
        self._head_end: int | None = None

    def send(self, data: bytes) -> int:
        """Send all of a request's head; return the length of ``data``, as a socket would."""
        # The length before editing, as the caller knows nothing of the edit.
        head = self._edit(data)
        self.sent += head
        self._stream.write(head, self._deadline)
        self._on_sent()
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return bytes of the response's head; none when the connection or the head has ended."""
        # Interim responses are skipped: websocket-client would take the first for the answer.
        while self._head_end is None:
            if not self._fill():
                return b""
        start = max(self._given, self._head_start)
        self._given = min(start + size, self._head_end)
        return bytes(self.received[start : self._given])

    def read_head(self) -> bytes:
        """Return the whole head of the response.

        Raises:
            NotHTTP: if no head of a response comes.
            TimedOut: at the deadline.
        """
        while self._head_end is None:
            if not self._fill():
                raise ClosedEarly("the connection was closed before the head was complete")
        return bytes(self.received[self._head_start : self._head_end])

    @property
    def interim(self) -> bytes:
        """The interim responses before the final one (RFC 9110 §15.2)."""
        return bytes(self.received[: self._head_start])

    @property
    def leftover(self) -> bytes:
        """The bytes received after the head."""
        return bytes(self.received[self._head_end or len(self.received) :])

    def read_rest(self, body: Body) -> None:
        """Feed a body with received bytes, until it or the connection ends.

        Raises:
            TimedOut: at the deadline.
        """
        while not body.complete and (data := self.read()):
            self.received += data
            body.feed(data)

    def _fill(self) -> bool:
        data = self.read()
        searched = len(self.received)
        self.received += data
        interim = re.compile(_INTERIM)
        while (end := head_end(self.received, searched, self._head_start)) is not None:
            if not interim.match(self.received, self._head_start):
                self._head_end = end
                break
            self._head_start = end
        self._check_head()
        return bool(data)

    def _check_head(self) -> None:
        # The interim responses have a limit of their own, so that a peer cannot use up the limit of
        # the response with them, nor send them for ever.
        if self._head_start > MAX_HEAD:
            raise EndlessInterim(f"its interim responses are longer than {MAX_HEAD:,} bytes")
        # At the first byte that differs: a mail server waits for us after its greeting, and would
        # not send the empty line that ends a head.
        beginning = self.received[self._head_start : self._head_start + len(_HTTP)]
        if not _HTTP.startswith(beginning):
            raise NotHTTP("it does not begin with HTTP/")
        if self._head_end is None and len(self.received) - self._head_start > MAX_HEAD:
            raise NotHTTP(f"its head is longer than {MAX_HEAD:,} bytes")

    def read(self, size: int = _CHUNK) -> bytes:
        """Receive at most ``size`` bytes; none when the peer has ended the connection.

        Raises:
            TimedOut: at the deadline.
        """
        return self._stream.read(size, self._deadline)

    def limit(self, deadline: Deadline) -> None:
        """Use another deadline from now on."""
        self._deadline = deadline

    def gettimeout(self) -> float:
        """Return 0 (non-blocking), so that websocket-client does not poll by itself."""
        return 0.0

    def close(self) -> None:
        """Do nothing: the socket is ours, also when websocket-client gives up."""
