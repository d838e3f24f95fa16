"""The part of a session of the Python API that is the same for threads and for asyncio."""

from __future__ import annotations

from typing import ClassVar, Generic, Protocol, TypeVar

from wscli.net.opening import Opening
from wscli.net.redaction import redact_url
from wscli.session.end import End


class SessionDriver(Protocol):
    """The connection of a session, run by a thread or by an event loop."""

    @property
    def opening(self) -> Opening:
        """The record of the opening handshake."""

    @property
    def end(self) -> End | None:
        """How the connection ended, or None."""

    @property
    def closing(self) -> bool:
        """Whether a Close frame has been sent."""

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent."""


_Driver = TypeVar("_Driver", bound=SessionDriver)


class BaseSession(Generic[_Driver]):
    """The state of a session's connection."""

    _name: ClassVar[str]  # that of the class, as callers import it

    def __init__(self, driver: _Driver) -> None:
        self._driver = driver

    @property
    def opening(self) -> Opening:
        """The record of the opening handshake: addresses, TLS, both heads."""
        return self._driver.opening

    @property
    def end(self) -> End | None:
        """How the connection ended; None while it has not."""
        return self._driver.end

    @property
    def closing(self) -> bool:
        """Whether a Close frame has been sent, so that nothing more can be."""
        return self._driver.closing

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on."""
        return self.opening.agreement.subprotocol if self.opening.agreement else None

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent, as ``bufferedAmount`` in browsers."""
        return self._driver.pending

    def __repr__(self) -> str:
        """Show the URL without credentials and query, and whether the connection is open."""
        state = "ended" if self.end else "closing" if self.closing else "open"
        return f"<{self._name} {redact_url(str(self.opening.url))} {state}>"
