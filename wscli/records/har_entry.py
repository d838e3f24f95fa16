"""The fields of a HAR entry that describe an opening: request, response, timings (HAR 1.2).

Chrome's importer raises for a number that is missing, so each is there: -1 where it is unknown.
"""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import parse_qsl

from wscli.net.opening import Opening, OpeningStep
from wscli.records.addresses import split_address
from wscli.records.fields import Json
from wscli.records.openings import describe_opening
from wscli.wire.codes import Role
from wscli.wire.head import Headers

_UNKNOWN = -1
_LONGEST = 1e12  # milliseconds; a damaged recording may have any number, and JSON has no infinity
_KEPT = ("looked_up", "addresses", "address", "proxy", "tls", "opinion", "timings")


def describe_request(opening: Opening) -> Json:
    """Return the field ``request``; the URL has no fragment, as that of any request."""
    request = opening.request
    headers = request.headers if request else Headers()
    return {
        "method": request.method if request else "GET",
        "url": str(opening.url),
        "httpVersion": f"HTTP/{request.version}" if request else "HTTP/1.1",
        "headers": _headers(headers),
        "queryString": _query(opening.url.target),
        "cookies": _request_cookies(headers),
        "headersSize": len(request.raw) if request else _UNKNOWN,
        "bodySize": 0,
    }


def describe_response(opening: Opening, error: str = "") -> Json:
    """Return the field ``response``: status 0 if there was none, and ``_error`` says why."""
    response = opening.response
    headers = response.headers if response else Headers()
    fields: Json = {
        "status": response.status if response else 0,
        "statusText": response.reason if response else "",
        "httpVersion": f"HTTP/{response.version}" if response else "",
        "headers": _headers(headers),
        "cookies": [_response_cookie(value) for value in headers.get_all("Set-Cookie")],
        "content": _content(headers, opening.body),
        "redirectURL": headers.get("Location") or "",
        "headersSize": len(response.raw) if response else _UNKNOWN,
        "bodySize": len(opening.body) if response else _UNKNOWN,
    }
    return fields | ({"_error": error} if error else {})


def describe_timings(opening: Opening, open_for: float) -> dict[str, float]:
    """Return the field ``timings`` in milliseconds; ``connect`` includes TLS and a proxy.

    The connection's time after the upgrade counts as receiving; ``open_for`` is in seconds.
    """
    took = opening.timings
    phases = (OpeningStep.TCP, OpeningStep.PROXY, OpeningStep.TLS)
    connecting = [took[phase] for phase in phases if phase in took]
    return {
        "blocked": _UNKNOWN,
        "dns": _milliseconds(took.get(OpeningStep.NAME)),
        "connect": _milliseconds(sum(connecting) if connecting else None),
        "ssl": _milliseconds(took.get(OpeningStep.TLS)),
        "send": 0,
        "wait": _milliseconds(took.get(OpeningStep.UPGRADE)),
        "receive": _milliseconds(open_for),
    }


def total_time(timings: dict[str, float]) -> float:
    """Return the field ``time``: the sum of the timings, of which ``connect`` includes TLS."""
    return round(sum(max(0, took) for name, took in timings.items() if name != "ssl"), 3)


def server_address(opening: Opening, recorder: Role) -> Json:
    """Return the field ``serverIPAddress`` if the recording has it."""
    if recorder is Role.SERVER or opening.proxy is not None:
        return {}  # the address is that of the client, or of the proxy
    address, _ = split_address(opening.address or "")
    return {} if address is None else {"serverIPAddress": str(address)}


def kept_fields(opening: Opening, elapsed: float, recorder: Role) -> Json:
    """Return the fields of the event ``open`` that HAR has no place for; no heads are among them.

    ``elapsed`` is the time from the beginning of the dial to the event, in seconds.
    """
    fields = describe_opening(opening)
    if recorder is Role.SERVER:  # the address is the client's, and there are no phases
        fields = {name: fields[name] for name in fields if name not in ("address", "timings")}
    kept = {name: fields[name] for name in _KEPT if name in fields}
    return {"elapsed": round(elapsed, 6), **kept}


def _headers(headers: Headers) -> list[Json]:
    return [{"name": name, "value": value} for name, value in headers]


def _query(target: str) -> list[Json]:
    pairs = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    return [{"name": name, "value": value} for name, value in pairs]


def _request_cookies(headers: Headers) -> list[dict[str, str]]:
    pairs = [pair for value in headers.get_all("Cookie") for pair in value.split(";")]
    return [_name_and_value(pair) for pair in pairs if pair.strip()]


def _response_cookie(text: str) -> Json:
    """Return a cookie without its date, whose form is not that of HAR."""
    pair, *attributes = text.split(";")
    given = {item["name"].lower(): item["value"] for item in map(_name_and_value, attributes)}
    fields: Json = dict(_name_and_value(pair))
    fields |= {name: given[name] for name in ("path", "domain") if name in given}
    return fields | {"httpOnly": "httponly" in given, "secure": "secure" in given}


def _name_and_value(pair: str) -> dict[str, str]:
    name, _, value = pair.strip().partition("=")
    return {"name": name, "value": value}


def _content(headers: Headers, body: bytes) -> Json:
    kind = headers.get("Content-Type") or "x-unknown"  # as Chrome has it where there is none
    fields: Json = {"size": len(body), "mimeType": kind}
    if not body:
        return fields
    try:
        return fields | {"text": body.decode()}
    except UnicodeDecodeError:
        return fields | {"text": b64encode(body).decode(), "encoding": "base64"}


def _milliseconds(seconds: float | None) -> float:
    return _UNKNOWN if seconds is None else min(round(seconds * 1000, 3), _LONGEST)
