"""Replace secrets in events, so that a recording can be given to somebody else.

Secrets are the values of certain headers and of certain parameters of a query (``net/redaction``
has the lists), and matches of the user's patterns, in payloads above all.

Frames repeat the payloads of messages. A frame that is a whole message is treated as one. In any
other, a secret may be compressed or cut in two, so each byte of the payload becomes an ``x``.
"""

from __future__ import annotations

import copy

from wscli.net.opening import Opening
from wscli.records.secrets import MARK, Secrets
from wscli.session.end import End
from wscli.session.events import Batch, Event, Failed
from wscli.wire.codes import Opcode
from wscli.wire.diagnosis import PlainResponse
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame, shortest_length_form
from wscli.wire.handshake import Agreement
from wscli.wire.head import Response, parse_request, parse_response
from wscli.wire.receiver import Item
from wscli.wire.rules import Violation

_WHOLE = (Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG)


class Redactor:
    """Replaces secrets in the events of a recording, in their order; for one thread."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def __call__(self, event: Event) -> Event:
        """Return an event without secrets."""
        if isinstance(event, Batch):
            return event._replace(items=[self._item(item) for item in event.items])
        if isinstance(event, End):
            return self._end(event)
        if isinstance(event, Failed):
            return self._failed(event)
        return event._replace(opening=self._opening(event.opening))

    # Messages and frames

    def _item(self, item: Item) -> Item:
        payload = self._secrets.payload
        if isinstance(item, Messages):
            return Messages(item.opcode, list(map(payload, item.payloads)))
        if isinstance(item, Ping | Pong):
            return item._replace(payload=payload(item.payload))
        if isinstance(item, Frame):
            return self._frame(item)
        if isinstance(item, Violation):
            return self._violation(item)
        return item  # a run or a Close, which are not written

    def _frame(self, frame: Frame) -> Frame:
        payload = frame.payload
        is_whole = frame.opcode in _WHOLE and frame.fin and not frame.rsv and frame.complete
        if is_whole:
            payload = self._secrets.payload(payload)
        elif frame.opcode == Opcode.CLOSE and frame.complete:
            payload = payload[:2] + self._secrets.payload(payload[2:])
        else:  # the length is kept: frames are evidence, and it is part of that
            payload = b"x" * len(payload)
        length = len(payload) if frame.complete else frame.length
        return Frame(
            frame.opcode,
            payload,
            fin=frame.fin,
            rsv=frame.rsv,
            mask_key=frame.mask_key,
            length=length,
            length_form=max(frame.length_form, shortest_length_form(length)),
        )

    def _violation(self, violation: Violation) -> Violation:
        kind, facts = violation.service or (None, {})
        if kind is not None and "debugger_url" in facts:
            facts = {**facts, "debugger_url": self._secrets.text(facts["debugger_url"])}
        return violation._replace(
            evidence=self._secrets.text(violation.evidence),
            reason=self._secrets.value(violation.reason),
            service=None if kind is None else (kind, facts),
        )

    # Opening, end and error

    def _end(self, end: End) -> End:
        violation = end.violation
        return end._replace(
            reason=self._secrets.value(end.reason),
            detail=self._secrets.text(end.detail),
            violation=None if violation is None else self._violation(violation),
        )

    def _failed(self, failed: Failed) -> Failed:
        opening = None if failed.opening is None else self._opening(failed.opening)
        return failed._replace(
            message=self._secrets.text(failed.message),
            evidence=self._secrets.text(failed.evidence),
            hint=self._secrets.text(failed.hint),
            opening=opening,
        )

    def _opening(self, opening: Opening) -> Opening:
        self._learn(opening)
        secrets = self._secrets
        redacted = copy.copy(opening)
        target = secrets.text(opening.url.target)
        redacted.url = opening.url._replace(target=target, user=None, password=None)
        if opening.proxy is not None:
            redacted.proxy = secrets.text(opening.proxy)
        if opening.proxy_request is not None:
            redacted.proxy_request = secrets.head(opening.proxy_request)
        if opening.proxy_response is not None:
            redacted.proxy_response = secrets.head(opening.proxy_response)
        if opening.request is not None:
            redacted.request = parse_request(secrets.head(opening.request.raw))
        redacted.interim = secrets.head(opening.interim)
        redacted.received = secrets.head(opening.received)
        if (response := opening.response) is not None:
            redacted.response, redacted.body = self._response(response, opening.body)
            redacted.received = redacted.interim + redacted.response.raw
        if opening.agreement is not None:
            redacted.agreement = self._agreement(opening.agreement)
        if opening.opinion is not None:
            redacted.opinion = secrets.text(opening.opinion)
        if opening.probe is not None:
            redacted.probe = PlainResponse(*self._response(*opening.probe))
        return redacted

    def _learn(self, opening: Opening) -> None:
        """Learn the secrets of an opening before any part of it is redacted."""
        secrets = self._secrets
        secrets.learn_parameters(opening.url.target)
        for head in (
            opening.proxy_request,
            opening.request and opening.request.raw,
            opening.interim,
            opening.response and opening.response.raw,
            opening.received,
        ):
            secrets.learn_head(head or b"")

    def _response(self, response: Response, body: bytes) -> tuple[Response, bytes]:
        redacted = parse_response(self._secrets.head(response.raw))
        # A compressed body may repeat a token where no search finds it.
        is_compressed = response.headers.get("Content-Encoding") not in (None, "identity")
        if is_compressed and body:
            return redacted, MARK.encode()
        return redacted, self._secrets.head(body)

    def _agreement(self, agreement: Agreement) -> Agreement:
        value = self._secrets.value
        return agreement._replace(
            subprotocol=agreement.subprotocol and value(agreement.subprotocol),
            extensions=agreement.extensions and value(agreement.extensions),
            declined=tuple(map(value, agreement.declined)),
        )
