"""The server's end of a stream with any number of layers of TLS, in memory and on a socket."""

import contextlib
import ssl


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
        """Return the ciphertext for some data, and whatever else is to be sent."""
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
