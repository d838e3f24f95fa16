"""The part that the two sessions of the Python API share: the properties that never wait."""

from __future__ import annotations

from typing import ClassVar, Generic, Protocol, TypeVar

from wscli.net.opening import Opening
from wscli.net.redaction import redact_url
from wscli.session.end import End


class SessionDriver(Protocol):
    """The connection of a session: a ``ThreadDriver`` or an ``AsyncioClient``."""

    @property
    def opening(self) -> Opening:
        """The record of the opening handshake."""

    @property
    def end(self) -> End | None:
        """How the connection ended; None until it has."""

    @property
    def closing(self) -> bool:
        """Whether a Close frame has been sent."""

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent."""


_Driver = TypeVar("_Driver", bound=SessionDriver)


class BaseSession(Generic[_Driver]):
    """The properties of a session; a subclass adds the methods that wait."""

    _name: ClassVar[str]  # the name under which callers import the class, for the repr

    def __init__(self, driver: _Driver) -> None:
        self._driver = driver

    @property
    def opening(self) -> Opening:
        """The record of the opening handshake: addresses, TLS, both heads."""
        return self._driver.opening

    @property
    def end(self) -> End | None:
        """How the connection ended; None until it has."""
        return self._driver.end

    @property
    def closing(self) -> bool:
        """Whether a Close frame has been sent; after it nothing more can be sent."""
        return self._driver.closing

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on."""
        return self.opening.agreement.subprotocol if self.opening.agreement else None

    @property
    def pending(self) -> int:
        """Bytes that wait to be sent, like ``bufferedAmount`` in browsers."""
        return self._driver.pending

    def __repr__(self) -> str:
        """Show the URL without credentials and query, and whether the connection is open."""
        state = "ended" if self.end else "closing" if self.closing else "open"
        return f"<{self._name} {redact_url(str(self.opening.url))} {state}>"
