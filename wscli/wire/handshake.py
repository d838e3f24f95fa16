"""The opening handshake (RFC 6455 §4): the key, its answer, and the faults of either side.

``check_response`` is for a client and collects all faults, since a user who debugs a server wants
to see them at once. ``check_request`` is for a server and stops at the first, which it answers.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NamedTuple

from wscli.wire import deflate
from wscli.wire.deflate import Parameter, PerMessageDeflate
from wscli.wire.head import Headers, Request, Response

VERSION = "13"

# "Unlikely to be used by network endpoints that do not understand the WebSocket Protocol" (§1.3):
# an HTTP server that merely echoes headers does not return the right Sec-WebSocket-Accept.
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PARAMETER = r"""(?x)\s* (?P<name>[^\s;,="]+) \s*
        (?: = \s* (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<token>[^\s;,"]*) ) )? \s*
        (?P<end>[;,]|\Z)"""


class Extension(NamedTuple):
    """One extension of a Sec-WebSocket-Extensions header, with its parameters (§9.1)."""

    name: str
    parameters: tuple[Parameter, ...]


class Fault(NamedTuple):
    """A fault of a response: the id of the rule, its section, and a sentence."""

    id: str
    section: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.sentence} ({self.section})"


class Agreement(NamedTuple):
    """The result of a handshake; ``faults`` is empty if the response is valid.

    ``subprotocol`` and ``deflate`` are those agreed on, ``extensions`` is the server's header.
    ``declined`` holds the subprotocols offered if the server chose none of them: RFC 6455 §4.1
    allows that, but browsers fail the connection.
    """

    subprotocol: str | None
    extensions: str | None
    deflate: PerMessageDeflate | None
    faults: tuple[Fault, ...]
    declined: tuple[str, ...] = ()


def accept_value(key: str) -> str:
    """Return the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (§4.2.2)."""
    # The handshake "doesn't depend on any security properties of SHA-1" (§10.8).
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()  # noqa: S324


def parse_extensions(headers: Headers) -> list[Extension]:
    """Return the extensions that a head lists, in order (§9.1).

    Raises:
        ValueError: if a header does not follow the grammar.
    """
    # "Like other HTTP header fields, this header field MAY be split or combined across multiple
    # lines" (§9.1): ``get`` joins them.
    value = headers.get("Sec-WebSocket-Extensions") or ""
    extensions: list[Extension] = []
    pairs: list[Parameter] = []
    pos = 0
    while pos < len(value):
        match = re.compile(_PARAMETER).match(value, pos)
        if match is None or match.end() == pos:
            raise ValueError(f"malformed from {value[pos : pos + 40]!r} on")
        # A quoted value means the same as a token: "the value after quoted-string unescaping MUST
        # conform to the 'token' ABNF" (§9.1).
        quoted = match["quoted"]
        pairs.append((match["name"], match["token"] if quoted is None else _unquote(quoted)))
        pos = match.end()
        if match["end"] != ";":
            (name, no_value), *parameters = pairs
            if no_value is not None:
                raise ValueError(f"{name!r} must not have a value")
            extensions.append(Extension(name, tuple(parameters)))
            pairs = []
    if pairs:
        raise ValueError("ends with a semicolon")
    return extensions


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def check_response(request: Request, response: Response) -> Agreement:
    """Check a server's 101 against the request that it answers (§4.1)."""
    faults: list[Fault] = []
    if response.version < "1.1":
        faults.append(
            Fault(
                "http-version",
                "RFC 6455 §4.1",
                f"the response is HTTP/{response.version}, below 1.1",
            )
        )
    # In the order of the list in §4.1, which is also the order in which they are shown.
    faults += _check_token(response, "Upgrade", "websocket")
    faults += _check_token(response, "Connection", "upgrade")
    faults += _check_accept(request, response)
    subprotocol, subprotocol_faults = _check_subprotocol(request, response)
    agreed, extension_faults = _check_extensions(request, response)
    return Agreement(
        subprotocol,
        response.headers.get("Sec-WebSocket-Extensions"),
        agreed,
        (*faults, *subprotocol_faults, *extension_faults),
        () if response.headers.get("Sec-WebSocket-Protocol") else _offered_subprotocols(request),
    )


def _check_token(response: Response, name: str, token: str) -> list[Fault]:
    if token in response.headers.tokens(name):
        return []
    found = response.headers.get(name)
    sentence = (
        f"the response has no {name} header"
        if found is None
        else f"the response's {name} header is {found!r} and does not contain {token!r}"
    )
    return [Fault(name.lower(), "RFC 6455 §4.1", sentence)]


def _check_accept(request: Request, response: Response) -> list[Fault]:
    # From the request as it was sent: a user may have replaced the key with one of their own.
    key = request.headers.get("Sec-WebSocket-Key") or ""
    values = response.headers.get_all("Sec-WebSocket-Accept")
    expected = accept_value(key)
    if values == [expected]:
        return []
    if not values:
        sentence = "the response has no Sec-WebSocket-Accept header"
    elif len(values) > 1:
        sentence = f"the response has {len(values)} Sec-WebSocket-Accept headers"
    else:
        sentence = f"Sec-WebSocket-Accept is {values[0]!r}, but the key requires {expected!r}"
    return [Fault("accept", "RFC 6455 §4.1", sentence)]


def _check_subprotocol(request: Request, response: Response) -> tuple[str | None, list[Fault]]:
    chosen = response.headers.get_all("Sec-WebSocket-Protocol")
    if not chosen:
        return None, []
    # Compared with case: the names are case-sensitive strings, and a server chooses exactly one.
    if len(chosen) == 1 and chosen[0] in _offered_subprotocols(request):
        return chosen[0], []
    sentence = f"the server chose the subprotocol {', '.join(chosen)!r}, which was not offered"
    return None, [Fault("subprotocol", "RFC 6455 §4.1", sentence)]


def _offered_subprotocols(request: Request) -> tuple[str, ...]:
    values = request.headers.get_all("Sec-WebSocket-Protocol")
    names = [name.strip() for value in values for name in value.split(",")]
    return tuple(filter(None, names))


def _check_extensions(
    request: Request, response: Response
) -> tuple[PerMessageDeflate | None, list[Fault]]:
    agreed = None
    try:
        for extension in parse_extensions(response.headers):
            offers = [offer for offer in _offered(request) if offer.name == extension.name]
            if not offers:
                raise ValueError(f"{extension.name!r} was not offered")
            # Only if a user has offered it in a header of their own.
            if extension.name != deflate.NAME:
                raise ValueError(f"{extension.name!r} is not supported by wscli")
            if agreed is not None:
                raise ValueError(f"{extension.name!r} is listed twice")
            agreed = PerMessageDeflate.from_answer(extension.parameters)
            # A client may offer one extension several times with different parameters (RFC 7692
            # §5.1), and the server takes one of these offers.
            if not any(agreed.answers(offer.parameters) for offer in offers):
                raise ValueError(f"{extension.name!r} exceeds what was offered")
    except ValueError as error:
        sentence = f"the server's Sec-WebSocket-Extensions: {error}"
        return None, [Fault("extension", "RFC 6455 §4.1, RFC 7692 §7.1", sentence)]
    return agreed, []


def _offered(request: Request) -> list[Extension]:
    try:
        return parse_extensions(request.headers)
    except ValueError:
        # A malformed offer offers nothing. A server may ignore it, since the client then simply
        # gets no compression; a client sends one only if the user wants to.
        return []


class Refusal(NamedTuple):
    """A server's refusal of an upgrade: status line, body (``sentence``) and further headers."""

    status: int
    reason: str
    sentence: str
    headers: tuple[tuple[str, str], ...] = ()


def check_request(request: Request) -> Refusal | None:
    """Check a client's request for an upgrade (§4.2.1)."""
    headers = request.headers
    if request.method != "GET":
        # A 405 must list the methods that are allowed (RFC 9110 §15.5.6).
        sentence = "a WebSocket handshake must use GET"
        return Refusal(405, "Method Not Allowed", sentence, (("Allow", "GET"),))
    if request.version < "1.1":
        return _bad_request(f"HTTP/{request.version} has no upgrade; use HTTP/1.1")
    # RFC 9112 §3.2: 400 for a request "that lacks a Host header field and to any request message
    # that contains more than one". A proxy and the server might each use another one of two.
    if len(headers.get_all("Host")) != 1:
        return _bad_request("there must be one Host header")
    if "websocket" not in headers.tokens("Upgrade"):
        return _bad_request("the header Upgrade: websocket is missing")
    if "upgrade" not in headers.tokens("Connection"):
        return _bad_request("the header Connection: Upgrade is missing")
    # §4.4: a server that does not support the version "MUST respond with a |Sec-WebSocket-Version|
    # header field [...] containing all versions it is willing to use".
    if headers.get_all("Sec-WebSocket-Version") != [VERSION]:
        sentence = f"this server supports only version {VERSION} of the WebSocket protocol"
        # A 426 must name the protocol to upgrade to (RFC 9110 §15.5.22).
        supported = (("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION))
        return Refusal(426, "Upgrade Required", sentence, supported)
    if len(headers.get_all("Sec-WebSocket-Key")) != 1:
        return _bad_request("there must be one Sec-WebSocket-Key header")
    if not _is_key(headers.get_all("Sec-WebSocket-Key")[0]):
        return _bad_request("Sec-WebSocket-Key is not 16 bytes in base64")
    return None


def _bad_request(sentence: str) -> Refusal:
    return Refusal(400, "Bad Request", sentence)


def _is_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == 16
    except ValueError:
        return False


def choose_deflate(request: Request) -> PerMessageDeflate | None:
    """Return the first offer of permessage-deflate that a server can take (RFC 7692 §5.1)."""
    # The first, since a client lists its offers in order of preference.
    for extension in _offered(request):
        if extension.name == deflate.NAME:
            try:
                return PerMessageDeflate.from_offer(extension.parameters)
            except ValueError:
                continue
    return None


def accept_response(
    request: Request, subprotocol: str | None, agreed: PerMessageDeflate | None
) -> bytes:
    """Return the response head with which a server accepts an upgrade (§4.2.2)."""
    # Without Date, which is optional in a 1xx response (RFC 9110 §6.6.1).
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_value(request.headers.get('Sec-WebSocket-Key') or '')}",
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    if agreed is not None:
        lines.append(f"Sec-WebSocket-Extensions: {agreed.answer()}")
    return "\r\n".join([*lines, "", ""]).encode()
