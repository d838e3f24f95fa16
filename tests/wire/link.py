"""A client's and a server's protocol objects joined in memory, without a socket or a clock."""

from wscli.wire.codes import Role
from wscli.wire.connection import Connection, Policy
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.parser import MessageRun
from wscli.wire.rules import Violation


class End:
    """One end: its protocol object, and the events that it has received."""

    def __init__(self, role, now, policy=None, **options):
        self.connection = Connection(role, now, policy, **options)
        self.events = []

    def receive(self, data, now):
        for batch in self.connection.receive(data, now):
            for item in batch:
                if isinstance(item, Messages):
                    self.events += [(item.opcode, payload) for payload in item.payloads]
                elif isinstance(item, Ping | Pong | Close | Violation):
                    self.events.append(item)
                else:
                    assert isinstance(item, Frame | MessageRun)

    @property
    def closing(self):
        return self.connection.closing


class Link:
    """A client and a server; ``now`` is moved by hand, and bytes move when ``run`` is called."""

    def __init__(self, *, client=None, server=None, chunk=None, **options):
        self.now = 100.0
        self.client = End(Role.CLIENT, self.now, client or Policy(), **options)
        self.server = End(Role.SERVER, self.now, server or Policy(), **options)
        self.chunk = chunk

    @property
    def ends(self):
        return (self.client, self.server)

    def run(self, *, answer=True):
        """Carry bytes in both directions until none are left; with ``answer``, answer Closes."""
        moved = True
        while moved:
            moved = False
            for sender, receiver in ((self.client, self.server), (self.server, self.client)):
                if answer:
                    sender.connection.answer(self.now)
                if data := sender.connection.data_to_send():
                    moved = True
                    self.carry(sender, receiver, data)

    def carry(self, sender, receiver, data):
        connection = sender.connection
        size = self.chunk or len(data)
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            connection.bytes_left(connection.bytes_out + len(piece), self.now)
            receiver.receive(piece, self.now)

    def wait(self, seconds):
        """Let time pass: call ``tick`` at each deadline of both ends, and carry the bytes."""
        until = self.now + seconds
        while (due := self.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            for end in self.ends:
                end.connection.tick(self.now)
            if all(end.connection.is_over(self.now) for end in self.ends):
                break
            self.run()
            if self.next_deadline() == due:
                break  # an end gives up, which is for its driver to act on
        self.now = until

    def next_deadline(self):
        dues = [end.connection.next_deadline() for end in self.ends]
        return min((due for due in dues if due is not None), default=None)
