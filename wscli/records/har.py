"""HAR files, as browsers and proxies write them: their WebSockets as the events of a recording.

HAR 1.2 does not know WebSockets. Chrome added ``_webSocketMessages`` to the entry of an upgrade, a
list of ``{type, time, opcode, data}``, and others followed. This reader accepts all known forms:
times in seconds or milliseconds, ``https://`` for ``wss://`` (mitmproxy), data in base64 for every
opcode except 1, entries marked by nothing but their status 101, the text of an error in place of a
message (Chrome), and an entry that is written twice (early versions of mitmproxy).

An entry is one connection. It is translated to the fields of a recording, which ``records.events``
reads, so that the heads are rebuilt and checked in one place only.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator

from wscli.errors import UsageError
from wscli.net.opening import Opening, OpeningStep
from wscli.net.url import Url, parse_url
from wscli.records.events import Recorded
from wscli.records.fields import Fields, Json, Remark
from wscli.records.har_messages import VENDOR, HarConversation, Moments
from wscli.records.har_values import (
    Unreadable,
    as_integer,
    as_known,
    as_list,
    as_object,
    as_text,
    as_time,
    header_pairs,
    load_json,
    read_data,
)
from wscli.records.openings import read_opening
from wscli.session.events import Event, Failed, Opened
from wscli.status import ExitStatus

_SUCCESS = (101, 200)  # 200 answers the CONNECT of RFC 8441


def _ignore(_: str) -> None:
    pass


def read_har(data: bytes, remark: Remark = _ignore) -> Iterator[Recorded]:
    """Yield the events of each WebSocket in a HAR file; the number of the first is 1.

    ``remark`` receives a sentence about each part that cannot be read and is left out.

    Raises:
        UsageError: if it is not a HAR file.
    """
    entries = _without_repetitions(list(filter(_is_websocket, _entries(data))))
    for number, entry in enumerate(entries, 1):
        for event in _read_entry(entry, _numbered(remark, number)):
            yield Recorded(event, number)


def _numbered(remark: Remark, number: int) -> Remark:
    return lambda sentence: remark(f"WebSocket {number}: {sentence}")


def _entries(data: bytes) -> list[Json]:
    try:
        log = as_object(load_json(data)).get("log")
    except ValueError as error:
        raise UsageError("the file is not a HAR", f"it is not JSON: {error}") from None
    entries = as_object(log).get("entries")
    if not isinstance(entries, list):
        raise UsageError("the file is not a HAR", 'it has no list "log.entries"')
    return list(map(as_object, entries))


def _is_websocket(entry: Json) -> bool:
    if "_webSocketMessages" in entry or entry.get("_resourceType") == "websocket":
        return True
    request, response = as_object(entry.get("request")), as_object(entry.get("response"))
    if as_text(request.get("url")).lower().startswith(("ws:", "wss:")):
        return True
    protocols = {
        content.lower()
        for head in (request, response)
        for name, content in header_pairs(head.get("headers"))
        if name.lower() == "upgrade"
    }
    return as_integer(response.get("status")) == 101 and protocols <= {"websocket"}


def _without_repetitions(entries: list[Json]) -> list[Json]:
    """Drop entries that another one repeats, with as many messages or more."""
    kept: dict[str, Json] = {}
    for entry in entries:
        key = json.dumps([entry.get("startedDateTime"), entry.get("request")])
        kept[key] = max(entry, kept.get(key, {}), key=lambda each: len(_messages(each)))
    return list(kept.values())


def _messages(entry: Json) -> list[object]:
    return as_list(entry.get("_webSocketMessages"))


def _read_entry(entry: Json, remark: Remark) -> Iterator[Event]:
    try:
        opening = read_opening(Fields(_opening_fields(entry)))
    except UsageError as error:
        remark(f"it is left out: {error.what}: {error.evidence}")
        return
    moments = _moments(entry, opening)
    errors = [each for each in map(as_object, _messages(entry)) if each.get("type") == "error"]
    status = opening.response.status if opening.response else None
    if status not in _SUCCESS and len(errors) == len(_messages(entry)):
        yield _failed(entry, opening, errors, moments)
        return
    yield Opened(opening, moments.opened, moments.elapsed(moments.opened))
    yield from HarConversation(entry, opening, moments, remark).events()


def _opening_fields(entry: Json) -> Json:
    """Return the fields that an event ``open`` of a recording would have."""
    request, response = as_object(entry.get("request")), as_object(entry.get("response"))
    url = parse_url(as_text(request.get("url")).partition("#")[0])
    kept = _kept_opening(entry)
    defaults: Json = {"address": as_text(entry.get("serverIPAddress")).strip("[]") or None}
    fields: Json = {
        "url": str(url),
        # Without timings it would count as a server's, but messages are as the client sees them.
        "timings": kept.get("timings") or _timings(as_object(entry.get("timings"))),
        "request": {"target": url.target, "headers": _request_headers(request, url)},
    }
    status = as_integer(response.get("status"))
    if status is not None and 100 <= status <= 999:
        fields["response"] = {
            "status": status,
            "reason": as_text(response.get("statusText")).replace("\n", " "),
            "headers": list(header_pairs(response.get("headers"))),
        }
        fields["body"] = _body(as_object(response.get("content")))
    return defaults | kept | fields


def _body(content: Json) -> str:
    """Return the body of a refusal in base64, empty if it cannot be read."""
    try:
        is_base64 = content.get("encoding") == "base64"
        return b64encode(read_data(content.get("text", ""), is_base64=is_base64)).decode()
    except Unreadable:
        return ""


def _kept_opening(entry: Json) -> Json:
    """Return the fields of the event ``open`` that wscli kept, since HAR has no place for them."""
    return as_object(as_object(entry.get(VENDOR)).get("open"))


def _request_headers(request: Json, url: Url) -> list[list[str]]:
    headers = list(header_pairs(request.get("headers")))
    if any(name.lower() == "host" for name, _ in headers):
        return headers
    return [["Host", url.authority], *headers]


def _timings(timings: Json) -> Json:
    """Return the phases of an opening in seconds; HAR counts TLS as part of connecting.

    The phase ``upgrade`` is always present, as in any recording of a client.
    """
    seconds = {name: (as_known(value) or 0.0) / 1000 for name, value in timings.items()}
    tls = seconds.get("ssl", 0.0)
    upgrade = sum(seconds.get(name, 0.0) for name in ("blocked", "send", "wait"))
    phases = {
        OpeningStep.NAME: seconds.get("dns", 0.0),
        OpeningStep.TCP: max(0.0, seconds.get("connect", 0.0) - tls),
        OpeningStep.TLS: tls,
    }
    known: Json = {phase: round(took, 6) for phase, took in phases.items() if took}
    return {**known, OpeningStep.UPGRADE: round(upgrade, 6)}


def _moments(entry: Json, opening: Opening) -> Moments:
    times = (as_time(as_object(message).get("time")) for message in _messages(entry))
    first = next((time for time in times if time is not None), None)
    started = as_time(entry.get("startedDateTime"))
    if started is None:
        started = first or 0.0
    elapsed = as_known(_kept_opening(entry).get("elapsed"))
    if elapsed is None:
        elapsed = sum(opening.timings.values())
    opened = round(started + elapsed, 6)
    return Moments(started, max(started, opened if first is None else min(opened, first)))


def _failed(entry: Json, opening: Opening, errors: list[Json], moments: Moments) -> Failed:
    response = opening.response
    said = as_text(as_object(entry.get("response")).get("_error"))
    lines = [*(as_text(error.get("data")) for error in errors), said]
    if response is None:
        status, message = ExitStatus.CONNECT, "the connection could not be established"
    else:
        status = ExitStatus.UPGRADE
        message = f"the server answered {response.status} {response.reason}".rstrip()
        message += " instead of 101"
    evidence = "\n".join(filter(None, lines))
    time = moments.opened
    return Failed(status.value, message, evidence, "", time, moments.elapsed(time), opening)
