"""A server's check of an upgrade request, and its response (RFC 6455 §4.2)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.handshake import (
    accept_response,
    check_request,
    check_response,
    choose_deflate,
    parse_extensions,
)
from wscli.wire.head import parse_request, parse_response

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of §1.3
FIELDS = {
    "Host": "example.org",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request(line="GET /chat HTTP/1.1", **changed):
    """Return a request; a field may be changed, repeated (a list) or left out (None)."""
    fields = FIELDS | {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [line]
    for name, value in fields.items():
        values = [] if value is None else value if isinstance(value, list) else [value]
        lines += [f"{name}: {each}" for each in values]
    return parse_request("\r\n".join([*lines, "", ""]).encode())


def test_a_complete_request_is_accepted():
    assert check_request(request()) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"Upgrade": "WebSocket"},
        {"Upgrade": "h2c, websocket"},
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": ["keep-alive", "upgrade"]},
        {"Origin": "http://other.example"},
    ],
)
def test_tokens_may_be_in_lists_and_in_any_case(changed):
    assert check_request(request(**changed)) is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"Host": None}, "there must be one Host header"),
        ({"Host": ["a", "b"]}, "there must be one Host header"),
        ({"Upgrade": None}, "the header Upgrade: websocket is missing"),
        ({"Upgrade": "websockets"}, "the header Upgrade: websocket is missing"),
        ({"Connection": None}, "the header Connection: Upgrade is missing"),
        ({"Connection": "keep-alive"}, "the header Connection: Upgrade is missing"),
        ({"Sec_WebSocket_Key": None}, "there must be one Sec-WebSocket-Key header"),
        ({"Sec_WebSocket_Key": [KEY, KEY]}, "there must be one Sec-WebSocket-Key header"),
        ({"Sec_WebSocket_Key": "short"}, "Sec-WebSocket-Key is not 16 bytes in base64"),
        ({"Sec_WebSocket_Key": KEY[:-4]}, "Sec-WebSocket-Key is not 16 bytes in base64"),
        ({"Sec_WebSocket_Key": f"{KEY[:-3]}A=="}, None),
        ({"Sec_WebSocket_Key": f"!{KEY[1:]}"}, "Sec-WebSocket-Key is not 16 bytes in base64"),
    ],
)
def test_a_request_that_lacks_a_header_gets_a_400_that_names_it(changed, sentence):
    refusal = check_request(request(**changed))
    if sentence is None:
        assert refusal is None
    else:
        assert (refusal.status, refusal.reason) == (400, "Bad Request")
        assert refusal.sentence == sentence


@pytest.mark.parametrize("method", ["POST", "HEAD", "get"])
def test_another_method_gets_a_405_that_names_get(method):
    refusal = check_request(request(f"{method} / HTTP/1.1"))
    assert (refusal.status, refusal.headers) == (405, (("Allow", "GET"),))


def test_http_1_0_gets_a_400():
    refusal = check_request(request("GET / HTTP/1.0"))
    assert (refusal.status, refusal.sentence) == (400, "HTTP/1.0 has no upgrade; use HTTP/1.1")


@pytest.mark.parametrize("version", [None, "8", "13, 8", ["13", "13"], "013"])
def test_another_version_gets_a_426_that_names_ours(version):
    refusal = check_request(request(Sec_WebSocket_Version=version))
    assert (refusal.status, refusal.reason) == (426, "Upgrade Required")
    assert refusal.headers == (("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"))


DEFLATES = st.builds(
    PerMessageDeflate, st.booleans(), st.booleans(), st.integers(8, 15), st.integers(8, 15)
)


@settings(max_examples=30)
@given(st.none() | st.sampled_from(["chat", "mqtt"]), DEFLATES | st.none())
def test_a_client_finds_no_fault_with_what_a_server_accepts(subprotocol, deflate):
    offer = "permessage-deflate; client_max_window_bits; server_max_window_bits=8"
    offer += "; server_no_context_takeover"
    asked = request(Sec_WebSocket_Protocol="chat, mqtt", Sec_WebSocket_Extensions=offer)
    if deflate is not None:
        deflate = PerMessageDeflate.from_offer(parse_extensions(asked.headers)[0].parameters)
    response = parse_response(accept_response(asked, subprotocol, deflate))
    agreement = check_response(asked, response)
    assert agreement.faults == ()
    assert (agreement.subprotocol, agreement.deflate) == (subprotocol, deflate)
    assert agreement.declined == (() if subprotocol else ("chat", "mqtt"))


def test_the_first_acceptable_offer_is_chosen():
    offers = [
        "x-unknown",
        "permessage-deflate; no_such_parameter",
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate",
    ]
    chosen = choose_deflate(request(Sec_WebSocket_Extensions=", ".join(offers)))
    assert chosen.answer() == "permessage-deflate; server_no_context_takeover"


@pytest.mark.parametrize(
    "offer", [None, "x-unknown", "permessage-deflate;", "permessage-deflate=1"]
)
def test_without_a_valid_offer_nothing_is_compressed(offer):
    assert choose_deflate(request(Sec_WebSocket_Extensions=offer)) is None
