"""Decide which requests are served, by the name in Host and by the page's Origin.

WebSocket is exempt from the same-origin policy: a browser lets any page connect to a server on the
user's own machine, and only names the page's site in Origin. So any web page that a developer
visits could read the hubs of a server that runs on the same machine. RFC 6455 §10.2: "Servers that
are not intended to process input from any web page but only for certain sites SHOULD verify the
|Origin| field is an origin they expect."

A site can also make its own name resolve to an address of this machine (DNS rebinding). The browser
then treats the page and the server as one origin, and only Host shows the site's name. So both
headers are checked, for plain requests too, as development servers do.
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
"""An origin of the options that stands for all."""

_AUTHORITY = r"(\[[^\]]*\]|[^:\[\]]*)(?::[0-9]*)?"
# Other origins are refused unless they are listed. Among them is "null", which any site can send
# by connecting from a sandboxed frame, and the origins of files and browser extensions.
_HTTP_ORIGIN = r"https?://([^/]+)"
_ORIGIN_WITH_HOST = r"[^:]+://([^/]+)"


class Admission:
    """Checks Host and Origin; neither is checked when ``origins`` has ``*``."""

    def __init__(self, options: ServeOptions) -> None:
        self._origins = frozenset(options.origins)
        self._open = ANY_ORIGIN in self._origins
        # A browser cannot connect to a Unix socket. A proxy in front of one passes on its own
        # names, and has to check them.
        self._any_host = self._open or options.unix_socket is not None
        # An allowed origin is allowed as a name too, since a tunnel or proxy for that site often
        # passes Host on unchanged.
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
        # "The request MUST include a header field with the name |Origin| if the request is coming
        # from a browser client" (RFC 6455 §4.1). Without it, no web page is involved.
        origin = request.headers.get("Origin")
        if origin is None or self._open or origin in self._origins:
            return
        # A page of this machine on another port is a foreign origin to a browser. Here it is the
        # usual case: the developer's own application, which connects to this server.
        match = re.fullmatch(_HTTP_ORIGIN, origin)
        host = _host_of(match[1]) if match else ""
        own = _host_of(request.headers.get("Host") or "")
        if not host or not (_is_local(host) or host == own):
            sentence = f"pages of the origin {origin[:200]!r} may not connect"
            raise refuse(403, f"{sentence}; {_advice(origin)}")


def _advice(origin: str) -> str:
    # The origin is part of a command that the user may copy, so only one that could be an origin
    # is repeated.
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
    """Return True for an IP address, which no DNS answer can point elsewhere."""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    # Browsers read any host whose last label is a number as an IPv4 address, such as 127.1.
    return re.fullmatch(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", host) is not None


def _own_names(host: str) -> frozenset[str]:
    """Return the name to listen on and, if others can reach it, the names of this machine."""
    names = {host.lower().rstrip(".")}
    # ``.local`` is the name by which mDNS announces a machine (RFC 6762).
    if not _is_local(host.lower()):
        machine = socket.gethostname().lower()
        names |= {machine, machine.partition(".")[0], f"{machine.partition('.')[0]}.local"}
    return frozenset(names)
