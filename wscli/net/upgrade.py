"""The upgrade: websocket-client performs it on a tapped socket, and we judge the bytes on the wire.

websocket-client sends the request, and gives an opinion. Its own judgement is too lenient for a
debugging tool: it compares Sec-WebSocket-Accept and subprotocols without case, and does not check
the extensions.
"""

from __future__ import annotations

import re
from contextlib import suppress

from websocket import WebSocket

from wscli.errors import TimedOut, UsageError, WscliError
from wscli.net.attempt import Attempt
from wscli.net.clock import Deadline
from wscli.net.opening import Opening, OpeningStep
from wscli.net.options import ConnectOptions
from wscli.net.stream import Stream
from wscli.net.tap import NotHTTP, Tap
from wscli.net.url import Url
from wscli.wire.deflate import OFFER
from wscli.wire.handshake import check_response
from wscli.wire.head import (
    FIELD_NAME,
    Body,
    MalformedHead,
    Request,
    Response,
    basic_credentials,
    parse_request,
    parse_response,
)

_BODY_LIMIT = 64 << 10  # bytes of a refusal's body that are read
_BODY_TIMEOUT = 1.0  # seconds: the body only adds evidence to an error that is certain already
_UNSENDABLE = r"[\r\n\0\ud800-\udfff]"  # line ends, NUL, and surrogates, which have no UTF-8


def upgrade(stream: Stream, attempt: Attempt) -> bytes:
    """Perform the opening handshake (RFC 6455 §4.1); return the bytes that followed the head.

    Raises:
        UpgradeError: if the server refuses, or its answer is not valid.
        TLSError: if the server ends TLS instead, often since it requires a client certificate.
        TimedOut: at the deadline.
    """
    opening = attempt.opening
    tap = Tap(
        stream,
        attempt.deadline,
        edit=lambda head: edit_head(head, opening.url, attempt.options),
        on_sent=lambda: _record_request(tap, attempt),
    )
    try:
        doing = f"waiting for {opening.url.authority} to answer"
        with attempt.phase(OpeningStep.UPGRADE, doing):
            opening.opinion = _ask_websocket_client(tap, attempt)
            # It may have stopped reading early, at the first thing that it dislikes.
            response = parse_response(tap.read_head())
    except TimedOut:  # an OSError too, and needs no explanation
        raise
    except (NotHTTP, MalformedHead, OSError) as error:
        raise _explain(error, opening, bytes(tap.received)) from None
    finally:
        # Also after an error, since the record is evidence for it.
        opening.received = bytes(tap.received)
        opening.interim = tap.interim
    opening.response = response
    if response.status != 101:
        opening.body = _read_body(tap, response, attempt)
    attempt.observe(OpeningStep.RESPONSE)
    _judge(opening, parse_request(tap.sent), response)
    return tap.leftover


def check_options(url: Url, options: ConnectOptions) -> None:
    """Check the options, before anything is sent.

    Raises:
        UsageError: for a header that would break the request, or credentials of two kinds.
    """
    # A line break in a value would end the header and begin another, or end the head: values often
    # come from variables, files and other programs ("header injection").
    for name, value in options.headers:
        if not re.fullmatch(FIELD_NAME, name):
            raise UsageError(f"{name!r} is not a valid header name", kind="header-name")
        if value is not None and re.search(_UNSENDABLE, value):
            raise UsageError(
                f"the value of the header {name} cannot be sent",
                "it contains a line break, a NUL or invalid UTF-8",
            )
    values = (options.origin, options.host, options.user_agent, options.bearer, *options.cookies)
    for value in (*values, options.user, options.password, *options.subprotocols):
        if value is not None and re.search(_UNSENDABLE, value):
            raise UsageError(
                "a value cannot be sent in a header",
                "it contains a line break, a NUL or invalid UTF-8",
            )
    for name in options.subprotocols:
        if not re.fullmatch(FIELD_NAME, name):
            raise UsageError(f"{name!r} is not a valid subprotocol name", kind="subprotocol-name")
    if options.bearer is not None and (options.user is not None or url.user is not None):
        raise UsageError("both a user and a bearer token were given", hint="give one of them")


def _ask_websocket_client(tap: Tap, attempt: Attempt) -> str:
    """Let websocket-client perform the upgrade; return "accepted", or its complaint.

    The complaint is shown, and decides nothing.
    """
    url, options = attempt.opening.url, attempt.options
    try:
        # The URL is a stand-in: Host is given, and edit_head puts in the request's target.
        WebSocket().connect(  # type: ignore[no-untyped-call]
            "ws://localhost/",
            socket=tap,
            redirect_limit=0,
            host=options.host or url.authority,
            origin=options.origin,
            suppress_origin=options.origin is None,
            subprotocols=list(options.subprotocols),
            header=_own_headers(url, options),
        )
    except (OSError, NotHTTP, WscliError):
        raise
    # Its errors have no common base: besides its own there are ValueErrors, IndexErrors and others
    # for responses that it did not expect. All of them are opinions about the response.
    except Exception as error:
        attempt.deadline.check()  # it replaces a TimeoutError, such as TimedOut, with its own
        return str(error) or type(error).__name__
    return "accepted"


def _own_headers(url: Url, options: ConnectOptions) -> list[str]:
    user = url.user if options.user is None else options.user
    password = url.password if options.user is None else options.password
    lines = []
    if options.compress:
        lines.append(f"Sec-WebSocket-Extensions: {OFFER}")
    if user is not None:
        lines.append(f"Authorization: {basic_credentials(user, password)}")
    if options.bearer is not None:
        lines.append(f"Authorization: Bearer {options.bearer}")
    lines.append(f"User-Agent: {options.user_agent}")
    return lines


def edit_head(head: bytes, url: Url, options: ConnectOptions) -> bytes:
    """Return websocket-client's request with the user's target, cookies and headers.

    A header of the user replaces the one of the same name, if there is one.
    """
    # websocket-client has one cookie jar for the whole process, so a cookie of one connection
    # would be sent with the next.
    fields = [field for field in parse_request(head).headers if field[0].lower() != "cookie"]
    if options.cookies:
        fields.append(("Cookie", "; ".join(options.cookies)))
    # Each header can be replaced once. The second of the same name is added, since a user who gives
    # a header twice wants to send it twice.
    replaceable = {name.lower() for name, _ in fields}
    for name, value in options.headers:
        key = name.lower()
        if value is None:
            fields = [field for field in fields if field[0].lower() != key]
        elif key in replaceable:
            index = [field[0].lower() for field in fields].index(key)
            fields[index] = (name, value)
        else:
            fields.append((name, value))
        replaceable.discard(key)
    lines = [f"{name}: {value}".rstrip() for name, value in fields]
    return "\r\n".join([f"GET {url.target} HTTP/1.1", *lines, "", ""]).encode()


def _record_request(tap: Tap, attempt: Attempt) -> None:
    attempt.opening.request = parse_request(tap.sent)
    attempt.observe(OpeningStep.REQUEST)


def _read_body(tap: Tap, response: Response, attempt: Attempt) -> bytes:
    body = Body(response, _BODY_LIMIT)
    body.feed(tap.leftover)
    # Whatever arrives until the limit is enough: an error here must not hide the refusal.
    with suppress(OSError, TimedOut):
        left = attempt.deadline.remaining()
        limit = _BODY_TIMEOUT if left is None else min(left, _BODY_TIMEOUT)
        tap.limit(Deadline(attempt.clock, limit, "waiting for the body"))
        tap.read_rest(body)
    return body.content


def _judge(opening: Opening, request: Request, response: Response) -> None:
    if response.status == 101:
        opening.agreement = check_response(request, response)
        if not opening.agreement.faults:
            return
    from wscli.net import refusal

    raise refusal.explain_response(opening, request, response)


def _explain(error: Exception, opening: Opening, received: bytes) -> WscliError:
    # Imported here since it takes 3 ms, and most upgrades succeed.
    from wscli.net import refusal

    return refusal.explain_failure(error, opening, received)
