"""What is said about a connection on stderr: the handshake, the frames, the bytes, the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wscli.net.opening import Opening
from wscli.session.bus import Batch, Sink
from wscli.session.end import End, describe_close
from wscli.sinks.hexdump import hexdump_blocks
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.safe import visible, visible_bytes
from wscli.sinks.output import Output
from wscli.wire.codes import NORMAL_CLOSE_CODES, Opcode, close_code_name, opcode_name
from wscli.wire.frames import Frame
from wscli.wire.head import decode_head
from wscli.wire.rules import Violation

_PREVIEW = 64  # bytes of a frame's payload that its line shows
_SAID = {"*": "dim", "!": "error"}


class TalkSink(Sink):
    """Writes what ``-v`` asks for: 1 the handshake, 2 each frame, 3 its bytes.

    Lines that were sent begin with ">", lines that were received with "<", as in curl.
    """

    def __init__(self, output: Output, palette: Palette, verbosity: int) -> None:
        self._output = output
        self._palette = palette
        self._verbosity = verbosity
        self.wants_frames = self.wants_outgoing = verbosity >= 2

    def step(self, opening: Opening, step: str) -> None:
        """Say what a step of the opening brought."""
        if self._verbosity and step in _STEPS:
            self._write(_STEPS[step](opening))

    def opened(self, opening: Opening, time: float, elapsed: float) -> None:
        """Say what was agreed on."""
        if self._verbosity and opening.agreement is not None:
            agreed = [
                f"subprotocol {opening.agreement.subprotocol}"
                if opening.agreement.subprotocol
                else "no subprotocol",
                opening.agreement.extensions or "no extension",
            ]
            self._write([("*", f"open after {show_duration(elapsed)}: {', '.join(agreed)}")])

    def batch(self, batch: Batch) -> None:
        """Show frames, where they were asked for."""
        if self._verbosity < 2:
            return
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

    def ended(self, end: End) -> None:
        """Say how it ended."""
        mark = "*" if end.code in NORMAL_CLOSE_CODES else "!"
        self._write([(mark, describe_end(end))])

    def _write(self, lines: Iterable[tuple[str, str]]) -> None:
        text = "".join(f"{self._paint(mark, visible(line))}\n" for mark, line in lines)
        if text:
            self._output.write(text.encode())

    def _paint(self, mark: str, line: str) -> str:
        if mark in _SAID:
            return self._palette.paint(_SAID[mark], f"* {line}")
        return f"{self._palette.paint('in' if mark == '<' else 'out', mark)} {line}"


def describe_end(end: End) -> str:
    """Say how a connection ended, by whom, and how long it lasted."""
    if end.detail:
        how = f"lost ({end.code} {close_code_name(end.code)}): {end.detail}"
    else:
        how = f"closed with {describe_close(end)}"
    by = {True: ", begun by the peer", False: ", begun by wscli", None: ""}[end.peer_began]
    return f"{how}{by}, after {show_duration(end.elapsed)}"


def show_frame(frame: Frame) -> str:
    """Return a frame's header fields and the beginning of its payload, in a line."""
    key = f"mask {frame.mask_key.hex()}" if frame.mask_key is not None else "no mask"
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
    payload = frame.payload
    if frame.opcode == Opcode.CLOSE and len(payload) >= 2:
        code = int.from_bytes(payload[:2], "big")
        reason = f' "{visible_bytes(payload[2:])}"' if payload[2:] else ""
        return f"{code} {close_code_name(code)}{reason}"
    more = "…" if len(payload) > _PREVIEW else ""
    if frame.opcode == Opcode.TEXT and not frame.rsv:
        return f'"{visible_bytes(payload[:_PREVIEW])}"{more}'
    return payload[: _PREVIEW // 2].hex(" ") + ("…" if len(payload) > _PREVIEW // 2 else "")


def _name_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.addresses and opening.looked_up not in opening.addresses:
        found = ", ".join(opening.addresses)
        took = show_duration(opening.timings["name"])
        yield "*", f"looked up {opening.looked_up}: {found} ({took})"


def _tcp_step(opening: Opening) -> Iterator[tuple[str, str]]:
    yield "*", f"connected to {opening.address} ({show_duration(opening.timings['tcp'])})"


def _proxy_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.proxy_request is not None and opening.proxy_response is not None:
        yield from _head_lines(">", opening.proxy_request)
        yield from _head_lines("<", opening.proxy_response)
    yield "*", f"through the proxy {opening.proxy} ({show_duration(opening.timings['proxy'])})"


def _tls_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.tls is None:
        return
    yield (
        "*",
        f"{opening.tls.version}, {opening.tls.cipher} ({show_duration(opening.timings['tls'])})",
    )
    if opening.tls.certificate is not None:
        certificate = opening.tls.certificate
        yield "*", f"certificate of {certificate.subject}"
        yield "*", f"issued by {certificate.issuer}"


def _request_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.request is not None:
        yield from _head_lines(">", opening.request.raw)


def _response_step(opening: Opening) -> Iterator[tuple[str, str]]:
    if opening.response is not None:
        yield from _head_lines("<", opening.interim + opening.response.raw)


_STEPS = {
    "name": _name_step,
    "tcp": _tcp_step,
    "proxy": _proxy_step,
    "tls": _tls_step,
    "request": _request_step,
    "response": _response_step,
}


def _head_lines(mark: str, raw: bytes) -> Iterator[tuple[str, str]]:
    for line in decode_head(raw).removesuffix("\n").split("\n"):
        yield mark, line.removesuffix("\r")


def show_duration(seconds: float) -> str:
    """Write a duration with a unit that suits it."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else show_time(seconds)


def show_time(seconds: float) -> str:
    """Write seconds as people count them: 4.2 s, 3 min 5 s, 2 h 14 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
