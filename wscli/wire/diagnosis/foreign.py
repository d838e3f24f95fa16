"""Answers that are not valid: a 101 with faults, and bytes that are not HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wscli.wire.handshake import Agreement

if TYPE_CHECKING:
    from wscli.kinds import RefusalKind, UpgradeKind

# The first bytes of servers of other protocols, which answer an HTTP request in their own way or
# speak first: a TLS server sends an alert, an HTTP/2 server its SETTINGS (of 18, 6 or 0 bytes).
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # alert, handshake
_HTTP2_FRAMES = (b"\x00\x00\x12\x04", b"\x00\x00\x06\x04", b"\x00\x00\x00\x04")  # SETTINGS
_GREETINGS = (b"220 ", b"220-", b"* OK", b"+OK")  # SMTP and FTP, IMAP, POP3


def explain_faults(agreement: Agreement) -> UpgradeKind:
    """Return the kind of a 101 that is not valid, by the fault that says most about its cause."""
    ids = {fault.id for fault in agreement.faults}
    # A wrong Sec-WebSocket-Accept comes first: whatever answered has not handled the key of this
    # request, which puts everything else in its response in doubt.
    if "accept" in ids:
        return "accept-wrong"
    if "extension" in ids:
        return "extension-unoffered"
    if "subprotocol" in ids:
        return "subprotocol-unoffered"
    return "response-invalid"


def identify(data: bytes) -> tuple[str, UpgradeKind | RefusalKind]:
    """Identify first bytes that are not an HTTP response; return a noun for them, and the kind."""
    if data.startswith(_TLS_RECORDS):
        return "a TLS record", "tls-port"
    if data.startswith(b"SSH-"):
        return "an SSH server's greeting", "other-server"
    if data.startswith(_HTTP2_FRAMES):
        return "an HTTP/2 frame", "http2-frame"
    if data.startswith(_GREETINGS):
        return "a mail or file server's greeting", "other-server"
    # HTTP that got this far was cut off by the limit of a head; valid heads have been parsed.
    if data.startswith(b"HTTP/"):
        return "a response whose head does not end", "endless-head"
    return "bytes that are not HTTP", "not-http"
