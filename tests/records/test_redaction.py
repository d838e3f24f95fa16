"""Redaction: no secret is left in a recording, in any form, and everything else is."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams import items
from wscli.net.opening import Opening, OpeningStep
from wscli.net.redaction import is_secret_header, is_secret_parameter
from wscli.net.url import parse_url
from wscli.payload.matching import PatternTimeout, RegexReplacer
from wscli.records.events import from_json, to_json
from wscli.records.redaction import Redactor
from wscli.records.secrets import MARK, Secrets
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.wire.closing import Side
from wscli.wire.codes import Opcode, Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.diagnosis import PlainResponse
from wscli.wire.encoder import Encoder
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.handshake import check_response
from wscli.wire.head import parse_request, parse_response
from wscli.wire.receiver import Receiver
from wscli.wire.rules import MESSAGE_SIZE, Violation

START = 1_769_860_800.25
REQUEST = (
    "GET /feed?x=1&access_token={0} HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {1}\r\n"
    "Cookie: theme=dark; sid={2}\r\nReferer: https://example.com/?token={0}&y=2\r\n"
    "X-Api-Key: {3}\r\nX-Name: hello\r\n\r\n"
)
RESPONSE = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: sid={2}; Path=/\r\n"
    "X-Echo: {1}\r\n\r\n"
)
REFUSED = "HTTP/1.1 403 Forbidden\r\nSet-Cookie: sid={2}\r\nContent-Type: text/plain\r\n\r\n"
PROXY = "CONNECT h:443 HTTP/1.1\r\nProxy-Authorization: Basic {4}\r\n\r\n"


def redactor(*patterns):
    return Redactor(Secrets([RegexReplacer(pattern) for pattern in patterns], PatternTimeout))


def opening(secrets, response=RESPONSE):
    query, bearer, cookie, key, password = secrets
    basic = base64.b64encode(f"me:{password}".encode()).decode()
    made = Opening(parse_url(f"wss://me:{password}@example.com/feed?x=1&access_token={query}"))
    values = [query, bearer, cookie, key, basic]
    made.request = parse_request(REQUEST.format(*values).encode())
    made.response = parse_response(response.format(*values).encode())
    made.received = made.response.raw
    made.proxy_request = PROXY.format(*values).encode()
    made.proxy_response = RESPONSE.format(*values).encode()
    made.interim = f"HTTP/1.1 103 Early Hints\r\nSet-Cookie: a={cookie}\r\n\r\n".encode()
    if made.response.status == 101:
        made.agreement = check_response(made.request, made.response)
    else:
        made.body = f"the token {query} is wrong, and so is {bearer}".encode()
        made.probe = PlainResponse(made.response, made.body)
    return made


def frames_of(payload):
    """Return frames of a message: whole, masked, in fragments, compressed, cut off."""
    half = len(payload) // 2
    deflate = PerMessageDeflate(False, False, 15, 15)
    sent = Encoder(Role.SERVER, deflate=deflate).messages(Opcode.TEXT, [payload])
    compressed = items(Receiver(Role.CLIENT, deflate=deflate, frames=True), sent)
    return [
        Frame(Opcode.TEXT, payload),
        Frame(Opcode.TEXT, payload, mask_key=b"\x01\x02\x03\x04"),
        Frame(Opcode.TEXT, payload[:half], fin=False),
        Frame(Opcode.CONTINUATION, payload[half:]),
        Frame(Opcode.BINARY, payload, length=1 << 16),
        Frame(Opcode.CLOSE, b"\x03\xf0" + payload),
        *(item for item in compressed if isinstance(item, Frame)),
    ]


def session(secrets):
    """Return a session in which every event has secrets."""
    query, bearer, cookie, _, password = secrets
    text = f'{{"login":{{"password":"{password}"}},"bearer":"{bearer}","cookie":"{cookie}"}}'
    payload = text.encode()
    refused = opening(secrets, REFUSED)
    head = f"HTTP/1.1 403 Forbidden\nSet-Cookie: sid={cookie}\n ; folded={password}"
    evidence = f"{head}\n\nthe token {query} is wrong"
    violation = Violation(MESSAGE_SIZE, evidence, f"bad {bearer}")
    yield Step(OpeningStep.REQUEST, opening(secrets), START, 0.1)
    yield Opened(opening(secrets), START, 0.2)
    yield Batch(True, START, 0.3, [Messages(Opcode.TEXT, [payload, payload])])
    yield Batch(False, START, 0.4, [Messages(Opcode.BINARY, [b"\xff" + payload])])
    yield Batch(True, START, 0.5, [Ping(payload), Pong(bearer.encode(), 0.1)])
    yield Batch(True, START, 0.6, [*frames_of(payload), violation])
    yield End(1008, f"no {bearer}", Side.REMOTE, True, START, 0.7, violation)
    yield Failed(5, f"refused ?token={query}", evidence, "try", START, 0.8, refused)


SECRET = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=10, max_size=24)
SECRETS = st.lists(SECRET, min_size=5, max_size=5, unique=True)


def forms(secret):
    """Return how a secret may appear in a line: as it is, in base64 at any offset, in hex."""
    data = secret.encode()
    yield data
    yield data.hex().encode()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data)
        yield encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4]


@given(SECRETS)
def test_no_secret_is_left_in_any_form(secrets):
    redact = redactor('"password":"([^"]*)"')
    written = b"".join(to_json(redact(event)) for event in session(secrets))
    decoded = b"".join(base64.b64decode(value) for value in all_base64(written))
    for secret in secrets:
        for form in forms(secret):
            assert form not in written
        assert secret.encode() not in decoded
    assert written.count(MARK.encode()) > 10


BASE64 = {"base64", "raw", "body", "interim", "received", "proxy_request", "proxy_response"}


def all_base64(written):
    """Yield the values of all fields in base64, however deep."""

    def walk(value):
        for name, field in value.items() if isinstance(value, dict) else ():
            if isinstance(field, str) and name in BASE64:
                yield field
            yield from walk(field)

    for line in written.splitlines():
        yield from walk(json.loads(line))


@given(SECRETS)
def test_a_redacted_event_is_read_as_it_was_written(secrets):
    redact = redactor('"password":"([^"]*)"')
    for event in session(secrets):
        redacted = redact(event)
        for line in to_json(redacted).splitlines():
            assert from_json(line) is not None
        if not isinstance(event, Batch | Failed):
            assert from_json(to_json(redacted)) == redacted


PLAIN = ["QUERY-1234", "BEARER-1234", "COOKIE-1234", "KEY-123456", "PASSWORD-12"]


def test_everything_else_is_left():
    _, opened, *_ = session(PLAIN)
    redacted = redactor()(opened).opening
    assert str(redacted.url) == f"wss://example.com/feed?x=1&access_token={MARK}"
    assert redacted.request.raw.decode().splitlines() == [
        f"GET /feed?x=1&access_token={MARK} HTTP/1.1",
        "Host: example.com",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Authorization: {MARK}",
        f"Cookie: {MARK}",
        f"Referer: https://example.com/?token={MARK}&y=2",
        f"X-Api-Key: {MARK}",
        "X-Name: hello",
        "",
    ]
    assert redacted.response.raw.decode().splitlines()[4:] == [
        f"Set-Cookie: {MARK}",
        f"X-Echo: {MARK}",
        "",
    ]
    assert opened.opening.request.headers.get("X-Api-Key") == "KEY-123456"  # not changed


def test_an_event_without_secrets_is_left_as_it_is():
    batch = Batch(True, START, 0.1, [Messages(1, [b"hello"]), Frame(1, b"hello"), Ping(b"a")])
    assert redactor("secret")(batch) == batch
    end = End(1000, "bye", Side.LOCAL, True, START, 1.0)
    assert redactor("secret")(end) == end


@pytest.mark.parametrize(
    ("pattern", "payload", "redacted"),
    [
        ("[0-9]{4}", "card 1234 5678", f"card {MARK} {MARK}"),
        ('"pw":"([^"]*)"', '{"pw":"x","user":"y"}', f'{{"pw":"{MARK}","user":"y"}}'),
        ("(a)(b)?", "ab ac", f"{MARK}{MARK} {MARK}c"),
        ("x*", "axxb", f"a{MARK}b"),
        ("ü", "für", f"f{MARK}r"),
        ("nothing", "all", "all"),
    ],
)
def test_a_pattern_replaces_its_matches_or_their_groups(pattern, payload, redacted):
    batch = Batch(True, START, 0.1, [Messages(1, [payload.encode()])])
    (messages,) = redactor(pattern)(batch).items
    assert messages.payloads == [redacted.encode()]


def test_what_a_pattern_cannot_be_searched_in_is_replaced_as_a_whole():
    batch = Batch(True, START, 0.1, [Messages(1, [b"a" * 60 + b"b"])])
    (messages,) = redactor("^(a|aa)+$")(batch).items
    assert messages.payloads == [MARK.encode()]


def test_a_pattern_leaves_a_head_valid():
    _, opened, *_ = session(PLAIN)
    redacted = redactor("(?s).+")(opened).opening
    assert redacted.request.target == MARK
    assert (redacted.response.status, redacted.response.reason) == (101, MARK)
    assert [name for name, _ in redacted.request.headers] == [
        name for name, _ in opened.opening.request.headers
    ]


def test_a_percent_encoded_token_is_replaced_where_it_is_decoded():
    made = Opening(parse_url(f"ws://h/?token={quote('a/b+c=d&e')}"))
    redact = redactor()
    redact(Opened(made, START, 0.1))
    batch = Batch(True, START, 0.1, [Messages(1, [b"the token a/b+c=d&e"])])
    assert redact(batch).items[0].payloads == [f"the token {MARK}".encode()]


def test_the_body_of_a_compressed_response_is_replaced():
    made = opening(PLAIN, REFUSED.replace("Content-Type", "Content-Encoding"))
    assert redactor()(Failed(5, "", "", "", START, 0.1, made)).opening.body == MARK.encode()


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("proxy-authorization", True),
        ("Cookie", True),
        ("SET-COOKIE", True),
        ("X-Auth-Token", True),
        ("X-API-Key", True),
        ("Sec-WebSocket-Key", False),
        ("WWW-Authenticate", False),
        ("Host", False),
    ],
)
def test_headers_are_secret_by_their_name(name, secret):
    assert is_secret_header(name) == secret


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("token", True),
        ("access_token", True),
        ("apiKey", True),
        ("password", True),
        ("X-Amz-Signature", True),
        ("sid", True),
        ("jwt", True),
        ("author", False),
        ("page", False),
        ("side", False),
    ],
)
def test_parameters_are_secret_by_their_name(name, secret):
    assert is_secret_parameter(name) == secret
