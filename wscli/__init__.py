"""See what your WebSocket does: a command-line client and debugging tool, and its Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wscli.session.session import Session

__version__ = "0.1.0"

__all__ = ["__version__", "connect"]


def connect(url: str, **options: Any) -> Session:
    """Connect to a WebSocket server; a context manager that closes the connection.

    The options are those of ``wscli.net.options.ConnectOptions``. Text is str and binary is
    bytes, both ways.

    Raises:
        wscli.errors.WscliError: of the kind that says what failed.
        TypeError: for an option that does not exist, or has the wrong form.
    """
    from wscli.net.options import ConnectOptions
    from wscli.session.connect import open_session

    return open_session(url, ConnectOptions(**options))
