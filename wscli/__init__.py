"""See what your WebSocket does: a command-line client and debugging tool, and its Python API.

``connect`` opens a ``Session``, and ``wscli.aio.connect`` one for asyncio. Everything else that is
exported here is an option, an error or a type of these two. The packages below are private; how
they fit together is described in docs/architecture.md, and each says more at its head.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wscli.errors import (
        ConnectError,
        ConnectionClosed,
        ConnectionLost,
        ProtocolError,
        TimedOut,
        TLSError,
        UpgradeError,
        UsageError,
        WscliError,
    )
    from wscli.net.options import ConnectOptions
    from wscli.session.arguments import Message
    from wscli.session.session import Session

__version__ = "0.1.0"

__all__ = [
    "ConnectError",
    "ConnectOptions",
    "ConnectionClosed",
    "ConnectionLost",
    "Message",
    "ProtocolError",
    "Session",
    "TLSError",
    "TimedOut",
    "UpgradeError",
    "UsageError",
    "WscliError",
    "__version__",
    "connect",
]

# The modules of the names that are not errors. All are loaded on first use (PEP 562): every command
# imports this package, and a short one would take longer to start if it loaded the sessions.
_HOMES = {
    "ConnectOptions": "wscli.net.options",
    "Message": "wscli.session.arguments",
    "Session": "wscli.session.session",
}


# The arguments are spelled out rather than passed as **options, so that editors complete them and
# type checkers check them. tests/session/test_api.py compares them with ConnectOptions.
def connect(
    url: str,
    *,
    headers: Sequence[tuple[str, str | None]] = (),
    origin: str | None = None,
    subprotocols: Sequence[str] = (),
    user: str | None = None,
    password: str | None = None,
    bearer: str | None = None,
    cookies: Sequence[str] = (),
    host: str | None = None,
    user_agent: str = f"wscli/{__version__}",
    follow_redirects: bool = False,
    allow_downgrade: bool = False,
    connect_timeout: float | None = 10.0,
    close_timeout: float = 3.0,
    proxy: str | None = None,
    environment_proxies: bool = True,
    resolve: Sequence[tuple[str, int, str]] = (),
    unix_socket: str | None = None,
    family: int | None = None,
    compress: bool = True,
    max_size: int = 64 << 20,
    insecure: bool = False,
    cacert: str | None = None,
    cert: str | None = None,
    key: str | None = None,
    tls_min: str | None = None,
    server_name: str | None = None,
    ping_interval: float | None = None,
    ping_timeout: float | None = 20.0,
    fragment: int | None = None,
    answer_pings: bool = True,
    echo_close: bool = True,
    probe: bool = False,
    background: bool = True,
) -> Session:
    """Connect to a WebSocket server; the session is a context manager that closes the connection.

    Unless ``background`` is False, a thread answers pings and receives messages between calls. The
    other arguments are described at ``ConnectOptions``.

    Raises:
        ConnectError, TLSError, UpgradeError, TimedOut: if the connection cannot be opened.
        TypeError, ValueError: for an invalid argument; then nothing has been sent.
    """
    from wscli.net.options import ConnectOptions
    from wscli.session.connect import open_session

    options = ConnectOptions(
        headers=headers,
        origin=origin,
        subprotocols=subprotocols,
        user=user,
        password=password,
        bearer=bearer,
        cookies=cookies,
        host=host,
        user_agent=user_agent,
        follow_redirects=follow_redirects,
        allow_downgrade=allow_downgrade,
        connect_timeout=connect_timeout,
        close_timeout=close_timeout,
        proxy=proxy,
        environment_proxies=environment_proxies,
        resolve=resolve,
        unix_socket=unix_socket,
        family=family,
        compress=compress,
        max_size=max_size,
        insecure=insecure,
        cacert=cacert,
        cert=cert,
        key=key,
        tls_min=tls_min,
        server_name=server_name,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
        fragment=fragment,
        answer_pings=answer_pings,
        echo_close=echo_close,
        probe=probe,
    )
    return open_session(url, options, background=background)


def __getattr__(name: str) -> Any:
    # Called only for names that are not defined above. ``hasattr`` and ``from wscli import`` expect
    # an AttributeError for those that do not exist.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "wscli.errors")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
