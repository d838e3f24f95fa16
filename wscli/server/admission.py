"""Decide which requests are served, by the name in Host and by the page's Origin.

WebSocket is exempt from the same-origin policy: a browser lets any page connect to a server on the
user's own machine, and only names the page's site in Origin. A site can also make its own name
resolve to an address of this machine (DNS rebinding), which the browser then treats as the same
origin; Host has the site's name. Both headers are therefore checked, as in development servers.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress

from wscli.server.http import refuse
from wscli.server.options import ServeOptions
from wscli.wire.head import Request

ANY_ORIGIN = "*"

_AUTHORITY = r"(\[[^\]]*\]|[^:\[\]]*)(?::[0-9]*)?"
_HTTP_ORIGIN = r"https?://([^/]+)"
_ORIGIN_WITH_HOST = r"[^:]+://([^/]+)"


class Admission:
    """Checks Host and Origin; neither is checked when ``origins`` has ``*``."""

    def __init__(self, options: ServeOptions) -> None:
        self._origins = frozenset(options.origins)
        self._open = ANY_ORIGIN in self._origins
        # A browser cannot connect to a Unix socket; a proxy in front has names of its own.
        self._any_host = self._open or options.unix_socket is not None
        self._names = _own_names(options.host) | {
            _host_of(match[1])
            for origin in options.origins
            if (match := re.fullmatch(_ORIGIN_WITH_HOST, origin))
        }

    def check_host(self, request: Request) -> None:
        """Check that the request is for this server.

        Raises:
            Refused: if Host names another server.
        """
        value = request.headers.get("Host")
        if value is None or self._any_host:  # HTTP/1.0 has no Host, and no browser speaks it
            return
        host = _host_of(value)
        if not (_is_local(host) or _is_address(host) or host in self._names):
            sentence = f"the host {value[:200]!r} is not a name of this server"
            raise refuse(403, f"{sentence}; {_advice(f'https://{host}')}")

    def check_origin(self, request: Request) -> None:
        """Check that a request was not made by a page of a foreign origin.

        Raises:
            Refused: if the origin is foreign.
        """
        origin = request.headers.get("Origin")
        if origin is None or self._open or origin in self._origins:
            return
        match = re.fullmatch(_HTTP_ORIGIN, origin)
        host = _host_of(match[1]) if match else ""
        own = _host_of(request.headers.get("Host") or "")
        if not host or not (_is_local(host) or host == own):
            sentence = f"pages of the origin {origin[:200]!r} may not connect"
            raise refuse(403, f"{sentence}; {_advice(origin)}")


def _advice(origin: str) -> str:
    allowed = origin if re.fullmatch(r"[!-~]{1,200}", origin) else "ORIGIN"
    return f"to allow it, start the server with --origin {allowed}"


def _host_of(authority: str) -> str:
    """Return the host of HOST[:PORT] in lower case, without brackets or a final dot."""
    match = re.fullmatch(_AUTHORITY, authority)
    return match[1].strip("[]").rstrip(".").lower() if match else ""


def _is_local(host: str) -> bool:
    """Return True for localhost, ``*.localhost`` (RFC 6761 §6.3) and loopback addresses."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _is_address(host: str) -> bool:
    """Return True for an IP address, which no DNS answer can point elsewhere.

    A name whose last label is a number is an IPv4 address to browsers, such as 127.1.
    """
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return re.fullmatch(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", host) is not None


def _own_names(host: str) -> frozenset[str]:
    """Return the name to listen on and, if others can reach it, the names of this machine."""
    names = {host.lower().rstrip(".")}
    if not _is_local(host.lower()):
        machine = socket.gethostname().lower()
        names |= {machine, machine.partition(".")[0], f"{machine.partition('.')[0]}.local"}
    return frozenset(names)
