"""The asyncio API: ``wscli.connect`` for coroutines.

A module of its own, since importing it loads asyncio, which the commands do not need.
"""

from __future__ import annotations

from collections.abc import Sequence

from wscli import __version__
from wscli.net.options import ConnectOptions
from wscli.session.asyncio_connect import Connecting
from wscli.session.asyncio_session import AsyncSession

__all__ = ["AsyncSession", "connect"]


# The same arguments as those of ``wscli.connect``, except for ``background``: the event loop reads
# between calls by itself.
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
) -> Connecting:
    """Connect to a WebSocket server; await the result, or enter it with ``async with``.

    The arguments are described at ``ConnectOptions``, and the errors at ``wscli.connect``. Errors
    about an invalid argument are raised by this call, all others when the result is awaited.
    """
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
    return Connecting(url, options)
