"""Every event as one JSON object a line: for programs, and for recordings."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from wscli.errors import WscliError
from wscli.net.opening import TLS, Opening
from wscli.session.bus import Batch, Sink
from wscli.session.end import End
from wscli.sinks.output import Output
from wscli.text import UNSAFE, iso_time
from wscli.wire.closing import Side
from wscli.wire.codes import Opcode, close_code_name, opcode_name
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.head import Headers

VERSION = 1
"""The version of the events; fields are only ever added to one."""

_LINES = 2048  # written at once, so that what is written is still in the processor's cache
_BLOCK = 768 << 10  # bytes or characters; a multiple of three, so that base64 can be joined


class NdjsonSink(Sink):
    """Writes events as lines of JSON in UTF-8.

    With ``frames`` each frame is an event too. With ``escape`` nothing that a terminal might obey
    is written as it is. ``connection`` is a number that each event bears, where there are several.
    """

    wants_outgoing = True

    def __init__(
        self,
        output: Output,
        *,
        frames: bool = False,
        escape: bool = False,
        connection: int | None = None,
    ) -> None:
        self.wants_frames = frames
        self._connection = {} if connection is None else {"connection": connection}
        self._frames = frames
        self._output = output
        self._escape = escape
        self._first = True

    def opened(self, opening: Opening, time: float, elapsed: float) -> None:
        """Write the event ``open``."""
        self._write_event("open", time, elapsed, **_describe_opening(opening))

    def batch(self, batch: Batch) -> None:
        """Write a batch, each message as an event."""
        lines: list[str] = []
        shared = (
            f'"time":"{iso_time(batch.time)}","elapsed":{batch.elapsed:.6f},'
            f'"direction":"{"in" if batch.incoming else "out"}"'
        )
        for name, number in self._connection.items():
            shared += f',"{name}":{number}'
        for item in batch.items:
            if isinstance(item, Messages) and _is_large(item):
                self._write(lines)
                self._write_large(item, item.payloads[0], shared)
                lines = []
            elif isinstance(item, Messages):
                for start in range(0, len(item.payloads), _LINES):
                    part = Messages(item.opcode, item.payloads[start : start + _LINES])
                    lines += _message_lines(part, shared)
                    if len(lines) >= _LINES:
                        self._write(lines)
                        lines = []
            elif isinstance(item, Frame) and self._frames:
                lines.append(_frame_line(item, shared))
            elif isinstance(item, Ping | Pong):
                lines.append(_ping_line(item, shared))
        self._write(lines)

    def ended(self, end: End) -> None:
        """Write the event ``close``."""
        fields: dict[str, Any] = {
            "code": end.code,
            "name": close_code_name(end.code),
            "reason": end.reason,
            "clean": end.clean,
        }
        if end.began is not None:
            fields["by"] = "peer" if end.began is Side.REMOTE else "wscli"
        self._write_event("close", end.time, end.elapsed, **fields)

    def failed(self, error: WscliError, time: float, elapsed: float) -> None:
        """Write the event ``error``."""
        fields = {"status": int(error.status), "message": error.what}
        if error.evidence:
            # The lines of an HTTP head in it end with CRLF, the others with LF.
            fields["evidence"] = error.evidence.replace("\r\n", "\n")
        if error.hint:
            fields["hint"] = error.hint
        self._write_event("error", time, elapsed, **fields)

    def _write_event(self, event: str, time: float, elapsed: float, **fields: object) -> None:
        head: dict[str, object] = {
            "event": event,
            "time": iso_time(time),
            "elapsed": round(elapsed, 6),
            **self._connection,
        }
        if self._first:
            head["v"] = VERSION
        self._write([json.dumps({**head, **fields}, ensure_ascii=False, separators=(",", ":"))])

    def _write(self, lines: list[str]) -> None:
        if not lines:
            return
        self._first = False
        self._write_text("\n".join([*lines, ""]))

    def _write_large(self, message: Messages, payload: bytes, shared: str) -> None:
        """Write a message a block at a time: escaped, a text may be six times as large."""
        self._write_text(f"{_message_head(message, shared)}{len(payload)},")
        if message.opcode == Opcode.TEXT:
            self._write_text('"text":"')
            text = payload.decode()
            for start in range(0, len(text), _BLOCK):
                self._write_text(encode_basestring(text[start : start + _BLOCK])[1:-1])
        else:
            self._write_text('"base64":"')
            for start in range(0, len(payload), _BLOCK):
                self._write_text(b64encode(payload[start : start + _BLOCK]).decode())
        self._write_text('"}\n')

    def _write_text(self, text: str) -> None:
        if self._escape:
            text = re.sub(UNSAFE, lambda match: encode_basestring_ascii(match[0])[1:-1], text)
        self._output.write(text.encode())


def _is_large(messages: Messages) -> bool:
    return len(messages.payloads) == 1 and len(messages.payloads[0]) > _BLOCK


def _message_head(messages: Messages, shared: str) -> str:
    opcode = opcode_name(messages.opcode)
    return f'{{"event":"message",{shared},"opcode":"{opcode}","size":'


def _message_lines(messages: Messages, shared: str) -> list[str]:
    head = _message_head(messages, shared)
    if messages.opcode == Opcode.TEXT:
        return [
            f'{head}{len(payload)},"text":{encode_basestring(payload.decode())}}}'
            for payload in messages.payloads
        ]
    return [
        f'{head}{len(payload)},"base64":"{b64encode(payload).decode()}"}}'
        for payload in messages.payloads
    ]


def _frame_line(frame: Frame, shared: str) -> str:
    fields: dict[str, object] = {
        "opcode": opcode_name(frame.opcode),
        "fin": frame.fin,
        "rsv": frame.rsv,
        "masked": frame.mask_key is not None,
    }
    if frame.mask_key is not None:
        fields["mask_key"] = frame.mask_key.hex()
    fields |= {"size": len(frame.payload), "wire_size": frame.wire_size}
    if not frame.complete:
        fields |= {"complete": False, "length": frame.length}
    fields |= _frame_payload(frame)
    return _line("frame", shared, fields)


def _frame_payload(frame: Frame) -> dict[str, str]:
    if frame.opcode == Opcode.TEXT and not frame.rsv:
        try:
            return {"text": frame.payload.decode()}
        except UnicodeDecodeError:
            pass  # a fragment may end inside a character
    return {"base64": b64encode(frame.payload).decode()}


def _ping_line(event: Ping | Pong, shared: str) -> str:
    fields: dict[str, object] = {
        "size": len(event.payload),
        "base64": b64encode(event.payload).decode(),
    }
    if isinstance(event, Ping):
        return _line("ping", shared, fields)
    if event.rtt is not None:
        fields["rtt"] = round(event.rtt, 6)
    return _line("pong", shared, fields)


def _line(event: str, shared: str, fields: dict[str, object]) -> str:
    rest = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return f'{{"event":"{event}",{shared},{rest[1:]}'


def _describe_opening(opening: Opening) -> dict[str, object]:
    fields: dict[str, object] = {"url": str(opening.url)}
    if opening.address is not None:
        fields["address"] = opening.address
    if opening.proxy is not None:
        fields["proxy"] = opening.proxy
    if opening.tls is not None:
        fields["tls"] = _describe_tls(opening.tls)
    if opening.agreement is not None and opening.agreement.subprotocol is not None:
        fields["subprotocol"] = opening.agreement.subprotocol
    if opening.agreement is not None and opening.agreement.extensions is not None:
        fields["extensions"] = opening.agreement.extensions
    if opening.request is not None:
        fields["request"] = {
            "target": opening.request.target,
            "headers": _pairs(opening.request.headers),
        }
    if opening.response is not None:
        fields["response"] = {
            "status": opening.response.status,
            "reason": opening.response.reason,
            "headers": _pairs(opening.response.headers),
        }
    fields["timings"] = {phase: round(took, 6) for phase, took in opening.timings.items()}
    return fields


def _describe_tls(tls: TLS) -> dict[str, object]:
    fields: dict[str, object] = {"version": tls.version, "cipher": tls.cipher}
    if tls.certificate is not None:
        certificate: dict[str, object] = {
            "subject": tls.certificate.subject,
            "issuer": tls.certificate.issuer,
            "names": list(tls.certificate.names),
        }
        if tls.certificate.expires is not None:
            certificate["expires"] = iso_time(tls.certificate.expires)
        fields["certificate"] = certificate
    return fields


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]
