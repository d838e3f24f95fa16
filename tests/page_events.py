"""Events of recordings that tests show as pages."""

import json

from wscli.net.opening import TLS, Certificate, Opening
from wscli.net.url import parse_url
from wscli.records.events import Recorded
from wscli.session.end import End
from wscli.session.events import Batch, Opened
from wscli.wire.closing import Side
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.handshake import check_response
from wscli.wire.head import parse_request, parse_response

START = 1_769_860_800.25  # 2026-01-31T12:00:00.25Z
OPENED = 0.0527  # seconds
REQUEST = (
    b"GET /feed?x=1 HTTP/1.1\r\nUpgrade: websocket\r\nHost: example.com\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Connection: Upgrade\r\nX-Trace: <b>1</b>\r\n\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
HOSTILE = (
    "</script><script>alert(1)</script><!--<script> <img src=x onerror=alert(1)>"
    " \x1b[2J \x00 \u202etxt.exe\u202c \u200b \u2028 \ufeff"
)


def opening():
    """Return the record of an upgrade that succeeded."""
    record = Opening(parse_url("wss://example.com/feed?x=1"))
    record.looked_up, record.addresses = "example.com", ("192.0.2.1", "2001:db8::1")
    record.address = "192.0.2.1:443"
    record.timings = {"name": 0.0031, "tcp": 0.012, "tls": 0.0245, "upgrade": 0.0131}
    certificate = Certificate("CN=example.com", "O=CA", ("example.com",), START + 90 * 86400)
    record.tls = TLS("TLSv1.3", "TLS_AES_256_GCM_SHA384", certificate)
    record.request, record.response = parse_request(REQUEST), parse_response(RESPONSE)
    record.received = record.response.raw
    record.agreement = check_response(record.request, record.response)
    record.opinion = "accepted"
    return record


def opened(start=START):
    return Opened(opening(), start + OPENED, OPENED)


def batch(*items, incoming=True, after=1.0, start=START):
    return Batch(incoming, start + after, after, items)


def message(payload, *, incoming=True, after=1.0, start=START):
    """Return a batch of one message: text, or binary for bytes."""
    is_text = isinstance(payload, str)
    item = Messages(1, [payload.encode()]) if is_text else Messages(2, [payload])
    return batch(item, incoming=incoming, after=after, start=start)


def closed(after=10.0, code=1000, reason="bye", start=START, **facts):
    return End(code, reason, Side.REMOTE, True, start + after, after, sent=code, **facts)


def of_connection(number, *events):
    return [Recorded(event, number) for event in events]


def long_session(count):
    """Return a session of many messages in ten seconds; every fourth is sent, every tenth binary.

    Each hundredth is followed by a ping and its pong.
    """
    events = [opened()]
    for number in range(count):
        after = 0.1 + 9.8 * number / count
        events.append(message(_payload(number), incoming=number % 4 != 0, after=after))
        if number % 100 == 99:
            events.append(batch(Ping(b"beat"), incoming=False, after=after))
            events.append(batch(Pong(b"beat", 0.0125), after=after))
    return of_connection(1, *events, closed())


def _payload(number):
    if number % 10 == 5:
        return bytes([number % 256, 0, 255, 254])
    data = {"type": "trade", "id": number, "symbol": "BTC" if number % 3 else "ETH"}
    return json.dumps({**data, "fills": [{"price": 1.5}, {"price": None}]})
