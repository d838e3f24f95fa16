"""URLs as people write them, parsed strictly where it matters (RFC 6455 §3, RFC 3986).

There are two goals: the forms that people type work (no scheme, http://, a space in the path), and
the host that is connected to is the one that is shown. So a path may be sloppy, and is sent as it
was written, while a host is decoded, mapped and checked before it is used.

urllib.parse.urlsplit() is not used, since it silently removes line breaks and tabs, and accepts
nearly any text as a host.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin

from wscli.errors import UsageError
from wscli.net.redaction import mask, masked_repr, redact_url
from wscli.wire.head import without_query

_SCHEMES = {"ws": False, "wss": True, "http": False, "https": True}
# The generic form of RFC 3986, appendix B, with the authority split. Only what delimits a part is
# checked here, so that the part that is wrong can be named in the error.
_URL = r"""(?xs)(?: (?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):// )?
        (?: (?P<userinfo>[^/?\#]*)@ )?
        (?: \[ (?P<ipv6>[^\]/?\#]*) \] | (?P<host>[^:/?\#\[\]]*) )
        (?: :(?P<port>[^/?\#]*) )?
        (?P<target>[^\#]*)
        (?P<fragment>\#.*)?"""
_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
_NOT_UTF8 = r"[\ud800-\udfff]"  # Python decodes bytes of a command line like this (PEP 383)
_NOT_IN_HOST = r"[\x00-\x20\x7f-\x9f\"<>\\^`{|}%/?#@]"
_JOINER = "[\u200c\u200d]"
_MAX_LABEL = 63  # RFC 1035 §2.3.4
_MAX_NAME = 254  # the same, with a dot at the end
# Nearly all of ASCII: the target is sent as it was written, even if it is illegal, so that a user
# can test how a server handles that. "%" is kept, or an escape would be escaped again.
_KEPT = "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


class Url(NamedTuple):
    """The URL of a connection; ``target`` is the path and query for the request line."""

    secure: bool
    host: str
    port: int
    target: str
    user: str | None = None
    password: str | None = None

    @property
    def authority(self) -> str:
        """The Host header: with the port only if it is not the default (RFC 6455 §4.1)."""
        # Without the zone of an IPv6 address, which has a meaning only on this machine (RFC 6874 §4
        # requires clients to remove it).
        host = self.host.partition("%")[0]
        if self.port == (443 if self.secure else 80):
            return f"[{host}]" if ":" in host else host
        return host_and_port(host, self.port)

    @property
    def origin(self) -> tuple[bool, str, int]:
        """Scheme, host and port (RFC 6454); credentials are for one origin only."""
        return self.secure, self.host.lower(), self.port

    @property
    def shown(self) -> str:
        """The URL as errors show it: without its query, which may hold a token."""
        return without_query(str(self))

    def __repr__(self) -> str:
        return masked_repr(self, password=mask(self.password))

    def __str__(self) -> str:
        return f"{'wss' if self.secure else 'ws'}://{self.authority}{self.target}"


def host_and_port(host: str, port: int) -> str:
    """Write an address in the form of RFC 3986 §3.2: an IPv6 address has brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_url(text: str) -> Url:
    """Parse ``ws://``, ``wss://``, ``http(s)://``, ``HOST[:PORT][/PATH]`` or ``:PORT[/PATH]``.

    Raises:
        UsageError: if it is none of these.
    """
    # Before anything else: a line break in a URL could smuggle headers into the request.
    if re.search(_CONTROL, text):
        raise UsageError("the URL contains a control character", repr(redact_url(text)))
    if re.search(_NOT_UTF8, text):
        evidence = repr(redact_url(text))
        raise UsageError("the URL is not UTF-8", evidence, "percent-encode such bytes")
    match = re.fullmatch(_URL, text)
    if match is None or not text:
        raise _unreadable(text, "write it as ws://HOST[:PORT]/PATH")
    scheme = (match["scheme"] or "ws").lower()
    if scheme not in _SCHEMES:
        raise _unreadable(text, f"{scheme}:// is not ws://, wss://, http:// or https://")
    # "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used"
    # (RFC 6455 §3). Dropping it silently would drop the rest of a query with an unescaped "#".
    if match["fragment"]:
        raise _unreadable(text, "a WebSocket URL has no fragment; write %23 for #")
    target = match["target"]
    if target and target[0] not in "/?":
        raise _unreadable(text, "write it as ws://HOST[:PORT]/PATH")
    user, password = _read_userinfo(match["userinfo"])
    return Url(
        _SCHEMES[scheme],
        match["ipv6"].replace("%25", "%") if match["ipv6"] else _read_host(text, match),
        _read_port(text, match["port"], _SCHEMES[scheme]),
        _read_target(target),
        user,
        password,
    )


def join_url(base: Url, location: str) -> Url:
    """Return the URL of a Location header, which may be relative (RFC 9110 §10.2.2).

    Raises:
        UsageError: if it is not a URL to connect to.
    """
    # Both are resolved in terms of http(s), since a redirect may be written in either scheme. The
    # fragment is for a browser, and dropped.
    scheme = "https" if base.secure else "http"
    location = re.sub(r"^ws(s?)://", r"http\1://", location.partition("#")[0])
    try:
        text = urljoin(f"{scheme}://{base.authority}{base.target}", location)
    except ValueError:
        raise _unreadable(location, "only an IPv6 address has brackets") from None
    return parse_url(text)


def _unreadable(text: str, hint: str) -> UsageError:
    return UsageError("the URL is not valid", repr(redact_url(text)), hint)


def _read_userinfo(userinfo: str | None) -> tuple[str | None, str | None]:
    if userinfo is None:
        return None, None
    user, colon, password = userinfo.partition(":")
    return unquote(user), unquote(password) if colon else None


def _read_host(text: str, match: re.Match[str]) -> str:
    if not match["host"]:
        # Only ":PORT" is short for localhost: an empty host is a mistake anywhere else, such as an
        # unset shell variable (RFC 3986 §3.2.2).
        if match["scheme"] is None and match["userinfo"] is None and match["port"]:
            return "localhost"
        raise _unreadable(
            text, "the host is missing: ws://HOST[:PORT]/PATH, or :PORT for localhost"
        )
    try:
        host = ascii_host(unquote(match["host"], errors="strict"))
    except UnicodeDecodeError:
        raise _unreadable(text, "the host name is not UTF-8") from None
    except ValueError as error:
        raise _unreadable(text, str(error)) from None
    if re.search(_NOT_IN_HOST, host):
        raise _unreadable(text, f"{host!r} is not a valid host name")
    if host.isdecimal() and match["scheme"] is None:
        # The system would read it as an IPv4 address of one number, which nobody means.
        hint = f"write :{host} for a port of this machine, or ws://{host} for a host"
        raise _unreadable(text, hint)
    return host


def comparable_host(host: str) -> str:
    """Return a canonical form of a host name for comparison; it need not be valid."""
    # "example.com." is the same host. It stays in the Host header, as the user has written it.
    with suppress(ValueError):
        host = ascii_host(host)
    return host.lower().removesuffix(".")


def ascii_host(host: str) -> str:
    """Return a host name in the form for DNS: international labels begin with ``xn--``.

    The mapping is that of browsers: UTS 46, non-transitional (faß.de is not fass.de). Labels that
    are ASCII stay as they are, and so do addresses.

    Raises:
        ValueError: if it is not ASCII, and not a valid host name.
    """
    # Python's own codec "idna" implements the version of 2003, in which faß.de is fass.de: another
    # host, of another owner.
    if host.isascii():
        return host
    import idna  # only when needed: its tables take long to load

    try:
        labels = idna.uts46_remap(host, std3_rules=False).split(".")
        name = ".".join(map(_ascii_label, labels))
        # Checked again after the mapping, which turns a full-width "／" into "/": otherwise
        # good.example／x.de would look like a path of another host.
        if not all(labels[:-1] or labels) or len(name) > _MAX_NAME or re.search(_NOT_IN_HOST, name):
            raise idna.IDNAError("empty, too long, or with an invalid character")
    except idna.IDNAError as error:
        raise ValueError(f"{host!r} is not a valid host name: {error}") from None
    return name


def _ascii_label(label: str) -> str:
    import idna

    if label.isascii():
        return label
    try:
        return idna.alabel(label).decode()
    except idna.InvalidCodepoint:
        # UTS 46 allows symbols and emoji, which IDNA 2008 does not; browsers connect to such hosts.
        # The other rules of IDNA still apply, against labels that look like others.
        idna.check_initial_combiner(label)
        idna.check_bidi(label)
        joiners = re.finditer(_JOINER, label)
        if not all(idna.valid_contextj(label, joiner.start()) for joiner in joiners):
            raise
    encoded = f"xn--{label.encode('punycode').decode()}"
    if len(encoded) > _MAX_LABEL:
        raise idna.IDNAError("a label is too long")
    return encoded


def _read_port(text: str, port: str | None, secure: bool) -> int:
    if not port:
        return 443 if secure else 80
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise _unreadable(text, f"{port!r} is not a valid port; a port is a number from 1 to 65535")
    return int(port)


def _read_target(target: str) -> str:
    if not target.startswith("/"):
        target = "/" + target
    return quote(target, safe=_KEPT)
