"""Streams with any number of layers of TLS, and the server's end of them."""

import contextlib
import socket
import ssl
import threading

import trustme

from wscli.net.clock import Clock, Deadline
from wscli.net.stream import Stream
from wscli.net.transport import TLSTransport


class ServerTLS:
    """One layer of TLS as a server speaks it, without a socket."""

    def __init__(self, context):
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.established = False
        self.ended = False

    def receive(self, ciphertext):
        """Return what the ciphertext carries; b"" also for a part of the handshake."""
        self._incoming.write(ciphertext)
        pieces = []
        try:
            if not self.established:
                self.tls.do_handshake()
                self.established = True
            while piece := self.tls.read(1 << 16):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLZeroReturnError:
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        return b"".join(pieces)

    def send(self, data=b""):
        """Return the ciphertext for some data, with any other bytes to send."""
        if data:
            self.tls.write(data)
        return self._outgoing.read()

    def close(self):
        """Return a close_notify."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        return self._outgoing.read()


class ServerLayers:
    """Layers of TLS on one another, the outermost first; none is plain."""

    def __init__(self, contexts):
        self.layers = [ServerTLS(context) for context in contexts]

    def receive(self, data):
        for layer in self.layers:
            data = layer.receive(data)
        return data

    def send(self, data=b""):
        for layer in reversed(self.layers):
            data = layer.send(data)
        return data

    def close(self):
        """Return the ends of all layers, the innermost first."""
        data = b""
        for layer in reversed(self.layers):
            data = layer.send(data) + layer.close()
        return data

    @property
    def established(self):
        return all(layer.established for layer in self.layers)


class LayeredSocket:
    """A blocking socket with those layers."""

    def __init__(self, sock, contexts):
        self.sock = sock
        self.layers = ServerLayers(contexts)

    def shake_hands(self):
        while not self.layers.established:
            self.layers.receive(self.sock.recv(1 << 16))
            self.sock.sendall(self.layers.send())

    def sendall(self, data):
        self.sock.sendall(self.layers.send(data))

    def recv(self, size):
        """Receive; return b"" at the end of the stream."""
        while ciphertext := self.sock.recv(size):
            data = self.layers.receive(ciphertext)
            self.sock.sendall(self.layers.send())
            if data:
                return data
        return b""

    def read(self, count):
        """Receive exactly ``count`` bytes."""
        data = b""
        while len(data) < count:
            piece = self.recv(1 << 16)
            assert piece, "the stream ended early"
            data += piece
        return data

    def close_notify(self):
        self.sock.sendall(self.layers.close())


CA = trustme.CA()
KINDS = ["tcp", "unix", "tls 1.2", "tls 1.3", "tls in tls"]
BUFFER = 64 << 10  # bytes, so that a peer that does not read is felt soon


def server_context(version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("peer").configure_cert(context)
    if version is not None:
        context.maximum_version = version
    return context


def client_context():
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


CLIENT = client_context()
CONTEXTS = {
    "tls 1.2": [server_context(ssl.TLSVersion.TLSv1_2)],
    "tls 1.3": [server_context()],
    "tls in tls": [server_context(), server_context()],
}


def deadline(seconds=20.0):
    return Deadline(Clock(), seconds, "testing")


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    return ours, theirs


def socket_pair(kind):
    ours, theirs = socket.socketpair() if kind == "unix" else tcp_pair()
    for sock in (ours, theirs):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    ours.setblocking(False)
    theirs.settimeout(20)
    return ours, theirs


@contextlib.contextmanager
def ends(kind):
    """A stream and its peer, after the handshakes."""
    ours, theirs = socket_pair(kind)
    contexts = CONTEXTS.get(kind, [])
    stream, peer = Stream(ours), LayeredSocket(theirs, contexts)
    with ours, theirs:
        accepting = threading.Thread(target=peer.shake_hands)
        accepting.start()
        for _ in contexts:
            stream.secure(TLSTransport(CLIENT, "peer", stream.transport), deadline())
        stream.write(b"", deadline())
        accepting.join(20)
        yield stream, peer


def fill(stream):
    """Send until neither the stream nor the peer takes more; return how much was taken."""
    taken = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            taken += stream.send(b"x" * (1 << 16))
    return taken


@contextlib.contextmanager
def running(function, *args):
    thread = threading.Thread(target=function, args=args)
    thread.start()
    yield
    thread.join(20)
    assert not thread.is_alive()
