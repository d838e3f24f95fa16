"""A client on a raw socket, for bytes that no library would send, and to see each byte received."""

import socket
import struct

from wscli.wire.codes import Role
from wscli.wire.encoder import Encoder
from wscli.wire.events import Close, Messages
from wscli.wire.head import head_end, parse_response
from wscli.wire.receiver import Receiver

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def request(target="/echo", *headers, method="GET", version="HTTP/1.1"):
    """Return the head of a request."""
    lines = [f"{method} {target} {version}", "Host: localhost", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def upgrade(target="/echo", *headers):
    """Return the head of a request for an upgrade."""
    return request(
        target,
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *headers,
    )


class Client:
    """One TCP connection; as a context it is closed in the end."""

    def __init__(self, server, *, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(20)
        self.sock.connect(server.address)
        self.encoder = Encoder(Role.CLIENT)
        self._receiver = Receiver(Role.CLIENT, frames=True, max_size=1 << 40)
        self._received = b""
        self._items = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def read(self):
        """Return the next bytes, b"" at the end."""
        data, self._received = self._received, b""
        return data or self.sock.recv(1 << 16)

    def read_to_end(self):
        """Return everything until the server ends TCP."""
        pieces = []
        while data := self.read():
            pieces.append(data)
        return b"".join(pieces)

    def response(self):
        """Read the head of a response."""
        data = b""
        while (end := head_end(data)) is None:
            piece = self.read()
            assert piece, f"the server ended TCP after {data!r}"
            data += piece
        self._received = data[end:]
        return parse_response(data[:end])

    def body(self, response):
        """Read the body that a response announces."""
        length = int(response.headers.get("Content-Length"))
        data = b""
        while len(data) < length:
            data += self.read()
        self._received = data[length:]
        return data[:length]

    def fetch(self, target, *headers):
        """Ask for a target over plain HTTP; return response and body."""
        self.send(request(target, *headers))
        response = self.response()
        return response, self.body(response)

    def open(self, target="/echo", *headers):
        """Upgrade, and return the response."""
        self.send(upgrade(target, *headers))
        response = self.response()
        assert response.status == 101, response
        return response

    def text(self, *messages):
        """Send text messages in one piece."""
        self.send(self.encoder.messages(1, [message.encode() for message in messages]))

    def next(self, *kinds):
        """Return the next item of one of these kinds, or None at the end of TCP."""
        while True:
            while self._items:
                item = self._items.pop(0)
                if isinstance(item, kinds):
                    return item
            data = self.read()
            if not data:
                return None
            for batch in self._receiver.receive(data):
                self._items += batch

    def message(self):
        """Return the next message's payload, of those that come one by one."""
        item = self.next(Messages)
        assert item is not None, "the server ended TCP"
        return item.payloads[0]

    def closed(self):
        """Wait for a Close frame, and return it."""
        return self.next(Close)

    def reset(self):
        """End TCP with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
