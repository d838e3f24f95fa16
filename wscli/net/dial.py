"""From a URL to a connected socket: name, TCP or Unix socket, proxy, TLS; each phase is timed.

Addresses are tried as RFC 8305 ("Happy Eyeballs") describes: the two versions of IP in turn, each a
quarter of a second after the one before it, and the first that answers wins. Without it, a host
with broken IPv6 takes minutes to reach.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from wscli.errors import ConnectError
from wscli.net import proxy as proxies
from wscli.net import tls
from wscli.net.attempt import Attempt
from wscli.net.clock import Clock, Deadline, poll_timeout
from wscli.net.opening import OpeningStep
from wscli.net.stream import Stream
from wscli.net.url import ascii_host, comparable_host, host_and_port

_STAGGER = 0.25  # seconds: the "Connection Attempt Delay" that RFC 8305 §5 recommends
_FAMILIES = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}

_Address = tuple[int, Any]


def dial(attempt: Attempt, environ: Mapping[str, str]) -> Stream:
    """Return a stream to the server of the attempt's URL.

    Raises:
        ConnectError: if the name, TCP, the Unix socket or the proxy fails.
        TLSError: if TLS fails.
        TimedOut: at the deadline.
    """
    url, options = attempt.opening.url, attempt.options
    proxy = proxies.choose(url, options, environ)
    if options.unix_socket is not None:
        stream = _connect_unix(options.unix_socket, attempt)
    elif proxy is None:
        server = host_and_port(url.host, url.port)  # with the port, which ``authority`` may omit
        stream = _connect_tcp(url.host, url.port, attempt, options.family, server)
    else:
        attempt.opening.proxy = str(proxy)
        stream = _connect_through(proxy, attempt)
    if not url.secure:
        return stream
    try:
        with attempt.phase(OpeningStep.TLS, f"negotiating TLS with {url.authority}"):
            tls.secure(stream, attempt)
        return stream
    except BaseException:
        stream.close()
        raise


def _connect_unix(path: str, attempt: Attempt) -> Stream:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with attempt.phase(OpeningStep.TCP, f"connecting to {path}"):
            sock.settimeout(attempt.deadline.remaining())
            sock.connect(path)
            sock.setblocking(False)
            attempt.opening.address = path
        return Stream(sock)
    except TimeoutError:
        sock.close()
        raise attempt.deadline.passed() from None
    except OSError as error:
        sock.close()
        raise ConnectError(
            f"could not connect to the Unix socket {path}",
            error.strerror or str(error),
            kind="unix-socket",
            facts={"errnos": (error.errno,)} if error.errno else {},
        ) from None


def _connect_through(proxy: proxies.Proxy, attempt: Attempt) -> Stream:
    url = attempt.opening.url
    # The IP version applies to the server. For a SOCKS proxy it chooses the address to ask for, and
    # the proxy itself may be reached by either version. An HTTP proxy is sent the name, so the
    # version can only apply to the connection to the proxy.
    host = url.host if proxy.kind == "http" else _host_for_socks(proxy, attempt)
    family = attempt.options.family if proxy.kind == "http" else None
    stream = _connect_to_proxy(proxy, attempt, family)
    try:
        with attempt.phase(OpeningStep.PROXY, f"waiting for the proxy {proxy}"):
            if proxy.kind == "http":
                proxies.tunnel(stream, proxy, attempt)
            else:
                proxies.negotiate_socks(stream, proxy, host, url.port, attempt.deadline)
        return stream
    except BaseException:
        stream.close()
        raise


def _connect_to_proxy(proxy: proxies.Proxy, attempt: Attempt, family: int | None) -> Stream:
    named = attempt.options.proxy is not None
    try:
        return _connect_tcp(proxy.host, proxy.port, attempt, family, f"the proxy {proxy}")
    except ConnectError as error:
        # The user may not know that a proxy is used, if a variable of the environment names it.
        error.evidence = error.evidence or ("" if str(proxy) in error.what else f"proxy: {proxy}")
        error.kind, error.facts = "proxy", {**error.facts, "from_environment": not named}
        raise


def _host_for_socks(proxy: proxies.Proxy, attempt: Attempt) -> str:
    """Return the server's name or address in the form to send to a SOCKS proxy."""
    # A name that ``resolve`` maps is looked up here even for socks4a and socks5h: the proxy does
    # not know the mapping.
    url, options = attempt.opening.url, attempt.options
    host = comparable_host(url.host)
    if proxy.resolves_names and not any(
        comparable_host(name) == host for name, _, _ in options.resolve
    ):
        return url.host
    family = 4 if proxy.kind == "socks4" else options.family  # SOCKS4 has no IPv6
    with attempt.phase(OpeningStep.NAME, f"looking up {url.host}"):
        addresses = _resolve(url.host, url.port, attempt, family)
    return str(addresses[0][1][0])


def _connect_tcp(host: str, port: int, attempt: Attempt, family: int | None, name: str) -> Stream:
    with attempt.phase(OpeningStep.NAME, f"looking up {host}"):
        addresses = _resolve(host, port, attempt, family)
    with attempt.phase(OpeningStep.TCP, f"connecting to {name}"):
        sock, peer = connect_any(addresses, name, attempt.deadline, attempt.clock)
        attempt.opening.address = host_and_port(*peer[:2])
    return Stream(sock)


def _resolve(host: str, port: int, attempt: Attempt, family: int | None) -> list[_Address]:
    opening = attempt.opening
    opening.looked_up = host
    for name, of_port, address in attempt.options.resolve:
        if (comparable_host(name), of_port) == (comparable_host(host), port):
            host = address
    try:
        addresses = look_up(host, port, _FAMILIES[family], attempt.deadline)
        opening.addresses = tuple(str(address[0]) for _, address in addresses)
        return addresses
    except (socket.gaierror, ValueError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "not a host name"
        what = f"the name {host} cannot be resolved: {reason}"
        raise ConnectError(what, kind="name", facts={"host": host}) from None


def look_up(host: str, port: int, family: int, deadline: Deadline) -> list[_Address]:
    """Return the addresses of a host, the two versions of IP in turn (RFC 8305 §4).

    Raises:
        socket.gaierror: if there are none.
        ValueError: if it is not a valid host name.
        TimedOut: at the deadline; the look-up goes on in its thread, whose result is ignored.
    """
    answers: list[list[_Address] | OSError] = []

    name = ascii_host(host).encode()

    def ask(flags: int = 0) -> None:
        """Append the addresses, or the error, to ``answers``."""
        try:
            # As bytes: given a str, Python would load its own tables of international names.
            found = socket.getaddrinfo(name, port, family, socket.SOCK_STREAM, flags=flags)
            answers.append([(entry[0], entry[4]) for entry in found])
        except OSError as error:
            answers.append(error)

    # An address needs no name server, so this call does not block, and saves the thread.
    ask(socket.AI_NUMERICHOST)
    if not isinstance(answers[-1], list):
        # getaddrinfo() takes no timeout, and may wait many seconds for a name server. The thread is
        # a daemon, so that it does not delay the exit either.
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(deadline.remaining())
        if thread.is_alive():
            raise deadline.passed()
    answer = answers[-1]
    if not isinstance(answer, list):
        raise answer
    return _interleave(answer)


def _interleave(addresses: list[_Address]) -> list[_Address]:
    # Beginning with the version that getaddrinfo() puts first: it sorts by RFC 6724, and may be
    # configured by the administrator.
    first = [address for address in addresses if address[0] == addresses[0][0]]
    other = [address for address in addresses if address[0] != addresses[0][0]]
    mixed: list[_Address] = []
    for index in range(max(len(first), len(other))):
        mixed += first[index : index + 1] + other[index : index + 1]
    return mixed


def connect_any(
    addresses: list[_Address], name: str, deadline: Deadline, clock: Clock
) -> tuple[socket.socket, Any]:
    """Connect to the first address that answers (RFC 8305 §5).

    Return a non-blocking socket with TCP_NODELAY set, and the address of its peer. ``name`` names
    the server in the error.

    Raises:
        ConnectError: if none does; the evidence has the reason for each address.
        TimedOut: at the deadline.
    """
    waiting = deque(addresses)
    trying: dict[int, tuple[socket.socket, str]] = {}
    failures: list[tuple[str, int]] = []
    poll = select.poll()
    next_start = clock.monotonic()
    try:
        while waiting or trying:
            if waiting and (not trying or clock.monotonic() >= next_start):
                family, address = waiting.popleft()
                shown = host_and_port(*address[:2])
                try:
                    sock = _start_connecting(family, address)
                except OSError as error:
                    # At once: no route, or a family that this machine does not support.
                    failures.append((shown, error.errno or 0))
                    continue
                trying[sock.fileno()] = sock, shown
                poll.register(sock, select.POLLOUT)
                next_start = clock.monotonic() + _STAGGER
            pause = max(0.0, next_start - clock.monotonic()) if waiting else None
            for fd, _ in poll.poll(poll_timeout(deadline.remaining(), pause)):
                poll.unregister(fd)
                sock, shown = trying.pop(fd)
                failure, peer = connection_result(sock)
                if failure == 0:
                    return sock, peer
                sock.close()
                failures.append((shown, failure))
                next_start = clock.monotonic()  # a failure makes the next address start at once
    finally:
        # Also after a success: the attempts that lost are still in progress.
        for sock, _ in trying.values():
            sock.close()
    raise _no_address_answered(name, failures)


def connection_result(sock: socket.socket) -> tuple[int, Any]:
    """Return the errno of a TCP connection attempt that has ended, 0 for success, and the peer.

    A connection that the peer has reset since then is a failure, like one that was refused.
    """
    # poll reports success and failure alike. SO_ERROR tells them apart, but reading it clears it,
    # and a reset after that shows only in getpeername().
    if failure := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        return failure, None
    try:
        return 0, sock.getpeername()
    except OSError:
        return errno.ECONNRESET, None


def _start_connecting(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    # Messages are written whole, so Nagle's algorithm gains nothing. It would hold back a short
    # message until the one before is acknowledged, which a peer may delay by 40 ms.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    failure = sock.connect_ex(address)
    if failure in (0, errno.EINPROGRESS):
        return sock
    sock.close()
    raise OSError(failure, os.strerror(failure))


def _no_address_answered(name: str, failures: list[tuple[str, int]]) -> ConnectError:
    codes = [code for _, code in failures]
    each = [f"{shown}: {os.strerror(code).lower()}" for shown, code in failures]
    return ConnectError(
        f"could not connect to {name}: {os.strerror(codes[-1]).lower()}",
        # Not if the name is the address, as in ws://127.0.0.1:80: the sentence has it already.
        "\n".join(each) if len(each) > 1 or failures[0][0] not in name else "",
        kind="tcp",
        facts={"errnos": tuple(codes)},
    )
