"""The echo: the server that every client is tried with first, and the base of several faults."""

from __future__ import annotations

from wscli.server.channel import Endpoint
from wscli.wire.events import Messages


class Echo(Endpoint):
    """Sends each message back with its opcode, in frames of at most ``fragment`` bytes if given."""

    def __init__(self, fragment: int | None = None) -> None:
        self.fragment = fragment

    def received(self, messages: Messages) -> None:
        """Send the messages back."""
        # All at once: the messages of one read are one write.
        self.channel.send(messages.opcode, messages.payloads)
