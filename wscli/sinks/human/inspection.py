"""The report of an opening handshake: both heads, every header explained, and the timings."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wscli.net.opening import PHASES, Certificate, Opening
from wscli.session.events import Failed, Opened, Step
from wscli.session.pipeline import Sink
from wscli.sinks.human.palette import Palette
from wscli.sinks.notice import describe_declined
from wscli.sinks.output import Output
from wscli.text import visible
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.diagnosis import show_body
from wscli.wire.handshake import Agreement, accept_value
from wscli.wire.head import Headers, decode_head

_UNLIMITED = 10_000  # columns if the output is not a terminal; rich needs some number

# Notes on headers, for somebody who sees an upgrade for the first time. Names are in lower case,
# since "Each field name is case-insensitive" (RFC 9110 §5.1).
_REQUEST = {
    "host": "the host and port that the client asks for",
    "upgrade": "asks to switch this connection to another protocol",
    "connection": "says that Upgrade is meant for the next hop",
    "sec-websocket-key": "16 random bytes in base64; the answer must prove that they were read",
    "sec-websocket-version": "13 is the version of RFC 6455, the only one in use",
    "sec-websocket-protocol": "the subprotocols offered, the preferred one first",
    "sec-websocket-extensions": "the extensions offered; permessage-deflate compresses messages",
    "origin": "the page that connects, as a browser would name it; many servers check it",
    "authorization": "the client's credentials",
    "cookie": "the client's cookies",
    "user-agent": "the client's name and version",
}
_RESPONSE = {
    "upgrade": "agrees to switch protocols",
    "connection": "says that Upgrade is meant for this hop",
    "sec-websocket-protocol": "the subprotocol chosen",
    "sec-websocket-extensions": "the extensions chosen",
    "sec-websocket-version": "the versions of the protocol that the server speaks",
    "www-authenticate": "the kind of credentials that the server wants",
    "location": "the URL to use instead",
    "retry-after": "when to try again",
    "content-type": "the type of the body",
    "content-length": "the size of the body in bytes",
    "transfer-encoding": "how the body is sent; chunked is in parts, each with its size",
    "set-cookie": "a cookie for later requests",
    "server": "the server's name and version",
    "date": "the server's time",
    "via": "the proxies on the way",
}


class InspectionSink(Sink):
    """Writes a report when the connection is open, or when it could not be opened.

    The heads are written byte for byte, except to a terminal or in colour: then control characters
    are escaped. ``width`` is that of the terminal, None for a pipe or file.
    """

    def __init__(self, output: Output, palette: Palette, width: int | None) -> None:
        self._output = output
        self._palette = palette
        self._width = width
        self._opening: Opening | None = None
        self._done = False

    def step(self, step: Step) -> None:
        """Keep the attempt, and report one that was redirected before the next begins."""
        previous = self._opening
        # Only a redirect is followed by another attempt. Identity does not tell one attempt from
        # another: in a recording, each step has an opening of its own.
        if previous is not None and previous.response and not step.opening.response:
            self._report()
        self._opening = step.opening

    def opened(self, opened: Opened) -> None:
        """Write the report."""
        self._opening = opened.opening
        self._report(opened.time)

    def failed(self, failed: Failed) -> None:
        """Write the report as far as the attempt got, unless it has been written."""
        # A connection that was open, and so has its report, may fail as well.
        if not self._done:
            self._report(failed.time)

    def _report(self, now: float = 0.0) -> None:
        opening = self._opening
        if opening is None:
            return
        self._done = True
        heads = self._show_head("out", _request_bytes(opening))
        heads += self._show_head("in", self._response_bytes(opening))
        sections = (
            self._section("request", _explain_request(opening)),
            self._section("response", _explain_response(opening)),
            self._section("connection", _explain_connection(opening, now)),
            self._section("timings", _explain_timings(opening)),
        )
        # A section without rows is left out: an attempt may have ended at any step.
        self._output.write(heads + "\n".join(filter(None, sections)).encode())

    def _response_bytes(self, opening: Opening) -> bytes:
        """Return the response with the part of its body that was read.

        Without a valid response, return the bytes that were received. The body is laid out for a
        terminal; elsewhere it is unchanged.
        """
        received = opening.received
        if opening.response is not None:
            body = opening.body
            if self._width is not None:
                shown = show_body(opening.response, body)
                body = f"{shown}\n\n".encode() if shown else b""
            # Interim responses, such as 103, came before it (RFC 9110 §15.2).
            received = opening.interim + opening.response.raw + body
        return received if received.endswith(b"\n") or not received else received + b"\n"

    def _show_head(self, style: str, head: bytes) -> bytes:
        # Colour is meant for a terminal, even if it goes through a pipe first, as with ``less -R``.
        if self._width is None and not self._palette.colour:
            return head
        lines = visible(decode_head(head).replace("\r\n", "\n"), keep="\n\t").split("\n")
        return "\n".join(self._palette.paint(style, line) for line in lines).encode()

    def _section(self, title: str, rows: Iterator[tuple[str, ...]]) -> str:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for row in rows:
            # As Text, since rich would read markup such as [red] in a str. Long values are folded,
            # not cut, so that they can be copied.
            table.add_row("", *(Text(visible(cell), overflow="fold") for cell in row))
        if not table.row_count:
            return ""
        # rich only lays out; the sink writes, so that errors of the output are handled there.
        page = io.StringIO()
        Console(file=page, width=self._width or _UNLIMITED, color_system=None).print(table)
        lines = [line.rstrip() for line in page.getvalue().splitlines()]
        return "\n".join([self._palette.paint("bold", title), *lines, ""])


def _request_bytes(opening: Opening) -> bytes:
    return opening.request.raw if opening.request else b""


def _explain_request(opening: Opening) -> Iterator[tuple[str, ...]]:
    if opening.request is not None:
        yield from _explain_headers(opening.request.headers, _REQUEST)


def _explain_response(opening: Opening) -> Iterator[tuple[str, ...]]:
    if opening.response is None:
        return
    for name, value, meaning in _explain_headers(opening.response.headers, _RESPONSE):
        if name.lower() == "sec-websocket-accept":
            yield name, value, _explain_accept(opening, value)
        elif name.lower() == "connection" and "upgrade" not in value.lower():
            yield name, value, "says whether this connection stays open"
        else:
            yield name, value, meaning


def _explain_headers(headers: Headers, meanings: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, value in headers:
        yield name, value, meanings.get(name.lower(), "")


def _explain_accept(opening: Opening, value: str) -> str:
    # The value by which the server proves that it has read the key (RFC 6455 §4.2.2, item 5.4).
    key = opening.request.headers.get("Sec-WebSocket-Key") if opening.request else None
    expected = accept_value(key or "")
    verdict = "correct" if value == expected else "wrong"
    return f"{verdict}: base64(SHA-1(key + GUID)) is {expected}"


def _explain_connection(opening: Opening, now: float) -> Iterator[tuple[str, ...]]:
    if opening.address is not None:
        yield "address", opening.address
    if opening.proxy is not None:
        yield "proxy", opening.proxy
    if opening.tls is not None:
        yield "TLS", f"{opening.tls.version}, {opening.tls.cipher}"
        if opening.tls.certificate is not None:
            yield from _explain_certificate(opening.tls.certificate, now)
    if opening.agreement is not None:
        yield "subprotocol", _explain_subprotocol(opening.agreement)
        yield "compression", _explain_deflate(opening.agreement.deflate)
        yield from _compare_verdicts(opening.agreement, opening.opinion)
    # A plain GET is sent only after a refusal; its status often points to the cause.
    if opening.probe is not None:
        yield "plain GET", f"{opening.probe.status} {opening.probe.response.reason}".rstrip()


def _explain_subprotocol(agreement: Agreement) -> str:
    if agreement.declined:
        return f"none: {describe_declined(agreement.declined)}"
    return agreement.subprotocol or "none"


def _compare_verdicts(agreement: Agreement, opinion: str | None) -> Iterator[tuple[str, str]]:
    """Yield a row if websocket-client judges a 101 differently from wscli."""
    # websocket-client is more lenient in some rules and stricter in others. A response that it
    # judges differently works with some clients and fails with others, which is hard to find out.
    accepted = opinion == "accepted"
    if agreement.faults and accepted:
        yield "libraries", "websocket-client accepts this response, as others may"
    elif not (agreement.faults or accepted or agreement.declined or opinion is None):
        yield "libraries", "websocket-client refuses this response, as others may"


def _explain_certificate(certificate: Certificate, now: float) -> Iterator[tuple[str, ...]]:
    yield "certificate", certificate.subject
    yield "names", ", ".join(certificate.names)
    yield "issuer", certificate.issuer
    # Counted from the time of the event: a recording shows the days that were left then.
    if certificate.expires is not None:
        yield "days left", f"{(certificate.expires - now) / 86400:,.0f}"


def _explain_deflate(deflate: PerMessageDeflate | None) -> str:
    if deflate is None:
        return "none"
    sides = []
    for side in ("server", "client"):
        bits = getattr(deflate, f"{side}_max_window_bits")
        fresh = getattr(deflate, f"{side}_no_context_takeover")
        context = "a new context for each message" if fresh else "one context for all messages"
        sides.append(f"{side} {2**bits:,}-byte window, {context}")
    return f"permessage-deflate: {'; '.join(sides)}"


def _explain_timings(opening: Opening) -> Iterator[tuple[str, ...]]:
    for phase in PHASES:
        if phase in opening.timings:
            yield phase, f"{opening.timings[phase] * 1000:9.1f} ms"
    if opening.timings:
        yield "total", f"{sum(opening.timings.values()) * 1000:9.1f} ms"
