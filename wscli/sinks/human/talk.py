"""The remarks about a connection on stderr, with ``-v``: the handshake, frames, bytes, and the end.

Each line begins with a mark, as in curl: ">" for sent, "<" for received, "*" for remarks. Where
stderr is not a terminal, as in a CI log that many people can read, credentials are masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wscli.net.opening import Opening, OpeningStep
from wscli.net.redaction import SECRET_HEADERS
from wscli.session.end import End, describe_close, describe_stillness, error_of
from wscli.session.events import Batch, Opened, Step
from wscli.session.pipeline import Sink
from wscli.sinks.hexdump import hexdump_blocks
from wscli.sinks.human.palette import Palette
from wscli.sinks.notice import describe_declined
from wscli.sinks.output import Output
from wscli.text import show_duration, visible, visible_bytes
from wscli.wire.closing import Side
from wscli.wire.codes import Opcode, close_code_name, opcode_name
from wscli.wire.frames import Frame
from wscli.wire.head import decode_head
from wscli.wire.rules import Violation

_PREVIEW = 64  # bytes of a frame's payload that its line shows
_CREDENTIALS = rf"((?:{'|'.join(SECRET_HEADERS)})\s*:\s*)(.*)"
# How many characters of a masked value to show, if it is longer: enough to tell Basic from Bearer,
# and too few of a secret to be of use.
_KEPT = 4
_INITIATOR = {Side.REMOTE: ", initiated by the peer", Side.LOCAL: ", initiated by wscli", None: ""}
_AFTER_CLOSE = {
    Side.REMOTE: ", after a Close from the peer",
    Side.LOCAL: ", after a Close from wscli",
    None: "",
}
_REMARK_STYLES = {"*": "dim", "!": "error"}  # "!" is written as "*", in the colour of errors


class TalkSink(Sink):
    """Writes the handshake (verbosity 1), each frame (2), its bytes (3), and always the end.

    With ``mask``, credentials in headers are cut after their first characters, and a line says so.
    """

    def __init__(
        self, output: Output, palette: Palette, verbosity: int, *, mask: bool = False
    ) -> None:
        self._mask = mask
        self._has_masked = False
        self._output = output
        self._palette = palette
        self._verbosity = verbosity
        self.wants_frames = self.wants_outgoing = verbosity >= 2

    def step(self, step: Step) -> None:
        """Write the lines for a step of the opening."""
        if self._verbosity and step.name in _STEPS:
            lines = list(_STEPS[step.name](step.opening))
            self._write(mask_secrets(lines) if self._mask else lines)
            self._report_masking(lines)

    def _report_masking(self, lines: list[tuple[str, str]]) -> None:
        # Otherwise a user could copy a masked head, and wonder why the server refuses it.
        if self._mask and not self._has_masked and mask_secrets(lines) != lines:
            self._has_masked = True
            self._write([("*", "credentials are masked here; --show-secrets shows them")])

    def opened(self, opened: Opened) -> None:
        """Write what was agreed; warn, at any verbosity, if all subprotocols were declined."""
        agreement = opened.opening.agreement
        if agreement is None:
            return
        if self._verbosity:
            subprotocol = agreement.subprotocol
            agreed = [
                f"subprotocol {subprotocol}" if subprotocol else "no subprotocol",
                agreement.extensions or "no extension",
            ]
            self._write([("*", f"open after {show_duration(opened.elapsed)}: {', '.join(agreed)}")])
        if agreement.declined:
            self._write([("!", describe_declined(agreement.declined))])

    def batch(self, batch: Batch) -> None:
        """Write frames and violations, from verbosity 2 on."""
        if self._verbosity < 2 or self._output.gone:
            return
        # The lines of all frames are one write. A dump is not held back, since it may be large.
        mark = "<" if batch.incoming else ">"
        lines: list[tuple[str, str]] = []
        for item in batch.items:
            if isinstance(item, Frame):
                lines.append((mark, show_frame(item)))
                if self._verbosity >= 3:
                    self._write(lines)
                    self._write_bytes(mark, item.to_bytes())
                    lines = []
            elif isinstance(item, Violation):
                lines.append(("*", f"the peer {item}"))
        self._write(lines)

    def _write_bytes(self, mark: str, data: bytes) -> None:
        for block in hexdump_blocks(data, self._paint(mark, "")):
            self._output.write(block.encode())
            # A dump takes seconds for each 10 MiB, which a signal would have to wait for.
            if self._output.gone:
                return

    def ended(self, end: End) -> None:
        """Write how the connection ended."""
        self._write([("!" if error_of(end) else "*", describe_end(end))])

    def _write(self, lines: Iterable[tuple[str, str]]) -> None:
        text = "".join(f"{self._paint(mark, visible(line))}\n" for mark, line in lines)
        if text:
            self._output.write(text.encode())

    def _paint(self, mark: str, line: str) -> str:
        if mark in _REMARK_STYLES:
            return self._palette.paint(_REMARK_STYLES[mark], f"* {line}")
        return f"{self._palette.paint('in' if mark == '<' else 'out', mark)} {line}"


def describe_end(end: End) -> str:
    """Return how a connection ended, which side initiated that, and how long it lasted."""
    by = _INITIATOR[end.began]
    if end.hung_up:
        how = f"closed with {describe_close(end)}{by}; the peer ended TCP without answering"
    elif end.detail:
        still = describe_stillness(end)
        how = f"lost ({end.code} {close_code_name(end.code)}): {end.detail}"
        how += (f" ({still})" if still else "") + _AFTER_CLOSE[end.began]
    else:
        how = f"closed with {describe_close(end)}{by}"
    return f"{how}, after {show_duration(end.elapsed)}"


def show_frame(frame: Frame) -> str:
    """Return a frame's header fields and the beginning of its payload, as one line."""
    key = f"mask {frame.mask_key.hex()}" if frame.mask_key is not None else "no mask"
    # Every field that was on the wire, since a forged or faulty frame may differ in any of them.
    parts = [
        f"{opcode_name(frame.opcode):<12}",
        "fin" if frame.fin else "---",
        f"rsv {frame.rsv:03b}",
        key,
        f"length {frame.length:,} ({frame.length_form} bits)",
    ]
    if not frame.complete:
        parts.append(f"incomplete: {len(frame.payload):,} received")
    return f"{'  '.join(parts)}  {_preview(frame)}".rstrip()


def _preview(frame: Frame) -> str:
    # "The first two bytes of the body MUST be a 2-byte unsigned integer" (RFC 6455 §5.5.1), but
    # the frame of a peer may be shorter, and is shown as it is.
    payload = frame.payload
    if frame.opcode == Opcode.CLOSE and len(payload) >= 2:
        code = int.from_bytes(payload[:2], "big")
        reason = f' "{visible_bytes(payload[2:])}"' if payload[2:] else ""
        return f"{code} {close_code_name(code)}{reason}"
    # With a reserved bit set, the payload is not the text itself; usually it is compressed.
    more = "…" if len(payload) > _PREVIEW else ""
    if frame.opcode == Opcode.TEXT and not frame.rsv:
        return f'"{visible_bytes(payload[:_PREVIEW])}"{more}'
    return payload[: _PREVIEW // 2].hex(" ") + ("…" if len(payload) > _PREVIEW // 2 else "")


def _name_step(opening: Opening) -> Iterator[tuple[str, str]]:
    # An address in the URL is "looked up" too, with itself as the result.
    if opening.addresses and opening.looked_up not in opening.addresses:
        found = ", ".join(opening.addresses)
        took = show_duration(opening.timings[OpeningStep.NAME])
        yield "*", f"looked up {opening.looked_up}: {found} ({took})"


def _tcp_step(opening: Opening) -> Iterator[tuple[str, str]]:
    yield "*", f"connected to {opening.address} ({show_duration(opening.timings[OpeningStep.TCP])})"


def _proxy_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.proxy_request is not None and opening.proxy_response is not None:
        yield from _head_lines(">", opening.proxy_request)
        yield from _head_lines("<", opening.proxy_response)
    yield (
        "*",
        f"through the proxy {opening.proxy} ({show_duration(opening.timings[OpeningStep.PROXY])})",
    )


def _tls_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.tls is None:
        return
    took = show_duration(opening.timings[OpeningStep.TLS])
    yield "*", f"{opening.tls.version}, {opening.tls.cipher} ({took})"
    if opening.tls.certificate is not None:
        certificate = opening.tls.certificate
        yield "*", f"certificate for {certificate.subject}"
        yield "*", f"issued by {certificate.issuer}"


def _request_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.request is not None:
        yield from _head_lines(">", opening.request.raw)


def _response_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.response is not None:
        yield from _head_lines("<", opening.interim + opening.response.raw)


def _probe_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.probe is not None:
        answered = f"{opening.probe.status} {opening.probe.response.reason}".rstrip()
        yield "*", f"probed the same path with a plain GET: {answered} (--no-probe skips this)"


# The steps that have something to show, in the order of an attempt.
_STEPS = {
    OpeningStep.NAME: _name_step,
    OpeningStep.TCP: _tcp_step,
    OpeningStep.PROXY: _proxy_step,
    OpeningStep.TLS: _tls_step,
    OpeningStep.REQUEST: _request_step,
    OpeningStep.RESPONSE: _response_step,
    OpeningStep.PROBE: _probe_step,
}


def _head_lines(mark: str, raw: bytes) -> Iterator[tuple[str, str]]:
    for line in decode_head(raw).removesuffix("\n").split("\n"):
        yield mark, line.removesuffix("\r")


def mask_secrets(lines: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Cut the values of headers that carry credentials, in the lines of a head."""
    masked = []
    secret = False
    for mark, line in lines:
        # Obsolete line folding continues a value in the next line, after a space or tab (RFC 9112
        # §5.2). A server may still send it, and the secret would show.
        if secret and line[:1] in (" ", "\t"):
            masked.append((mark, " …"))
            continue
        match = re.match(_CREDENTIALS, line, re.IGNORECASE) if mark in "<>" else None
        secret = match is not None
        masked.append((mark, f"{match[1]}{_mask(match[2])}" if match else line))
    return masked


def _mask(secret: str) -> str:
    kept = secret[:_KEPT] if len(secret) > _KEPT else ""
    return f"{kept}…" if secret else ""
