"""Why an upgrade failed: the errors, with their evidence. Loaded only when one fails."""

from __future__ import annotations

from wscli.errors import UpgradeError, WscliError
from wscli.net import tls
from wscli.net.opening import Opening
from wscli.net.redaction import mask_query
from wscli.net.tap import ClosedEarly, EndlessInterim, NotHTTP
from wscli.wire import diagnosis
from wscli.wire.diagnosis import Evidence, PlainResponse
from wscli.wire.head import Request, Response, decode_head

_SHOWN_INTERIM = 80  # bytes


def explain_response(opening: Opening, request: Request, response: Response) -> UpgradeError:
    """Return the error for a response that is not a 101, or a 101 that is not valid."""
    agreement = opening.agreement
    if agreement is None:
        answer = PlainResponse(response, opening.body)
        return UpgradeError(
            f"the server answered {response.status} {response.reason}".rstrip() + " instead of 101",
            _show_response(request, response, opening.body),
            diagnosis.explain_refusal(Evidence(request, opening.url.secure, answer)),
            response.status,
        )
    return UpgradeError(
        "the server's 101 is not valid: " + "; ".join(map(str, agreement.faults)),
        _show_response(request, response, b""),
        diagnosis.explain_faults(agreement),
    )


def explain_failure(error: Exception, opening: Opening, received: bytes) -> WscliError:
    """Return the error for bytes that are not a response, or for none at all."""
    if isinstance(error, EndlessInterim):
        return UpgradeError(
            f"{opening.url.authority} sends interim responses (1xx) and never a final one",
            f"{error}; the first begins with {received[:_SHOWN_INTERIM]!r}",
            "connect past the proxies on the way, if there are any, to see which one sends them",
        )
    if isinstance(error, NotHTTP):
        refusal = _not_http(opening, received, str(error))
        refusal.closed_early = isinstance(error, ClosedEarly)
        return refusal
    if isinstance(error, OSError):
        failure = _broken_off(error, opening, received)
        failure.closed_early = tls.is_end_of_connection(error)
        return failure
    return UpgradeError(
        f"{opening.url.authority} answered with a malformed HTTP head",
        str(error),
        "the server, or a proxy on the way, breaks RFC 9112",
    )


def _show_response(request: Request, response: Response, body: bytes) -> str:
    """Return a response as evidence, without the values of the request's query."""
    head = decode_head(response.raw).strip()
    shown = diagnosis.show_body(response, body)
    return mask_query(f"{head}\n\n{shown}" if shown else head, request.target)


def _broken_off(error: OSError, opening: Opening, received: bytes) -> WscliError:
    # A server that misses a client certificate says so only now, and often just by leaving.
    if opening.tls is not None and not received:
        return tls.explain(error, opening)
    hint = "" if received else _explain_nothing(opening)
    return UpgradeError(
        f"{opening.url.authority} broke off during the upgrade",
        error.strerror or str(error),
        hint or "the server's log may say why",
    )


def _not_http(opening: Opening, received: bytes, detail: str) -> UpgradeError:
    if not received:
        what = "nothing: the connection was closed without a response"
        hint = _explain_nothing(opening)
        return UpgradeError(f"{opening.url.authority} answered with {what}", "", hint)
    what, hint = diagnosis.explain_not_http(received)
    evidence = f"{detail}: {received[:200]!r}"
    return UpgradeError(f"{opening.url.authority} answered with {what}", evidence, hint)


def _explain_nothing(opening: Opening) -> str:
    if opening.request is None:  # it left before the request was sent
        return "the server's log may say why"
    return diagnosis.explain_refusal(Evidence(opening.request, opening.url.secure))
