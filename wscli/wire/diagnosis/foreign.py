"""Answers that are not valid: faults of a 101, bytes that are not HTTP, HTTP in place of frames."""

from __future__ import annotations

from wscli.wire.diagnosis.evidence import PlainResponse
from wscli.wire.diagnosis.services import recognise
from wscli.wire.handshake import Agreement

_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # alert, handshake


def explain_faults(agreement: Agreement) -> str:
    """Return what to try after a 101 that is not valid."""
    ids = {fault.id for fault in agreement.faults}
    if "accept" in ids:
        return (
            "whoever answered did not compute the answer from this request's key: "
            "a cache, a proxy, or a server that is not finished"
        )
    if "extension" in ids:
        return "--no-compress, which offers no extension"
    if "subprotocol" in ids:
        return "--subprotocol with the name that the server chose"
    return "a proxy on the way may have changed the headers; connect past it to compare"


def explain_not_http(data: bytes) -> tuple[str, str]:
    """Identify first bytes that are not an HTTP response; return their kind and what to try."""
    if data.startswith(_TLS_RECORDS):
        return "a TLS record", "this port speaks TLS: write wss:// instead of ws://"
    if data.startswith(b"SSH-"):
        return "an SSH server's greeting", "check the port"
    if data.startswith((b"\x00\x00\x12\x04", b"\x00\x00\x06\x04", b"\x00\x00\x00\x04")):
        return "an HTTP/2 frame", "the server speaks HTTP/2 only here; WebSocket needs HTTP/1.1"
    if data.startswith((b"220 ", b"220-", b"* OK", b"+OK")):
        return "a mail or file server's greeting", "check the port"
    if data.startswith(b"HTTP/"):
        return "a response whose head does not end", "the server's log may say why"
    return "bytes that are not HTTP", "check the port: another kind of server listens there"


def explain_stray_response(answer: PlainResponse | None) -> str:
    """Return what to try where an HTTP response came in place of the first frame."""
    known = recognise(answer, "") if answer is not None else None
    return known or "the server refused the connection only after its 101; its log may say why"
