"""The JSON form of an opening: the fields of the event ``open``, and of others that have one.

Heads and bodies are kept byte for byte, in base64 like any payload that is not text: a head need
not be UTF-8, and a reader should not have to guess. Status, target and headers are text beside it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from wscli.net.opening import TLS, Certificate, Opening
from wscli.net.url import Url
from wscli.records.fields import Fields, Json, MalformedEvent
from wscli.text import iso_time
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.handshake import Agreement, Fault, check_response
from wscli.wire.head import (
    Headers,
    MalformedHead,
    Request,
    Response,
    parse_request,
    parse_response,
)

if TYPE_CHECKING:
    from wscli.wire.diagnosis import PlainResponse

_URL = r"(?s)ws(s?)://(?:\[([^\]/]*)\]|([^:/?]*))(?::([0-9]{1,5}))?(.*)"


def describe_opening(opening: Opening) -> Json:
    """Return an opening as fields of JSON; those that are unknown or do not apply are absent."""
    agreement = opening.agreement
    fields: Json = {
        "url": str(opening.url),
        "looked_up": opening.looked_up,
        "addresses": list(opening.addresses) or None,
        "address": opening.address,
        "proxy": opening.proxy,
        "proxy_request": _base64(opening.proxy_request),
        "proxy_response": _base64(opening.proxy_response),
        "tls": _describe_tls(opening.tls),
        "subprotocol": agreement and agreement.subprotocol,
        "extensions": agreement and agreement.extensions,
        "agreement": _describe_agreement(agreement),
        "request": _describe_request(opening.request),
        "interim": _base64(opening.interim) or None,
        "response": _describe_response(opening.response),
        "body": _base64(opening.body) or None,
        # Frames may have followed the head of the response; they are events of their own.
        "received": None if opening.response else _base64(opening.received) or None,
        "opinion": opening.opinion,
        "probe": _describe_probe(opening.probe),
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    fields["timings"] = {phase: round(took, 6) for phase, took in opening.timings.items()}
    return fields


def read_opening(fields: Fields) -> Opening:
    """Return the opening that some fields describe.

    The URL has no credentials, which are never written.

    Raises:
        MalformedEvent: if a field cannot be read.
    """
    opening = Opening(_read_url(fields.require("url", str)))
    opening.timings = fields.numbers("timings")
    opening.looked_up = fields.get("looked_up", str)
    opening.addresses = fields.strings("addresses")
    opening.address = fields.get("address", str)
    opening.proxy = fields.get("proxy", str)
    opening.proxy_request = fields.base64("proxy_request")
    opening.proxy_response = fields.base64("proxy_response")
    opening.tls = _read_tls(fields.nested("tls"))
    opening.request = _read_request(fields.nested("request"))
    opening.interim = fields.base64("interim") or b""
    opening.response = response = _read_response(fields.nested("response"))
    opening.body = fields.base64("body") or b""
    opening.received = fields.base64("received") or b""
    if response is not None:
        opening.received = opening.interim + response.raw
    opening.agreement = _read_agreement(fields, opening)
    opening.opinion = fields.get("opinion", str)
    opening.probe = _read_probe(fields.nested("probe"))
    return opening


def _read_url(text: str) -> Url:
    """Read a URL as it is written; one that a server was asked for may break any rule."""
    match = re.fullmatch(_URL, text)
    if match is None:
        raise MalformedEvent(f'"url" is not a ws:// or wss:// URL: {text[:40]!r}')
    secure, ipv6, host, port, target = match.groups()
    return Url(bool(secure), ipv6 or host or "", int(port or (443 if secure else 80)), target)


def _base64(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


def _describe_tls(tls: TLS | None) -> Json | None:
    if tls is None:
        return None
    fields: Json = {"version": tls.version, "cipher": tls.cipher}
    if tls.certificate is not None:
        subject, issuer, names, expires = tls.certificate
        certificate: Json = {"subject": subject, "issuer": issuer, "names": list(names)}
        if expires is not None:
            certificate["expires"] = iso_time(expires)
        fields["certificate"] = certificate
    return fields


def _read_tls(fields: Fields | None) -> TLS | None:
    if fields is None:
        return None
    certificate = None
    if (shown := fields.nested("certificate")) is not None:
        expires = shown.time("expires")
        names = shown.strings("names")
        certificate = Certificate(shown.text("subject"), shown.text("issuer"), names, expires)
    return TLS(fields.text("version"), fields.text("cipher"), certificate)


def _describe_request(request: Request | None) -> Json | None:
    if request is None:
        return None
    headers = _pairs(request.headers)
    return {"target": request.target, "headers": headers, "raw": _base64(request.raw)}


def _read_request(fields: Fields | None) -> Request | None:
    if fields is None:
        return None
    raw = fields.base64("raw")
    try:
        return parse_request(raw or _join_head(f"GET {fields.text('target')} HTTP/1.1", fields))
    except MalformedHead as error:
        raise MalformedEvent(f'"request": {error}') from None


def _describe_response(response: Response | None) -> Json | None:
    if response is None:
        return None
    return {
        "status": response.status,
        "reason": response.reason,
        "headers": _pairs(response.headers),
        "raw": _base64(response.raw),
    }


def _read_response(fields: Fields | None) -> Response | None:
    if fields is None:
        return None
    line = f"HTTP/1.1 {fields.require('status', int)} {fields.text('reason')}"
    try:
        return parse_response(fields.base64("raw") or _join_head(line, fields))
    except MalformedHead as error:
        raise MalformedEvent(f'"response": {error}') from None


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def _join_head(line: str, fields: Fields) -> bytes:
    """Return the head that a recording without raw heads stands for, in their usual form."""
    headers = [f"{name}: {value}" for name, value in fields.pairs("headers")]
    return "\r\n".join([line, *headers, "", ""]).encode(errors="replace")


def _describe_agreement(agreement: Agreement | None) -> Json | None:
    """Return the fields of an agreement that ``subprotocol`` and ``extensions`` lack."""
    if agreement is None:
        return None
    fields: Json = {}
    if agreement.deflate is not None:
        fields["deflate"] = agreement.deflate._asdict()
    if agreement.faults:
        fields["faults"] = [fault._asdict() for fault in agreement.faults]
    if agreement.declined:
        fields["declined"] = list(agreement.declined)
    return fields


def _read_agreement(fields: Fields, opening: Opening) -> Agreement | None:
    shown = fields.nested("agreement")
    if shown is None:
        return _check_again(fields, opening)
    faults = [
        Fault(fault.text("id"), fault.text("section"), fault.text("sentence"))
        for fault in shown.nested_list("faults")
    ]
    return Agreement(
        fields.get("subprotocol", str),
        fields.get("extensions", str),
        _read_deflate(shown.nested("deflate")),
        tuple(faults),
        shown.strings("declined"),
    )


def _check_again(fields: Fields, opening: Opening) -> Agreement | None:
    """Return the agreement of a recording from before the fields ``agreement`` and ``raw``."""
    written = fields.nested("response")
    is_older = written is not None and written.get("raw", str) is None
    if not is_older or opening.request is None or opening.response is None:
        return None  # there is none, such as at the step "request"
    return check_response(opening.request, opening.response)


def _read_deflate(fields: Fields | None) -> PerMessageDeflate | None:
    if fields is None:
        return None
    deflate = PerMessageDeflate(
        fields.require("server_no_context_takeover", bool),
        fields.require("client_no_context_takeover", bool),
        fields.require("server_max_window_bits", int),
        fields.require("client_max_window_bits", int),
    )
    for bits in deflate[2:]:
        if not 8 <= bits <= 15:  # RFC 7692 §7.1.2
            raise MalformedEvent(f"a window of {bits} bits is not one of 8 to 15")
    return deflate


def _describe_probe(probe: PlainResponse | None) -> Json | None:
    if probe is None:
        return None
    return {"response": _describe_response(probe.response), "body": _base64(probe.body)}


def _read_probe(fields: Fields | None) -> PlainResponse | None:
    response = None if fields is None else _read_response(fields.nested("response"))
    if fields is None or response is None:
        return None
    from wscli.wire.diagnosis import PlainResponse  # takes 3 ms, and writing does not need it

    return PlainResponse(response, fields.base64("body") or b"")
