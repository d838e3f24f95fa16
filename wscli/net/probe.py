"""The probe: after a refusal, one plain GET of the same path, to find the cause.

The same status can mean that the path does not exist, that it exists and is no WebSocket endpoint,
or that only the upgrade fails. The answer to the GET tells these apart (see ``wire.diagnosis``). A
probe never fails an attempt: that has failed already, and the error just stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from wscli.errors import UpgradeError, WscliError
from wscli.net.attempt import Attempt
from wscli.net.clock import Deadline
from wscli.net.dial import dial
from wscli.net.opening import Opening, OpeningStep
from wscli.net.redaction import mask_query
from wscli.net.stream import Stream
from wscli.net.tap import NotHTTP, Tap
from wscli.wire import diagnosis
from wscli.wire.diagnosis import Evidence, PlainResponse
from wscli.wire.head import Body, MalformedHead, Request, parse_response

# Seconds for the whole probe, and never more than is left of the connect timeout: the user waits
# for an error that is known already.
_TIME_LIMIT = 1.0
_MAX_BODY = 16 << 10
_SHOWN_BODY = 200  # characters
_UPGRADE_HEADERS = ("upgrade", "connection", "http2-settings")


def explain_by_probe(error: UpgradeError, attempt: Attempt, environ: Mapping[str, str]) -> None:
    """Improve the evidence and the cause of a refusal, if a plain GET is answered."""
    opening = attempt.opening
    answer = PlainResponse(opening.response, opening.body) if opening.response is not None else None
    if opening.request is None or not _can_be_probed(answer, opening.received):
        return
    opening.probe = _probe(opening.request, attempt, environ)
    if opening.probe is None:
        return
    attempt.observe(OpeningStep.PROBE)
    evidence = Evidence(opening.request, opening.url.secure, answer, opening.probe)
    shown = f"a plain GET of {evidence.path} is answered with {describe_answer(opening.probe)}"
    shown = mask_query(shown, opening.request.target)  # a page may repeat the URL
    error.evidence = f"{error.evidence}\n\n{shown}".strip()
    error.kind, error.facts = diagnosis.diagnose(evidence)


def _can_be_probed(answer: PlainResponse | None, received: bytes) -> bool:
    # Without a response, the server either closed without a word, which a GET may explain, or sent
    # bytes that are not HTTP, which it may not.
    return diagnosis.can_be_probed(answer) if answer is not None else not received


def describe_answer(answer: PlainResponse) -> str:
    """Return status, type and the beginning of the body, in one line."""
    response = answer.response
    kind = answer.header("Content-Type").partition(";")[0]
    parts = [f"{response.status} {response.reason}".rstrip(), kind]
    body = " ".join(diagnosis.show_body(response, answer.body).split())
    more = "…" if len(body) > _SHOWN_BODY else ""
    said = f": {body[:_SHOWN_BODY]}{more}" if body else ""
    return ", ".join(filter(None, parts)) + said


def _probe(request: Request, attempt: Attempt, environ: Mapping[str, str]) -> PlainResponse | None:
    """Send the GET over the same route: proxy, TLS, Unix socket and addresses of the upgrade."""
    try:
        left = attempt.deadline.remaining()
        limit = _TIME_LIMIT if left is None else min(left, _TIME_LIMIT)
        deadline = Deadline(attempt.clock, limit, "probing")
        opening = Opening(attempt.opening.url)
        probing = Attempt(opening, attempt.options, deadline, attempt.clock, _ignore)
        stream = dial(probing, environ)
    except WscliError:
        return None
    try:
        return _get(stream, plain_get(request), deadline)
    finally:
        stream.close()


def _get(stream: Stream, head: bytes, deadline: Deadline) -> PlainResponse | None:
    tap = Tap(stream, deadline)
    try:
        tap.send(head)
        response = parse_response(tap.read_head())
    except (NotHTTP, MalformedHead, OSError, WscliError):
        return None
    body = Body(response, _MAX_BODY)
    body.feed(tap.leftover)
    with suppress(OSError, WscliError):  # the part received until then is enough
        tap.read_rest(body)
    return PlainResponse(response, body.content)


def plain_get(request: Request) -> bytes:
    """Return the request head of an upgrade without the headers that make it an upgrade.

    Credentials, cookies, Origin and the user's own headers stay, so that only the upgrade differs.
    """
    fields = [
        f"{name}: {value}"
        for name, value in request.headers
        if name.lower() not in _UPGRADE_HEADERS and not name.lower().startswith("sec-websocket-")
    ]
    # "close", so that a body without a length ends soon.
    lines = [f"GET {request.target} HTTP/1.1", *fields, "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def _ignore(opening: Opening, step: OpeningStep) -> None:
    """Hide the probe's steps from the sinks, which show the connection that the user asked for."""
