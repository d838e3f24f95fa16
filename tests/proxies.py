"""Small real proxies: HTTP CONNECT, SOCKS 4(a) and 5."""

import contextlib
import socket
import struct
import threading
from base64 import b64encode


class Proxy:
    """Accepts connections, asks ``greet`` for the destination of each, and joins the two."""

    def __init__(self, credentials=None):
        self.credentials = credentials
        self.asked = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = []
        self._socks = []

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for sock in self._socks:
            sock.close()

    def _start(self, function, *args):
        thread = threading.Thread(target=function, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._socks.append(client)
            self._start(self._serve, client)

    def _serve(self, client):
        address = self.greet(client)
        if address is None:
            client.close()
            return
        self.asked.append(address)
        try:
            server = socket.create_connection(address)
        except OSError:
            client.close()
            return
        self._socks.append(server)
        self.welcome(client)
        self._start(self._copy, server, client)
        self._copy(client, server)

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class HttpProxy(Proxy):
    def greet(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        self.head = head
        wanted = self.credentials and b64encode(self.credentials.encode())
        if wanted and b"Proxy-Authorization: Basic " + wanted not in head:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return None
        host, _, port = head.split()[1].decode().rpartition(":")
        return host.strip("[]"), int(port)

    def welcome(self, client):
        client.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: test\r\n\r\n")


class SocksProxy(Proxy):
    def greet(self, client):
        version = client.recv(1)[0]
        return self._greet5(client) if version == 5 else self._greet4(client)

    def _greet4(self, client):
        _, port, address = struct.unpack("!BH4s", client.recv(7))
        self._read_string(client)
        host = socket.inet_ntoa(address)
        if address[:3] == b"\0\0\0":
            host = self._read_string(client)
        self._reply = b"\0\x5a" + bytes(6)
        self.kind = "name" if address[:3] == b"\0\0\0" else "address"
        return host, port

    def _greet5(self, client):
        methods = client.recv(client.recv(1)[0])
        if self.credentials:
            assert 2 in methods
            client.sendall(b"\5\2")
            client.recv(1)
            user = client.recv(client.recv(1)[0]).decode()
            password = client.recv(client.recv(1)[0]).decode()
            right = f"{user}:{password}" == self.credentials
            client.sendall(b"\1\0" if right else b"\1\1")
            if not right:
                return None
        else:
            client.sendall(b"\5\0")
        kind = client.recv(4)[3]
        self.kind = "name" if kind == 3 else "address"
        size = client.recv(1)[0] if kind == 3 else 4 if kind == 1 else 16
        host = client.recv(size)
        (port,) = struct.unpack("!H", client.recv(2))
        self._reply = b"\5\0\0\1" + bytes(6)
        return (host.decode() if kind == 3 else socket.inet_ntoa(host)), port

    def welcome(self, client):
        client.sendall(self._reply)

    @staticmethod
    def _read_string(client):
        text = b""
        while (octet := client.recv(1)) != b"\0":
            text += octet
        return text.decode()
