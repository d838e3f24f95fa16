"""The opening handshake (RFC 6455 §4): the key, its answer, and the faults of a response."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NamedTuple

from wscli.wire import deflate
from wscli.wire.deflate import Parameter, PerMessageDeflate
from wscli.wire.head import Headers, Request, Response

VERSION = "13"

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PARAMETER = r"""(?x)\s* (?P<name>[^\s;,="]+) \s*
        (?: = \s* (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<token>[^\s;,"]*) ) )? \s*
        (?P<end>[;,]|\Z)"""


class Extension(NamedTuple):
    """One extension of a Sec-WebSocket-Extensions header, with its parameters (§9.1)."""

    name: str
    parameters: tuple[Parameter, ...]


class Fault(NamedTuple):
    """A fault of a response: the rule's name, its section, and a sentence."""

    id: str
    section: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.sentence} ({self.section})"


class Agreement(NamedTuple):
    """The agreement of client and server; ``faults`` is empty if the response is valid.

    ``declined`` holds the subprotocols offered if the server chose none of them. RFC 6455 §4.1
    allows that, but browsers fail the connection.
    """

    subprotocol: str | None
    extensions: str | None
    deflate: PerMessageDeflate | None
    faults: tuple[Fault, ...]
    declined: tuple[str, ...] = ()


def accept_value(key: str) -> str:
    """Return the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (§4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()  # noqa: S324


def parse_extensions(headers: Headers) -> list[Extension]:
    """Return the extensions that the head names, in order (§9.1).

    Raises:
        ValueError: if a header does not follow the grammar.
    """
    value = headers.get("Sec-WebSocket-Extensions") or ""
    extensions: list[Extension] = []
    pairs: list[Parameter] = []
    pos = 0
    while pos < len(value):
        match = re.compile(_PARAMETER).match(value, pos)
        if match is None or match.end() == pos:
            raise ValueError(f"cannot be read from {value[pos : pos + 40]!r} on")
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
        raise ValueError("ends in a semicolon")
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
        else f"the response's {name} header is {found!r}, without {token!r}"
    )
    return [Fault(name.lower(), "RFC 6455 §4.1", sentence)]


def _check_accept(request: Request, response: Response) -> list[Fault]:
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
        sentence = f"Sec-WebSocket-Accept is {values[0]!r}, and {expected!r} answers the key"
    return [Fault("accept", "RFC 6455 §4.1", sentence)]


def _check_subprotocol(request: Request, response: Response) -> tuple[str | None, list[Fault]]:
    chosen = response.headers.get_all("Sec-WebSocket-Protocol")
    if not chosen:
        return None, []
    if len(chosen) == 1 and chosen[0] in _offered_subprotocols(request):
        return chosen[0], []
    sentence = f"the server chose the subprotocol {', '.join(chosen)!r}, which was never offered"
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
                raise ValueError(f"{extension.name!r} was never offered")
            if extension.name != deflate.NAME:
                raise ValueError(f"{extension.name!r} is not known to wscli")
            if agreed is not None:
                raise ValueError(f"{extension.name!r} is there twice")
            agreed = PerMessageDeflate.from_answer(extension.parameters)
            if not any(agreed.answers(offer.parameters) for offer in offers):
                raise ValueError(f"{extension.name!r} goes beyond what was offered")
    except ValueError as error:
        sentence = f"the server's Sec-WebSocket-Extensions: {error}"
        return None, [Fault("extension", "RFC 6455 §4.1, RFC 7692 §7.1", sentence)]
    return agreed, []


def _offered(request: Request) -> list[Extension]:
    try:
        return parse_extensions(request.headers)
    except ValueError:
        return []


class Refusal(NamedTuple):
    """Why a server refuses an upgrade: status, its reason, further headers, and a sentence."""

    status: int
    reason: str
    sentence: str
    headers: tuple[tuple[str, str], ...] = ()


def check_request(request: Request) -> Refusal | None:
    """Check a client's request for an upgrade (§4.2.1)."""
    headers = request.headers
    if request.method != "GET":
        return Refusal(405, "Method Not Allowed", "a WebSocket opens with GET", (("Allow", "GET"),))
    if request.version < "1.1":
        return _bad_request(f"HTTP/{request.version} has no upgrade; 1.1 has")
    if len(headers.get_all("Host")) != 1:
        return _bad_request("there must be one Host header")
    if "websocket" not in headers.tokens("Upgrade"):
        return _bad_request("there is no Upgrade: websocket")
    if "upgrade" not in headers.tokens("Connection"):
        return _bad_request("there is no Connection: Upgrade")
    if headers.get_all("Sec-WebSocket-Version") != [VERSION]:
        sentence = f"this server speaks version {VERSION} of the protocol"
        # A 426 must name what to upgrade to (RFC 9110 §15.5.22).
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
    """Return the head by which a server accepts an upgrade (§4.2.2)."""
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
