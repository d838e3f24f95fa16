"""Proxies: which one to use, HTTP CONNECT (RFC 9110 §9.3.6), and SOCKS through python-socks.

CONNECT is implemented here, so that its two heads can be shown like those of the upgrade.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, NamedTuple, Self, cast
from urllib.parse import unquote

from wscli.errors import ConnectError, TimedOut, UsageError
from wscli.net.attempt import Attempt
from wscli.net.clock import Deadline
from wscli.net.options import ConnectOptions
from wscli.net.redaction import mask, masked_repr, redact_url
from wscli.net.stream import Stream
from wscli.net.tap import NotHTTP, Tap
from wscli.net.url import Url, ascii_host, comparable_host, host_and_port
from wscli.wire.head import (
    MalformedHead,
    Response,
    basic_credentials,
    decode_head,
    parse_response,
)

ProxyKind = Literal["http", "socks4", "socks4a", "socks5", "socks5h"]
"""The schemes of a proxy's URL: with ``a`` and ``h`` the proxy looks up the host's name."""

_SHOWN = 200  # bytes of an invalid answer that are shown
_DEFAULT_PORTS = {"http": 8080, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
# A password may contain ":" and a user may not, as in any URL; both may be percent-encoded.
_PROXY = (
    r"(?:(?P<kind>[A-Za-z0-9+.-]+)://)?(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<host>[^:/\[\]@]+))(?::(?P<port>[0-9]{1,5}))?/?"
)


class Proxy(NamedTuple):
    """A proxy, by the kind of URL that names it."""

    kind: ProxyKind
    host: str
    port: int
    user: str | None
    password: str | None

    @property
    def resolves_names(self) -> bool:
        """Whether the proxy receives host names and resolves them itself."""
        # This reaches names that only the proxy's network knows, and tells the local name server
        # nothing about the connection.
        return self.kind in ("http", "socks4a", "socks5h")

    def __repr__(self) -> str:
        return masked_repr(self, password=mask(self.password))

    def __str__(self) -> str:
        """Return its URL without credentials."""
        return f"{self.kind}://{host_and_port(self.host, self.port)}"


def choose(url: Url, options: ConnectOptions, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for a URL: that of the options, else that of the environment, if any.

    Raises:
        UsageError: if the proxy's URL is invalid.
    """
    # An explicit proxy is used even for this machine; only the environment's is not.
    if options.proxy is not None:
        return parse_proxy(options.proxy)
    if not options.environment_proxies or options.unix_socket is not None:
        return None
    # A proxy on another machine would connect to its own loopback interface.
    if _is_loopback(url.host) or _is_exempt(url, environ):
        return None
    names = ("wss_proxy", "https_proxy") if url.secure else ("ws_proxy", "http_proxy")
    for name in (*names, "all_proxy"):
        # Under CGI, HTTP_PROXY is the Proxy header of a request, so any client could choose the
        # proxy ("httpoxy", CVE-2016-5385). curl ignores the variable in upper case too.
        upper = "" if name == "http_proxy" else environ.get(name.upper(), "")
        if value := environ.get(name) or upper:
            return parse_proxy(value)
    return None


def parse_proxy(text: str) -> Proxy:
    """Parse a proxy's URL; without a scheme it is an HTTP proxy, as in curl.

    Raises:
        UsageError: if it is malformed or has another scheme.
    """
    match = re.fullmatch(_PROXY, text)
    kind = (match["kind"] or "http").lower() if match else ""
    host = match and (match["ipv6"] or _ascii_or_none(match["host"]))
    if not (match and host) or kind not in _DEFAULT_PORTS:
        raise UsageError(
            "the proxy's URL is not valid",
            repr(redact_url(text)),
            "http://, socks4://, socks4a://, socks5:// or socks5h://, then [USER:PASS@]HOST:PORT",
        )
    return Proxy(
        cast("ProxyKind", kind),
        host,
        int(match["port"] or _DEFAULT_PORTS[kind]),
        None if match["user"] is None else unquote(match["user"]),
        None if match["password"] is None else unquote(match["password"]),
    )


def _ascii_or_none(host: str) -> str | None:
    try:
        return ascii_host(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    host = comparable_host(host)
    # Names under .localhost are loopback names too (RFC 6761 §6.3).
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_exempt(url: Url, environ: Mapping[str, str]) -> bool:
    entries = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return any(_matches(entry.strip(), url) for entry in entries.split(","))


def _matches(entry: str, url: Url) -> bool:
    host = comparable_host(url.host)
    if entry == "*":
        return True
    if "/" in entry:
        # A network, as in 10.0.0.0/8, covers hosts that are written as addresses: names are not
        # looked up for it.
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    # More than one colon is an IPv6 address, not a port.
    name, _, port = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
    # "example.com", ".example.com" and "*.example.com" all mean the domain and its subdomains.
    name = comparable_host(name.strip("[]").removeprefix("*").removeprefix("."))
    if not name or (port and port != str(url.port)):
        return False
    return host == name or host.endswith("." + name)


def tunnel(stream: Stream, proxy: Proxy, attempt: Attempt) -> None:
    """Ask an HTTP proxy for a tunnel to the server (CONNECT, RFC 9110 §9.3.6).

    Raises:
        ConnectError: if it refuses.
        TimedOut: at the deadline.
    """
    # Also for ws://, as RFC 6455 §4.1 says: a proxy that forwarded the request itself would drop
    # the Upgrade header.
    opening = attempt.opening
    server = host_and_port(opening.url.host, opening.url.port)
    lines = [f"CONNECT {server} HTTP/1.1", f"Host: {server}"]
    if proxy.user is not None:
        lines.append(f"Proxy-Authorization: {basic_credentials(proxy.user, proxy.password)}")
    lines += [f"User-Agent: {attempt.options.user_agent}", "", ""]
    tap = Tap(stream, attempt.deadline)
    try:
        tap.send("\r\n".join(lines).encode())
        response = parse_response(tap.read_head())
    except TimedOut:  # an OSError too, and not the proxy's fault
        raise
    except (NotHTTP, MalformedHead, OSError) as error:
        # More of the answer may have arrived; it is evidence, but not worth waiting for.
        with suppress(OSError):
            tap.received += stream.recv(_SHOWN)
        raise ConnectError(
            f"the proxy {proxy} did not answer CONNECT as an HTTP proxy does",
            f"{error}; it sent {bytes(tap.received[:_SHOWN])!r}",
            kind="proxy-answer",
        ) from None
    finally:
        opening.proxy_request = tap.sent
        opening.proxy_response = bytes(tap.received).removesuffix(tap.leftover)
        stream.put_back(tap.leftover)  # bytes of the server, which may speak first
    if not 200 <= response.status < 300:
        raise _refused(proxy, response)


def _refused(proxy: Proxy, response: Response) -> ConnectError:
    return ConnectError(
        f"the proxy {proxy} answered CONNECT with {response.status} {response.reason}".rstrip(),
        decode_head(response.raw).strip(),
        kind="proxy-refusal",
        facts={"http_status": response.status},
    )


def negotiate_socks(stream: Stream, proxy: Proxy, host: str, port: int, deadline: Deadline) -> None:
    """Ask a SOCKS proxy, on a connection to it, for a connection to the server.

    Raises:
        UsageError: if python-socks is not installed, or SOCKS cannot carry the name or credentials.
        ConnectError: if the proxy refuses, or does not speak SOCKS.
        TimedOut: at the deadline.
    """
    # An optional dependency, since few users need SOCKS.
    try:
        from python_socks import ProxyError, ProxyType
        from python_socks.sync import Proxy as SocksProxy
    except ImportError:
        raise UsageError(
            "SOCKS needs the package python-socks, which is not installed",
            hint="pip install 'wscli-tool[socks]'",
        ) from None
    kind = ProxyType.SOCKS4 if proxy.kind.startswith("socks4") else ProxyType.SOCKS5
    password = proxy.password if proxy.user is None else proxy.password or ""
    agent = SocksProxy(
        kind,
        proxy.host,
        proxy.port,
        proxy.user,
        password,
        rdns=proxy.resolves_names,
        forward=cast(SocksProxy, _Dialled(stream, deadline)),
    )
    try:
        agent.connect(host, port)
    except ValueError as error:
        raise UsageError(
            f"cannot ask {proxy} for {host_and_port(host, port)}",
            str(error),
            "SOCKS allows at most 255 bytes for a host name, user or password, and 63 for a label",
        ) from None
    except (OSError, ProxyError) as error:
        deadline.check()  # python-socks replaces a TimeoutError with an error of its own
        raise ConnectError(
            f"could not connect through the proxy {proxy}: {error}", kind="socks"
        ) from None


class _Dialled:
    """An open connection to a proxy, given to python-socks as a proxy in front of the proxy.

    Otherwise python-socks would connect by itself, with a time limit for each read, which a proxy
    can evade by sending a byte at a time. This way it uses our stream, under our deadline.
    """

    def __init__(self, stream: Stream, deadline: Deadline) -> None:
        self._tap = Tap(stream, deadline)

    def connect(self, **_: object) -> Self:
        """Return the stand-in for a socket, connected already."""
        return self

    def sendall(self, data: bytes) -> None:
        """Send all of the data."""
        self._tap.send(data)

    def recv(self, size: int) -> bytes:
        """Receive at most ``size`` bytes; none when the proxy has ended the connection."""
        return self._tap.read(size)

    def close(self) -> None:
        """Do nothing: the socket belongs to the caller."""
