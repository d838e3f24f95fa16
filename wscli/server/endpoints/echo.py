"""Every message comes back."""

from __future__ import annotations

from wscli.server.endpoints.endpoint import Endpoint
from wscli.wire.events import Messages


class Echo(Endpoint):
    """Sends back each message, same opcode, same payload; in fragments where that is wanted."""

    def __init__(self, fragment: int | None = None) -> None:
        self.fragment = fragment

    def received(self, messages: Messages) -> None:
        """Send them back."""
        self.channel.send(messages.opcode, messages.payloads)
