"""A server that follows a script on a raw socket, for bytes that no library would send."""

import contextlib
import socket
import struct
import threading
import time

from wscli.wire.codes import Role
from wscli.wire.encoder import Encoder
from wscli.wire.events import Close, Messages
from wscli.wire.frames import Frame
from wscli.wire.handshake import accept_value
from wscli.wire.head import head_end, parse_request
from wscli.wire.receiver import Receiver


class Peer:
    """The server's end of one connection, with the steps that a script is made of."""

    def __init__(self, sock):
        self.sock = sock
        self.request = None
        self.received = []
        self._buffer = b""
        self._encoder = Encoder(Role.SERVER)
        self._receiver = Receiver(Role.SERVER)

    def read_request(self):
        while (end := head_end(self._buffer)) is None:
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError("the client left before its request was whole")
            self._buffer += data
        self.request = parse_request(self._buffer[:end])
        self._buffer = self._buffer[end:]
        return self.request

    def response_101(self, *headers):
        """Return a valid response to the request that was read."""
        accept = accept_value(self.request.headers.get("Sec-WebSocket-Key"))
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {accept}",
            *headers,
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def accept(self, *headers, then=b""):
        """Read the request and accept it; ``then`` goes out in the same segment."""
        self.read_request()
        self.sock.sendall(self.response_101(*headers) + then)

    def refuse(self, response):
        self.read_request()
        self.send(response)

    def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        self.sock.sendall(data)

    def frames(self, *frames):
        self.sock.sendall(b"".join(frame.to_bytes() for frame in frames))

    def text(self, *messages):
        self.frames(*(Frame(1, message.encode()) for message in messages))

    def close(self, code=1000, reason=""):
        self.send(self._encoder.close(code, reason))

    def expect(self, kind=Messages, chunk=65536):
        """Read until an event of this kind comes; return it, or None at the end of the stream."""
        while True:
            for index, item in enumerate(self.received):
                if isinstance(item, kind):
                    return self.received.pop(index)
            data, self._buffer = self._buffer or self.sock.recv(chunk), b""
            if not data:
                return None
            for batch in self._receiver.receive(data):
                self.received += batch

    def payloads(self, count):
        """Read until ``count`` messages have come, and return their payloads."""
        payloads = []
        while len(payloads) < count:
            payloads += self.expect().payloads
        return payloads

    def expect_close(self):
        return self.expect(Close)

    def wait_for_end(self):
        """Read until the client ends the connection."""
        while self.sock.recv(65536):
            pass

    def fin(self):
        with contextlib.suppress(OSError):  # the client may have gone
            self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class ScriptedServer:
    """Runs one script for each connection, in turn; the last one for all that follow.

    As a context it gives itself, with ``url``; an error of a script is raised when it ends.
    """

    def __init__(self, *scripts, tls=None, family=socket.AF_INET, path=None):
        self._scripts = scripts
        self._tls = tls
        self._errors = []
        self._socks = []
        self.connections = 0
        if path is not None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self._listener.listen()
        else:
            host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
            self._listener = socket.create_server((host, 0), family=family)
            self.port = self._listener.getsockname()[1]
            self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
            self.url = f"{'wss' if tls else 'ws'}://{self.address}/"
        self._threads = [threading.Thread(target=self._accept)]
        self._closing = False

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *exc):
        self._closing = True
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()
        for sock in self._socks:
            sock.close()
        if self._errors and exc[0] is None:
            raise self._errors[0]

    def finish(self):
        """Wait until the scripts that run have ended."""
        for thread in self._threads[1:]:
            thread.join(10)

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            self._socks.append(sock)
            thread = threading.Thread(target=self._run, args=(sock, script))
            self._threads.append(thread)
            thread.start()

    def _run(self, sock, script):
        sock.settimeout(20)
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._socks.append(sock)
            script(Peer(sock))
        except ConnectionError:
            pass  # the client may leave whenever it likes
        except OSError as error:
            if self._tls is None and not self._closing:
                self._errors.append(error)
        except Exception as error:
            self._errors.append(error)
        finally:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)


def trickle(peer, data, pause=0.01):
    """Send a byte at a time, with a pause after each: the client is to see a slow server."""
    for octet in data:
        peer.send(bytes([octet]))
        time.sleep(pause)
