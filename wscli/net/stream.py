"""A stream: a non-blocking socket together with its transport, used by one thread at a time.

``send`` and ``recv`` behave like those of a non-blocking socket: they raise BlockingIOError instead
of waiting, and a driver polls ``fileno``. ``write`` and ``read`` wait until a deadline, for the
opening handshakes. ``recv`` returns all decrypted bytes, since poll would not report any that were
left inside TLS.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress

from wscli.net.clock import Deadline
from wscli.net.transport import Buffer, PlainTransport, TLSTransport, Transport

_CHUNK = 16 << 10  # bytes; a certificate chain is usually shorter


class Stream:
    """Reads and writes the protocol's bytes; ``bytes_out`` counts those that have left.

    A byte has left when the kernel has taken it, and with TLS the whole record that carries it.
    """

    def __init__(self, sock: socket.socket, transport: Transport | None = None) -> None:
        self.sock = sock
        self.transport = transport or PlainTransport()
        self.bytes_out = 0
        self._outgoing: Buffer = b""  # bytes for the socket that it has not taken yet
        self._unread = b""  # bytes of the protocol to return before those of the socket

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self.sock.fileno()

    @property
    def unsent(self) -> bool:
        """Whether bytes of the caller that were taken, or of the transport, have not left."""
        return bool(self._outgoing) or self.transport.has_data_to_send

    @property
    def events(self) -> int:
        """The events of poll that a reader waits for; unsent bytes are sent first."""
        return select.POLLIN | (select.POLLOUT if self.unsent else 0)

    def send(self, data: Buffer) -> int:
        """Send, and return how many bytes were taken; ``bytes_out`` counts them when they leave.

        Without data, it sends bytes taken before. The caller passes only the bytes that were not
        taken the next time: the others are in a TLS record that waits here until it has left.

        Raises:
            BlockingIOError: if the socket takes nothing, and nothing was taken here either; also if
                there is nothing to send for now.
            OSError: if the connection is broken.
        """
        taken = 0
        # Not while something waits: what is encrypted after it would have to wait for it anyway,
        # and memory is bounded by one chunk.
        if not self._outgoing and data:
            taken = min(len(data), self.transport.chunk)
            self._outgoing = self.transport.send(data[:taken])
        elif not self.unsent:
            raise BlockingIOError  # TLS holds the bytes back until a handshake is complete
        try:
            self._flush()
        except BlockingIOError:
            # An error would say that nothing was taken, and the caller would send it twice.
            if not taken:
                raise
        return taken

    def recv(self, size: int) -> bytes:
        """Read once from the socket; return the bytes received, or b"" at the end of the stream.

        It reads at most ``size`` bytes, to which TLS may add a record that was incomplete before.

        Raises:
            BlockingIOError: if nothing has arrived, or only a part of a TLS record.
            OSError: if the connection is broken.
        """
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        transport = self.transport
        if not transport.ended and (data := transport.receive(self.sock.recv(size))):
            return data
        # After the data: what was received before an error or the end comes first.
        if transport.error is not None:
            raise transport.error
        if transport.ended:
            return b""
        raise BlockingIOError

    def write(self, data: Buffer, deadline: Deadline) -> None:
        """Send all of the data, waiting where necessary.

        Raises:
            OSError: if the connection is broken.
            TimedOut: at the deadline.
        """
        while data or self.unsent:
            try:
                data = data[self.send(data) :]
            except BlockingIOError:
                deadline.wait(self, select.POLLOUT)

    def read(self, size: int, deadline: Deadline) -> bytes:
        """Receive as ``recv`` does, waiting where necessary.

        Raises:
            OSError: if the connection is broken.
            TimedOut: at the deadline.
        """
        while True:
            deadline.check()  # a peer that always has more to send never makes us wait
            # TLS may owe the peer something without which it will not send: its Finished, an alert,
            # an answer to a renegotiation.
            self._send_rest()
            try:
                return self.recv(size)
            except BlockingIOError:
                deadline.wait(self, self.events)

    def put_back(self, data: bytes) -> None:
        """Make ``recv`` return these bytes again: they belong to the next protocol."""
        self._unread = data + self._unread

    def secure(self, tls: TLSTransport, deadline: Deadline) -> None:
        """Replace the transport with TLS on top of it, and do the handshake.

        Raises:
            OSError: if it fails; ``close`` then sends the alert to the peer.
            TimedOut: at the deadline.
        """
        self.transport = tls
        # A proxy may have sent the server's first bytes together with its own response.
        self._unread = tls.decrypt(self._unread)
        while not tls.established:
            deadline.wait(self, self.events)
            self._send_rest()
            with suppress(BlockingIOError):  # only a part of the handshake has arrived
                self._unread = self.recv(_CHUNK)

    def hand_over(self) -> Buffer:
        """Hand socket and transport to another owner; return the bytes that it must send first."""
        unsent, self._outgoing = self._outgoing, b""
        return unsent

    def close(self) -> None:
        """Close the socket, after TLS's close_notify if the socket takes that at once."""
        # Without waiting: a peer that reads nothing must not hold up the end of the program.
        with suppress(OSError):
            self._flush()
            self._outgoing = self.transport.close()
            self._flush()
        self.sock.close()

    def _send_rest(self) -> None:
        if self.unsent:
            with suppress(OSError):  # data that the peer sent before may still be read
                self._flush()

    def _flush(self) -> None:
        transport = self.transport
        while self._outgoing or transport.has_data_to_send:
            self._outgoing = self._outgoing or transport.data_to_send()
            count = self.sock.send(self._outgoing)
            whole = count == len(self._outgoing)
            self._outgoing = b"" if whole else memoryview(self._outgoing)[count:]
            self.bytes_out += transport.taken(count)
