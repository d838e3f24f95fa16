"""The options for connecting, as one value.

The command line, the interactive session and the Python API all fill in this value, and nothing
below them knows which of them an option came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wscli import __version__
from wscli.net.redaction import mask, mask_password, masked_repr
from wscli.wire.codes import DEFAULT_MAX_SIZE

# They are hidden in a repr, and dropped when a redirect leads to another origin.
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
"""Headers whose values are credentials, in lower case."""


class ConnectOptions(NamedTuple):
    """How to connect; all durations are in seconds, all sizes in bytes.

    ``headers`` are sent in this order and case. A header replaces the one of the same name that
    would be sent anyway, or removes it if its value is None. ``user`` with ``password`` is Basic
    authentication. With ``follow_redirects``, credentials, the client certificate and
    ``server_name`` stay with their origin, and a redirect from wss:// to ws:// is refused unless
    ``allow_downgrade``. ``resolve`` maps (host, port) to the address to use instead of a look-up.
    ``environment_proxies`` lets variables such as http_proxy choose a proxy if ``proxy`` is None.
    ``family`` is 4 or 6 to use only that version of IP. ``compress`` offers permessage-deflate.
    ``tls_min`` is "1.2" or "1.3". ``ping_interval`` sends keepalive pings; if nothing arrives
    within ``ping_timeout`` of one, the connection is closed. ``fragment`` sends messages in frames
    of at most that size. ``answer_pings`` and ``echo_close`` are required by RFC 6455 §5.5, and may
    be turned off to see how a server reacts. ``probe`` sends a second request, a plain GET of the
    same path, when the server refuses an upgrade, so that the error can name the cause: off here,
    since a library must not send requests on its own, and on in the commands.
    """

    headers: Sequence[tuple[str, str | None]] = ()
    origin: str | None = None
    subprotocols: Sequence[str] = ()
    user: str | None = None
    password: str | None = None
    bearer: str | None = None
    cookies: Sequence[str] = ()
    host: str | None = None
    user_agent: str = f"wscli/{__version__}"
    follow_redirects: bool = False
    allow_downgrade: bool = False
    connect_timeout: float | None = 10.0
    close_timeout: float = 3.0
    proxy: str | None = None
    environment_proxies: bool = True
    resolve: Sequence[tuple[str, int, str]] = ()
    unix_socket: str | None = None
    family: int | None = None
    compress: bool = True
    max_size: int = DEFAULT_MAX_SIZE
    insecure: bool = False
    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    tls_min: str | None = None
    server_name: str | None = None
    ping_interval: float | None = None
    ping_timeout: float | None = 20.0
    fragment: int | None = None
    answer_pings: bool = True
    echo_close: bool = True
    probe: bool = False

    def __repr__(self) -> str:
        """Show everything but passwords, tokens and cookies."""
        return masked_repr(
            self,
            headers=tuple((name, _mask_header(name, value)) for name, value in self.headers),
            password=mask(self.password),
            bearer=mask(self.bearer),
            cookies=tuple(mask(cookie) for cookie in self.cookies),
            proxy=mask_password(self.proxy),
        )


def _mask_header(name: str, value: str | None) -> str | None:
    return mask(value) if name.lower() in SECRET_HEADERS else value
