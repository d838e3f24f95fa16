"""The errors for a failed upgrade, with their evidence. Loaded only when one fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wscli.errors import UpgradeError, WscliError
from wscli.net import tls
from wscli.net.opening import Opening
from wscli.net.redaction import mask_query
from wscli.net.tap import ClosedEarly, EndlessInterim, NotHTTP
from wscli.wire import diagnosis
from wscli.wire.diagnosis import Evidence, PlainResponse
from wscli.wire.head import Request, Response, decode_head

if TYPE_CHECKING:
    from wscli.kinds import Cause

_SHOWN_INTERIM = 80  # bytes: the status line and a header, of thousands that are all alike


def explain_response(opening: Opening, request: Request, response: Response) -> UpgradeError:
    """Return the error for a response that is not a 101, or a 101 that is not valid."""
    agreement = opening.agreement
    if agreement is None:
        answer = PlainResponse(response, opening.body)
        kind, facts = diagnosis.diagnose(Evidence(request, opening.url.secure, answer))
        return UpgradeError(
            f"the server answered {response.status} {response.reason}".rstrip() + " instead of 101",
            _show_response(request, response, opening.body),
            kind=kind,
            facts=facts,
        )
    return UpgradeError(
        "the server's 101 is not valid: " + "; ".join(map(str, agreement.faults)),
        _show_response(request, response, b""),
        kind=diagnosis.explain_faults(agreement),
    )


def explain_failure(error: Exception, opening: Opening, received: bytes) -> WscliError:
    """Return the error for received bytes that are not a response, or for no bytes at all."""
    if isinstance(error, EndlessInterim):
        return UpgradeError(
            f"{opening.url.authority} sends only interim responses (1xx) and no final one",
            f"{error}; the first begins with {received[:_SHOWN_INTERIM]!r}",
            kind="endless-interim",
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
        kind="malformed-head",
    )


def _show_response(request: Request, response: Response, body: bytes) -> str:
    """Return a response as evidence, without the values of the request's query."""
    head = decode_head(response.raw).strip()
    shown = diagnosis.show_body(response, body)
    return mask_query(f"{head}\n\n{shown}" if shown else head, request.target)


def _broken_off(error: OSError, opening: Opening, received: bytes) -> WscliError:
    # In TLS 1.3 the client's handshake is complete before the server has seen its certificate. So a
    # server that requires one says so only now, and often just by closing (RFC 8446 §4.4.2.4).
    if opening.tls is not None and not received:
        return tls.explain(error, opening)
    what = f"{opening.url.authority} closed the connection during the upgrade"
    detail = error.strerror or str(error)
    if received:
        return UpgradeError(what, detail, kind="broken-off")
    kind, facts = _diagnose_silence(opening)
    return UpgradeError(what, detail, kind=kind, facts=facts)


def _not_http(opening: Opening, received: bytes, detail: str) -> UpgradeError:
    where = opening.url.authority
    if not received:
        kind, facts = _diagnose_silence(opening)
        what = f"{where} closed the connection without a response"
        return UpgradeError(what, kind=kind, facts=facts)
    noun, foreign = diagnosis.identify(received)
    evidence = f"{detail}: {received[:200]!r}"  # repr, since they may be binary
    return UpgradeError(f"{where} answered with {noun}", evidence, kind=foreign)


def _diagnose_silence(opening: Opening) -> Cause:
    # The connection ended before the request had left: the server cannot have objected to it.
    if opening.request is None:
        return "left-early", {}
    return diagnosis.diagnose(Evidence(opening.request, opening.url.secure))
