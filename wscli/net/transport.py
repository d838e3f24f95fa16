"""Transports: layers between the bytes of a socket and the bytes of the protocol.

A transport does no I/O. Its owner passes it the bytes that a socket has received (``receive``) and
writes the bytes that it returns to the socket (``send``, ``data_to_send``, ``close``), so that any
driver can own the socket: a thread that polls, or an event loop. ``PlainTransport`` passes bytes on
as they are. ``TLSTransport`` encrypts, on top of another transport, which may be TLS too.

A ``TLSTransport`` is first in its handshake, then established, and ``ended`` when nothing more will
be received. The two directions end separately, as those of TCP do: after ``ended``, bytes may still
be sent.

TLS is not left to ``ssl.SSLSocket`` for two reasons. An event loop cannot take one over. And from a
socket OpenSSL reads each record with two system calls, while a transport decrypts many records for
one.
"""

from __future__ import annotations

import ssl
import sys
from collections import deque
from contextlib import suppress
from typing import Protocol

Buffer = bytes | memoryview

_RECORD = 16 << 10  # bytes that a TLS record carries at most (RFC 8446 §5.1)
_CHUNK = 16 * _RECORD  # limits the ciphertext that is kept for a peer that reads slowly


class Transport(Protocol):
    """A layer that turns bytes of the socket into bytes of the protocol, and back.

    ``chunk`` is the maximum number of bytes to pass to ``send``. ``truncated`` is True if the
    stream ended without the peer's close_notify, so an attacker may have cut it (RFC 8446
    §6.1); ``error`` is the reason if it ended with an error.
    """

    chunk: int
    ended: bool
    truncated: bool
    error: OSError | None

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the socket, b"" for its end; return the bytes for the protocol."""

    def send(self, data: Buffer) -> Buffer:
        """Return the bytes for the socket that carry ``data``, with those of ``data_to_send``.

        They must be written to the socket before any others, and reported with ``taken``.
        """

    def data_to_send(self) -> Buffer:
        """Return the bytes for the socket that the layer itself has to send."""

    @property
    def has_data_to_send(self) -> bool:
        """Whether ``data_to_send`` would return something."""

    def taken(self, count: int) -> int:
        """Record that the socket took ``count`` more bytes; return how many of ``send`` have left.

        Bytes that were passed to ``send`` have left when the last byte of their record is taken.
        """

    def close(self) -> Buffer:
        """Return the bytes that end the stream properly; nothing can be sent after them."""


class PlainTransport:
    """The identity: bytes pass as they are, without a copy."""

    chunk = sys.maxsize
    truncated = False  # plain TCP cannot tell a cut stream from a complete one
    error: OSError | None = None
    has_data_to_send = False

    def __init__(self) -> None:
        self.ended = False

    def receive(self, data: bytes) -> bytes:
        """Return the same bytes."""
        if not data:
            self.ended = True
        return data

    def send(self, data: Buffer) -> Buffer:
        """Return the same bytes."""
        return data

    def data_to_send(self) -> Buffer:
        """Return nothing."""
        return b""

    def taken(self, count: int) -> int:
        """Return the same count."""
        return count

    def close(self) -> Buffer:
        """Return nothing: TCP ends when the socket is closed."""
        return b""


class TLSTransport:
    """The client's end of TLS, on top of another transport.

    The handshake begins at once: write ``data_to_send``, and pass received bytes on until
    ``established`` or ``ended`` is True. If it has ended, it has failed: ``error`` is the reason,
    and an alert for the peer may wait to be sent. Bytes of this layer that the transport below has
    returned before this one was made go to ``decrypt``.
    """

    chunk = _CHUNK

    def __init__(
        self, context: ssl.SSLContext, server_name: str, below: Transport | None = None
    ) -> None:
        """Begin a handshake.

        Raises:
            ValueError: for a name that no certificate can have; TypeError if it contains a NUL.
        """
        self._below = below or PlainTransport()
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self.established = False
        self.ended = False
        self.truncated = False
        self.error: OSError | None = None
        # For each record that has not left: where it ends in all ciphertext, and its size in plain.
        # With it, bytes count as sent only when the peer can decrypt them.
        self._records: deque[tuple[int, int]] = deque()
        self._plaintext = memoryview(b"")  # passed to ``send``, and not encrypted yet
        self._encrypted = 0  # bytes of ciphertext that were returned for the socket
        self._taken = 0  # bytes of ciphertext that the socket took
        self._shake_hands()

    def receive(self, data: bytes) -> bytes:
        """Decrypt, or continue the handshake.

        At the end and after an error it still returns the data received before.
        """
        if self.ended:
            return b""
        ciphertext = self._below.receive(data)
        plaintext = self.decrypt(ciphertext, ended=self._below.ended)
        # If the layer below failed, its error is the cause of ours.
        self.error = self._below.error or self.error
        return plaintext

    def decrypt(self, ciphertext: bytes, *, ended: bool = False) -> bytes:
        """Decrypt bytes that the transport below has returned; ``ended`` if they are its last."""
        self._incoming.write(ciphertext)
        if ended:
            self._incoming.write_eof()
        if not self.established and not self._shake_hands():
            return b""
        pieces: list[bytes] = []
        try:
            # Without checking for pending bytes, every call would end with an exception, which
            # costs as much as a record. OpenSSL keeps a record that is not complete yet.
            while ended or self._incoming.pending or self.tls.pending():
                if not (piece := self.tls.read(_RECORD)):
                    self.ended = True  # with the peer's close_notify
                    break
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        except OSError as error:
            self._end(error)
        # What was read may have completed a renegotiation that held back data to send.
        if self.error is None:
            self._encrypt()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def send(self, data: Buffer) -> Buffer:
        """Encrypt; ``taken`` counts whole records."""
        # The rest of earlier data comes first. It is nearly always empty, and nothing is copied.
        self._plaintext = memoryview(b"".join((self._plaintext, data)) if self._plaintext else data)
        self._encrypt()
        return self.data_to_send()

    def data_to_send(self) -> Buffer:
        """Return handshake messages and alerts."""
        # OpenSSL answers a key update (RFC 8446 §4.6.3) together with the next data sent, so a
        # peer cannot fill the memory with answers.
        ciphertext = self._outgoing.read()
        self._encrypted += len(ciphertext)
        return self._below.send(ciphertext) if ciphertext else self._below.data_to_send()

    @property
    def has_data_to_send(self) -> bool:
        """Whether the layer, or one below, has something to send."""
        return self._outgoing.pending > 0 or self._below.has_data_to_send

    def taken(self, count: int) -> int:
        """Return how many bytes are in the records that have been taken completely."""
        self._taken += self._below.taken(count)
        size = 0
        while self._records and self._records[0][0] <= self._taken:
            size += self._records.popleft()[1]
        return size

    def close(self) -> Buffer:
        """Return a close_notify, and that of the layers below (RFC 8446 §6.1)."""
        # unwrap() writes our close_notify, and then raises because the peer's has not arrived. That
        # one is not awaited, since TCP is about to be closed.
        with suppress(OSError, ValueError):
            self.tls.unwrap()
        return b"".join((self.data_to_send(), self._below.close()))

    def _encrypt(self) -> None:
        # In TLS 1.2 a server may ask for another handshake, as IIS does to request a certificate.
        # Nothing can be encrypted until it is complete, so the plaintext waits.
        with suppress(ssl.SSLWantReadError):
            while self._plaintext:
                size = self.tls.write(self._plaintext[:_RECORD])
                self._records.append((self._encrypted + self._outgoing.pending, size))
                self._plaintext = self._plaintext[size:]

    def _shake_hands(self) -> bool:
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except OSError as error:
            self._end(error)
            return False
        self.established = True
        return True

    def _end(self, error: OSError) -> None:
        self.ended = True
        self.truncated = isinstance(error, ssl.SSLEOFError)
        # As with ssl.SSLSocket, an established stream that is merely cut is not an error: many
        # servers send no close_notify, and a WebSocket has its own Close, whose absence is noticed.
        if not (self.truncated and self.established):
            self.error = error
